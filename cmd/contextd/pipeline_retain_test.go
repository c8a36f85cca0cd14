package main

import (
	"testing"
	"time"

	"github.com/contextd/contextd/internal/hubspot/hubsim"
)

// TestRetention: a portal that keeps prompts for two days and bodies for one has neither after three, and all else; the log verifies, is complete, and replays.
func TestRetention(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, func(c *Config) { c.HubSpot.KeepPrompts, c.HubSpot.KeepBodies = 2, 1 })
	p.draft()
	job, now := &retaining{p.s}, time.Now()
	if err := job.once(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	before := p.replay()
	if before.Texts.Erased != 0 || before.Runs == 0 || len(before.Faults) != 0 {
		t.Fatalf("%+v", before)
	}
	if err := job.once(t.Context(), now.Add(72*time.Hour)); err != nil {
		t.Fatal(err)
	}
	after := p.replay()
	if after.Texts.Erased == 0 || after.Texts.Kept+after.Texts.Erased != before.Texts.Kept || after.Same != before.Same || len(after.Faults) != 0 {
		t.Errorf("%+v, before %+v", after, before)
	}
	entries := p.audited()
	if entries["retention.pruned"] < 2 {
		t.Errorf("%v", entries)
	}
	p.complete()
	if _, err := p.s.auditing.VerifyAudit(t.Context(), nil); err != nil {
		t.Error(err)
	}
}
