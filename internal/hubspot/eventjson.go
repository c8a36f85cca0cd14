package hubspot

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/contextd/contextd/internal/crm"
)

// splitArray cuts a JSON array into the raw bytes of its entries without recursion, whatever the entries are. Entries are not checked: each one is judged alone.
func splitArray(body []byte, most int) ([][]byte, error) {
	body = bytes.Trim(body, " \t\r\n")
	if len(body) < 2 || body[0] != '[' || body[len(body)-1] != ']' {
		return nil, errors.New("not a JSON array")
	}
	inner := body[1 : len(body)-1]
	if len(bytes.Trim(inner, " \t\r\n")) == 0 {
		return nil, nil
	}
	var out [][]byte
	depth, start, quoted := 0, 0, false
	for i := 0; i < len(inner); i++ {
		switch c := inner[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth < 0 {
				return nil, errors.New("brackets do not match")
			}
		case c == ',' && depth == 0:
			out = append(out, inner[start:i])
			start = i + 1
		}
		if len(out) >= most {
			return nil, fmt.Errorf("more than %d events", most)
		}
	}
	if depth != 0 || quoted {
		return nil, errors.New("brackets or quotes do not match")
	}
	return append(out, inner[start:]), nil
}

// fields are the members of one event, each as raw JSON. The first problem is kept in err; accessors then answer zero values.
type fields struct {
	raw map[string]json.RawMessage
	err error
}

func (f *fields) fail(name, problem string) {
	if f.err == nil {
		f.err = fmt.Errorf("%s %s", name, problem)
	}
}

// parseFields reads a JSON object: valid UTF-8, not deep, no key twice (which of the two would count depends on the reader).
func parseFields(raw []byte) (*fields, error) {
	if !utf8.Valid(raw) {
		return nil, errors.New("not UTF-8")
	}
	if depthOf(raw) > maxEventDepth {
		return nil, fmt.Errorf("nested more than %d deep", maxEventDepth)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("not a JSON object")
	}
	f := &fields{raw: map[string]json.RawMessage{}}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("key: %w", err)
		}
		key, ok := t.(string)
		if !ok {
			return nil, errors.New("key is not a string")
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, fmt.Errorf("value: %w", err)
		}
		if _, twice := f.raw[key]; twice {
			return nil, errors.New("a key stands twice")
		}
		if f.raw[key] = value; len(f.raw) > maxEventKeys {
			return nil, fmt.Errorf("more than %d keys", maxEventKeys)
		}
	}
	if _, err := d.Token(); err != nil {
		return nil, fmt.Errorf("end of object: %w", err)
	}
	if rest := bytes.Trim(raw[d.InputOffset():], " \t\r\n"); len(rest) > 0 {
		return nil, errors.New("text after the object")
	}
	return f, nil
}

func depthOf(raw []byte) int {
	depth, deepest, quoted := 0, 0, false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return deepest
}

// text is a scalar as text: strings unquoted, numbers and booleans as written, null and missing "". NUL cannot be kept by every database and becomes U+FFFD.
func (f *fields) text(name string) string {
	raw, ok := f.raw[name]
	if !ok || len(raw) == 0 || string(raw) == "null" {
		return ""
	}
	switch raw[0] {
	case '{', '[':
		f.fail(name, "is not a scalar")
		return ""
	case '"':
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			f.fail(name, "is not a string")
		}
		return strings.ReplaceAll(s, "\x00", "\uFFFD")
	}
	return string(raw)
}

// id is a number or a string of digits, as text: ids exceed what a float64 can hold.
func (f *fields) id(name string) string {
	s := f.text(name)
	if s == "" {
		return ""
	}
	if n, err := strconv.ParseInt(s, 10, 64); err != nil || n <= 0 || strconv.FormatInt(n, 10) != s {
		f.fail(name, "is not an id")
		return ""
	}
	return s
}

func (f *fields) portal(name string) crm.PortalID {
	id := f.id(name)
	if id == "" {
		f.fail(name, "is missing")
		return 0
	}
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		f.fail(name, "is not an id")
	}
	return crm.PortalID(n)
}

func (f *fields) ids(name string) []string {
	raw, ok := f.raw[name]
	if !ok || string(raw) == "null" {
		return nil
	}
	entries, err := splitArray(raw, maxEvents)
	if err != nil {
		f.fail(name, "is not an array")
		return nil
	}
	var out []string
	for _, e := range entries {
		one := fields{raw: map[string]json.RawMessage{name: bytes.Trim(e, " \t\r\n")}}
		id := one.id(name)
		if one.err != nil || id == "" {
			f.fail(name, "holds something that is not an id")
			return nil
		}
		out = append(out, id)
	}
	return out
}

func (f *fields) flag(name string) bool {
	switch s := f.text(name); s {
	case "true":
		return true
	case "", "false":
	default:
		f.fail(name, "is neither true nor false")
	}
	return false
}

// millis is a time in milliseconds since the epoch; zero when missing.
func (f *fields) millis(name string) time.Time {
	s := f.text(name)
	if s == "" {
		return time.Time{}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > latestEvent {
		f.fail(name, "is not a time in milliseconds")
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}
