package main

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/redact"
	"github.com/contextd/contextd/prompts"
)

// complaint says what is wrong with a value and how to mend it.
type complaint struct{ what, fix string }

func (c *complaint) Error() string { return c.what + ": " + c.fix }

func complain(fix, format string, args ...any) error {
	return &complaint{withoutUser(fmt.Sprintf(format, args...)), fix}
}

// userInfo is what stands before the host of an address, often with a password.
var userInfo = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`://[^/\s"]*@`) })

func withoutUser(s string) string { return userInfo().ReplaceAllString(s, "://…@") }

// one parses a key with a single value.
func one[T any](parse func(string) (T, error)) func([]string) (any, error) {
	return func(texts []string) (any, error) {
		if len(texts) != 1 {
			return nil, complain("give one value", "is a list")
		}
		v, err := parse(strings.TrimSpace(texts[0]))
		if err != nil {
			return nil, err
		}
		return v, nil
	}
}

// each parses every entry of a list; a text may hold several, separated by commas.
func each(parse func(string) (string, error)) func([]string) (any, error) {
	return func(texts []string) (any, error) {
		out := []string{}
		for _, text := range texts {
			for part := range strings.SplitSeq(text, ",") {
				if part = strings.TrimSpace(part); part == "" {
					continue
				}
				v, err := parse(part)
				if err != nil {
					return nil, err
				}
				out = append(out, v)
			}
		}
		return out, nil
	}
}

func secret(texts []string) (any, error) {
	if len(texts) != 1 {
		return nil, complain("give one value", "is a list")
	}
	v := strings.TrimSpace(texts[0])
	if strings.ContainsAny(v, " \t\r\n") {
		return nil, complain("copy it again, without blanks or line breaks", "has blanks inside")
	}
	return Secret(v), nil
}

func directory(s string) (string, error) {
	if s == "" {
		return "", complain("name a directory", "is empty")
	}
	return filepath.Clean(s), nil
}

func filePath(s string) (string, error) {
	if s == "" || strings.HasSuffix(s, "/") {
		return "", complain("name a file", "%q names no file", s)
	}
	return filepath.Clean(s), nil
}

func listenAddress(s string) (string, error) {
	host, port, err := net.SplitHostPort(s)
	n, bad := strconv.ParseUint(port, 10, 16)
	if err != nil || bad != nil || n > 65535 || strings.ContainsAny(host, "/ ") {
		return "", complain("use host:port, such as 127.0.0.1:8080 or :8080", "%q is not an address to listen on", s)
	}
	return s, nil
}

func webAddress(s string) (string, error) {
	v, ok := parseWeb(s)
	if !ok {
		return "", complain("use http(s)://host[:port][/path] without user, query or fragment", "%q is not a web address", s)
	}
	return v, nil
}

func network(s string) (string, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return a.String(), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return "", complain("use an address such as 10.0.0.7 or a network such as 10.0.0.0/8", "%q is neither an IP address nor a network", s)
	}
	return p.Masked().String(), nil
}

func digits(s string) (string, error) {
	if n, err := strconv.ParseUint(s, 10, 63); err != nil || n == 0 {
		return "", complain("copy the number from HubSpot's app settings", "%q is not an id", s)
	}
	return s, nil
}

func portalID(s string) (crm.PortalID, error) {
	p, err := crm.ParsePortalID(s)
	if err != nil {
		return 0, complain("use the positive number in your HubSpot URLs", "%q is not a portal id", s)
	}
	return p, nil
}

func word(s string) (string, error) {
	if s == "" || strings.ContainsAny(s, " \t=") {
		return "", complain("use the internal name of a HubSpot property, such as contract_terms", "%q is not a property name", s)
	}
	return s, nil
}

// usageProperty is the name of a property that is not written by contextd.
func usageProperty(s string) (string, error) {
	if strings.HasPrefix(s, "ai_") {
		return "", complain("name a property that your product writes", "%q is written by contextd", s)
	}
	return word(s)
}

func objectType(s string) (string, error) {
	if _, err := crm.ParseObjectType(s); err != nil {
		return "", complain("use companies contacts deals tickets calls meetings emails notes tasks communications", "%q is not an object type", s)
	}
	return s, nil
}

