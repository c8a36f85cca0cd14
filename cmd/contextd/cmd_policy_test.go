package main

import (
	"regexp"
	"strings"
	"testing"
)

func TestPolicyIsShownWithItsReasons(t *testing.T) {
	yaml := `hubspot: {portal_id: 7, write: on}
gate:
  mode: canary
  human_only: [task]
  never: [ai_lead_score]
  max_per_hour: 50
  error_budget: 0.02
  low_risk: [ai_lead_intent]
  high_risk: [ai_lead_fit]
  rules:
    - change.property != "ai_lead_score" || record.lifecyclestage in ["lead", ""]
`
	path := write(t, yaml)
	text, code := transcript(t, commands{}, []string{"HOME=/home/u"}, "", "policy", "show", "--config", path)
	if code != 0 {
		t.Fatal(text)
	}
	var lines []string // of two workflows: the others change more often than this command
	for line := range strings.Lines(strings.ReplaceAll(text, path, "FILE")) {
		line = regexp.MustCompile(` +`).ReplaceAllString(regexp.MustCompile(`[0-9a-f]{64}`).ReplaceAllString(line, "HASH"), " ")
		if _, why, ok := strings.Cut(line, " automatic "); !ok || strings.HasPrefix(line, "lead_score ") || why == "" {
			lines = append(lines, line)
		}
	}
	golden(t, "policy_show.txt", strings.Join(lines, ""))
	off, _ := transcript(t, commands{}, []string{"HOME=/home/u", "CONTEXTD_HUBSPOT__PORTAL_ID=7"}, "", "policy", "show", "-o", "json")
	if !strings.Contains(off, `"class": "human"`) || strings.Contains(off, `"class": "automatic"`) || !strings.Contains(off, "hubspot.write is off") {
		t.Errorf("with writing off:\n%s", off)
	}
}
