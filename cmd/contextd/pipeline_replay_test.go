package main

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/contextd/contextd/engine"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot/hubsim"
	"github.com/contextd/contextd/internal/store"
	"github.com/contextd/contextd/internal/web"
)

// forge changes the database as somebody with all rights on it can.
func (p *pipeline) forge(statement string, args ...any) {
	p.Helper()
	db, err := sql.Open("sqlite", filepath.Join(p.s.cfg.DataDir, store.File)+"?_pragma=busy_timeout(5000)")
	if err != nil {
		p.Fatal(err)
	}
	defer db.Close()
	for _, trigger := range []string{"audit_no_delete", "outcomes_no_delete"} {
		if _, err := db.ExecContext(p.Context(), "DROP TRIGGER IF EXISTS "+trigger); err != nil {
			p.Fatal(err)
		}
	}
	r, err := db.ExecContext(p.Context(), statement, args...)
	if err != nil {
		p.Fatal(err)
	}
	if n, err := r.RowsAffected(); err != nil || n != 1 {
		p.Fatalf("%s: %d rows, %v: this control is blind", statement, n, err)
	}
}

func (p *pipeline) replay() web.AuditReplayed {
	p.Helper()
	r, err := p.s.auditing.ReplayAudit(p.Context(), p.portal(), 0, 0)
	if err != nil {
		p.Fatal(err)
	}
	return r
}

// TestReplay: every verdict of the gate is repeated from what was kept, under a policy with rules, thresholds and caps, and comes out as it did. Whatever somebody does to
// what is kept is found; what was erased on request is told, and is no fault.
func TestReplay(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, func(c *Config) {
		c.Gate.Rules, c.Gate.MaxPerHour, c.Gate.Threshold = []string{`change.property != "ai_lead_score" || time.Hour() >= 0`, "record.amount == '' || float(record.amount) < 1e6"}, 40, 0.8
	})
	_, contact, deal := p.account()
	other := p.create("contacts", map[string]any{"firstname": "Noor", "lastname": "Haddad", "email": "noor@harborline.example"})
	for i := range 4 {
		p.create("emails", mailOf(i, question), contact, deal)
		p.create("calls", map[string]any{"hs_call_title": "Renewal", "hs_call_direction": "INBOUND", "hs_call_body": strings.ReplaceAll(talk, "140", fmt.Sprint(140+i))}, []string{contact, other}[i%2])
		p.settle()
	}
	before := p.replay()
	if len(before.Faults) != 0 || before.Same != before.Verdicts || before.Verdicts < 12 || before.Runs < 8 || before.Texts.Erased != 0 || before.Texts.Kept < 2*before.Runs {
		t.Fatalf("%+v", before)
	}
	t.Logf("%d of %d verdicts, %d texts of %d runs", before.Same, before.Verdicts, before.Texts.Kept, before.Runs)
	some, err := p.s.db.KeptVerdicts(t.Context(), p.portal(), 0, 3)
	if err != nil {
		t.Fatal(err)
	}
	change := func(i int) []any { return []any{some[i].Proposal, some[i].Change} }
	p.forge(`UPDATE inputs SET body = replace(body, '"Write":true', '"Write":false') WHERE proposal = ? AND change = ?`, change(0)...)
	p.forge("DELETE FROM inputs WHERE proposal = ? AND change = ?", change(1)...)
	p.forge("UPDATE inputs SET salt = 'x', hash = 'x' WHERE proposal = ? AND change = ?", change(2)...) // with a body and a hash that fit, and none that the audit knows
	p.forge("UPDATE texts SET body = body || '.' WHERE hash = (SELECT reply_hash FROM proposals ORDER BY id LIMIT 1)")
	var got []string
	after := p.replay()
	for _, f := range after.Faults {
		if f.What == "inputs" {
			got = append(got, fmt.Sprint(f.Seq-some[len(got)].Seq, f.Fault))
		}
	}
	if fmt.Sprint(got) != "[0altered 0missing 0missing]" || len(after.Faults) < 4 || after.Same != before.Same-3 {
		t.Errorf("%v: %+v", got, after)
	}
	if _, err := p.s.db.Erase(t.Context(), p.ref(other), crm.Actor{Kind: crm.UserActor, ID: "ann"}); err != nil {
		t.Fatal(err)
	}
	gone := p.replay()
	if gone.Erased == 0 || gone.Texts.Erased == 0 || gone.Verdicts < before.Verdicts || len(gone.Faults) > len(after.Faults) {
		t.Errorf("after an erasure: %+v", gone)
	}
}

// TestReplayTellsAnotherGate is the control: a verdict that another gate gave, with another constant in it, is a fault that shows both words.
func TestReplayTellsAnotherGate(t *testing.T) {
	in := engine.Inputs{Policy: engine.Policy{Write: true, Mode: crm.GateOn}, Portal: 7, Measured: engine.Measured{Supported: 1, Overlap: 1, TimeKnown: true, FocusWhole: true},
		Change: crm.Change{Kind: crm.PropertyKind, Target: crm.Ref{Portal: 7, Type: crm.Contacts, ID: "1"}, Property: "ai_lead_score", After: "80"}}
	then := in.Decide()
	if then.Verdict != crm.Apply {
		t.Fatalf("%+v: this control is blind", then)
	}
	stricter := in
	stricter.Thresholds = []float64{0.99}
	for name, c := range map[string]struct {
		word engine.Judgement
		same int
	}{"the same gate": {then, 1}, "another threshold": {stricter.Decide(), 0}, "another weight": {engine.Judgement{Verdict: crm.Apply, Confidence: then.Confidence + 1e-9, Threshold: then.Threshold}, 0}} {
		text, err := engine.KeepInputs(in, c.word)
		if err != nil {
			t.Fatal(err)
		}
		var out web.AuditReplayed
		replayVerdict(store.KeptVerdict{Seq: 3, Verdict: c.word.Verdict.String(), Inputs: text, Keeping: store.Kept}, &out)
		if out.Replayed != 1 || out.Same != c.same || len(out.Faults) != 1-c.same {
			t.Errorf("%s: %+v", name, out)
			continue
		}
		if c.same == 0 {
			f := out.Faults[0]
			if f.Fault != "different" || f.Then == nil || f.Now == nil || f.Now.Verdict != "apply" || f.Then.Verdict != c.word.Verdict.String() || f.Then.Confidence+f.Then.Threshold == f.Now.Confidence+f.Now.Threshold {
				t.Errorf("%s: %+v", name, f)
			}
		}
	}
}
