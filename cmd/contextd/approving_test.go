package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot/hubsim"
)

// TestTwoAdministratorsApproveAPolicy: until as many have as the policy asks for, everything waits for a person; from then on the gate goes by it.
func TestTwoAdministratorsApproveAPolicy(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, func(c *Config) { c.Gate.Approvals = 2 })
	_, contact, deal := p.account()
	call := func(talk string) crm.Proposal {
		t.Helper()
		path := "calls/" + p.call("POST", "objects/calls", map[string]any{"properties": map[string]any{"hs_call_title": "Renewal", "hs_call_direction": "INBOUND", "hs_call_body": talk}, "associations": []string{contact, deal}})
		p.settle()
		return p.runs("call_summary", path)[0]
	}
	waits := call(talk)
	if waits.State != crm.Pending || !waits.Changes[0].Would || !strings.Contains(strings.Join(waits.Changes[0].Reasons, ";"), "0 of 2 administrators") {
		t.Errorf("before anybody has approved: %s, would be written: %v, %q", waits.State, waits.Changes[0].Would, waits.Changes[0].Reasons)
	}
	a := p.s.approving
	hash := p.s.policies[p.portal()].SHA256
	approve := func(name, hash string) error {
		return a.ApprovePolicy(t.Context(), p.portal(), hash, crm.Actor{Kind: crm.TokenActor, ID: name})
	}
	if err := approve("ann", strings.Repeat("0", 64)); !errors.Is(err, crm.ErrConflict) {
		t.Errorf("another policy was approved: %v", err)
	}
	for _, name := range []string{"ann", "ann"} {
		if err := approve(name, hash); err != nil {
			t.Fatal(err)
		}
	}
	if p := a.policy(p.portal()); !strings.Contains(p.Unapproved, "1 of 2") {
		t.Errorf("the same one twice: %q", p.Unapproved)
	}
	if _, err := keepLocal(p.s.cfg.DataDir, p.url, nil); err != nil {
		t.Fatal(err)
	}
	if c := policyChecks(t.Context(), p.s.cfg); len(c) != 1 || c[0].State != "warn" || !strings.Contains(c[0].Detail, "1 of 2") || !strings.HasSuffix(c[0].Fix, hash) {
		t.Errorf("doctor, while it waits: %+v", c)
	}
	if err := approve("bo", hash); err != nil {
		t.Fatal(err)
	}
	if c := policyChecks(t.Context(), p.s.cfg); len(c) != 1 || c[0].State != "ok" {
		t.Errorf("doctor, once it is approved: %+v", c)
	}
	if s := call(strings.ReplaceAll(talk, "140", "150")); s.State != crm.Applied {
		t.Errorf("approved by two: %s %q", s.State, s.Changes[0].Reasons)
	}
	shown, err := a.Policy(t.Context(), p.portal())
	if err != nil || len(shown.Approvals) != 2 || shown.ApprovalsNeeded != 2 || shown.SHA256 != hash {
		t.Errorf("shown: %+v %v", shown, err)
	}
	if n := p.audited()["policy.approved"]; n != 2 {
		t.Errorf("audited %d approvals", n)
	}
}
