package main

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/contextd/contextd/engine"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot/hubsim"
)

// TestUndo: what was written about a call is taken back as it was written: a second text by the first one, the first one with the note. What a person edited stays, and
// nothing that is undone starts anything.
func TestUndo(t *testing.T) {
	for _, plain := range []bool{false, true} {
		p := startPipeline(t, hubsim.Options{RefuseUniqueOnActivities: plain}, nil)
		ann := crm.Actor{Kind: crm.UserActor, ID: "ann"}
		_, contact, deal := p.account()
		call := "calls/" + p.call("POST", "objects/calls", map[string]any{"properties": map[string]any{"hs_call_title": "Renewal", "hs_call_direction": "INBOUND", "hs_call_body": talk}, "associations": []string{contact, deal}})
		newest := func() crm.Proposal {
			t.Helper()
			p.settle()
			runs := p.runs("call_summary", call)
			if len(runs) == 0 {
				t.Fatal("no summary")
			}
			return runs[0]
		}
		applied := func() crm.Proposal {
			t.Helper()
			r := newest()
			if r.State == crm.Pending {
				if _, err := p.reviewer().Decide(t.Context(), engine.Decision{Portal: p.portal(), Proposal: r.ID, Approve: true, Seen: r.ETag(), Actor: ann}); err != nil {
					t.Fatal(err)
				}
				r = newest()
			}
			if r.State != crm.Applied {
				t.Fatalf("plain %v: %s %v", plain, r.State, r.Changes)
			}
			return r
		}
		note := func(r crm.Proposal) (crm.Ref, string) {
			t.Helper()
			ref, found, err := p.hub().FindActivity(t.Context(), p.portal(), crm.Notes, r.Changes[0].Key, r.Changes[0].Links)
			if err != nil && !errors.Is(err, crm.ErrNotFound) {
				t.Fatal(err)
			}
			return ref, found["hs_note_body"]
		}
		undo := func(r crm.Proposal) error {
			t.Helper()
			_, err := p.reviewer().Undo(t.Context(), p.portal(), r.ID, nil, ann, r.ETag())
			return err
		}
		first := applied()
		ref, _ := note(first)
		p.call("PATCH", "objects/"+call, map[string]any{"properties": map[string]any{"hs_call_body": strings.ReplaceAll(talk, "140 technicians", "170 technicians")}})
		second := applied()
		if err := undo(first); !errors.Is(err, crm.ErrConflict) {
			t.Errorf("plain %v: the first text was replaced, and undoing it says %v", plain, err)
		}
		runs := len(p.runs("call_summary", call))
		if err := undo(second); err != nil {
			t.Fatal(err)
		}
		p.settle()
		if _, body := note(second); newest().State != crm.Undone || !strings.Contains(body, "140 technicians") {
			t.Errorf("plain %v: after undoing the second: %s, %s", plain, newest().State, body)
		}
		_, mine := note(first)
		p.call("PATCH", "objects/"+ref.Path(), map[string]any{"properties": map[string]any{"hs_note_body": mine + "<p>Ann: called her.</p>"}})
		p.settle()
		first = p.runs("call_summary", call)[1]
		if err := undo(first); !errors.Is(err, crm.ErrConflict) || !strings.Contains(err.Error(), ref.Path()) {
			t.Errorf("plain %v: a person edited the note, and undoing it says %v", plain, err)
		}
		p.call("PATCH", "objects/"+ref.Path(), map[string]any{"properties": map[string]any{"hs_note_body": mine}})
		p.settle()
		if err := undo(first); err != nil {
			t.Fatal(err)
		}
		p.settle()
		if ref, body := note(first); !ref.IsZero() || p.runs("call_summary", call)[1].State != crm.Undone {
			t.Errorf("plain %v: after undoing both: %v %q %s", plain, ref, body, p.runs("call_summary", call)[1].State)
		}
		if n := len(p.runs("call_summary", call)); n != runs || p.audited()["effect.verified"] < 4 {
			t.Errorf("plain %v: %d runs, were %d; audited %v", plain, n, runs, p.audited())
		}
		stats, err := p.s.db.ReviewStats(t.Context(), p.portal(), first.CreatedAt.AddDate(0, 0, -1))
		i := slices.IndexFunc(stats.Weeks, func(w crm.ReviewWeek) bool { return w.Workflow == "call_summary" })
		if err != nil || i < 0 || stats.Weeks[i].Undone != 2 || stats.Weeks[i].Written != 2 || stats.Weeks[i].Wrong != 2 {
			t.Errorf("plain %v: statistics %+v, %v", plain, stats, err)
		}
	}
}
