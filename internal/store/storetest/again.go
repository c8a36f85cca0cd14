package storetest

import (
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// proposalsAgain: a run whose time has come is marked once, by the time that the caller says, and a newer run takes the time of an older one away.
func proposalsAgain(w *world) {
	at := w.clock.now()
	first := proposal("p1", crm.Review)
	first.LookAgain = at.Add(time.Hour)
	w.propose(first)
	w.reopen()
	same(w, "kept", w.suggestion("p1").LookAgain.Equal(at.Add(time.Hour)), true)
	due := func(now time.Time, workflows ...string) int {
		w.Helper()
		n, err := w.Due(w.ctx, portal, now, workflows, 10)
		w.no(err)
		return n
	}
	same(w, "before its time", due(at.Add(59*time.Minute), "call_summary"), 0)
	same(w, "of a workflow that is no more", due(at.Add(time.Hour), "other"), 0)
	same(w, "in time", due(at.Add(time.Hour), "call_summary", "other"), 1)
	same(w, "twice", due(at.Add(time.Hour), "call_summary"), 0)
	c := w.claim(crm.ConsiderWork)
	same(w, "what runs again", c.Key, "call_summary:"+first.Subject.Path())
	w.finish(c)
	looked := proposal("p0", crm.Drop)
	looked.Subject = ref(crm.Companies, 8)
	w.propose(looked)
	w.records(nil, crm.Record{Ref: ref(crm.Companies, 5), Properties: map[string]string{"lifecyclestage": "customer"}}, crm.Record{Ref: ref(crm.Companies, 6)},
		crm.Record{Ref: ref(crm.Companies, 7)}, crm.Record{Ref: looked.Subject})
	unseen := func(typ crm.ObjectType, workflow, after string, limit int) (paths []string) {
		w.Helper()
		list, err := w.Unseen(w.ctx, portal, typ, workflow, after, limit)
		w.no(err)
		for _, r := range list {
			paths = append(paths, r.Ref.Path()+r.Properties["lifecyclestage"])
		}
		return paths
	}
	same(w, "unseen", strings.Join(unseen(crm.Companies, "call_summary", "", 2), " "), "companies/5customer companies/6")
	same(w, "unseen after them", strings.Join(unseen(crm.Companies, "call_summary", "companies/6", 2), " "), "companies/7")
	same(w, "seen by another workflow only", len(unseen(crm.Companies, "other", "companies/7", 5)), 1)
	w.no(w.Mark(w.ctx, []crm.Mark{{Portal: portal, Kind: crm.ConsiderWork, Key: "call_summary:companies/6"}}, crm.Claim{}))
	same(w, "one that waits to be run", strings.Join(unseen(crm.Companies, "call_summary", "", 5), " "), "companies/5customer companies/7")
	same(w, "one that waits for another workflow", len(unseen(crm.Companies, "other", "companies/5", 5)), 3)
	c = w.claim(crm.ConsiderWork)
	same(w, "one that runs", len(unseen(crm.Companies, "call_summary", "", 5)), 2)
	w.no(w.Bury(w.ctx, c, "the answer cannot be used"))
	same(w, "one that was buried", len(unseen(crm.Companies, "call_summary", "", 5)), 2)
	second := proposal("p2", crm.Review)
	second.LookAgain = at.Add(2 * time.Hour)
	w.propose(second)
	w.propose(proposal("p3", crm.Drop))
	same(w, "a newer run has no time of its own", due(at.Add(3*time.Hour), "call_summary"), 0)
	third, rests := proposal("p4", crm.Review), proposal("p5", crm.Drop)
	third.LookAgain, rests.Confirms = at.Add(4*time.Hour), "p4"
	w.propose(third)
	w.propose(rests)
	same(w, "a run that rests leaves the time", due(at.Add(4*time.Hour), "call_summary"), 1)
}

// proposalsTasks: a task of ours is open until somebody completes or deletes it.
func proposalsTasks(w *world) {
	p := proposal("p1", crm.Apply)
	p.Changes[0].Kind, p.Changes[0].Target, p.Changes[0].Property, p.Changes[0].Key = crm.TaskKind, crm.Ref{}, "hs_task_body", "key"
	p.Changes[0].Links, p.Changes[0].Before = []crm.Ref{ref(crm.Companies, 5)}, nil
	w.propose(p)
	open := func(what string, want ...crm.Ref) {
		w.Helper()
		got, err := w.OpenTasks(w.ctx, p.Subject)
		w.no(err)
		if !slices.Equal(got, want) {
			w.Fatalf("%s: %v, want %v", what, got, want)
		}
	}
	open("before it is written")
	c := w.claim(crm.ApplyWork)
	e, err := w.Effect(w.ctx, portal, c.Key)
	w.no(err)
	e.Fence, e.State = c.Fence, crm.EffectSending
	w.no(w.Begin(w.ctx, e))
	task := ref(crm.Tasks, 77)
	e.State, e.Object = crm.EffectVerified, task
	w.no(w.Settle(w.ctx, e, crm.Receipt{Object: task}))
	open("written", task)
	k := kept(task, w.clock.now(), "do it")
	k.Activity.Ours, k.Activity.Status = true, "NOT_STARTED"
	w.keep(k)
	open("seen", task)
	k.Activity.Status = "COMPLETED"
	w.keep(k)
	open("completed")
}

// recordsHistory: what is stored of records comes back, and a quoted value counts as quoted only if the stored record has it.
func recordsHistory(w *world) {
	acme, ticket := ref(crm.Companies, 5), ref(crm.Tickets, 8)
	at := w.clock.now().UTC().Truncate(time.Millisecond)
	r := crm.Record{Ref: acme, Name: "Acme", Created: at, Properties: map[string]string{"active_users": "38"},
		History: map[string][]crm.Value{"active_users": {{Value: "38", At: at}, {Value: "95", At: at.Add(-time.Hour)}}}}
	old, new := crm.Record{Ref: ticket, Name: "Lost", Created: at}, crm.Record{Ref: ref(crm.Tickets, 9), Name: "New", Created: at.Add(time.Hour)}
	w.records([]crm.Membership{{Member: ticket, Account: acme}, {Member: new.Ref, Account: acme}, {Member: ref(crm.Tickets, 10), Account: ref(crm.Companies, 6)}}, r, old, new, crm.Record{Ref: ref(crm.Tickets, 10)})
	w.reopen()
	known, err := w.KnownRecords(w.ctx, []crm.Ref{acme, ref(crm.Companies, 404)})
	w.no(err)
	same(w, "known records", len(known), 1)
	same(w, "since when", known[acme].SetAt("active_users").Equal(at), true)
	same(w, "held before", known[acme].Held("active_users", "95", at.Add(-time.Hour)), true)
	list, err := w.RecordsOf(w.ctx, acme, crm.Tickets)
	w.no(err)
	if len(list) != 2 || list[0].Ref != new.Ref || list[1].Ref != ticket {
		w.Fatalf("tickets: %+v", list)
	}
	p := proposal("p1", crm.Review)
	says := func(value string, at time.Time) crm.ClaimText {
		return crm.ClaimText{Text: "Users: " + value, Supported: true, Factor: "usage", Effect: "lowers", Moved: crm.MovedNew,
			Evidence: []crm.Evidence{{Record: acme, Property: "active_users", Quote: value, Time: at}}}
	}
	p.Claims = []crm.ClaimText{says("38", at), says("95", at.Add(-time.Hour)), says("38", at.Add(-time.Minute)), says("12", time.Time{})}
	got := w.propose(p)
	if e := got.Claims[0].Evidence[0]; e.Record != acme || !e.Activity.IsZero() || got.Claims[0].Moved != crm.MovedNew {
		w.Fatalf("evidence: %+v", got.Claims[0])
	}
	counts, err := w.Counts(w.ctx, portal)
	w.no(err)
	same(w, "claims", counts.Claims, 4)
	same(w, "quoted", counts.ClaimsQuoted, 2)
	_, err = w.Erase(w.ctx, acme, ann)
	w.no(err)
	same(w, "claims of what was erased", len(w.suggestion("p1").Claims), 0)
}