func redactKind(s string) (string, error) {
	if _, err := redact.ParseKind(s); err != nil {
		return "", complain("use "+redact.List(redact.Kinds()), "%q is not a kind of data", s)
	}
	return s, nil
}

func redactTerm(s string) (string, error) {
	letters := 0
	for _, r := range s {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			letters++
		}
	}
	if letters < 2 {
		return "", complain("use names or words with two letters or more", "%q is too short to be told from other text", s)
	}
	return s, nil
}

func share(s string) (float64, error) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !(f >= 0 && f <= 1) {
		return 0, complain("set it between 0 and 1, such as 0.85", "%q is not a number from 0 to 1", s)
	}
	return f, nil
}

func belowOne(s string) (float64, error) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !(f >= 0 && f < 1) {
		return 0, complain("set it to 0 or more and less than 1, such as 0.02", "%q is not a share below 1", s)
	}
	return f, nil
}

func within(s string) (float64, error) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !(f > 0 && f < 1) {
		return 0, complain("set it to more than 0 and less than 1, such as 0.9", "%q does not lie between 0 and 1", s)
	}
	return f, nil
}

func dollars(s string) (float64, error) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !(f >= 0 && f <= 1e9) {
		return 0, complain("use a number of US dollars, such as 20 or 0.15", "%q is not an amount", s)
	}
	return f, nil
}

func between(low, high int) func(string) (int, error) {
	return func(s string) (int, error) {
		n, err := strconv.Atoi(s)
		if err != nil || n < low || n > high {
			return 0, complain(fmt.Sprintf("set it between %d and %d", low, high), "%q is not a number from %d to %d", s, low, high)
		}
		return n, nil
	}
}

func duration(most time.Duration) func(string) (time.Duration, error) {
	return func(s string) (time.Duration, error) {
		d, err := time.ParseDuration(s)
		if err != nil || d < 0 || d > most {
			return 0, complain("set it as 500ms, 30s or 2m", "%q is not a time from 0s to %s", s, most)
		}
		return d, nil
	}
}

// period is a duration that is not too short.
func period(least, most time.Duration) func(string) (time.Duration, error) {
	return func(s string) (time.Duration, error) {
		d, err := time.ParseDuration(s)
		if err != nil || d < least || d > most {
			return 0, complain("set it as 10m or 1h", "%q is not a time from %s to %s", s, least, most)
		}
		return d, nil
	}
}

func among(words ...string) func(string) (string, error) {
	return func(s string) (string, error) {
		if !slices.Contains(words, s) {
			return "", complain("use "+strings.Join(words[:len(words)-1], ", ")+" or "+words[len(words)-1], "%q is none of its values", s)
		}
		return s, nil
	}
}

// vectorsURL accepts flat:, qdrant://host[:port], qdrants://host[:port] and postgres://…; it may hold a password and is never printed whole.
func vectorsURL(s string) (string, error) {
	if s == "flat:" {
		return s, nil
	}
	const fix = "use flat:, qdrant://host:6334, qdrants://host:6334 or postgres://user@host/database"
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" {
		return "", complain(fix, "that is not the address of a vector store")
	}
	switch u.Scheme {
	case "qdrant", "qdrants":
		if u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
			return "", complain("name only host and port; the key belongs into vectors.api_key", "a Qdrant address has no user, path or query")
		}
	case "postgres", "postgresql":
	default:
		return "", complain(fix, "%q is not a vector store", u.Scheme+":")
	}
	return s, nil
}

func workflowName(s string) (string, error) {
	if strings.ContainsAny(s, " \t=/") {
		return "", complain("use names such as reply_draft", "%q is not a workflow's name", s)
	}
	return s, nil
}

func modelClass(s string) (string, error) {
	if s != prompts.SmallModel && s != prompts.LargeModel {
		return "", complain("use small or large", "%q is not a class of models", s)
	}
	return s, nil
}

func modelName(s string) (string, error) {
	if s == "" || strings.ContainsAny(s, " \t\r\n") {
		return "", complain("use the name that the provider lists, such as all-minilm", "%q is not a model's name", s)
	}
	return s, nil
}

// only accepts the one back end that this version has.
func only(name string) func(string) (string, error) {
	return func(s string) (string, error) {
		if s != name {
			return "", complain("use "+name, "%q is not available in this version", s)
		}
		return s, nil
	}
}
