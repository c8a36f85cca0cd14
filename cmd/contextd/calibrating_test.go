package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/contextd/contextd/engine"
	"github.com/contextd/contextd/internal/calibration"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot/hubsim"
)

// TestTheLifeOfAFit: decisions make it, by the job that each of them causes; a person takes it back, for good; whatever happens is audited with who did it, and what does not exist or
// cannot be is refused.
func TestTheLifeOfAFit(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, func(c *Config) {
		c.Gate.ErrorBudget, c.Gate.BudgetConfidence, c.HubSpot.Write = 0.05, 0.9, "off"
	})
	c, ctx, ann := &calibrating{p.s}, t.Context(), crm.Actor{Kind: crm.UserActor, ID: "ann"}
	m := engine.Measured{Supported: 3, Sources: 3, Activities: 2, TimeKnown: true, Coverage: 0.8, Overlap: 1, FocusWhole: true}
	decide := func(from, n int) {
		t.Helper()
		for i := from; i < from+n; i++ {
			subject := crm.Ref{Portal: p.portal(), Type: crm.Contacts, ID: fmt.Sprint(1000 + i)}
			id := fmt.Sprint("run-", i)
			change := crm.Change{ID: "c" + id, Kind: crm.PropertyKind, Target: subject, Property: "ai_lead_score", After: "70", Confidence: engine.Confidence(m), Features: m.Features(), Threshold: 0.85}
			if _, err := p.s.db.Propose(ctx, crm.Proposal{ID: id, Portal: p.portal(), Workflow: "lead_score", Subject: subject, Record: subject, Account: subject, Fingerprint: id, Changes: []crm.Change{change}}, crm.Raw{}); err != nil {
				t.Fatal(err)
			}
			s, err := p.s.db.Proposal(ctx, p.portal(), id)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p.s.db.Decide(ctx, crm.Decision{Portal: p.portal(), Proposal: id, Approve: true, Seen: s.ETag(), Actor: ann}); err != nil {
				t.Fatal(err)
			}
		}
	}
	proof := func() calibration.Proof {
		t.Helper()
		f, err := c.field(p.portal(), "lead_score", "ai_lead_score")
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.proof(ctx, p.portal(), f.group)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := proof(); got.Open || !strings.Contains(got.Why, "about 45 more") {
		t.Fatalf("at first: %+v", got)
	}
	if _, err := c.RollBackField(ctx, p.portal(), "lead_score", "ai_lead_score", -1, ann); !errors.Is(err, crm.ErrConflict) {
		t.Errorf("nothing is in force: %v", err)
	}
	decide(0, 44)
	if f, err := c.FitField(ctx, p.portal(), "lead_score", "ai_lead_score", ann); err != nil || f.Open || f.Needed != 1 || f.Looks != 0 {
		t.Fatalf("asking for a fit buys a look: %+v, %v", f, err)
	}
	decide(44, 1)
	if f, err := c.FitField(ctx, p.portal(), "lead_score", "ai_lead_score", ann); err != nil || !f.Open || f.Version != 1 || proof().Version != 1 {
		t.Fatalf("after 45: %+v, %v", f, err)
	}
	f, err := c.RollBackField(ctx, p.portal(), "lead_score", "ai_lead_score", -1, ann)
	if err != nil || f.Open || f.Version != 0 || !strings.Contains(f.Why, "a person took the fit back") || !f.Fits[0].TakenBack || f.NextLevel > 0.001 {
		t.Fatalf("rolled back: %+v, %v", f, err)
	}
	decide(45, 10)
	if err := c.markAll(ctx); err != nil {
		t.Fatal(err)
	}
	if f, err := c.FitField(ctx, p.portal(), "lead_score", "ai_lead_score", ann); err != nil || f.Open || proof().Open || f.Looks != 1 {
		t.Fatalf("what was taken back comes again: %+v, %v", f, err)
	}
	for field, kind := range map[[2]string]error{{"lead_score", "ai_lead_scor"}: crm.ErrNotFound, {"nothing", "ai_lead_score"}: crm.ErrNotFound, {"", "ai_lead_score"}: crm.ErrNotFound} {
		if _, err := c.FitField(ctx, p.portal(), field[0], field[1], ann); !errors.Is(err, kind) {
			t.Errorf("%v: %v", field, err)
		}
	}
	if _, err := c.CalibratedFields(ctx, p.portal(), "nothing"); !errors.Is(err, crm.ErrNotFound) {
		t.Errorf("fields of a workflow that does not exist: %v", err)
	}
	entries, _, err := p.s.db.AuditEntries(ctx, p.portal(), "", "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	for _, e := range entries {
		if strings.HasPrefix(e.Action, "calibration.") {
			said[e.Action] += e.Actors[0].String() + " " + e.IDs["field"] + " " + e.IDs["in_force"] + ";"
		}
	}
	if by := said["calibration.fitted"]; by != "system:calibration ai_lead_score 1;" && by != "user:ann ai_lead_score 1;" { // whoever came first
		t.Errorf("fitted: %q", by)
	}
	if said["calibration.rolled_back"] != "user:ann ai_lead_score 0;" || len(said) != 2 {
		t.Errorf("audited: %v", said)
	}
}

// TestNoBudget: without one nothing is calibrated, and what is shown says what decides instead.
func TestNoBudget(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, nil)
	c := &calibrating{p.s}
	all, err := c.CalibratedFields(t.Context(), p.portal(), "")
	if err != nil || len(all) < 5 {
		t.Fatalf("%d fields: %v", len(all), err)
	}
	for _, f := range all {
		if f.Open || f.Threshold != 0.85 || !strings.Contains(f.Why, "gate.error_budget") {
			t.Errorf("%+v", f)
		}
	}
	if _, err := c.FitField(t.Context(), p.portal(), "call_summary", "note", crm.System("test")); !errors.Is(err, crm.ErrConflict) {
		t.Errorf("fit without a budget: %v", err)
	}
	if errs := c.work(t.Context(), []crm.Claim{{Portal: p.portal(), Kind: crm.CalibrateWork, Key: "call_summary:note"}, {Portal: p.portal(), Kind: crm.CalibrateWork, Key: "gone:x"}}); errs[0] != nil || errs[1] != nil {
		t.Errorf("%v", errs)
	}
}
