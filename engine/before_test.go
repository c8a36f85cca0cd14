package engine

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model/builtin"
	"github.com/contextd/contextd/prompts"
)

// kept runs account_summary with the built-in writer, again and again.
type kept struct {
	*testing.T
	w   *world
	e   *Engine
	seq int64
}

func newKept(t *testing.T) *kept {
	w := newWorld()
	return &kept{T: t, w: w, e: engineOf(t, w, builtin.Writer{})}
}

func (k *kept) run(lane crm.Lane) crm.Proposal {
	k.Helper()
	k.seq++
	subject := ref(crm.Companies, 1)
	claim := crm.Claim{Portal: 7, Kind: crm.ConsiderWork, Key: ConsiderKey("account_summary", subject), Seq: k.seq, Lane: lane}
	if err := k.e.Consider(k.Context(), []crm.Claim{claim})[0]; err != nil {
		k.Fatal(err)
	}
	return k.w.proposals[proposalID("account_summary", 1, subject, k.seq)]
}

// settle lets what the gate let through be written.
func (k *kept) settle(id string) {
	p := k.w.proposals[id]
	for i := range p.Changes {
		if p.Changes[i].State == crm.Approved {
			p.Changes[i].State = crm.Applied
			if c := p.Changes[i]; c.Kind == crm.PropertyKind {
				k.w.records[c.Target].Properties[c.Property] = c.After
			}
		}
	}
	k.w.proposals[id] = p
}

func TestASummaryIsKeptCurrent(t *testing.T) {
	k := newKept(t)
	first := k.run(crm.LiveLane)
	if first.Verdict != crm.Apply || len(first.Changes) != 2 || first.Changes[0].Property != "ai_account_summary" || first.Known != 3 {
		t.Fatalf("%v %+v %v", first.Verdict, first.Changes, first.Reasons)
	}
	text := first.Changes[0].After
	if !strings.Contains(text, "48,000 a year") || !strings.Contains(text, "(Mira Kovac, call, 2026-11-19") || strings.Contains(text, "New since") || strings.Contains(text, "<") {
		t.Errorf("the first summary:\n%s", text)
	}
	k.settle(first.ID)

	asked := len(k.w.asked)
	same := k.run(crm.LiveLane)
	if same.Verdict != crm.Drop || same.Confirms != first.ID || len(k.w.asked) != asked || same.Usage.InputTokens != 0 {
		t.Errorf("nothing is new, and yet: %v, confirms %q, %v, %d questions more", same.Verdict, same.Confirms, same.Reasons, len(k.w.asked)-asked)
	}

	k.w.activity(ref(crm.Emails, 20), "Mira Kovac", crm.Incoming, noon.Add(-time.Hour), "Thanks a lot, lovely to see you all.")
	if p := k.run(crm.LiveLane); p.Verdict != crm.Drop || p.Confirms != first.ID || !strings.Contains(strings.Join(p.Reasons, ""), "nothing material is new") {
		t.Errorf("thanks are no news: %v %v", p.Verdict, p.Reasons)
	}

	k.e.Now = func() time.Time { return noon.Add(time.Hour) }
	k.w.activity(ref(crm.Emails, 21), "Mira Kovac", crm.Incoming, noon, "The board wants 155 technicians on the contract, and we need it before 5 December.")
	news := k.run(crm.LiveLane)
	if news.Verdict != crm.Review || !contradicted(news) || news.Confirms != "" {
		t.Fatalf("140 technicians are 155 now, which a person sees first: %v %v", news.Verdict, news.Reasons)
	}
	head, rest, _ := strings.Cut(news.Changes[0].After, "\nWhere things stand:")
	if !strings.HasPrefix(head, "New since the last summary:") || !strings.Contains(head, "155 technicians") || strings.Contains(head, "48,000") || !strings.Contains(rest, "48,000") {
		t.Errorf("the second summary:\n%s", news.Changes[0].After)
	}
}

// TestNewsSinceWhatWasWritten: a summary that nobody has let through yet is no last one: what it called new is still new to people.
func TestNewsSinceWhatWasWritten(t *testing.T) {
	k := newKept(t)
	k.e.Policy = func(crm.PortalID) Policy { return Policy{} }
	k.run(crm.LiveLane)
	k.w.activity(ref(crm.Emails, 21), "Mira Kovac", crm.Incoming, noon, "The board wants 155 technicians on the contract, and we need it before 5 December.")
	k.e.Now = func() time.Time { return noon.Add(time.Hour) }
	if p := k.run(crm.LiveLane); p.Verdict != crm.Review || strings.Contains(p.Changes[0].After, "New since") || !strings.Contains(p.Changes[0].After, "155 technicians") {
		t.Errorf("%v\n%s", p.Verdict, p.Changes[0].After)
	}
}

