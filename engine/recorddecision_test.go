package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// desk is a store of two suggestions that notes what it is asked to do.
type desk struct {
	waiting  []crm.Proposal
	closed   []string
	refused  []string
	comments []string
}

func (d *desk) Waiting(context.Context, crm.Ref) ([]crm.Proposal, error) {
	return d.waiting, nil
}

func (d *desk) CloseDecision(_ context.Context, _ crm.RecordDecision, decided []string, refused string) error {
	d.closed, d.refused = decided, append(d.refused, refused)
	return nil
}

func (d *desk) Comment(_ context.Context, _ crm.PortalID, id, text string, by crm.Actor, _ string) (crm.Proposal, error) {
	d.comments = append(d.comments, id+" "+by.String()+": "+text)
	return crm.Proposal{}, nil
}

func TestRecordDecisions(t *testing.T) {
	t.Parallel()
	key := "companies/5:approve:9101:1790000000000"
	cases := map[string]struct {
		key      string
		may      string
		late     bool // b was suggested at the very moment
		fails    map[string]error
		decided  []string
		comments int
		refused  []string
		err      error
	}{
		"approved":                   {key: key, decided: []string{"a", "b"}, refused: []string{""}},
		"rejected":                   {key: "companies/5:reject:9101:1790000000000", decided: []string{"a", "b"}, refused: []string{""}},
		"one of two is newer":        {key: key, late: true, decided: []string{"a"}, comments: 1, refused: []string{""}},
		"not by this user":           {key: key, may: "user 9101 is reviewer", refused: []string{"user 9101 is reviewer"}},
		"one of two meets a person":  {key: key, fails: map[string]error{"a": crm.ErrConflict}, decided: []string{"b"}, comments: 1, refused: []string{""}},
		"writing is off":             {key: key, fails: map[string]error{"a": crm.ErrStopped, "b": crm.ErrStopped}, comments: 2, refused: []string{""}},
		"HubSpot does not answer":    {key: key, fails: map[string]error{"b": crm.ErrTemporary}, err: crm.ErrTemporary},
		"a key that is no decision":  {key: "companies/5:maybe:9101:1790000000000", err: crm.ErrInvalid},
		"a key of an activity":       {key: "calls/5:approve:9101:1790000000000", err: crm.ErrInvalid},
		"a key without a user":       {key: "companies/5:approve::1790000000000", err: crm.ErrInvalid},
		"a key with something added": {key: key + ":1", err: crm.ErrInvalid},
	}
	for name, c := range cases {
		d := &desk{waiting: []crm.Proposal{{ID: "a", Portal: 1, Rev: 3}, {ID: "b", Portal: 1, Rev: 1}}}
		if c.late {
			d.waiting[1].CreatedAt = time.UnixMilli(1790000000000)
		}
		r := &RecordDecisions{Store: d, May: func(_ crm.PortalID, user string, approve bool) string {
			if user != "9101" || approve == (name == "rejected") {
				t.Errorf("%s: asked about user %s, approve %v", name, user, approve)
			}
			return c.may
		}, Review: func(_ context.Context, w Decision) (crm.Proposal, error) {
			if w.Seen != fmt.Sprintf(`"%s.%d"`, w.Proposal, map[string]int{"a": 3, "b": 1}[w.Proposal]) || w.Actor.String() != "hubspot:9101" || w.Approve == (w.Reason != "") {
				t.Errorf("%s: decides %+v", name, w)
			}
			return crm.Proposal{}, c.fails[w.Proposal]
		}}
		err := r.Work(t.Context(), []crm.Claim{{Portal: 1, Key: c.key}})[0]
		if !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
			t.Errorf("%s: %v, want %v", name, err, c.err)
		}
		if !slices.Equal(d.closed, c.decided) || !slices.Equal(d.refused, c.refused) || len(d.comments) != c.comments {
			t.Errorf("%s: decided %v, closed %q, comments %q", name, d.closed, d.refused, d.comments)
		}
		if len(d.comments) > 0 && c.late && !strings.Contains(d.comments[0], "suggested only at 2026-09-21T14:13:20Z, after that choice at 2026-09-21T14:13:20Z: choose again") {
			t.Errorf("%s: %q", name, d.comments)
		}
	}
}

// TestNoWorkflowSuggestsADecision: what carries the review is written by the review alone.
func TestNoWorkflowSuggestsADecision(t *testing.T) {
	t.Parallel()
	c := crm.Change{Kind: crm.PropertyKind, Target: crm.Ref{Portal: 1, Type: crm.Companies, ID: "5"}, After: "approve"}
	for property, want := range map[string]bool{"ai_score": true, crm.ReviewDecision: false, crm.ReviewStatus: false} {
		c.Property = property
		if Suggestable(c, 1) != want || !Allowed(c, 1) {
			t.Errorf("%s: suggestable %v", property, Suggestable(c, 1))
		}
	}
}
