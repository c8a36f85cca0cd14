// Package modeltest is the suite that every chat model and every embedder must pass, and the deterministic doubles that other packages test with: Quote answers with
// true quotes, Echo with whatever it is told, Evil claims what the texts demand, and Obeying does whatever they say.
package modeltest

import (
	"encoding/json"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
)

// Schema is the output schema of the suite's requests: one field of each kind that workflows have.
const Schema = `{"type":"object","additionalProperties":false,"required":["points","score","mood"],"properties":{
"points":{"type":"array","items":{"type":"object","additionalProperties":false,"required":["text","quotes"],"properties":{"text":{"type":"string"},
"quotes":{"type":"array","items":{"type":"object","additionalProperties":false,"required":["passage","quote"],"properties":{"passage":{"type":"string"},"quote":{"type":"string"}}}}}}},
"score":{"type":"number","minimum":0,"maximum":100},"mood":{"type":"string","enum":["good","bad"]}}}`

// Plan is the matching plan for writers that read it.
func Plan() crm.Plan {
	return crm.Plan{Fields: []crm.Field{
		{Name: "points", Kind: "claims", Cues: map[string][]string{"en": {"technician*", "price", "need"}}, Max: 4},
		{Name: "score", Kind: "number", Base: 40, Rules: []crm.Rule{{Name: "need", Cues: map[string][]string{"en": {"need"}}, Points: 20}}},
		{Name: "mood", Kind: "choice", Value: "good", Rules: []crm.Rule{{Name: "unhappy", Cues: map[string][]string{"en": {"unhappy"}}, Value: "bad"}}},
	}}
}

// Request asks about texts: one incoming email each, an hour apart, P1 first; the last one is the subject.
func Request(texts ...string) model.Request {
	r := model.Request{Workflow: "suite", Prompt: "Answer with JSON.", Schema: json.RawMessage(Schema), Plan: Plan(), Facts: map[string]string{"name": "Ada Example"}}
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for i, t := range texts {
		id := string(rune('1' + i))
		r.Subject = crm.Ref{Portal: 1, Type: crm.Emails, ID: id}
		r.Passages = append(r.Passages, crm.Passage{ID: "P" + id, Activity: r.Subject, Kind: crm.Email, Time: at.Add(time.Duration(i) * time.Hour),
			Person: "Ada Example", Direction: crm.Incoming, Text: t, End: len(t)})
		r.Prompt += "\n" + t
	}
	return r
}
