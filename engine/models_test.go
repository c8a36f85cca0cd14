package engine

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
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
	Effect string        `json:"effect,omitempty"`
}

type saidPassage struct {
	Passage string `json:"passage"`
	Quote   string `json:"quote"`
}

// answer builds a reply that fits the schema of a builtin workflow, with the same claims in every field of claims.
func answer(workflow string, claims ...saidClaim) []byte {
	if claims == nil {
		claims = []saidClaim{}
	}
	var v map[string]any
	switch workflow {
	case "call_summary":
		v = map[string]any{"key_points": claims, "next_steps": []saidClaim{}, "risks": []saidClaim{}}
	case "lead_score":
		for i := range claims {
			claims[i].Effect = "raises"
		}
		v = map[string]any{"score": 72, "fit": "strong", "intent": "unknown", "persona": "unknown", "recommendation": "sales", "factors": claims,
			"intent_because": []saidClaim{}, "persona_because": []saidClaim{}}
	case "reply_draft":
		v = map[string]any{"language": "en", "opening": "Hi Mira, thank you for your message.", "questions": claims, "answers": claims, "open": []saidClaim{}, "closing": "Best regards"}
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
