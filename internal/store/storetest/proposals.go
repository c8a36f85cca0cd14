package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/store"
)

var ann = crm.Actor{Kind: crm.UserActor, ID: "ann"}

func text(s string) *string { return &s }

// proposal is a run's suggestion about call 1 of company 5 with one property change per verdict.
func proposal(id string, verdicts ...crm.Verdict) crm.Proposal {
	p := crm.Proposal{ID: id, Portal: portal, Workflow: "call_summary", Prompt: crm.PromptRef{Name: "call_summary", Version: 2, SHA256: "abc"}, Model: "builtin",
		Subject: ref(crm.Calls, 1), Record: ref(crm.Companies, 5), RecordName: "Acme", Account: ref(crm.Companies, 5), Confidence: 0.5, Fingerprint: "print " + id,
		Features: map[string]float64{"quoted": 2, "version": 3},
		Claims: []crm.ClaimText{
			{Text: "They find it dear", Supported: true, Evidence: []crm.Evidence{{Activity: ref(crm.Calls, 1), Version: hash("price is high"), Quote: "price", End: 5}},
				Contradictions: []crm.Contradiction{{Evidence: crm.Evidence{Activity: ref(crm.Emails, 3), Version: hash("price is fine"), Quote: "fine", Start: 9, End: 13}, Why: "the opposite"}}},
			{Text: "Not in the text", Supported: true, Evidence: []crm.Evidence{{Activity: ref(crm.Calls, 1), Version: hash("price is high"), Quote: "prize", End: 5}}},
			{Text: "Made up", Why: "no quote"},
		}}
	for i, v := range verdicts {
		p.Changes = append(p.Changes, crm.Change{ID: fmt.Sprint("c", i), Kind: crm.PropertyKind, Target: p.Record, Property: fmt.Sprint("ai_", i), Before: text("old"),
			After: fmt.Sprint("new ", i), Claims: []int{0}, Confidence: 0.5, Features: map[string]float64{"quoted": float64(i), "version": 3}, Threshold: 0.85, Risk: crm.RiskHigh, Verdict: v, Reasons: []string{"below"}})
	}
	return p
}

func (w *world) propose(p crm.Proposal) crm.Proposal {
	w.Helper()
	added, err := w.Propose(w.ctx, p, crm.Raw{Prompt: "prompt of " + p.ID, Reply: "reply of " + p.ID})
	w.no(err)
	same(w, "added "+p.ID, added, true)
	return w.suggestion(p.ID)
}

func (w *world) suggestion(id string) crm.Proposal {
	w.Helper()
	p, err := w.Proposal(w.ctx, portal, id)
	w.no(err)
	return p
}

func states(p crm.Proposal) (out []crm.State) {
	for _, c := range p.Changes {
		out = append(out, c.State)
	}
	return out
}

func (w *world) states(p crm.Proposal, whole crm.State, changes ...crm.State) {
	w.Helper()
	if p.State != whole || !slices.Equal(states(p), changes) {
		w.Fatalf("suggestion %s is %s with changes %v, want %s with %v", p.ID, p.State, states(p), whole, changes)
	}
}

