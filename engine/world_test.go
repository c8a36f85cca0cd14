package engine

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/prompts"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func ref(typ crm.ObjectType, id int) crm.Ref {
	return crm.Ref{Portal: 7, Type: typ, ID: strconv.Itoa(id)}
}

// world is a portal in memory: what the engine reads, and the proposals it makes. Its retriever returns every text of the account, and whatever rogue holds beside.
type world struct {
	activities []crm.Stored
	earlier    []crm.Stored // superseded texts
	records    map[crm.Ref]crm.Record
	accounts   map[crm.Ref]crm.Ref
	rogue      []crm.Passage
	proposals  map[string]crm.Proposal
	raws       map[string]Raw
	asked      []crm.Question
	aside      crm.Ref // an activity that only a question since a moment brings
	seq        int64
	answerable float64
	overruled  map[string]bool       // by property
	failed     map[string]string     // by property: why the last write failed
	open       map[crm.Ref][]crm.Ref // tasks by subject
}

func newWorld() *world {
	company := ref(crm.Companies, 1)
	w := &world{records: map[crm.Ref]crm.Record{}, accounts: map[crm.Ref]crm.Ref{}, proposals: map[string]crm.Proposal{}, raws: map[string]Raw{}}
	w.record(crm.Record{Ref: company, Name: "Harborline Lifts", Properties: map[string]string{"hubspot_owner_id": "90"}})
	w.record(crm.Record{Ref: ref(crm.Contacts, 2), Name: "Mira Kovac", Properties: map[string]string{"jobtitle": "COO"}, Links: crm.Links{Companies: []crm.Ref{company}}})
	w.record(crm.Record{Ref: ref(crm.Deals, 3), Name: "Renewal 2027", Properties: map[string]string{"dealstage": "contractsent"}, Links: crm.Links{Companies: []crm.Ref{company}, Contacts: []crm.Ref{ref(crm.Contacts, 2)}}})
	w.accounts[ref(crm.Contacts, 2)], w.accounts[ref(crm.Deals, 3)] = company, company
	w.activity(ref(crm.Emails, 10), "Mira Kovac", crm.Incoming, noon.Add(-48*time.Hour), "We need a price for 140 technicians. Could you send the contract by Friday?")
	w.activity(ref(crm.Emails, 11), "Dana Whitlock", crm.Outgoing, noon.Add(-72*time.Hour), "The price for 140 technicians is 36 EUR per month. The contract follows on 2 December.")
	w.activity(ref(crm.Calls, 12), "Mira Kovac", crm.Incoming, noon.Add(-24*time.Hour), "Mira Kovac: The board approved 48,000 a year on Monday.\nDana Whitlock: Great, I'll send the contract tomorrow.\nMira Kovac: The old tablets in Galway are a risk, they are from 2017.")
	return w
}

func (w *world) record(r crm.Record) {
	w.records[r.Ref] = r
	if r.Ref.Type == crm.Companies {
		w.accounts[r.Ref] = r.Ref
	}
}

func (w *world) activity(r crm.Ref, person string, d crm.Direction, at time.Time, text string) *crm.Stored {
	sum := sha256.Sum256([]byte(text))
	a := crm.Stored{Activity: crm.Activity{Ref: r, Time: at, Created: at, Direction: d, Subject: "About the renewal", People: []crm.Person{{Name: person, Role: "from"}},
		Links: crm.Links{Companies: []crm.Ref{ref(crm.Companies, 1)}, Contacts: []crm.Ref{ref(crm.Contacts, 2)}, Deals: []crm.Ref{ref(crm.Deals, 3)}}},
		Document: crm.Document{Ref: r, Version: hex.EncodeToString(sum[:]), Text: text, Language: "en"}, Accounts: []crm.Ref{ref(crm.Companies, 1)}}
	w.seq++
	a.Seq = w.seq
	w.activities = append(w.activities, a)
	return &w.activities[len(w.activities)-1]
}

func passageOf(a crm.Stored) crm.Passage {
	return crm.Passage{Chunk: a.Ref.String(), Activity: a.Ref, Version: a.Document.Version, Kind: a.Ref.Type.Kind(), Time: a.Time, Person: a.People[0].Name, Direction: a.Direction,
		Subject: a.Subject, Text: a.Document.Text, End: len(a.Document.Text), Language: "en", Score: 1}
}

func (w *world) Retrieve(_ context.Context, q crm.Question) (crm.Context, error) {
	w.asked = append(w.asked, q)
	out := slices.Clone(w.rogue)
	for _, a := range w.activities {
		if a.Ref == w.aside && q.Since.IsZero() {
			continue
		}
		if slices.Contains(a.Accounts, q.Account) && q.Filter.Valid() && q.Filter.Matches(crm.Facets{Kind: a.Ref.Type.Kind(), Time: a.Time, Created: a.Created}) {
			out = append(out, passageOf(a))
		}
	}
	return crm.Context{Passages: out, Coverage: 0.8, Answerable: w.answerable}, nil
}

