package engine

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/calibration"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
)

// TestOldVerdictsRepeat: what was decided by earlier features (kept as programs of then wrote it) comes to the same today.
func TestOldVerdictsRepeat(t *testing.T) {
	text, err := os.ReadFile("testdata/verdicts.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		in, then, err := ReadInputs(line)
		if err != nil {
			t.Fatal(err)
		}
		if now := in.Decide(); !now.Same(then) {
			t.Errorf("%+v became %+v by %s", then, now, line)
		}
		n++
	}
	if n != 7 {
		t.Errorf("%d verdicts", n)
	}
}

// TestModelsWord: a model is asked how sure it is; its doubt lowers confidence a little, its certainty raises nothing, and a word that is none is refused.
func TestModelsWord(t *testing.T) {
	said := func(word string) crm.Proposal {
		w := newWorld()
		m := &scripted{say: func(_ int, r model.Request) model.Response {
			if !strings.Contains(string(r.Schema), wordField) || !strings.Contains(r.Prompt, `"confidence":{"type":"string"`) {
				t.Errorf("nobody asks for it: %s", r.Schema)
			}
			v := map[string]json.RawMessage{}
			if err := json.Unmarshal(answer("lead_score", saidClaim{Text: "We need a price for 140 technicians.", Quotes: []saidPassage{{idOf(r, ref(crm.Emails, 10)), "We need a price for 140 technicians."}}}), &v); err != nil {
				t.Fatal(err)
			}
			if word != "" {
				v[wordField] = json.RawMessage(`"` + word + `"`)
			}
			b, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			return model.Response{Text: b}
		}}
		e := engineOf(t, w, m)
		err := e.Consider(t.Context(), []crm.Claim{{Portal: 7, Key: ConsiderKey("lead_score", ref(crm.Contacts, 2)), Seq: 1}})[0]
		if word == "certain" {
			if !errors.Is(err, crm.ErrInvalid) {
				t.Errorf("the word %q is taken: %v", word, err)
			}
			return crm.Proposal{}
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range w.proposals {
			return p
		}
		t.Fatal("nothing is proposed")
		return crm.Proposal{}
	}
	said("certain")
	usual := said("")
	for word, unsure := range map[string]float64{"unsaid": 0, "high": 0, "medium": 0.5, "low": 1} {
		p := said(word)
		if got := p.Changes[0].Features["unsure"]; got != unsure {
			t.Errorf("%s: unsure %v, want %v", word, got, unsure)
		}
		if (p.Confidence < usual.Confidence) != (unsure > 0) || p.Confidence > usual.Confidence || p.Confidence < usual.Confidence-0.05 {
			t.Errorf("%s: confidence %v, without a word %v", word, p.Confidence, usual.Confidence)
		}
	}
}

// idOf is the citation id of an activity's first passage.
func idOf(r model.Request, activity crm.Ref) string {
	for _, p := range r.Passages {
		if p.Activity == activity {
			return p.ID
		}
	}
	return ""
}

// TestWithWord: the order of the fields stays, and a schema that has such a field keeps its own.
func TestWithWord(t *testing.T) {
	out, asked, err := withWord(json.RawMessage(`{"type":"object","properties":{"z":{"type":"string"},"a":{"type":"number"}},"required":["z"],"additionalProperties":false}`), true)
	want := `{"type":"object","properties":{"z":{"type":"string"},"a":{"type":"number"},"confidence":` + string(wordSchema) + `},"required":["z","confidence"],"additionalProperties":false}`
	if err != nil || !asked || string(out) != want {
		t.Errorf("%v %v\n%s\n%s", asked, err, out, want)
	}
	if out, asked, err = withWord(json.RawMessage(`{"type":"object","properties":{}}`), false); err != nil || !asked || strings.Contains(string(out), "required") {
		t.Errorf("%v %v %s", asked, err, out)
	}
	own := json.RawMessage(`{"type":"object","properties":{"confidence":{"type":"number"}}}`)
	if out, asked, err = withWord(own, true); err != nil || asked || string(out) != string(own) {
		t.Errorf("%v %v %s", asked, err, out)
	}
	for _, bad := range []string{``, `[]`, `{`, `{"properties":3}`, `{"properties":{}`, `{"properties":{},"required":{}}`} {
		if _, _, err := withWord(json.RawMessage(bad), true); !errors.Is(err, crm.ErrInvalid) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	for _, w := range builtins(t) { // and all of ours are asked
		if _, asked, err := withWord(w.Schema, true); err != nil || !asked {
			t.Errorf("%s: %v, %v", w.Name, asked, err)
		}
	}
}

// TestMeasuredOfARun: what a run notes about its retrieval, its quotes, what the model was not shown, and what people did with its like before.
func TestMeasuredOfARun(t *testing.T) {
	w := newWorld()
	w.answerable = 0.4
	w.records[ref(crm.Contacts, 2)].Properties["ai_lead_score"] = "70"
	m, quotes := quoter(), quoter().say
	m.say = func(n int, r model.Request) model.Response {
		resp := quotes(n, r)
		resp.Masked = []string{"140 technicians"}
		return resp
	}
	e := engineOf(t, w, m)
	var asked []string
	e.Decided = func(_ context.Context, portal crm.PortalID, workflow string, before time.Time) ([]crm.Outcome, error) {
		asked = append(asked, portal.String()+" "+workflow)
		if !before.Equal(noon) {
			t.Errorf("decisions before %v are asked for", before)
		}
		past := func(seq int64, field, decision string, email float64) crm.Outcome {
			return crm.Outcome{Seq: seq, Proposal: "p", Change: string(rune('a' + seq)), Field: field, Decision: decision, Features: map[string]float64{"quotes_email": email}}
		}
		return []crm.Outcome{past(3, "ai_lead_fit", "approve", 1), past(2, "ai_lead_score", "reject", 1), past(1, "ai_lead_score", "approve", 0)}, nil
	}
	p := consider(t, e, w, "lead_score", ref(crm.Contacts, 2))
	score := p.Changes[slices.IndexFunc(p.Changes, func(c crm.Change) bool { return c.Property == "ai_lead_score" })].Features
	fit := p.Changes[slices.IndexFunc(p.Changes, func(c crm.Change) bool { return c.Property == "ai_lead_fit" })].Features
	for name, want := range map[string]float64{"margin": 0.4, "replaces": 1, "masked": 2, "quotes_email": 2, "quotes_call": 1, "field_right": 1, "field_decided": 2, "source_right": 1, "source_decided": 2} {
		if score[name] != want {
			t.Errorf("of the score, %s is %v, want %v: %v", name, score[name], want, score)
		}
	}
	if fit["field_right"] != 1 || fit["field_decided"] != 1 || fit["source_decided"] != 2 || fit["replaces"] != 0 {
		t.Errorf("of the fit: %v", fit)
	}
	if len(asked) != 1 || asked[0] != "7 lead_score" {
		t.Errorf("asked %v", asked)
	}
	e.Decided = func(context.Context, crm.PortalID, string, time.Time) ([]crm.Outcome, error) {
		return nil, crm.ErrTemporary
	}
	if err := e.Consider(t.Context(), []crm.Claim{{Portal: 7, Key: ConsiderKey("lead_score", ref(crm.Contacts, 2)), Seq: 9}})[0]; !errors.Is(err, crm.ErrTemporary) {
		t.Errorf("a past that cannot be read: %v", err)
	}
}

// TestLeftOutIsMeasured: passages that the window has no room for are a share of all.
func TestLeftOutIsMeasured(t *testing.T) {
	r := &run{passages: make([]crm.Passage, 3), leftOut: 1, judged: []Judged{}}
	if m := r.measure(nil); m.LeftOut != 0.25 {
		t.Errorf("left out %v", m.LeftOut)
	}
	if m := (&run{}).measure(nil); m.LeftOut != 0 || m.Features()["version"] != calibration.FeaturesVersion {
		t.Errorf("%+v", m)
	}
}
