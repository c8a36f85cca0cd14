package engine

import (
	"errors"
	"strings"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

const scoreSchema = `{"type":"object","properties":{"score":{"type":"number","minimum":0,"maximum":100},"points":{"type":"array","items":{"type":"object","properties":{"text":{"type":"string"},
	"quotes":{"type":"array","items":{"type":"object","properties":{"passage":{"type":"string"},"quote":{"type":"string"}},"required":["passage","quote"],"additionalProperties":false}}},
	"required":["text","quotes"],"additionalProperties":false}}},"required":["score","points"],"additionalProperties":false}`

func TestParseReply(t *testing.T) {
	schema, err := CompileSchema([]byte(scoreSchema))
	if err != nil {
		t.Fatal(err)
	}
	a, err := ParseReply(schema, []byte(" \n{\"score\": 7.50, \"points\": [{\"text\":\"a\",\"quotes\":[{\"passage\":\"P1\",\"quote\":\"b\"}]},{\"text\":\"c\",\"quotes\":[]}]}\n"))
	if err != nil || len(a.Statements) != 2 || a.Statements[0].Quotes[0] != (Quote{"P1", "b"}) || a.Statements[0].Field != "points" {
		t.Fatalf("%+v %v", a, err)
	}
	if v, ok := a.Scalar("score"); v != "7.5" || !ok {
		t.Errorf("score %q", v)
	}
	for raw, why := range map[string]string{
		"": "JSON", "null": "object", "[]": "object", `{"score":1}`: "required", `{"score":1,"points":[]} x`: "follows", `{"score":1,"points":[]}{}`: "follows",
		`{"score":1,"score":2,"points":[]}`: "twice", `{"score":1,"points":[],"more":1}`: "additionalProperties", `{"score":"1","points":[]}`: "type", `{"score":101,"points":[]}`: "maximum",
		`{"score":NaN,"points":[]}`: "JSON", `{"score":1e309,"points":[]}`: "out of range", `{"score":1,"points":[{"text":"a","quotes":[],"quotes":[]}]}`: "twice",
		`{"score":1,"points":[{"text":1,"quotes":[]}]}`: "type", `{"score":1,"points":[`: "JSON", "\xff": "UTF-8", strings.Repeat("[", 100): "nested", `{"score":1,}`: "JSON",
		"```json\n{\"score\":1,\"points\":[]}\n```": "JSON", strings.Repeat(" ", maxReply+1): "longer",
		`{"score":1,"points":[` + strings.TrimSuffix(strings.Repeat(`{"text":"a","quotes":[]},`, maxStatements+1), ",") + `]}`: "more than",
	} {
		if _, err := ParseReply(schema, []byte(raw)); !errors.Is(err, crm.ErrInvalid) || !strings.Contains(err.Error(), why) {
			t.Errorf("%.40q: %v, want %q", raw, err, why)
		}
	}
	if _, err := CompileSchema([]byte(`{"type": 7}`)); !errors.Is(err, crm.ErrInvalid) {
		t.Errorf("a schema that is none: %v", err)
	}
}

// FuzzReply: whatever the bytes, no panic, and no supported claim whose quote does not stand in its passage and in the stored text.
func FuzzReply(f *testing.F) {
	schema, err := CompileSchema([]byte(scoreSchema))
	if err != nil {
		f.Fatal(err)
	}
	const text = "Mira’s team is at 140 technicians — we’ll  decide on 26 November. Le prix est de 48 000 €."
	for _, seed := range []string{
		`{"score":1,"points":[{"text":"They are at 140.","quotes":[{"passage":"P1","quote":"is at 140 technicians"}]}]}`,
		`{"score":1e3,"points":[{"text":"\ud800","quotes":[{"passage":"P1","quote":"\u00e9\u0301 \u2003 - x y z"}]}]}`,
		`{"score":1,"points":[{"text":"zwei und dreißig","quotes":[{"passage":"P2","quote":"Something else was"},{"passage":"P1","quote":"we'll decide on 26 November"}]}]}`,
		`{"score":1,"score":2}`, `[[[[`, `{"a":`, "", "\xff",
	} {
		f.Add([]byte(seed), text)
	}
	f.Fuzz(func(t *testing.T, raw []byte, text string) {
		a, err := ParseReply(schema, raw)
		if err != nil {
			return
		}
		scope := quoting(text, "")
		for _, s := range a.Statements {
			j := Judge(s, scope)
			if !j.Supported {
				continue
			}
			if len(j.Evidence) == 0 {
				t.Fatalf("supported without evidence: %q", s.Text)
			}
			for _, q := range s.Quotes {
				if src, ok := scope.Sources[q.Passage]; !ok || !strings.Contains(normalise(src.Text).text, normalise(q.Quote).text) {
					t.Fatalf("quote %q is not in passage %s", q.Quote, q.Passage)
				}
			}
			for _, e := range j.Evidence {
				found := false
				for _, src := range scope.Sources {
					found = found || e.End <= len(src.Stored) && src.Stored[e.Start:e.End] == e.Quote && strings.Contains(src.Text, e.Quote)
				}
				if !found || e.Quote == "" {
					t.Fatalf("evidence %q is not in a passage", e.Quote)
				}
			}
		}
	})
}
