package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
)

// registry answers for one company, and keeps what it was asked.
type registry struct {
	asked []crm.OutsideQuestion
	err   error
}

func (r *registry) Company(_ context.Context, q crm.OutsideQuestion) (crm.OutsideAnswer, error) {
	r.asked = append(r.asked, q)
	if r.err != nil {
		return crm.OutsideAnswer{}, r.err
	}
	return crm.OutsideAnswer{Source: "http:data.example", Text: "industry: lifts\nemployees: 420\ntool: Excel\n", Facts: []crm.OutsideFact{
		{Field: "industry", Value: "lifts", Start: 10, End: 15}, {Field: "employees", Value: "420", Start: 27, End: 30}, {Field: "tool", Value: "Excel", Start: 37, End: 42}}}, nil
}

// countsPeople answers with the number of people that a quote holds: the source's, else that of a passage.
func countsPeople(words string) *scripted {
	return &scripted{say: func(_ int, r model.Request) model.Response {
		id, quote, value := "", "", 0
		for _, f := range r.Findings {
			if f.Name == "outside_size" {
				id, quote, value = f.ID, f.Text, int(f.Number)
			}
		}
		for _, p := range r.Passages {
			if words != "" && strings.Contains(p.Text, words) {
				id, quote, value = p.ID, words, 380
			}
		}
		size := []any{}
		if id != "" {
			size = append(size, map[string]any{"text": quote, "quotes": []any{map[string]string{"passage": id, "quote": quote}}, "value": value})
		}
		raw, err := json.Marshal(map[string]any{"industry": []any{}, "size": size, "tools": []any{}, "intent": []any{}})
		if err != nil {
			panic(err)
		}
		return model.Response{Text: raw}
	}}
}

func outsideWorld() *world {
	w := newWorld()
	company := w.records[ref(crm.Companies, 1)]
	company.Properties = map[string]string{"domain": " Harborline.Example ", "name": "Harborline Lifts", "phone": "+353 1 555 0199", "hubspot_owner_id": "90"}
	w.record(company)
	return w
}

// TestOutsideWordsGoToAPerson: what the source says can be quoted with its place in the answer, and is never written without a person; the customer's own word is.
func TestOutsideWordsGoToAPerson(t *testing.T) {
	w, source := outsideWorld(), &registry{}
	e := engineOf(t, w, countsPeople(""))
	e.Outside = source
	p := consider(t, e, w, "enrichment", ref(crm.Companies, 1))
	if len(p.Changes) != 1 || p.Changes[0].Property != "ai_employee_count" || p.Changes[0].After != "420" || p.Changes[0].Verdict != crm.Review || !strings.Contains(strings.Join(p.Changes[0].Reasons, "\n"), "a source beside HubSpot") {
		t.Fatalf("%+v %v %v", p.Changes, p.Claims, p.Reasons)
	}
	answers := w.raws[p.ID].Answers
	ev := p.Claims[p.Changes[0].Claims[0]].Evidence
	if len(answers) != 1 || len(ev) != 1 || ev[0].Source != "http:data.example" || ev[0].Record != ref(crm.Companies, 1) || ev[0].Property != "employees" || ev[0].Version != textHash(answers[0]) || answers[0][ev[0].Start:ev[0].End] != ev[0].Quote || ev[0].Quote != "420" {
		t.Errorf("evidence %+v in %q", ev, answers)
	}
	if want := []crm.OutsideQuestion{{Company: ref(crm.Companies, 1), Domain: "harborline.example", Name: "Harborline Lifts"}}; !slices.Equal(source.asked, want) {
		t.Errorf("asked %+v, want %+v", source.asked, want)
	}
	if !slices.ContainsFunc(p.Reasons, func(s string) bool { return strings.Contains(s, "http:data.example") }) {
		t.Errorf("the reasons do not name the source: %v", p.Reasons)
	}

	w = outsideWorld()
	const own = "The whole company has 380 employees"
	w.activity(ref(crm.Emails, 20), "Mira Kovac", crm.Incoming, noon.Add(-2*time.Hour), own+" in four countries.")
	e = engineOf(t, w, countsPeople(own))
	e.Outside = &registry{}
	if p := consider(t, e, w, "enrichment", ref(crm.Companies, 1)); len(p.Changes) != 1 || p.Changes[0].After != "380" || p.Changes[0].Verdict != crm.Apply || len(w.raws[p.ID].Answers) != 0 {
		t.Errorf("the customer's own word: %+v %v", p.Changes, p.Reasons)
	}
}

