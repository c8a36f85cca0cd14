package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
	"github.com/contextd/contextd/prompts"
)

// scripted answers with what a function makes of the request, and counts.
type scripted struct {
	calls int
	say   func(call int, r model.Request) model.Response
}

func (*scripted) Name() string { return "test/scripted" }

func (s *scripted) Complete(_ context.Context, r model.Request) (model.Response, error) {
	s.calls++
	resp := s.say(s.calls, r)
	if resp.Finish == "" {
		resp.Finish = model.Stop
	}
	resp.Usage = crm.Usage{InputTokens: 10, OutputTokens: 5}
	return resp, nil
}

type saidClaim struct {
	Text   string        `json:"text"`
	Quotes []saidPassage `json:"quotes"`
	Value  any           `json:"-"` // in the place of the first option
}

type saidPassage struct {
	Passage string `json:"passage"`
	Quote   string `json:"quote"`
}

// claimFields are the fields of an answer that get the claims of a test; all of them in the workflows that are not named.
var claimFields = map[string][]string{"call_summary": {"key_points"}, "lead_score": {"factors"}, "reply_draft": {"questions", "answers"}}

// plainValues are what the fields without quotes say; else the first option, the middle of the range, or "".
var plainValues = map[string]any{"lead_score.score": 72, "lead_score.fit": "strong", "lead_score.intent": "unknown", "lead_score.persona": "unknown", "reply_draft.language": "en",
	"reply_draft.opening": "Hi Mira, thank you for your message.", "reply_draft.closing": "Best regards"}

// field is what a test reads of a schema to answer it.
type field struct {
	Type             string
	Enum             []string
	Minimum, Maximum float64
	Properties       map[string]field
	Items            *field
}

func (f field) claims() bool { return f.Items != nil && f.Items.Properties["quotes"].Type != "" }

// filled is a value that fits the field; claims get the first option of what else they must say.
func (f field) filled(claims []saidClaim) any {
	switch {
	case f.claims():
		out := []map[string]any{}
		for _, c := range claims {
			claim := map[string]any{}
			for name, sub := range f.Items.Properties {
				claim[name] = sub.filled(nil)
			}
			claim["text"], claim["quotes"] = c.Text, c.Quotes
			if c.Value != nil {
				claim["value"] = c.Value
			}
			out = append(out, claim)
		}
		return out
	case f.Type == "array":
		return []any{}
	case f.Type == "object":
		object := map[string]any{}
		for name, sub := range f.Properties {
			object[name] = sub.filled(claims)
		}
		return object
	case len(f.Enum) > 0:
		return f.Enum[0]
	case f.Type == "number", f.Type == "integer":
		return max(f.Minimum, (f.Minimum+f.Maximum)/2)
	case f.Type == "boolean":
		return false
	}
	return ""
}

// embedded are the builtin workflows, read once.
var embedded = sync.OnceValues(prompts.Builtin)

// answer builds a reply that fits the schema of a builtin workflow.
func answer(workflow string, claims ...saidClaim) []byte {
	ws, err := embedded()
	i := slices.IndexFunc(ws, func(w prompts.Workflow) bool { return w.Name == workflow })
	if err != nil || i < 0 {
		panic(fmt.Sprint("no workflow ", workflow, err))
	}
	var schema field
	if err := json.Unmarshal(ws[i].Schema, &schema); err != nil {
		panic(err)
	}
	v := map[string]any{}
	for name, f := range schema.Properties {
		fields, some := claimFields[workflow]
		v[name] = f.filled(nil)
		if value, is := plainValues[workflow+"."+name]; is {
			v[name] = value
		} else if f.claims() && (!some || slices.Contains(fields, name)) {
			v[name] = f.filled(claims)
		}
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// quoter answers with the first sentence of every passage, word for word.
func quoter() *scripted {
	return &scripted{say: func(_ int, r model.Request) model.Response {
		var claims []saidClaim
		for _, p := range r.Passages {
			s := sentence(p.Text)
			claims = append(claims, saidClaim{Text: s, Quotes: []saidPassage{{p.ID, s}}})
		}
		return model.Response{Text: answer(r.Workflow, claims...), Model: "test/quoter"}
	}}
}

func sentence(text string) string {
	if _, after, ok := strings.Cut(text, ": "); ok && strings.Index(text, ": ") < 20 {
		text = after
	}
	before, _, _ := strings.Cut(text, ". ")
	before, _, _ = strings.Cut(before, "\n")
	return strings.TrimSuffix(before, ".")
}

// echo answers with the prompt itself.
func echo() *scripted {
	return &scripted{say: func(_ int, r model.Request) model.Response { return model.Response{Text: []byte(r.Prompt)} }}
}
