package main

import (
	"encoding/json"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot/hubsim"
	"github.com/contextd/contextd/internal/vector/pgvector/pgtest"
	"github.com/contextd/contextd/internal/vector/qdrant/qdranttest"
	"github.com/contextd/contextd/internal/web"
)

// quoted is a passage as the API shows it.
type quoted struct {
	Activity, Version, Text, Subject string
	Start, End                       int
	Score                            float64
	Parts                            map[string]float64
}

type answered struct {
	Items  []quoted
	Unused []struct{ Activity, Reason string }
}

// past asks the API about a company as of a moment and verifies every quote, byte for byte, against the stored version that it names.
func (p *pipeline) past(company, question string, asOf time.Time, why ...string) answered {
	p.Helper()
	p.s.words.mu.Lock()
	clear(p.s.words.made) // how common words are is renewed now and then; answers are to be compared
	p.s.words.mu.Unlock()
	q := url.Values{"q": {question}, "limit": {"50"}, "as_of": {asOf.UTC().Format(time.RFC3339Nano)}}
	if len(why) > 0 {
		q.Set("why", strings.Join(why, ","))
	}
	r := httptest.NewRequestWithContext(p.Context(), http.MethodGet, "/api/v1/records/"+company+"/search?"+q.Encode(), http.NoBody)
	r.Header.Set("Authorization", "Bearer "+p.s.access.local)
	rec := httptest.NewRecorder()
	p.s.handler.ServeHTTP(rec, r)
	var out answered
	if err := json.Unmarshal(rec.Body.Bytes(), &out); err != nil || rec.Code != http.StatusOK {
		p.Fatalf("as of %v: %d %s %v", asOf, rec.Code, rec.Body, err)
	}
	for _, it := range out.Items {
		text, err := p.s.db.Text(p.Context(), p.ref(it.Activity), it.Version)
		if err != nil || text[it.Start:it.End] != it.Text {
			p.Errorf("%s@%s [%d, %d) is not %q: %v", it.Activity, it.Version, it.Start, it.End, it.Text, err)
		}
	}
	return out
}

// now is a moment that what follows is not before: HubSpot counts milliseconds.
func now() time.Time { return time.Now().Truncate(time.Millisecond) }

func has(a answered, words string) bool {
	return slices.ContainsFunc(a.Items, func(it quoted) bool { return strings.Contains(it.Text, words) })
}

// TestAsOfThroughThePipeline: a note that is changed, one that is deleted, one of a person who is forgotten, asked of as of every moment, on every back end alike.
func TestAsOfThroughThePipeline(t *testing.T) {
	var answers []answered
	for name, store := range map[string]func() string{
		"flat":     func() string { return "" },
		"qdrant":   func() string { return "qdrant://" + qdranttest.Start(t) },
		"pgvector": func() string { return pgtest.Start(t, os.Getenv, 18) },
	} {
		t.Run(name, func(t *testing.T) {
			u := store()
			p := startPipeline(t, hubsim.Options{}, func(c *Config) {
				if u != "" {
					c.Vectors.URL = u
				}
			})
			answers = append(answers, p.asOfStory()...)
		})
	}
	// Every back end answers alike, whatever the ids of the simulator: three questions each, in the same order.
	for i := 3; i < len(answers); i++ {
		got, want := answers[i], answers[i%3]
		if len(got.Items) != len(want.Items) {
			t.Fatalf("answer %d: %d passages, elsewhere %d", i, len(got.Items), len(want.Items))
		}
		for j, it := range got.Items {
			if w := want.Items[j]; it.Text != w.Text || it.Version != w.Version || it.Start != w.Start || math.Abs(it.Score-w.Score) > 1e-3 {
				t.Errorf("answer %d, passage %d: %+v, elsewhere %+v", i, j, it, w)
			}
		}
	}
}

// asOfStory tells a story and gives the answers to compare.
func (p *pipeline) asOfStory() []answered {
	p.Helper()
	company, contact, deal := p.account()
	before := now()
	dated := func(properties map[string]any) map[string]any {
		properties["hs_timestamp"] = time.Now().Add(-time.Minute).UTC().Format(time.RFC3339)
		return properties
	}
	call := p.create("calls", dated(map[string]any{"hs_call_title": "Renewal", "hs_call_direction": "INBOUND", "hs_call_body": talk}), company, deal)
	depot := p.create("notes", dated(map[string]any{"hs_note_body": "Their depot in Cork wants a budget for tablets, too."}), company)
	private := p.create("emails", dated(mailOf(1, "Hello Dana,\n\nmy private number for the tablets is 555 0100.\n\nMira")), contact)
	p.settle()
	first := now()
	edited := map[string]any{"hs_call_title": "Budget cut", "hs_call_body": strings.ReplaceAll(talk, "48,000", "30,000")}
	p.call("PATCH", "objects/"+call, map[string]any{"properties": edited})
	p.settle()
	second := now()
	p.call("DELETE", "objects/"+depot, nil)
	p.settle()
	gone := now()

	const question = "What budget is there for tablets?"
	if a := p.past(company, question, before); len(a.Items) != 0 {
		p.Errorf("before anything was known: %+v", a)
	}
	one := p.past(company, question, first, call)
	if !has(one, "48,000") || has(one, "30,000") || !has(one, "depot") || !has(one, "555 0100") || len(one.Unused) != 0 {
		p.Errorf("before the change: %+v", one)
	}
	for _, it := range one.Items {
		if len(it.Parts) == 0 || it.Subject == "Budget cut" {
			p.Errorf("what a score is made of is not told, or the subject is a later one: %+v", it)
		}
	}
	two := p.past(company, question, second)
	if has(two, "48,000") || !has(two, "30,000") || !has(two, "depot") {
		p.Errorf("after the change: %+v", two)
	}
	three := p.past(company, question, gone, depot)
	if has(three, "depot") || len(three.Unused) != 1 {
		p.Errorf("after the deletion: %+v", three)
	}
	p.runOfThePast(call, first)
	p.call("DELETE", "objects/"+contact+"?gdpr=true", nil)
	p.settle()
	for _, at := range []time.Time{first, second, gone} {
		if a := p.past(company, question, at, private); has(a, "555 0100") || len(a.Unused) != 1 {
			p.Errorf("a forgotten person is found as of %v: %+v", at, a)
		}
	}
	if _, err := p.s.db.Erase(p.Context(), p.ref(call), crm.System("test")); err != nil {
		p.Fatal(err)
	}
	p.settle()
	if a := p.past(company, question, first); has(a, "48,000") || !has(a, "depot") {
		p.Errorf("what was erased is found, or took others along: %+v", a)
	}
	return []answered{one, two, three}
}

// runOfThePast: a run as of a moment reads the text of then, and its quotes are those of that version.
func (p *pipeline) runOfThePast(call string, at time.Time) {
	p.Helper()
	d, err := (&runs{p.s}).DryRun(p.Context(), web.RunRequest{Portal: p.portal(), Workflow: "call_summary", Subject: p.ref(call), AsOf: at})
	if err != nil {
		p.Fatal(err)
	}
	raw, err := json.Marshal(d)
	if err != nil {
		p.Fatal(err)
	}
	if s := string(raw); !strings.Contains(s, "48,000") || strings.Contains(s, "30,000") || !strings.Contains(s, "depot") {
		p.Errorf("a run of the past: %s", s)
	}
}