func proposalsReview(w *world) {
	in := proposal("p1", crm.Review, crm.Review, crm.Drop)
	p := w.propose(in)
	w.states(p, crm.Pending, crm.Pending, crm.Pending, crm.Dropped)
	if p.Subject != in.Subject || p.Record != in.Record || p.Account != in.Account || p.Features["quoted"] != 2 || p.Claims[0].Evidence[0].Activity != ref(crm.Calls, 1) ||
		!slices.Equal(p.Claims[0].Contradictions, in.Claims[0].Contradictions) ||
		p.Claims[2].Supported || *p.Changes[0].Before != "old" || p.Prompt != in.Prompt || p.Changes[0].Claims[0] != 0 {
		w.Fatalf("stored: %+v", p)
	}
	added, err := w.Propose(w.ctx, in, crm.Raw{})
	w.no(err)
	same(w, "added twice", added, false)
	raw, err := w.RunText(w.ctx, portal, "p1")
	w.no(err)
	same(w, "prompt", raw.Prompt, "prompt of p1")
	same(w, "reply", raw.Reply, "reply of p1")

	for _, bad := range []crm.Decision{
		{Approve: true, Changes: []string{"c9"}},
		{Approve: true, Changes: []string{"c0"}, Edits: map[string]string{"c1": "x"}},
		{Reason: "because"},
		{Reason: "other", Edits: map[string]string{"c0": "x"}},
	} {
		bad.Portal, bad.Proposal, bad.Actor, bad.Seen = portal, "p1", ann, p.ETag()
		_, err := w.Decide(w.ctx, bad)
		w.is(err, crm.ErrInvalid)
	}
	d := crm.Decision{Portal: portal, Proposal: "p1", Changes: []string{"c0"}, Approve: true, Actor: ann, Seen: p.ETag(), Seconds: 4, Comment: "fine"}
	after, err := w.Decide(w.ctx, d)
	w.no(err)
	w.states(after, crm.Pending, crm.Approved, crm.Pending, crm.Dropped)
	_, err = w.Decide(w.ctx, d)
	w.is(err, crm.ErrConflict) // what was shown has moved
	d.Seen = after.ETag()
	_, err = w.Decide(w.ctx, d)
	w.is(err, crm.ErrConflict) // c0 is decided
	d.Changes, d.Approve, d.Reason, d.Comment = nil, false, "wrong_fact", ""
	after, err = w.Decide(w.ctx, d)
	w.no(err)
	w.states(after, crm.Approved, crm.Approved, crm.Rejected, crm.Dropped)
	same(w, "decided by", after.DecidedBy, ann)
	w.reopen()

	outcomes, _, err := w.Outcomes(w.ctx, portal, "call_summary", 0, 10)
	w.no(err)
	if len(outcomes) != 2 || outcomes[0].Decision != "approve" || outcomes[1].Decision != "reject" || outcomes[1].Reason != "wrong_fact" || outcomes[0].Field != "ai_0" ||
		outcomes[0].Actor != ann || outcomes[0].Seconds != 4 || outcomes[0].FeaturesVersion != 3 || outcomes[0].Features["quoted"] != 0 || outcomes[1].Features["quoted"] != 1 {
		w.Fatalf("outcomes: %+v", outcomes)
	}
	comments, err := w.Comments(w.ctx, portal, "p1")
	w.no(err)
	if len(comments) != 1 || comments[0].Text != "fine" {
		w.Fatalf("comments: %+v", comments)
	}
	effects, err := w.PendingEffects(w.ctx, portal, 10)
	w.no(err)
	if len(effects) != 1 || effects[0].Change.After != "new 0" || effects[0].Approver != ann || effects[0].Proposer.Kind != crm.ModelActor {
		w.Fatalf("effects: %+v", effects)
	}
	c := w.claim(crm.ApplyWork)
	if c.Key != effects[0].ID || c.Lane != crm.ReviewLane {
		w.Fatalf("claim %+v of effect %s", c, effects[0].ID)
	}
}

func proposalsAutomatic(w *world) {
	p := w.propose(proposal("p1", crm.Apply, crm.Drop))
	w.states(p, crm.Approved, crm.Approved, crm.Dropped)
	c := w.claim(crm.ApplyWork)
	same(w, "lane", c.Lane, crm.LiveLane)
	e, err := w.Effect(w.ctx, portal, c.Key)
	w.no(err)
	same(w, "state", e.State, crm.EffectNew)
	same(w, "approver", e.Approver.Kind, crm.SystemActor)
	none := w.propose(proposal("p2", crm.Drop))
	w.states(none, crm.Dropped, crm.Dropped)
}

func proposalsSupersede(w *world) {
	old := w.propose(proposal("p1", crm.Review, crm.Apply))
	other := proposal("p2", crm.Review)
	other.Subject = ref(crm.Calls, 2)
	w.propose(other)
	w.propose(proposal("p3", crm.Review))
	now := w.suggestion("p1")
	w.states(now, crm.Superseded, crm.Superseded, crm.Approved)
	if now.ETag() == old.ETag() {
		w.Fatal("the ETag did not move")
	}
	same(w, "another subject's", w.suggestion("p2").State, crm.Pending)
	_, err := w.Decide(w.ctx, crm.Decision{Portal: portal, Proposal: "p1", Approve: true, Actor: ann, Seen: now.ETag()})
	w.is(err, crm.ErrConflict)
	c := w.claim(crm.ApplyWork) // what of it was approved already is still written
	w.no(w.Settle(w.ctx, crm.Effect{Portal: portal, ID: c.Key, Fence: c.Fence, State: crm.EffectVerified}, crm.Receipt{}))
	w.states(w.suggestion("p1"), crm.Superseded, crm.Superseded, crm.Applied)
}

