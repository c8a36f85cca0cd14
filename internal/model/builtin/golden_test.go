package builtin_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
	"github.com/contextd/contextd/internal/model/builtin"
	"github.com/contextd/contextd/internal/model/modeltest"
	"github.com/contextd/contextd/prompts"
)

// Every golden case of every built-in workflow, through the writer that people see first.
func TestGoldenCases(t *testing.T) {
	workflows, err := prompts.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range workflows {
		if len(w.Golden()) < 4 {
			t.Errorf("%s has %d golden cases, want at least 4", w.Name, len(w.Golden()))
		}
		for _, g := range w.Golden() {
			t.Run(w.Name+"/"+g.Name, func(t *testing.T) { golden(t, w, g) })
		}
	}
}

func golden(t *testing.T, w prompts.Workflow, g prompts.Golden) {
	r := request(t, w, g)
	got, err := builtin.Writer{}.Complete(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	modeltest.Valid(t, w.Schema, got.Text)
	modeltest.Verbatim(t, r, got.Text)
	var answer map[string]any
	if err := json.Unmarshal(got.Text, &answer); err != nil {
		t.Fatal(err)
	}
	for field, wants := range g.Must {
		for _, want := range wants {
			if !holds(answer[field], want) {
				t.Errorf("%s lacks %q: %v", field, want, texts(answer[field]))
			}
		}
	}
	for field, bans := range g.MustNot {
		for _, ban := range bans {
			if holds(answer[field], ban) {
				t.Errorf("%s holds %q: %v", field, ban, texts(answer[field]))
			}
		}
	}
	for field, bounds := range g.Range {
		if n, ok := answer[field].(float64); !ok || n < bounds[0] || n > bounds[1] {
			t.Errorf("%s is %v, want %v", field, answer[field], bounds)
		}
	}
	if t.Failed() {
		t.Logf("answer: %s", got.Text)
	}
}

// request makes the request that the engine would make: passages in chronological order with citation ids, the first of the case as the focus.
func request(t *testing.T, w prompts.Workflow, g prompts.Golden) model.Request {
	subject, err := crm.ParsePath(1, g.Subject)
	if err != nil {
		t.Fatal(err)
	}
	r := model.Request{Workflow: w.Name, Schema: w.Schema, Plan: w.Plan, Subject: subject, Facts: g.Facts}
	if !g.Now.IsZero() {
		r.Facts = maps.Clone(g.Facts)
		if r.Facts == nil {
			r.Facts = map[string]string{}
		}
		r.Facts["now"] = g.Now.UTC().Format(time.RFC3339)
	}
	for i, f := range g.Findings {
		r.Findings = append(r.Findings, crm.Finding{ID: fmt.Sprintf("F%d", i+1), Name: f.Name, Kind: "record", Text: f.Text, Number: f.Number})
	}
	for i, p := range g.Passages {
		activity := crm.Ref{Portal: 1, Type: p.Kind.Type(), ID: fmt.Sprint(100 + i)}
		if i == 0 && subject.Type.IsActivity() {
			activity = subject
		}
		r.Passages = append(r.Passages, crm.Passage{ID: fmt.Sprintf("P%d", i+1), Activity: activity, Kind: p.Kind, Time: p.Time, Person: p.Person,
			Direction: p.Direction, Subject: p.Subject, Text: p.Text, End: len(p.Text), Language: p.Language, New: p.New})
		for _, d := range g.Dated {
			if start := strings.Index(p.Text, d.Text); start >= 0 {
				r.Dated = append(r.Dated, crm.Dated{Passage: fmt.Sprintf("P%d", i+1), Start: start, End: start + len(d.Text), Day: d.Day})
			}
		}
	}
	return r
}

func holds(v any, want string) bool {
	for _, text := range texts(v) {
		if strings.Contains(text, want) {
			return true
		}
	}
	return false
}

func texts(v any) (out []string) {
	switch x := v.(type) {
	case string:
		return []string{x}
	case []any:
		for _, e := range x {
			if c, ok := e.(map[string]any); ok {
				out = append(out, fmt.Sprint(c["text"]))
			}
		}
	}
	return out
}
