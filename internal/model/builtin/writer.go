package builtin

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
)

// WriterName is the writer's name and version in audit entries: a change of what it selects raises the number.
const WriterName = "builtin/extractive@1"

// Writer is the extractive writer. The zero value is ready; it keeps nothing between calls and is safe for concurrent use.
type Writer struct{}

// Name is builtin/extractive@1.
func (Writer) Name() string { return WriterName }

// Complete answers r with an object of r.Schema: each field by its entry in r.Plan, fields without one with the emptiest value of their type. The same request
// brings the same bytes. Usage counts roughly four characters as a token and costs nothing. A schema that is no JSON object schema is crm.ErrInvalid; a done ctx
// ends the work between two passages.
func (Writer) Complete(ctx context.Context, r model.Request) (model.Response, error) {
	var s schema
	if err := json.Unmarshal(r.Schema, &s); err != nil {
		return model.Response{}, fmt.Errorf("%s: read output schema: %w: %w", WriterName, err, crm.ErrInvalid)
	}
	if s.Type != "object" {
		return model.Response{}, fmt.Errorf("%s: output schema has type %q, want object: %w", WriterName, s.Type, crm.ErrInvalid)
	}
	t, err := read(ctx, r)
	if err != nil {
		return model.Response{}, fmt.Errorf("%s: %w", WriterName, err)
	}
	answer, err := t.answer(ctx, r.Plan, s)
	if err != nil {
		return model.Response{}, fmt.Errorf("%s: %w", WriterName, err)
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return model.Response{}, fmt.Errorf("%s: encode answer: %w", WriterName, err)
	}
	in := 0
	for _, p := range r.Passages {
		in += utf8.RuneCountInString(p.Text)
	}
	return model.Response{Text: text, Model: WriterName, Finish: model.Stop,
		Usage: crm.Usage{InputTokens: (in + 3) / 4, OutputTokens: (len(text) + 3) / 4}}, nil
}

// schema is what the writer must know of an output schema.
type schema struct {
	Type       string            `json:"type"`
	Properties map[string]schema `json:"properties"`
	Items      *schema           `json:"items"`
	Enum       []string          `json:"enum"`
	Minimum    *float64          `json:"minimum"`
	Maximum    *float64          `json:"maximum"`
}

// empty is the value that claims least.
func (s schema) empty() any {
	switch s.Type {
	case "array":
		return []any{}
	case "object":
		out := map[string]any{}
		for name, p := range s.Properties {
			out[name] = p.empty()
		}
		return out
	case "number", "integer":
		return s.clamp(0)
	case "boolean":
		return false
	case "null":
		return nil
	}
	if len(s.Enum) > 0 {
		return s.Enum[0]
	}
	return ""
}

func (s schema) clamp(v float64) float64 {
	v = math.Round(v)
	if s.Minimum != nil {
		v = max(v, *s.Minimum)
	}
	if s.Maximum != nil {
		v = min(v, *s.Maximum)
	}
	return v
}

// has reports whether the items of an array have a field.
func (s schema) has(field string) bool {
	if s.Items == nil {
		return false
	}
	_, ok := s.Items.Properties[field]
	return ok
}

// claim is a claim of the answer; Effect, Factor and Value only where the schema has them.
type claim struct {
	Text   string  `json:"text"`
	Quotes []quote `json:"quotes"`
	Effect string  `json:"effect,omitempty"`
	Value  any     `json:"value,omitempty"`
	Factor string  `json:"factor,omitempty"`
}

type quote struct {
	Passage string `json:"passage"`
	Quote   string `json:"quote"`
}

// answer fills the fields in the order of the plan; later fields see what earlier ones used.
func (t *text) answer(ctx context.Context, plan crm.Plan, s schema) (map[string]any, error) {
	t.settle(plan)
	out := map[string]any{}
	for _, f := range plan.Fields {
		p, ok := s.Properties[f.Name]
		if !ok {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		switch f.Kind {
		case "claims":
			out[f.Name] = t.claims(f)
		case "values":
			out[f.Name] = t.values(f)
		case "number":
			t.numbers[f.Name] = p.clamp(t.number(f))
			out[f.Name] = t.numbers[f.Name]
		case "factors":
			out[f.Name] = t.factors(f, p)
		case "choice":
			out[f.Name] = t.choice(f, p)
		case "questions":
			out[f.Name] = t.asked(f)
		case "answers":
			out[f.Name] = t.answers(f)
		case "open":
			out[f.Name] = t.open(f)
		case "text":
			out[f.Name] = t.phrase(f)
		case "language":
			out[f.Name] = t.language
		default:
			return nil, fmt.Errorf("field %s has kind %q, want claims, values, factors, number, choice, text, language, questions, answers or open: %w", f.Name, f.Kind, crm.ErrInvalid)
		}
	}
	for name, p := range s.Properties {
		if _, ok := out[name]; !ok {
			out[name] = p.empty()
		}
	}
	return out, nil
}

func limit(n, otherwise int) int {
	if n <= 0 {
		return otherwise
	}
	return n
}

// keep cuts a list to n and never answers null.
func keep[T any](list []T, n int) []T {
	if list == nil {
		return []T{}
	}
	return slices.Clip(list[:min(n, len(list))])
}