// TestAChangedQuoteIsOutdated: a summary that quotes a text which is no longer so is made again, though nothing came.
func TestAChangedQuoteIsOutdated(t *testing.T) {
	k := newKept(t)
	first := k.run(crm.LiveLane)
	k.settle(first.ID)
	known := k.w.activities[2].Seq
	k.w.activities = slices.Delete(k.w.activities, 2, 3)
	k.w.activities[1].Seq = known // as many as before are known
	k.e.Now = func() time.Time { return noon.Add(time.Hour) }
	if p := k.run(crm.LiveLane); p.Verdict == crm.Drop || strings.Contains(p.Changes[0].After, "48,000") {
		t.Errorf("%v %v", p.Verdict, p.Reasons)
	}
}

// contradicted: every change waits for a person because newer words say otherwise.
func contradicted(p crm.Proposal) bool {
	return len(p.Changes) > 0 && !slices.ContainsFunc(p.Changes, func(c crm.Change) bool {
		return !slices.Contains(c.Reasons, "newer words of the account contradict a claim")
	})
}

func TestTriggersRest(t *testing.T) {
	k := newKept(t)
	i := slices.IndexFunc(k.e.Workflows, func(w prompts.Workflow) bool { return w.Name == "account_summary" })
	u := *k.e.Workflows[i].Update
	u.Rest = 48 * time.Hour
	k.e.Workflows[i].Update = &u
	first := k.run(crm.LiveLane)
	k.settle(first.ID)
	k.e.Now = func() time.Time { return noon.Add(time.Hour) }
	k.w.activity(ref(crm.Emails, 21), "Mira Kovac", crm.Incoming, noon, "The board wants 155 technicians on the contract, and we need it before 5 December.")
	if p := k.run(crm.LiveLane); p.Confirms != first.ID || !strings.Contains(strings.Join(p.Reasons, ""), "triggers rest") {
		t.Errorf("%v %v", p.Verdict, p.Reasons)
	}
	if p := k.run(crm.ReviewLane); p.Verdict != crm.Review || !contradicted(p) || p.Confirms != "" {
		t.Errorf("a person asks: %v %v", p.Verdict, p.Reasons)
	}
	k.e.Now = func() time.Time { return noon.Add(72 * time.Hour) }
	k.w.activity(ref(crm.Emails, 22), "Mira Kovac", crm.Incoming, noon.Add(71*time.Hour), "We need 160 technicians in the contract now, the board decided so on Friday.")
	if p := k.run(crm.LiveLane); p.Verdict != crm.Review || !contradicted(p) || p.Confirms != "" {
		t.Errorf("after the rest: %v %v", p.Verdict, p.Reasons)
	}
}

// TestOldNewsIsNoNews: what a model calls new must be quoted from a text that the last summary did not know.
func TestOldNewsIsNoNews(t *testing.T) {
	r := &run{w: named(t, "account_summary"), sources: map[string]Source{"P1": {}, "P2": {Passage: crm.Passage{New: true}}}}
	for passage, want := range map[string]bool{"P1": false, "P2": true} {
		j := Judged{ClaimText: crm.ClaimText{Supported: true}}
		r.judgeNews(&j, Statement{Field: "changes", Quotes: []Quote{{Passage: passage}}})
		if j.Supported != want {
			t.Errorf("%s: supported %v", passage, j.Supported)
		}
	}
	j := Judged{ClaimText: crm.ClaimText{Supported: true}}
	if r.judgeNews(&j, Statement{Field: "risks", Quotes: []Quote{{Passage: "P1"}}}); !j.Supported {
		t.Error("only the field of news is held to it")
	}
}

// TestOurNotesTriggerNoSummary: what contextd writes on an account starts nothing there; a person's note does.
func TestOurNotesTriggerNoSummary(t *testing.T) {
	a := crm.Activity{Ref: ref(crm.Notes, 9), Links: crm.Links{Companies: []crm.Ref{ref(crm.Companies, 1)}}}
	d := crm.Document{Text: strings.Repeat("word ", 40)}
	if marks := Triggers(builtins(t))(a, d, nil, crm.LiveLane); !slices.ContainsFunc(marks, func(m crm.Mark) bool { return m.Key == "account_summary:companies/1" && m.Quiet == 20*time.Minute }) {
		t.Errorf("a person's note: %+v", marks)
	}
	a.Ours = true
	if marks := Triggers(builtins(t))(a, d, nil, crm.LiveLane); len(marks) != 0 {
		t.Errorf("our note: %+v", marks)
	}
}
