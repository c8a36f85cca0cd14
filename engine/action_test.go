package engine

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model/builtin"
)

// acting runs next_best_action with the built-in writer, as often as something asks for it.
type acting struct {
	*testing.T
	w   *world
	e   *Engine
	seq int64
}

func (a *acting) run(now time.Time) crm.Proposal {
	a.Helper()
	a.seq++
	a.e.Now = func() time.Time { return now }
	subject := ref(crm.Companies, 1)
	if err := a.e.Consider(a.Context(), []crm.Claim{{Portal: 7, Kind: crm.ConsiderWork, Key: ConsiderKey("next_best_action", subject), Seq: a.seq, Fence: a.seq}})[0]; err != nil {
		a.Fatal(err)
	}
	return a.w.proposals[proposalID("next_best_action", 1, subject, a.seq)]
}

// task is the only change of a suggestion, which a person decides.
func (a *acting) task(p crm.Proposal) crm.Change {
	a.Helper()
	if len(p.Changes) != 1 || p.Changes[0].Kind != crm.TaskKind || p.Changes[0].Verdict != crm.Review {
		a.Fatalf("want one task for a person: %+v, %v", p.Changes, p.Reasons)
	}
	return p.Changes[0]
}

func (a *acting) written(id string) {
	p := a.w.proposals[id]
	p.Changes[0].State = crm.Applied
	a.w.proposals[id] = p
}

func TestTheNextActionFollowsTheDays(t *testing.T) {
	w := newWorld()
	a := &acting{T: t, w: w, e: engineOf(t, w, builtin.Writer{})}
	first := a.run(noon)
	c := a.task(first)
	if c.Fields["hs_task_subject"] != "Answer their question: Harborline Lifts" || c.Fields["hubspot_owner_id"] != "90" || c.Fields["hs_task_status"] != "NOT_STARTED" ||
		!strings.Contains(c.After, "Could you send the contract by Friday?") || !slices.Equal(c.Links, []crm.Ref{ref(crm.Companies, 1)}) {
		t.Errorf("the task: %+v", c)
	}
	if got := c.Fields["hs_timestamp"]; got != "2026-11-21T12:00:00Z" { // Friday is today: the day after
		t.Errorf("due %s", got)
	}
	a.written(first.ID)

	if again := a.run(noon.Add(time.Hour)); again.Confirms != first.ID || again.Verdict != crm.Drop {
		t.Errorf("nothing has changed, and yet: %+v, %v", again.Changes, again.Reasons)
	}
	if want := time.Date(2026, 11, 21, 5, 0, 0, 0, time.UTC); !first.LookAgain.Equal(want) {
		t.Fatalf("looked at again at %v, want %v: the contract was promised for the 20th", first.LookAgain, want)
	}
	w.open = map[crm.Ref][]crm.Ref{ref(crm.Companies, 1): {ref(crm.Tasks, 77)}}
	if p := a.run(first.LookAgain); len(p.Changes) != 0 || !slices.ContainsFunc(p.Reasons, func(s string) bool { return strings.Contains(s, "an open task of ours is there already: tasks/77") }) {
		t.Errorf("beside an open task: %+v, %v", p.Changes, p.Reasons)
	}
	w.open = nil // it was completed
	late := a.run(first.LookAgain)
	c = a.task(late)
	if c.Fields["hs_task_subject"] != "Keep what was promised: Harborline Lifts" || !strings.Contains(c.After, "send the contract tomorrow") || !strings.Contains(c.After, "Nothing has gone from us to them since 2026-11-19") {
		t.Errorf("after the day has passed: %+v", c)
	}
	if c.Key != a.task(first).Key {
		t.Error("the second task has another key: HubSpot would hold two")
	}
}

func TestTheStatedDayIsTheDueDate(t *testing.T) {
	w := newWorld()
	w.activity(ref(crm.Emails, 14), "Mira Kovac", crm.Incoming, noon.Add(-2*time.Hour), "Without the fix we will not renew. You will have our notice on 27 November.")
	a := &acting{T: t, w: w, e: engineOf(t, w, builtin.Writer{})}
	c := a.task(a.run(noon))
	if c.Fields["hs_task_subject"] != "Call them: they speak of leaving: Harborline Lifts" || c.Fields["hs_timestamp"] != "2026-11-27T05:00:00Z" {
		t.Errorf("%v", c.Fields)
	}
}

// Our own task comes back as an activity and starts nothing; a mail of theirs does.
func TestATaskOfOursStartsNothing(t *testing.T) {
	w := newWorld()
	triggers := Triggers(builtins(t))
	task := w.activity(ref(crm.Tasks, 77), "Dana Whitlock", "", noon, "Answer their question")
	for _, ours := range []bool{true, false} {
		task.Ours = ours
		if marks := triggers(task.Activity, task.Document, nil, crm.LiveLane); slices.ContainsFunc(marks, func(m crm.Mark) bool { return strings.HasPrefix(m.Key, "next_best_action:") }) {
			t.Errorf("a task (ours: %v) starts %v", ours, marks)
		}
	}
	mail := w.activities[0]
	if marks := triggers(mail.Activity, mail.Document, nil, crm.LiveLane); !slices.ContainsFunc(marks, func(m crm.Mark) bool { return m.Key == "next_best_action:companies/1" }) {
		t.Errorf("a mail starts %v", marks)
	}
}
