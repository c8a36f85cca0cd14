package hubspot_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot"
	"github.com/contextd/contextd/internal/hubspot/hubsim"
)

func TestDefinitions(t *testing.T) {
	p := open(t, hubsim.Options{}, hubspot.Options{})
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	d := hubspot.NewDefinitions(p.client, func() time.Time { return now })
	read := func(name string, fresh bool) (crm.Definition, error) {
		return d.Definition(t.Context(), crm.Contacts, name, fresh)
	}
	if own, err := read("hs_object_id", false); err != nil || !own.ReadOnly || own.Type != "number" {
		t.Errorf("a read-only property: %+v %v", own, err)
	}
	if _, err := read("ai_lead_score", false); !errors.Is(err, crm.ErrNotFound) {
		t.Errorf("before set-up: %v", err)
	}
	if _, err := p.client.Setup(t.Context(), definitions, false); err != nil {
		t.Fatal(err)
	}
	if _, err := read("ai_lead_score", false); !errors.Is(err, crm.ErrNotFound) {
		t.Errorf("what was read a moment ago is read again: %v", err)
	}
	now = now.Add(3 * time.Second)
	if own, err := read("ai_lead_score", true); err != nil || own.ReadOnly || own.Calculated || own.Type != "number" {
		t.Errorf("after set-up: %+v %v", own, err)
	}
	if own, err := read("ai_lead_fit", false); err != nil || own.Type != "enumeration" || !slices.Contains(own.Options, "high") {
		t.Errorf("an enumeration: %+v %v", own, err)
	}
	p.door("POST", "faults", map[string]any{"path": "/crm/properties", "kind": "status", "status": 403, "rate": 1})
	now = now.Add(time.Hour)
	if own, err := read("ai_lead_score", false); err != nil || own.Type != "number" {
		t.Errorf("what is out of date stays in use while HubSpot cannot be read: %+v %v", own, err)
	}
	if _, err := read("ai_lead_score", true); err == nil || errors.Is(err, crm.ErrNotFound) {
		t.Errorf("but not where somebody waits for a change: %v", err)
	}
	if _, err := d.Definition(t.Context(), crm.Deals, "ai_x", false); err == nil || errors.Is(err, crm.ErrNotFound) {
		t.Errorf("what was never read: %v", err)
	}
}