// TestWithoutTheSource: whatever keeps it from answering, the run goes on and says so; what has no question sends none.
func TestWithoutTheSource(t *testing.T) {
	why := fmt.Errorf("http:data.example: no answer in time: %w", crm.ErrTemporary)
	for name, c := range map[string]struct {
		prepare func(w *world, e *Engine, s *registry)
		asked   int
		says    string
	}{
		"no source":           {func(_ *world, e *Engine, _ *registry) { e.Outside = nil }, 0, ""},
		"no answer":           {func(_ *world, _ *Engine, s *registry) { s.err = why }, 1, "goes on without the source: http:data.example: no answer in time"},
		"an answer refused":   {func(_ *world, _ *Engine, s *registry) { s.err = fmt.Errorf("bad: %w", crm.ErrInvalid) }, 1, "goes on without"},
		"a company not known": {func(_ *world, _ *Engine, s *registry) { s.err = crm.ErrNotFound }, 1, ""},
		"nothing to ask by": {func(w *world, _ *Engine, _ *registry) {
			w.records[ref(crm.Companies, 1)].Properties["domain"], w.records[ref(crm.Companies, 1)].Properties["name"] = "call me: +353 1 555", ""
		}, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w, s, m := outsideWorld(), &registry{}, countsPeople("")
			e := engineOf(t, w, m)
			e.Outside = s
			c.prepare(w, e, s)
			p := consider(t, e, w, "enrichment", ref(crm.Companies, 1))
			said := strings.Join(p.Reasons, "\n")
			if len(s.asked) != c.asked || m.calls != 1 || len(p.Changes) != 0 || !strings.Contains(said, c.says) || c.says == "" && strings.Contains(said, "source") {
				t.Errorf("asked %d times, %d model calls, %v", len(s.asked), m.calls, p.Reasons)
			}
		})
	}
}

// TestThePastAsksNobody: what a source knows today would tell a run of the past its future.
func TestThePastAsksNobody(t *testing.T) {
	w, s := outsideWorld(), &registry{}
	e := engineOf(t, w, countsPeople(""))
	e.Outside = s
	if _, err := e.DryRun(t.Context(), "enrichment", ref(crm.Companies, 1), noon.Add(-10*time.Hour)); err != nil || len(s.asked) != 0 {
		t.Errorf("%v, asked %v", err, s.asked)
	}
	if _, err := e.DryRun(t.Context(), "enrichment", ref(crm.Companies, 1), time.Time{}); err != nil || len(s.asked) != 1 {
		t.Errorf("now: %v, asked %v", err, s.asked)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.err = errors.New("stopped")
	if _, err := e.DryRun(ctx, "enrichment", ref(crm.Companies, 1), time.Time{}); err == nil {
		t.Error("a run that is told to stop goes on without the source")
	}
}

func TestWhatIsSentOfACompany(t *testing.T) {
	for in, want := range map[string]string{"harborline.example": "harborline.example", " WWW.Lund.Example\n": "www.lund.example", "xn--bcher-kva.example": "xn--bcher-kva.example",
		"": "", "localhost": "", "mira@harborline.example": "", "https://lund.example/": "", "lund.example/a?b": "", "10.0.0.1 or so": "", "a..example": "", strings.Repeat("a.", 140) + "example": ""} {
		if got := domainOf(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if got := shortName(" Harborline\n Lifts\u202e "); strings.ContainsAny(got, "\n\u202e") || len(shortName(strings.Repeat("ü", 500))) != 2*longestName {
		t.Errorf("%q", got)
	}
}
