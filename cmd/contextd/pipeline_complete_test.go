package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/calibration"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot/hubsim"
	"github.com/contextd/contextd/internal/web"
)

// complete counts, by kind, and fails on every difference but those that are expected: "kind lacking surplus".
func (p *pipeline) complete(expected ...string) map[string]web.AuditCount {
	p.Helper()
	all, err := p.s.auditing.CompleteAudit(p.Context(), p.portal())
	if err != nil {
		p.Fatal(err)
	}
	out := map[string]web.AuditCount{}
	var odd []string
	for _, c := range all {
		out[c.Kind] = c
		if c.Lacking+c.Surplus > 0 {
			odd = append(odd, fmt.Sprintf("%s %d %d", c.Kind, c.Lacking, c.Surplus))
			if len(expected) == 0 {
				p.Errorf("%+v", c)
			}
		}
	}
	if fmt.Sprint(odd) != fmt.Sprint(expected) {
		p.Errorf("differences %q, want %q", odd, expected)
	}
	return out
}

// TestAuditIsComplete walks every kind of thing that leaves an entry through the service and the simulator, faults among them, and counts both sides. Then rows and
// entries are taken away and put in, and each is found.
func TestAuditIsComplete(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, nil)
	ctx, ann := t.Context(), crm.Actor{Kind: crm.UserActor, ID: "ann"}
	no := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	decide := func(s crm.Proposal, approve bool) crm.Proposal {
		t.Helper()
		d := approval(s)
		d.Comment = "seen"
		if !approve {
			d.Approve, d.Reason = false, "not_useful"
		}
		s, err := p.reviewer().Decide(ctx, d)
		no(err)
		return s
	}
	deal, draft := p.draft()
	for _, body := range []string{"garbage", `[{"subscriptionType":"object.creation"}]`} {
		_, err := p.s.db.Deliver(ctx, []byte(body), time.Now())
		no(err)
	}
	snoozed, err := p.s.db.Snooze(ctx, p.portal(), draft.ID, time.Now().Add(time.Hour), ann, draft.ETag())
	no(err)
	assigned, err := p.s.db.Assign(ctx, p.portal(), draft.ID, "bea", ann, snoozed.ETag())
	no(err)
	_, err = p.s.db.Comment(ctx, p.portal(), draft.ID, "look at this", ann, assigned.ETag())
	no(err)
	decide(assigned, false)
	contact := p.create("contacts", map[string]any{"firstname": "Noor", "lastname": "Haddad", "email": "noor@harborline.example"})
	call := p.create("calls", map[string]any{"hs_call_title": "Renewal", "hs_call_direction": "INBOUND", "hs_call_body": talk}, contact)
	p.settle()
	for _, s := range p.runs("call_summary", call) {
		if s.State == crm.Pending {
			decide(s, true)
		}
	}
	p.settle()
	for _, s := range p.runs("call_summary", call) { // written, and taken back
		if s.State == crm.Applied {
			_, err := p.reviewer().Undo(ctx, p.portal(), s.ID, nil, ann, s.ETag())
			no(err)
		}
	}
	p.call("POST", "faults", map[string]any{"kind": "status", "status": 400, "path": "/crm/objects/2026-09/notes/batch/upsert", "method": "POST"})
	second := p.create("calls", map[string]any{"hs_call_title": "Renewal", "hs_call_direction": "INBOUND", "hs_call_body": strings.ReplaceAll(talk, "140", "150")}, contact)
	p.settle()
	for _, s := range p.runs("call_summary", second) {
		if s.State == crm.Pending {
			decide(s, true)
		}
	}
	p.create("emails", mailOf(7, question), deal) // an older draft is superseded by its run
	p.settle()
	p.create("emails", mailOf(8, question+"\n\nPS: and Galway?"), deal)
	p.settle()
	_, err = p.s.db.Expire(ctx, p.portal(), "reply_draft", time.Now().Add(time.Hour))
	no(err)
	no(p.s.db.Stop(ctx, p.portal(), "a look", ann))
	no(p.s.db.Resume(ctx, p.portal(), ann))
	no(p.s.db.Stop(ctx, p.portal(), "another", ann))
	no(p.s.db.PolicyInForce(ctx, p.portal(), strings.Repeat("a", 64)))
	no(p.s.db.KeepOwnApp(ctx, p.portal(), "4711"))
	secret, err := p.s.db.CreateToken(ctx, p.portal(), "robot", "viewer", ann)
	no(err)
	_, err = p.s.db.CheckToken(ctx, secret)
	no(err)
	no(p.s.db.RevokeToken(ctx, p.portal(), "robot", ann))
	_, err = p.s.auditing.Checkpoint(ctx)
	no(err)
	_, err = p.s.engine.DryRun(ctx, "call_summary", p.ref(call), time.Time{})
	no(err)
	no(p.s.meter.Flush(ctx))
	doomed := p.create("contacts", map[string]any{"firstname": "Ines", "lastname": "Arnold", "email": "ines@harborline.example"})
	p.create("calls", map[string]any{"hs_call_title": "Renewal", "hs_call_direction": "INBOUND", "hs_call_body": talk}, doomed)
	p.settle()
	_, err = p.s.db.Erase(ctx, p.ref(doomed), ann)
	no(err)
	p.settle()
	e := crm.PromptEvaluation{Portal: p.portal(), Workflow: "lead_score", Version: 1, SHA256: strings.Repeat("b", 64), Golden: "g", Model: "builtin", Cases: 3, Measures: map[string]float64{"right": 1}, By: ann}
	no(p.s.db.KeepEvaluation(ctx, e))
	_, err = p.s.db.PromotePrompt(ctx, e, 0, ann)
	no(err)
	_, err = p.s.db.RollBackPrompt(ctx, p.portal(), "lead_score", ann)
	no(err)
	no(p.s.meter.Flush(ctx))
	rev := int64(0)
	for i, action := range []string{calibration.Fitted, calibration.Closed, calibration.Reinstated, "calibration.rolled_back"} {
		var made []crm.CalibrationFit
		if action == calibration.Fitted {
			made = []crm.CalibrationFit{{Version: 1, At: p.s.now(), Body: "{}"}}
		}
		f := calibrated{portal: p.portal(), workflow: "lead_score", name: "ai_lead_fit"}
		entry := f.entry(action, ann, calibration.State{}, calibration.Fit{Version: 1}, "it <was> time")
		no(p.s.db.KeepCalibration(ctx, crm.Calibration{Portal: p.portal(), Workflow: f.workflow, Field: f.name, Rev: rev, State: fmt.Sprint(i)}, made, []crm.AuditEntry{entry}))
		rev++
	}
	no(p.s.db.ApprovePolicy(ctx, p.portal(), p.s.policies[p.portal()].SHA256, ann))
	counts := p.complete()
	var seen []string
	for kind, c := range counts {
		if c.Rows == 0 && kind != "released fields" && kind != "buried work" { // whose own tests are elsewhere
			t.Errorf("%s: there is none: this walk is blind to it", kind)
		}
		seen = append(seen, fmt.Sprintf("%s %d", kind, c.Rows))
	}
	t.Log(len(counts), "kinds:", strings.Join(seen, ", "))
	p.named()
	if v, err := p.s.auditing.VerifyAudit(ctx, nil); err != nil || v.Entries == 0 {
		t.Errorf("%+v, %v", v, err)
	}
	// The controls: what a row has and no entry, and what an entry has and no row.
	p.forge("DELETE FROM outcomes WHERE id = (SELECT MIN(id) FROM outcomes)")
	p.forge("UPDATE spend SET calls = calls + 2 WHERE task = 'chat' AND model = (SELECT MAX(model) FROM spend WHERE task = 'chat') AND workflow = 'call_summary'")
	p.complete("model calls 2 0", "decisions 0 1")
	for kind, action := range map[string]string{
		"delivery outcomes": "delivery.dead", "runs": "run.done", "gate verdicts": "gate.review", "comments": "review.comment", "put away": "review.snooze", "assigned": "review.assign",
		"ended without a decision": "proposal.superseded", "effects": "effect.allowed", "read-backs": "effect.failed", "policy": "policy.changed", "policy approvals": "policy.approved", "prompts put live": "prompt.rolled_back",
		"prompts evaluated": "prompt.evaluated", "tokens made": "token.created", "tokens ended": "token.revoked", "tokens used": "token.used", "signatures": "audit.signed",
		"stops": "writing.stopped", "own apps recognised": "app.recognised", "erasures": "erased", "model calls": "model.called", "decisions": "review.undo", "undoing effects": "effect.allowed",
		"calibration fits": calibration.Fitted, "fields closed": calibration.Closed, "fits put in force again": calibration.Reinstated, "calibration rollbacks": "calibration.rolled_back",
	} {
		before := p.counted(kind).Lacking
		p.forge("DELETE FROM audit WHERE seq = (SELECT MAX(seq) FROM audit WHERE action = ? AND (? <> 'undoing effects' OR ids LIKE '%undo_of%'))", action, kind)
		if kind == "stops" {
			p.forge("DELETE FROM audit WHERE seq = (SELECT MAX(seq) FROM audit WHERE action = ?)", action)
		}
		if after := p.counted(kind); after.Lacking <= before || len(after.Missing) == 0 {
			t.Errorf("%s: an entry %s is left out, and nobody says so: %+v", kind, action, after)
		}
	}
}

