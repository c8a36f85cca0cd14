package engine

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/contextd/contextd/internal/crm"
)

// Schema is the compiled output schema of a workflow.
type Schema struct{ compiled *jsonschema.Resolved }

// CompileSchema reads a JSON schema; crm.ErrInvalid when it is none.
func CompileSchema(raw json.RawMessage) (*Schema, error) {
	var s jsonschema.Schema
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, fmt.Errorf("output schema: %w: %w", err, crm.ErrInvalid)
	}
	compiled, err := s.Resolve(nil)
	if err != nil {
		return nil, fmt.Errorf("output schema: %w: %w", err, crm.ErrInvalid)
	}
	return &Schema{compiled}, nil
}

// mostBreaches is how many places one refusal names: the model is asked once more, and has to mend them all.
const mostBreaches = 6

// violation is "" for an answer that follows the schema. Else it names the places where it breaks it, the keyword that each breaks, and what the schema wants there. Only
// words of the schema are repeated: the library's own errors repeat the answer.
func (s *Schema) violation(v any) string {
	err := s.compiled.Validate(plainNumbers(v))
	if err == nil {
		return ""
	}
	var b breaches
	b.at(s.compiled.Schema(), v, "")
	if len(b) == 0 { // a keyword that breaches do not look at
		return unnamed(err)
	}
	slices.Sort(b)
	b = slices.Compact(b)
	if more := len(b) - mostBreaches; more > 0 {
		b = append(b[:mostBreaches], fmt.Sprintf("and so do %d more", more))
	}
	return strings.Join(b, "; ")
}

// plainNumbers is the value with float64 for json.Number, which the library takes for a text.
func plainNumbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		f, _ := v.Float64() // strict.Value lets no other pass
		return f
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = plainNumbers(x)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[k] = plainNumbers(x)
		}
		return out
	}
	return v
}

// unnamed is what of the library's error are words of the schema: "validating /properties/a: validating /properties/a/items: anyOf: …".
func unnamed(err error) string {
	at, rest := "the root", err.Error()
	for {
		after, is := strings.CutPrefix(rest, "validating ")
		place, more, ok := strings.Cut(after, ": ")
		if !is || !ok {
			break
		}
		at, rest = place, more
	}
	keyword, _, ok := strings.Cut(rest, ":")
	if !ok || strings.ContainsAny(keyword, " \"") {
		return "the answer does not follow the schema at " + at
	}
	return fmt.Sprintf("the answer breaks the schema's %q at %s of the schema", keyword, at)
}

// breaches are the places where a value breaks the keywords that output schemas are made of.
type breaches []string

func (b *breaches) say(place, keyword, format string, args ...any) {
	if place == "" {
		place = "/"
	}
	*b = append(*b, fmt.Sprintf("%s breaks the schema's %q: it ", place, keyword)+fmt.Sprintf(format, args...))
}

func (b *breaches) at(n *jsonschema.Schema, v any, place string) {
	if want := typesOf(n); len(want) > 0 && !isOf(want, v) {
		b.say(place, "type", "is %s and must be %s", typeOf(v), strings.Join(want, " or "))
		return
	}
	if n.Enum != nil && !slices.ContainsFunc(n.Enum, func(e any) bool { return same(e, v) }) {
		b.say(place, "enum", "must be one of %v", n.Enum)
	}
	if n.Const != nil && !same(*n.Const, v) {
		b.say(place, "const", "must be %v", *n.Const)
	}
	switch v := v.(type) {
	case json.Number:
		b.number(n, v, place)
	case string:
		b.text(n, v, place)
	case []any:
		b.list(n, v, place)
	case map[string]any:
		b.object(n, v, place)
	}
}

func (b *breaches) number(n *jsonschema.Schema, v json.Number, place string) {
	f, _ := v.Float64() // strict.Value lets no other pass
	for _, bound := range []struct {
		keyword, words string
		limit          *float64
		broken         func(limit float64) bool
	}{
		{"minimum", "must be at least ", n.Minimum, func(l float64) bool { return f < l }},
		{"maximum", "must be at most ", n.Maximum, func(l float64) bool { return f > l }},
		{"exclusiveMinimum", "must be more than ", n.ExclusiveMinimum, func(l float64) bool { return f <= l }},
		{"exclusiveMaximum", "must be less than ", n.ExclusiveMaximum, func(l float64) bool { return f >= l }},
	} {
		if bound.limit != nil && bound.broken(*bound.limit) {
			b.say(place, bound.keyword, "%s%s", bound.words, strconv.FormatFloat(*bound.limit, 'f', -1, 64))
		}
	}
}

// count checks how many of something there are.
func (b *breaches) count(place, what string, have int, least, most *int, leastWord, mostWord string) {
	if least != nil && have < *least {
		b.say(place, leastWord, "has %d %s and must have at least %d", have, what, *least)
	}
	if most != nil && have > *most {
		b.say(place, mostWord, "has %d %s and may have at most %d", have, what, *most)
	}
}

func (b *breaches) text(n *jsonschema.Schema, v, place string) {
	b.count(place, "characters", utf8.RuneCountInString(v), n.MinLength, n.MaxLength, "minLength", "maxLength")
	if n.Pattern != "" {
		one := &jsonschema.Schema{Pattern: n.Pattern}
		if r, err := one.Resolve(nil); err == nil && r.Validate(v) != nil {
			b.say(place, "pattern", "must match the regular expression %q", n.Pattern)
		}
	}
}

func (b *breaches) list(n *jsonschema.Schema, v []any, place string) {
	b.count(place, "items", len(v), n.MinItems, n.MaxItems, "minItems", "maxItems")
	if n.Items == nil {
		return
	}
	for i, x := range v {
		b.at(n.Items, x, place+"/"+strconv.Itoa(i))
	}
}

func (b *breaches) object(n *jsonschema.Schema, v map[string]any, place string) {
	missing := slices.DeleteFunc(slices.Clone(n.Required), func(name string) bool { _, is := v[name]; return is })
	if len(missing) > 0 {
		b.say(place, "required", "lacks %s", strings.Join(missing, ", "))
	}
	more := 0
	for _, name := range slices.Sorted(maps.Keys(v)) {
		if p, known := n.Properties[name]; known {
			b.at(p, v[name], place+"/"+name)
		} else {
			more++
		}
	}
	if more > 0 && len(n.PatternProperties) == 0 && n.AdditionalProperties != nil && reflect.DeepEqual(n.AdditionalProperties, &jsonschema.Schema{Not: &jsonschema.Schema{}}) {
		b.say(place, "additionalProperties", "has %d more than the schema names", more)
	}
}

func typesOf(n *jsonschema.Schema) []string {
	if n.Type != "" {
		return []string{n.Type}
	}
	return n.Types
}

// typeOf is a value's type in JSON Schema.
func typeOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case json.Number:
		return "number"
	case string:
		return "string"
	case []any:
		return "array"
	}
	return "object"
}

func isOf(types []string, v any) bool {
	t := typeOf(v)
	if slices.Contains(types, t) {
		return true
	}
	n, is := v.(json.Number)
	if !is || !slices.Contains(types, "integer") {
		return false
	}
	f, err := n.Float64()
	return err == nil && f == math.Trunc(f)
}

// same compares a value of the schema with one of the answer.
func same(want, have any) bool { return reflect.DeepEqual(plainNumbers(want), plainNumbers(have)) }
