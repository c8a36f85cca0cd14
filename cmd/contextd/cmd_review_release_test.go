package main

import (
	"strings"
	"testing"
)

// TestReleaseOfWhatWasNeverWritten: the command reaches the store and says why nothing is released.
func TestReleaseOfWhatWasNeverWritten(t *testing.T) {
	a := &auditor{T: t, dir: t.TempDir(), environ: []string{"CONTEXTD_HUBSPOT__PORTAL_ID=7", "CONTEXTD_HUBSPOT__TOKEN=t", "CONTEXTD_HUBSPOT__BASE_URL=http://127.0.0.1:1"}}
	if _, why := a.command(exitFailed, "review", "release", "contacts/7", "ai_lead_score"); !strings.Contains(why, "contextd has written nothing there") {
		t.Errorf("nothing was written: %s", why)
	}
	if _, why := a.command(exitFailed, "review", "release", "contacts/7", "amount"); !strings.Contains(why, "none that contextd writes") {
		t.Errorf("a core field: %s", why)
	}
	a.command(exitUsage, "review", "release", "calls/7", "ai_lead_score")
}