func (p *pipeline) counted(kind string) web.AuditCount {
	p.Helper()
	all, err := p.s.auditing.CompleteAudit(p.Context(), p.portal())
	if err != nil {
		p.Fatal(err)
	}
	for _, c := range all {
		if c.Kind == kind {
			return c
		}
	}
	p.Fatalf("there is no kind %q", kind)
	return web.AuditCount{}
}

// named checks that the ends of writes name HubSpot's ids of their requests, and that what was to be written is what the entries say.
func (p *pipeline) named() {
	p.Helper()
	entries, _, err := p.s.db.AuditEntries(p.Context(), p.portal(), "", "", 100_000)
	if err != nil {
		p.Fatal(err)
	}
	wrote := 0
	for _, e := range entries {
		if !strings.HasPrefix(e.Action, "effect.") || e.Action == "effect.allowed" || e.IDs["object"] == "" {
			continue
		}
		if e.Action == "effect.verified" && !strings.HasPrefix(e.IDs["read_requests"], "00000000-0000-4000-8000-") {
			p.Errorf("entry %d: nothing was read back by %v", e.Seq, e.IDs)
		}
		if strings.HasPrefix(e.IDs["write_requests"], "00000000-0000-4000-8000-") {
			wrote++
		}
	}
	if r := p.replay(); wrote == 0 || r.Values.Kept < wrote || len(r.Faults) != 0 {
		p.Errorf("%d writes are named; %+v", wrote, r)
	}
}
