package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/strict"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// Limits of an answer: beyond them it is no answer but a flood.
const (
	maxReply      = 1 << 20
	maxDepth      = 16
	maxStatements = 200
)

// Schema is the compiled output schema of a workflow.
type Schema struct{ compiled *jsonschema.Schema }

// CompileSchema reads a JSON schema; crm.ErrInvalid when it is none.
func CompileSchema(raw json.RawMessage) (*Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("output schema: %w: %w", err, crm.ErrInvalid)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("output.schema.json", doc); err != nil {
		return nil, fmt.Errorf("output schema: %w: %w", err, crm.ErrInvalid)
	}
	compiled, err := c.Compile("output.schema.json")
	if err != nil {
		return nil, fmt.Errorf("output schema: %w: %w", err, crm.ErrInvalid)
	}
	return &Schema{compiled}, nil
}

// Answer is a parsed reply: its top-level fields, and every claim in it, by field and position.
type Answer struct {
	Values     map[string]any // json.Number, string, bool, []any or map[string]any
	Statements []Statement
}

// Text is a string field, or "".
func (a Answer) Text(field string) string {
	s, _ := a.Values[field].(string)
	return s
}

// Scalar is a field as HubSpot wants it: a number in decimal form, a string as it is. ok is false for anything else.
func (a Answer) Scalar(field string) (value string, ok bool) {
	return scalar(a.Values[field])
}

func scalar(v any) (value string, ok bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		f, err := v.Float64()
		return strconv.FormatFloat(f, 'f', -1, 64), err == nil
	}
	return "", false
}

// ParseReply reads a model's reply: one JSON object and nothing else, valid UTF-8, no key twice, finite numbers, exactly as the schema says. The error is
// crm.ErrInvalid and names the place in the answer, never its text.
func ParseReply(schema *Schema, raw []byte) (Answer, error) {
	if len(raw) > maxReply {
		return Answer{}, refused("the answer is longer than %d bytes", maxReply)
	}
	v, err := strict.Value(raw, maxDepth)
	if err != nil {
		return Answer{}, refused("%s", err)
	}
	root, ok := v.(map[string]any)
	if !ok {
		return Answer{}, refused("the answer is not a JSON object")
	}
	if err := schema.compiled.Validate(v); err != nil {
		return Answer{}, refused("%s", violation(err))
	}
	a := Answer{Values: root}
	for _, field := range slices.Sorted(maps.Keys(root)) {
		a.collect(field, root[field])
	}
	if len(a.Statements) > maxStatements {
		return Answer{}, refused("the answer holds more than %d claims", maxStatements)
	}
	return a, nil
}

func refused(format string, args ...any) error {
	return fmt.Errorf("answer refused: "+format+": %w", append(args, crm.ErrInvalid)...)
}

// mostBreaches is how many places one refusal names: the model is asked once more, and has to mend them all.
const mostBreaches = 6

// violation names the places where an answer breaks its schema, the keyword that each breaks, and what the schema wants there. Only words of the schema are repeated.
func violation(err error) string {
	var v *jsonschema.ValidationError
	if !errors.As(err, &v) {
		return "the answer does not follow the schema"
	}
	all := breaches(v, nil)
	slices.Sort(all)
	all = slices.Compact(all)
	if more := len(all) - mostBreaches; more > 0 {
		all = append(all[:mostBreaches], fmt.Sprintf("and so do %d more", more))
	}
	return strings.Join(all, "; ")
}

func breaches(v *jsonschema.ValidationError, out []string) []string {
	for _, c := range v.Causes {
		out = breaches(c, out)
	}
	if len(v.Causes) == 0 {
		out = append(out, fmt.Sprintf("/%s breaks the schema's %q%s", strings.Join(v.InstanceLocation, "/"), strings.Join(v.ErrorKind.KeywordPath(), "/"), wanted(v.ErrorKind)))
	}
	return out
}

func wanted(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.Required:
		return ": it lacks " + strings.Join(k.Missing, ", ")
	case *kind.AdditionalProperties:
		return fmt.Sprintf(": it has %d more than the schema names", len(k.Properties))
	case *kind.Type:
		return fmt.Sprintf(": it is %s and must be %s", k.Got, strings.Join(k.Want, " or "))
	case *kind.Enum:
		return fmt.Sprintf(": it must be one of %v", k.Want)
	case *kind.Minimum:
		return ": it must be at least " + k.Want.RatString()
	case *kind.Maximum:
		return ": it must be at most " + k.Want.RatString()
	case *kind.ExclusiveMinimum:
		return ": it must be more than " + k.Want.RatString()
	case *kind.ExclusiveMaximum:
		return ": it must be less than " + k.Want.RatString()
	case *kind.MinLength:
		return fmt.Sprintf(": it has %d characters and must have at least %d", k.Got, k.Want)
	case *kind.MaxLength:
		return fmt.Sprintf(": it has %d characters and may have at most %d", k.Got, k.Want)
	case *kind.Pattern:
		return fmt.Sprintf(": it must match the regular expression %q", k.Want)
	case *kind.MinItems:
		return fmt.Sprintf(": it has %d items and must have at least %d", k.Got, k.Want)
	case *kind.MaxItems:
		return fmt.Sprintf(": it has %d items and may have at most %d", k.Got, k.Want)
	}
	return ""
}

// collect finds the claims below one field: objects with the key quotes.
func (a *Answer) collect(field string, v any) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			a.collect(field, x)
		}
	case map[string]any:
		quotes, is := v["quotes"].([]any)
		if !is {
			for _, k := range slices.Sorted(maps.Keys(v)) {
				a.collect(field, v[k])
			}
			return
		}
		s := Statement{Field: field, Index: len(a.Statements)}
		s.Text, _ = v["text"].(string)
		s.Effect, _ = v["effect"].(string)
		s.Value, _ = scalar(v["value"])
		s.Factor, _ = v["factor"].(string)
		for _, q := range quotes {
			one, _ := q.(map[string]any)
			passage, _ := one["passage"].(string)
			quote, _ := one["quote"].(string)
			s.Quotes = append(s.Quotes, Quote{Passage: passage, Quote: quote})
		}
		a.Statements = append(a.Statements, s)
	}
}
