package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot/hubsim"
	"github.com/contextd/contextd/internal/web"
)

// admin asks the service as its administrator does.
func (p *pipeline) admin(method, path, etag string, body, into any) {
	p.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		p.Fatal(err)
	}
	req, err := http.NewRequestWithContext(p.Context(), method, p.url+"/api/v1"+path, bytes.NewReader(raw))
	if err != nil {
		p.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+p.s.access.local)
	req.Header.Set("Content-Type", "application/json")
	if etag != "" {
		req.Header.Set("If-Match", etag)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode > 299 {
		p.Fatalf("%s %s: %d %s %v", method, path, resp.StatusCode, answer, err)
	}
	if into != nil {
		if err := json.Unmarshal(answer, into); err != nil {
			p.Fatalf("%s %s: %s: %v", method, path, answer, err)
		}
	}
}

func (p *pipeline) calibrated(workflow, field string) web.CalibratedField {
	p.Helper()
	var list struct {
		Items []web.CalibratedField `json:"items"`
	}
	p.admin("GET", "/calibration?workflow="+workflow, "", struct{}{}, &list)
	for _, f := range list.Items {
		if f.Field == field {
			return f
		}
	}
	p.Fatalf("%s of %s is not calibrated", field, workflow)
	return web.CalibratedField{}
}

// TestErrorBudget: an administrator allows 2 % wrong automatic writes. Nobody writes without a person until 114 summaries have been approved as they were, through the API; the
// next one is written. When automatic writes are undone, the field closes, says so, and the next one waits again.
func TestErrorBudget(t *testing.T) {
	const needed = 114
	p := startPipeline(t, hubsim.Options{}, func(c *Config) {
		c.Gate.ErrorBudget, c.Gate.BudgetConfidence, c.Gate.Explore = 0.02, 0.9, 0
		c.Workflows.Quiet = time.Millisecond
	})
	_, contact, deal := p.account()
	call := func(i int) string {
		return "calls/" + p.call("POST", "objects/calls", map[string]any{"properties": map[string]any{"hs_call_title": fmt.Sprint("Renewal ", i), "hs_call_direction": "INBOUND",
			"hs_call_body": talk}, "associations": []string{contact, deal}})
	}
	summary := func(of string) crm.Proposal {
		t.Helper()
		runs := p.runs("call_summary", of)
		if len(runs) == 0 {
			t.Fatalf("no summary of %s", of)
		}
		return runs[0]
	}
	var calls []string
	for i := range needed {
		calls = append(calls, call(i))
	}
	p.settle()
	for i, c := range calls {
		s := summary(c)
		if s.State != crm.Pending || !strings.Contains(strings.Join(s.Changes[0].Reasons, "; "), "2 % of such writes are wrong is not proved") {
			t.Fatalf("summary %d is %s: %v", i, s.State, s.Changes[0].Reasons)
		}
		if s.Changes[0].Confidence < 0.85 {
			t.Fatalf("summary %d has confidence %v: %v", i, s.Changes[0].Confidence, s.Changes[0].Features)
		}
		if i == needed-1 {
			p.settle()
			if f := p.calibrated("call_summary", "note"); f.Open || f.Needed != 1 || f.Outcomes != needed-1 || !strings.Contains(f.Why, "about 1 more right outcome") {
				t.Fatalf("before the last one: %+v", f)
			}
			early := call(needed)
			p.settle()
			if s := summary(early); s.State != crm.Pending {
				t.Fatalf("one too early it is %s: %v", s.State, s.Changes[0].Reasons)
			}
		}
		p.admin("POST", "/suggestions/"+s.ID+"/approve", s.ETag(), map[string]any{}, nil)
	}
	p.settle()
	f := p.calibrated("call_summary", "note")
	if !f.Open || f.Version != 1 || f.Needed != 0 || f.Threshold != 0.85 || f.Reliability.Count != needed || len(f.Fits) != 1 || f.Fits[0].Most > 0.02 {
		t.Fatalf("after %d: %+v", needed, f)
	}
	var alone []crm.Proposal
	for i := range 8 {
		c := call(200 + i)
		p.settle()
		s := summary(c)
		if s.State != crm.Applied || s.Changes[0].Verdict != crm.Apply {
			t.Fatalf("automatic summary %d is %s: %v", i, s.State, s.Changes[0].Reasons)
		}
		alone = append(alone, s)
	}
	undone := 0
	for ; undone < len(alone) && p.calibrated("call_summary", "note").Open; undone++ {
		s, err := p.s.db.Proposal(t.Context(), p.portal(), alone[undone].ID)
		if err != nil {
			t.Fatal(err)
		}
		p.admin("POST", "/suggestions/"+s.ID+"/undo", s.ETag(), map[string]any{}, nil)
		p.settle()
	}
	f = p.calibrated("call_summary", "note")
	if f.Open || undone < 2 || !strings.Contains(f.Why, "closed: more of the automatic writes was undone than the budget allows") || f.Needed < 500 {
		t.Fatalf("after %d were undone: %+v", undone, f)
	}
	c := call(300)
	p.settle()
	if s := summary(c); s.State != crm.Pending || !strings.Contains(strings.Join(s.Changes[0].Reasons, "; "), "closed: ") {
		t.Fatalf("after the alarm it is %s: %v", s.State, s.Changes[0].Reasons)
	}
	entries, _, err := p.s.db.AuditEntries(t.Context(), p.portal(), "", "", 5000)
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]int{}
	for _, e := range entries {
		if strings.HasPrefix(e.Action, "calibration.") {
			said[e.Action]++
		}
	}
	if said["calibration.fitted"] != 1 || said["calibration.closed"] != 1 || len(said) != 2 {
		t.Errorf("audited: %v", said)
	}
}
