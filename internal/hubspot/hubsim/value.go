package hubsim

import (
	"encoding/json"
	"fmt"
	"math"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/contextd/contextd/internal/crm"
)

const maxText = 65_536 // characters of any string property (properties guide)

// invalid is one property value that HubSpot refuses, with its code; codes that hubspot.md does not list are inferred.
type invalid struct{ name, code, message string }

// warning says that a value was stored in another form than it came in (2026-09).
type warning struct {
	Category string              `json:"category"`
	Message  string              `json:"message"`
	Context  map[string][]string `json:"context"`
}

// normalise checks the values of one write and brings them into HubSpot's form. Nothing is stored when any of them is refused.
func (s *Server) normalise(t crm.ObjectType, raw map[string]any) (map[string]string, []warning, []invalid) {
	out := make(map[string]string, len(raw))
	var warns []warning
	var bad []invalid
	tb := s.tables[t]
	for _, name := range sortedKeys(raw) {
		def := tb.props[name]
		if def == nil {
			bad = append(bad, invalid{name, "PROPERTY_DOESNT_EXIST", fmt.Sprintf("Property %q does not exist", name)})
			continue
		}
		if def.readOnly {
			bad = append(bad, invalid{name, "READ_ONLY_VALUE", fmt.Sprintf("%q is a read only property; its value cannot be set.", name)})
			continue
		}
		text := scalar(raw[name])
		value, inv := s.value(t, def, text)
		if inv != nil {
			bad = append(bad, *inv)
			continue
		}
		if def.Type == "date" && value != text && strings.ContainsAny(text, "/.") {
			warns = append(warns, warning{"PROPERTY_VALUE_NORMALIZED", fmt.Sprintf("The value of %s was normalized", name),
				map[string][]string{"propertyName": {name}, "rawValue": {text}, "normalizedValue": {value}}})
		}
		out[name] = value
	}
	return out, warns, bad
}

// scalar is the text of a JSON value: numbers and booleans are accepted in place of strings, null clears.
func scalar(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return fmt.Sprint(v)
}

// value brings one value into the form in which it is stored and read back.
func (s *Server) value(t crm.ObjectType, def *property, text string) (string, *invalid) {
	if text == "" {
		return "", nil
	}
	refuse := func(code, format string, args ...any) (string, *invalid) {
		return "", &invalid{def.Name, code, fmt.Sprintf(format, args...)}
	}
	switch def.Type {
	case "string", "phone_number":
		if n := utf8.RuneCountInString(text); n > maxText {
			return refuse("PROPERTY_VALUE_TOO_LONG", "%s is %d characters long, the limit is %d", def.Name, n, maxText)
		}
		if def.Name == "email" {
			if a, err := mail.ParseAddress(text); err != nil || a.Address != text {
				return refuse("INVALID_EMAIL", "Email address %s is invalid", text)
			}
			return strings.ToLower(text), nil
		}
		return text, nil
	case "number":
		if f, err := strconv.ParseFloat(text, 64); err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
			return refuse("INVALID_LONG", "%s was not a valid number.", text)
		}
		return text, nil
	case "bool":
		if v := strings.ToLower(text); v == "true" || v == "false" {
			return v, nil
		}
		return refuse("INVALID_OPTION", "%s was not one of the allowed options: [true, false]", text)
	case "date":
		return dateValue(def, text)
	case "datetime":
		if at, ok := parseTime(text); ok {
			return stamp(at), nil
		}
		return refuse("INVALID_DATE", "%s was not a valid datetime.", text)
	case "enumeration":
		return s.enumValue(t, def, text)
	}
	return text, nil
}

func dateValue(def *property, text string) (string, *invalid) {
	for _, layout := range []string{"2006-01-02", "2006/01/02", "02.01.2006"} {
		if d, err := time.Parse(layout, text); err == nil {
			return d.Format("2006-01-02"), nil
		}
	}
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil && ms%86_400_000 == 0 {
		return time.UnixMilli(ms).UTC().Format("2006-01-02"), nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at.UTC().Format("2006-01-02"), nil
	}
	return "", &invalid{def.Name, "INVALID_DATE", fmt.Sprintf("%s was not a valid date; dates are midnight UTC.", text)}
}

func (s *Server) enumValue(t crm.ObjectType, def *property, text string) (string, *invalid) {
	refuse := func(code, msg string) (string, *invalid) { return "", &invalid{def.Name, code, msg} }
	if def.ReferencedObjectType == "OWNER" && s.portal.ownerByID(text) == nil {
		return refuse("INVALID_OWNER_ID", fmt.Sprintf("Owner %s does not exist", text))
	}
	switch def.Name {
	case "pipeline", "hs_pipeline":
		if s.portal.pipeline(t, text) == nil {
			return refuse("INVALID_OPTION", fmt.Sprintf("%s is not a valid pipeline ID", text))
		}
	case "dealstage", "hs_pipeline_stage":
		if s.portal.stage(t, text) == nil {
			return refuse("INVALID_OPTION", fmt.Sprintf("%s is not a valid pipeline stage", text))
		}
	}
	if def.open || def.ExternalOptions {
		return text, nil
	}
	var allowed []string
	for _, o := range def.Options {
		allowed = append(allowed, o.Value)
	}
	values := []string{text}
	if def.FieldType == "checkbox" {
		values = strings.Split(strings.TrimPrefix(text, ";"), ";")
	}
	for _, v := range values {
		if !slices.Contains(allowed, v) {
			return refuse("INVALID_OPTION", fmt.Sprintf("%s was not one of the allowed options: [%s]", v, strings.Join(allowed, ", ")))
		}
	}
	return text, nil
}

// appended resolves a multi-select value that starts with ";", which adds to what is there.
func appended(old, value string) string {
	if !strings.HasPrefix(value, ";") {
		return value
	}
	have := strings.FieldsFunc(old, func(r rune) bool { return r == ';' })
	for v := range strings.SplitSeq(value[1:], ";") {
		if !slices.Contains(have, v) {
			have = append(have, v)
		}
	}
	return strings.Join(have, ";")
}

// parseTime reads ISO 8601 or milliseconds.
func parseTime(text string) (time.Time, bool) {
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.UnixMilli(ms).UTC(), true
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05.999Z0700", "2006-01-02"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC().Truncate(time.Millisecond), true
		}
	}
	return time.Time{}, false
}

// stamp is HubSpot's form of a time: ISO 8601 UTC, three decimals or none.
func stamp(t time.Time) string {
	t = t.UTC().Truncate(time.Millisecond)
	if t.Nanosecond() == 0 {
		return t.Format("2006-01-02T15:04:05Z")
	}
	return t.Format("2006-01-02T15:04:05.000Z")
}
