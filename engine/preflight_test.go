package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

func TestUnfit(t *testing.T) {
	for name, c := range map[string]struct {
		def   crm.Definition
		value string
		want  string // "" : it fits
	}{
		"number":                         {crm.Definition{Type: "number"}, "72.5", ""},
		"no number":                      {crm.Definition{Type: "number"}, "high", "takes a number"},
		"NaN":                            {crm.Definition{Type: "number"}, "NaN", "takes a number"},
		"bool":                           {crm.Definition{Type: "bool"}, "yes", "true or false"},
		"day":                            {crm.Definition{Type: "date"}, "2026-11-29", ""},
		"time for a day":                 {crm.Definition{Type: "date"}, "2026-11-29T10:00:00Z", "takes a day"},
		"time":                           {crm.Definition{Type: "datetime"}, "2026-11-29T10:00:00Z", ""},
		"no time":                        {crm.Definition{Type: "datetime"}, "tomorrow", "takes a time"},
		"option":                         {crm.Definition{Type: "enumeration", Options: []string{"good", "poor"}}, "good", ""},
		"no option":                      {crm.Definition{Type: "enumeration", Options: []string{"good", "poor"}}, "great", "one of good, poor"},
		"two of one":                     {crm.Definition{Type: "enumeration", Options: []string{"good", "poor"}}, "good;poor", "one of"},
		"two of several":                 {crm.Definition{Type: "enumeration", Options: []string{"good", "poor"}, Multiple: true}, "good;poor", ""},
		"one of two is none":             {crm.Definition{Type: "enumeration", Options: []string{"good", "poor"}, Multiple: true}, "good;great", "one of"},
		"options elsewhere":              {crm.Definition{Type: "enumeration"}, "77", ""},
		"calculated":                     {crm.Definition{Type: "number", Calculated: true}, "1", "calculates"},
		"read-only":                      {crm.Definition{Type: "number", ReadOnly: true}, "1", "read-only"},
		"read-only, to clear":            {crm.Definition{Type: "number", ReadOnly: true}, "", "read-only"},
		"to clear":                       {crm.Definition{Type: "number"}, "", ""},
		"text":                           {crm.Definition{Type: "string"}, strings.Repeat("ü", 65536), ""},
		"one character more":             {crm.Definition{Type: "string"}, strings.Repeat("ü", 65537), "65537 characters, HubSpot takes 65536"},
		"a type that is known to nobody": {crm.Definition{Type: "json"}, "{}", ""},
	} {
		if got := Unfit(c.def, c.value); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// portalOf is a portal's definitions: those that are remembered, and those that it has by now.
type portalOf struct {
	old, now map[string]crm.Definition
	err      error
}

func (p portalOf) Definition(_ context.Context, _ crm.PortalID, t crm.ObjectType, name string, fresh bool) (crm.Definition, error) {
	from := p.old
	if fresh {
		from = p.now
	}
	d, ok := from[string(t)+"."+name]
	if p.err != nil {
		return d, p.err
	}
	if !ok {
		return d, fmt.Errorf("%s: %w", name, crm.ErrNotFound)
	}
	d.Name = name
	return d, nil
}

// TestPreflight: what HubSpot would refuse waits for a person with the reason, and cannot be approved until it is mended.
func TestPreflight(t *testing.T) {
	fit := map[string]crm.Definition{"contacts.ai_lead_score": {Type: "number"}, "contacts.ai_lead_fit": {Type: "enumeration", Options: []string{"good", "fair", "poor"}}, "contacts.ai_lead_recommendation": {Type: "string"}}
	calculated := map[string]crm.Definition{"contacts.ai_lead_score": {Type: "number", Calculated: true}, "contacts.ai_lead_fit": fit["contacts.ai_lead_fit"], "contacts.ai_lead_recommendation": {Type: "string"}}
	for name, c := range map[string]struct {
		portal portalOf
		want   string // in the reasons of ai_lead_score, "" when it may be written
	}{
		"all fits":               {portalOf{fit, fit, nil}, ""},
		"set-up has not run":     {portalOf{nil, nil, nil}, "contacts have no property ai_lead_score in HubSpot: run contextd setup hubspot"},
		"set-up has run by now":  {portalOf{nil, fit, nil}, ""},
		"an administrator's own": {portalOf{calculated, calculated, nil}, "HubSpot calculates ai_lead_score itself"},
		"nobody can say":         {portalOf{err: errors.New("403 missing scope")}, "cannot be said: 403 missing scope"},
	} {
		t.Run(name, func(t *testing.T) {
			w, b := newWorld(), newBench(crm.PropertyKind)
			e := engineOf(t, w, quoter())
			e.Definitions = c.portal
			p := consider(t, e, w, "lead_score", ref(crm.Contacts, 2))
			score := p.Changes[0]
			held := score.Verdict == crm.Review && strings.Contains(strings.Join(score.Reasons, "; "), c.want) && strings.Contains(score.Preflight, c.want)
			if c.want == "" && score.Preflight != "" || c.want != "" && !held {
				t.Fatalf("%v %q, preflight %q", score.Verdict, score.Reasons, score.Preflight)
			}
			for i := range p.Changes {
				p.Changes[i].State = crm.Pending
			}
			w.proposals[p.ID] = p
			r := &Reviewer{Workflows: e.Workflows, Proposals: w, Writer: b.hub, Enabled: func(crm.PortalID) error { return nil }, Marker: &b.again, Definitions: c.portal}
			_, err := r.Decide(t.Context(), Decision{Portal: 7, Proposal: p.ID, Approve: true, Changes: []string{score.ID}})
			if (err == nil) != (c.want == "") || err != nil && (!errors.Is(err, crm.ErrInvalid) || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("approving: %v", err)
			}
			if w.proposals[p.ID].Changes[0].State != crm.Pending && c.want != "" {
				t.Error("it was decided all the same")
			}
		})
	}
}
