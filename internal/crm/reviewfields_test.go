package crm

import (
	"testing"
	"time"
)

func TestDecisionOf(t *testing.T) {
	t.Parallel()
	set := func(change func(*Event)) Event {
		e := Event{Portal: 1, Type: PropertyChange, Object: Ref{1, Companies, "5"}, Property: ReviewDecision, Value: "approve", Source: "CRM_UI", SourceID: "userId:9101",
			OccurredAt: time.Date(2026, 3, 1, 9, 0, 0, 123456789, time.UTC)}
		change(&e)
		return e
	}
	d, ok := DecisionOf(set(func(*Event) {}), true)
	if !ok || d.Key() != "companies/5:approve:9101:1772355600123" {
		t.Fatalf("%v %s", ok, d.Key())
	}
	back, err := ParseRecordDecision(1, d.Key())
	if err != nil || back != d {
		t.Errorf("read back: %+v %v, want %+v", back, err, d)
	}
	if d, ok := DecisionOf(set(func(e *Event) { e.Value = "reject" }), true); !ok || d.Approve {
		t.Errorf("a rejection: %+v %v", d, ok)
	}
	if _, ok := DecisionOf(set(func(*Event) {}), false); ok {
		t.Error("a decision of an integration counts")
	}
	for name, change := range map[string]func(*Event){
		"emptied":          func(e *Event) { e.Value = "" },
		"another value":    func(e *Event) { e.Value = "Approve" },
		"another property": func(e *Event) { e.Property = ReviewStatus },
		"no user":          func(e *Event) { e.SourceID = "" },
		"no number":        func(e *Event) { e.SourceID = "userId:9101:2" },
		"an app":           func(e *Event) { e.SourceID = "9101" },
		"of an activity":   func(e *Event) { e.Object.Type = Notes },
		"created":          func(e *Event) { e.Type = Creation },
		"no time":          func(e *Event) { e.OccurredAt = time.Time{} },
	} {
		if d, ok := DecisionOf(set(change), true); ok {
			t.Errorf("%s: counts as %+v", name, d)
		}
	}
}