func (w *world) Activity(_ context.Context, r crm.Ref) (crm.Stored, error) {
	for _, a := range w.activities {
		if a.Ref == r {
			return a, nil
		}
	}
	return crm.Stored{}, fmt.Errorf("activity %s: %w", r, crm.ErrNotFound)
}

func (w *world) ActivityAt(ctx context.Context, r crm.Ref, known time.Time) (crm.Stored, error) {
	for _, a := range w.earlier {
		if a.Ref == r && !a.LearnedAt.After(known) && a.SupersededAt.After(known) {
			return a, nil
		}
	}
	a, err := w.Activity(ctx, r)
	if err == nil && a.Created.After(known) {
		err = crm.ErrNotFound
	}
	return a, err
}

func (w *world) Text(ctx context.Context, r crm.Ref, version string) (string, error) {
	for _, a := range w.earlier {
		if a.Ref == r && a.Document.Version == version {
			return a.Document.Text, nil
		}
	}
	a, err := w.Activity(ctx, r)
	if err == nil && a.Document.Version != version {
		return "", crm.ErrNotFound
	}
	return a.Document.Text, err
}

func (w *world) Record(_ context.Context, r crm.Ref) (crm.Record, error) {
	if rec, ok := w.records[r]; ok {
		return rec, nil
	}
	return crm.Record{}, fmt.Errorf("record %s: %w", r, crm.ErrNotFound)
}

func (w *world) RecordsOf(_ context.Context, account crm.Ref, typ crm.ObjectType) ([]crm.Record, error) {
	var out []crm.Record
	for r, rec := range w.records {
		if r.Type == typ && w.accounts[r] == account {
			out = append(out, rec)
		}
	}
	slices.SortFunc(out, func(a, b crm.Record) int { return cmp.Or(b.Created.Compare(a.Created), a.Ref.Compare(b.Ref)) })
	return out, nil
}

func (w *world) OpenTasks(_ context.Context, subject crm.Ref) ([]crm.Ref, error) {
	return w.open[subject], nil
}

func (w *world) Account(_ context.Context, r crm.Ref) (crm.Ref, error) {
	if a, ok := w.accounts[r]; ok {
		return a, nil
	}
	return crm.Ref{}, crm.ErrNotFound
}

