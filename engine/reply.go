package engine

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/strict"
)

// Limits of an answer: beyond them it is no answer but a flood.
const (
	maxReply      = 1 << 20
	maxDepth      = 16
	maxStatements = 200
)

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
	if why := schema.violation(v); why != "" {
		return Answer{}, refused("%s", why)
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

// ErrUnusable is a model's answer that stayed unusable after one repair. It wraps crm.ErrInvalid.
var ErrUnusable = fmt.Errorf("%w", crm.ErrInvalid)

func refused(format string, args ...any) error {
	return fmt.Errorf("answer refused: "+format+": %w", append(args, ErrUnusable)...)
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