func proposalsFingerprint(w *world) {
	p := w.propose(proposal("p1", crm.Review))
	_, err := w.Decide(w.ctx, crm.Decision{Portal: portal, Proposal: "p1", Reason: "not_useful", Actor: ann, Seen: p.ETag()})
	w.no(err)
	again := proposal("p2", crm.Apply)
	again.Fingerprint = p.Fingerprint
	added, err := w.Propose(w.ctx, again, crm.Raw{})
	w.no(err)
	same(w, "added after a rejection", added, false)
	_, err = w.Proposal(w.ctx, portal, "p2")
	w.is(err, crm.ErrNotFound)
	same(w, "effects", len(w.claims(crm.ApplyWork, 1)), 0)
	w.propose(proposal("p3", crm.Review)) // other evidence
}

func proposalsEdit(w *world) {
	p := w.propose(proposal("p1", crm.Review, crm.Review))
	after, err := w.Decide(w.ctx, crm.Decision{Portal: portal, Proposal: "p1", Approve: true, Edits: map[string]string{"c0": "better"}, Actor: ann, Seen: p.ETag()})
	w.no(err)
	same(w, "edited", after.Changes[0].After, "better")
	same(w, "untouched", after.Changes[1].After, "new 1")
	outcomes, _, err := w.Outcomes(w.ctx, portal, "", 0, 10)
	w.no(err)
	same(w, "first outcome", outcomes[0].Decision, "edit")
	same(w, "second outcome", outcomes[1].Decision, "approve")
	effects, err := w.EffectsOf(w.ctx, portal, "p1")
	w.no(err)
	values := []string{effects[0].Change.After, effects[1].Change.After}
	slices.Sort(values)
	if !slices.Equal(values, []string{"better", "new 1"}) {
		w.Fatalf("effects would write %v", values)
	}
}

func proposalsList(w *world) {
	for i := range 5 {
		p := proposal(fmt.Sprint("p", i), crm.Review)
		p.Subject, p.RecordName = ref(crm.Calls, i), fmt.Sprintf("Account %d_%%", i)
		if i == 4 {
			p.Workflow, p.Record = "lead_score", ref(crm.Contacts, 7)
		}
		w.propose(p)
		w.clock.advance(time.Second)
	}
	list := func(f store.SuggestionFilter, limit int) (ids string) {
		f.Portal = portal
		w.beside(f)
		for cursor := ""; ; {
			got, next, err := w.Suggestions(w.ctx, f, cursor, limit)
			w.no(err)
			for _, p := range got {
				ids += p.ID
				same(w, "changes of "+p.ID, len(p.Changes), 1)
			}
			if cursor = next; next == "" {
				return ids
			}
		}
	}
	same(w, "all", list(store.SuggestionFilter{}, 2), "p4p3p2p1p0")
	same(w, "of a workflow", list(store.SuggestionFilter{Workflow: "lead_score"}, 2), "p4")
	same(w, "of a record", list(store.SuggestionFilter{Record: ref(crm.Companies, 5)}, 3), "p3p2p1p0")
	same(w, "of a name", list(store.SuggestionFilter{Name: "aCCOUNT 2"}, 3), "p2")
	same(w, "of a name with what patterns are made of", list(store.SuggestionFilter{Name: "3_%"}, 3)+list(store.SuggestionFilter{Name: "a_c"}, 3), "p3")
	same(w, "of a subject", list(store.SuggestionFilter{Record: ref(crm.Calls, 2)}, 3), "p2")
	p, err := w.Snooze(w.ctx, portal, "p2", w.clock.now().Add(time.Hour), ann, w.suggestion("p2").ETag())
	w.no(err)
	_, err = w.Assign(w.ctx, portal, "p2", "bo", ann, "stale")
	w.is(err, crm.ErrConflict)
	_, err = w.Assign(w.ctx, portal, "p2", "bo", ann, p.ETag())
	w.no(err)
	same(w, "awake", list(store.SuggestionFilter{State: crm.Pending, Awake: true}, 9), "p4p3p1p0")
	same(w, "put away", list(store.SuggestionFilter{State: crm.Pending, Snoozed: true}, 9), "p2")
	same(w, "the oldest first", list(store.SuggestionFilter{Oldest: true}, 2), "p0p1p2p3p4")
	_, _, err = w.Suggestions(w.ctx, store.SuggestionFilter{Portal: portal, Oldest: true, ByLook: true}, "", 1)
	w.is(err, crm.ErrInvalid)
	same(w, "assigned", list(store.SuggestionFilter{Assignee: "bo"}, 9), "p2")
	same(w, "rejected", list(store.SuggestionFilter{State: crm.Rejected}, 9), "")
	_, _, err = w.Suggestions(w.ctx, store.SuggestionFilter{}, "", 1)
	w.is(err, crm.ErrInvalid)
}
