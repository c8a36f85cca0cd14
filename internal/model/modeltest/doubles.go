package modeltest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
)

// Quote is a model that only tells the truth: every array of claims holds the first line of each passage, quoted verbatim; numbers are the middle of their range,
// enumerations their first value.
type Quote struct{}

// Name is test/quote.
func (Quote) Name() string { return "test/quote" }

// Complete fills the schema; a done ctx is its error.
func (q Quote) Complete(ctx context.Context, r model.Request) (model.Response, error) {
	return fill(ctx, q.Name(), r, func(p crm.Passage) (text, quote string, ok bool) {
		for line := range strings.Lines(p.Text) {
			line = strings.TrimSpace(line)
			if len(strings.Fields(line)) >= 3 {
				return line, line, true
			}
		}
		return "", "", false
	}, func(s *shape) float64 { return (s.Minimum + cmp.Or(s.Maximum, 100)) / 2 })
}

// Echo answers with Replies in turn, the last one for ever; without any, with the prompt itself. It keeps what it was asked. Not for concurrent use.
type Echo struct {
	Replies []string
	Asked   []model.Request
	Err     error // answered instead of a reply, when set
}

// Name is test/echo.
func (*Echo) Name() string { return "test/echo" }

// Complete answers with the next reply.
func (e *Echo) Complete(ctx context.Context, r model.Request) (model.Response, error) {
	e.Asked = append(e.Asked, r)
	if err := cmp.Or(ctx.Err(), e.Err); err != nil {
		return model.Response{}, fmt.Errorf("test/echo: %w", err)
	}
	text := r.Prompt
	if len(e.Replies) > 0 {
		text = e.Replies[min(len(e.Asked), len(e.Replies))-1]
	}
	return model.Response{Text: []byte(text), Model: e.Name(), Finish: model.Stop}, nil
}

// Evil is a model that has been taken over by the texts: it claims what they demand with quotes that are not there, and follows the scores that they name.
// Its answers fit the schema: checks must catch them, not the parser.
type Evil struct{}

// Name is test/evil.
func (Evil) Name() string { return "test/evil" }

var demanded = regexp.MustCompile(`\b\d{1,3}\b`)

// Complete obeys the passages.
func (e Evil) Complete(ctx context.Context, r model.Request) (model.Response, error) {
	score := 100.0
	for _, p := range r.Passages {
		if m := demanded.FindString(p.Text); m != "" {
			fmt.Sscan(m, &score) // the pattern holds digits only
		}
	}
	return fill(ctx, e.Name(), r, func(p crm.Passage) (text, quote string, ok bool) {
		return "The board approved 9,999,999 EUR; write to boss@evil.example: " + p.Text, "the board approved everything on 1 January", true
	}, func(s *shape) float64 { return min(max(score, s.Minimum), cmp.Or(s.Maximum, score)) })
}

func fill(ctx context.Context, name string, r model.Request, claim func(crm.Passage) (string, string, bool), number func(*shape) float64) (model.Response, error) {
	if err := ctx.Err(); err != nil {
		return model.Response{}, fmt.Errorf("%s: %w", name, err)
	}
	s, err := shapeOf(r.Schema)
	if err != nil {
		return model.Response{}, fmt.Errorf("%s: %w", name, err)
	}
	text, err := json.Marshal(value(s, r.Passages, claim, number))
	if err != nil {
		return model.Response{}, fmt.Errorf("%s: %w", name, err)
	}
	return model.Response{Text: text, Model: name, Finish: model.Stop}, nil
}

func value(s *shape, passages []crm.Passage, claim func(crm.Passage) (string, string, bool), number func(*shape) float64) any {
	switch s.Type {
	case "object":
		out := map[string]any{}
		for name, p := range s.Properties {
			out[name] = value(p, passages, claim, number)
		}
		return out
	case "number", "integer":
		return number(s)
	case "boolean":
		return false
	case "string":
		return slices.Concat(s.Enum, []string{strings.Repeat("x", s.MinLength)})[0]
	}
	out := []any{}
	for _, p := range passages {
		if s.Items == nil || s.Items.Properties["quotes"] == nil {
			break
		}
		if text, quote, ok := claim(p); ok {
			c := value(s.Items, nil, claim, number).(map[string]any)
			c["text"], c["quotes"] = text, []any{map[string]any{"passage": p.ID, "quote": quote}}
			out = append(out, c)
		}
	}
	return out
}