func (w *world) Timeline(_ context.Context, r crm.Ref, _ time.Time, limit int) ([]crm.Stored, error) {
	var out []crm.Stored
	for _, a := range w.activities {
		if slices.Contains(append(a.Links.All(), a.Accounts...), r) {
			a.Document.Text = ""
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(a, b crm.Stored) int { return b.Time.Compare(a.Time) })
	return out[:min(limit, len(out))], nil
}

func (w *world) Heard(ctx context.Context, h crm.Hearing) (crm.Heard, error) {
	var known []crm.Stored
	for _, a := range w.activities {
		read, err := w.Activity(ctx, a.Ref)
		if !h.AsOf.IsZero() {
			read, err = w.ActivityAt(ctx, a.Ref, h.AsOf.Add(-time.Nanosecond))
		}
		if err == nil {
			known = append(known, read)
		}
	}
	return h.Among(known), nil
}

func (w *world) Propose(_ context.Context, p crm.Proposal, raw Raw) (bool, error) {
	if _, known := w.proposals[p.ID]; known {
		return false, nil
	}
	w.proposals[p.ID], w.raws[p.ID] = p, raw
	return true, nil
}

func (w *world) Overruled(_ context.Context, _ crm.Proposal, c crm.Change) (bool, error) {
	return w.overruled[c.Property], nil
}

func (w *world) Failed(_ context.Context, _ crm.Proposal, c crm.Change) (string, error) {
	return w.failed[c.Property], nil
}

func (w *world) WrittenAlone(_ context.Context, _ crm.PortalID, record crm.Ref, _ time.Duration) (n int, _ error) {
	for _, p := range w.proposals {
		for _, c := range p.Changes {
			if c.Verdict == crm.Apply && (record.IsZero() || p.Record == record) {
				n++
			}
		}
	}
	return n, nil
}

func (w *world) Proposal(_ context.Context, portal crm.PortalID, id string) (crm.Proposal, error) {
	p, ok := w.proposals[id]
	if !ok || p.Portal != portal {
		return crm.Proposal{}, crm.ErrNotFound
	}
	return p, nil
}

func (w *world) Latest(_ context.Context, subject crm.Ref, workflow string, before time.Time, states ...crm.State) (crm.Proposal, error) {
	var best crm.Proposal
	for _, p := range w.proposals {
		holds := slices.ContainsFunc(p.Changes, func(c crm.Change) bool { return slices.Contains(states, c.State) })
		if p.Subject == subject && p.Workflow == workflow && holds && (before.IsZero() || p.CreatedAt.Before(before)) && (best.ID == "" || p.CreatedAt.After(best.CreatedAt)) {
			best = p
		}
	}
	if best.ID == "" {
		return best, crm.ErrNotFound
	}
	return best, nil
}

func (w *world) Known(_ context.Context, account crm.Ref) (seq int64, _ error) {
	for _, a := range w.activities {
		if slices.Contains(a.Accounts, account) {
			seq = max(seq, a.Seq)
		}
	}
	return seq, nil
}

func (w *world) Undo(_ context.Context, portal crm.PortalID, id string, changes []string, _ crm.Actor, seen string) (crm.Proposal, error) {
	p := w.proposals[id]
	if p.Portal != portal || p.ETag() != seen {
		return p, crm.ErrConflict
	}
	for i, c := range p.Changes {
		if len(changes) == 0 || slices.Contains(changes, c.ID) {
			p.Changes[i].State = crm.Undone
		}
	}
	p.Rev++
	w.proposals[id] = p
	return p, nil
}

func (w *world) Decide(_ context.Context, d Decision) (crm.Proposal, error) {
	p := w.proposals[d.Proposal]
	for i, c := range p.Changes {
		if c.State == crm.Pending && (len(d.Changes) == 0 || slices.Contains(d.Changes, c.ID)) {
			p.Changes[i].State = crm.Rejected
			if d.Approve {
				p.Changes[i].State = crm.Approved
			}
			if e, ok := d.Edits[c.ID]; ok {
				p.Changes[i].After = e
			}
		}
	}
	p.Rev++
	w.proposals[d.Proposal] = p
	return p, nil
}

// builtins are the embedded workflows, read once; a test may change its own triggers and changes.
func builtins(t testing.TB) []prompts.Workflow {
	t.Helper()
	all, err := embedded()
	if err != nil {
		t.Fatal(err)
	}
	ws := slices.Clone(all)
	for i := range ws {
		ws[i].Triggers, ws[i].Changes = slices.Clone(ws[i].Triggers), slices.Clone(ws[i].Changes)
	}
	return ws
}

// worldOf is newWorld with as much of the customer's words as a workflow wants to see before it asks a model.
func worldOf(wf prompts.Workflow) *world {
	w := newWorld()
	if wf.Evidence.MinWords > 40 {
		w.activity(ref(crm.Emails, 13), "Mira Kovac", crm.Incoming, noon.Add(-96*time.Hour), "Our goal for the year is one plan for all branches, because dispatchers in Cork and Galway still work with paper. "+
			"Who signs on your side? The next step is a workshop with both branches in December, and the open question is who pays for the new tablets.")
	}
	return w
}

// subjectOf is what a workflow is run on in newWorld: the first of its types that is there.
func subjectOf(t testing.TB, w prompts.Workflow) crm.Ref {
	t.Helper()
	there := map[crm.ObjectType]crm.Ref{crm.Calls: ref(crm.Calls, 12), crm.Contacts: ref(crm.Contacts, 2), crm.Deals: ref(crm.Deals, 3), crm.Companies: ref(crm.Companies, 1)}
	for _, typ := range w.Subjects {
		if r, ok := there[typ]; ok {
			return r
		}
	}
	t.Fatalf("%s: newWorld has none of %v", w.Name, w.Subjects)
	return crm.Ref{}
}

func engineOf(t testing.TB, w *world, m Model) *Engine {
	return &Engine{Workflows: builtins(t), Retriever: w, Models: map[string]Model{"": m}, History: w, Proposals: w,
		Policy: func(crm.PortalID) Policy { return Policy{Write: true, Mode: crm.GateOn} }, Now: func() time.Time { return noon }}
}

// consider runs one claim and returns the proposal, which must exist.
func consider(t *testing.T, e *Engine, w *world, workflow string, subject crm.Ref) crm.Proposal {
	t.Helper()
	claim := crm.Claim{Portal: 7, Kind: crm.ConsiderWork, Key: ConsiderKey(workflow, subject), Seq: 1, Fence: 1}
	if err := e.Consider(t.Context(), []crm.Claim{claim})[0]; err != nil {
		t.Fatal(err)
	}
	for _, p := range w.proposals {
		if p.Workflow == workflow && p.Subject == subject {
			return p
		}
	}
	t.Fatal("nothing was proposed")
	return crm.Proposal{}
}
