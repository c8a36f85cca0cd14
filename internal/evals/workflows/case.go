package workflows

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/contextd/contextd/engine"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/prompts"
)

// history is a case as the engine reads it: its passages are all activities of one account. It is what a store, an index and a portal are in the product.
type history struct {
	now        time.Time
	subject    crm.Ref
	account    crm.Ref
	records    map[crm.Ref]crm.Record
	activities []crm.Stored
	known      int64 // number of the newest text that the last suggestion knew; 0: there was none
}

// newHistory makes it for a portal, which is only what a model's costs are booked on. The account is a company that the subject belongs to, or the subject itself.
func newHistory(g prompts.Golden, portal crm.PortalID) (*history, error) {
	subject, err := crm.ParsePath(portal, g.Subject)
	if err != nil {
		return nil, err
	}
	h := &history{subject: subject, account: crm.Ref{Portal: portal, Type: crm.Companies, ID: "1"}, records: map[crm.Ref]crm.Record{}}
	if subject.Type == crm.Companies {
		h.account = subject
	}
	h.records[h.account] = crm.Record{Ref: h.account}
	if subject.Type.IsRecord() {
		h.records[subject] = crm.Record{Ref: subject, Created: time.Unix(1, 0), Name: g.Facts["name"], Properties: g.Facts, Links: crm.Links{Companies: []crm.Ref{h.account}}}
	}
	for i, p := range g.Passages {
		ref := crm.Ref{Portal: portal, Type: p.Kind.Type(), ID: fmt.Sprint(100 + i)}
		if i == 0 && subject.Type.IsActivity() {
			ref = subject
		}
		h.activities = append(h.activities, h.activity(ref, p))
		if p.Time.After(h.now) {
			h.now = p.Time
		}
	}
	h.number(g.Passages)
	h.now = h.now.Add(time.Hour) // somebody looks at it soon after the last thing that happened
	if !g.Now.IsZero() {
		h.now = g.Now
	}
	for i, r := range g.Records {
		ref := crm.Ref{Portal: portal, Type: r.Type, ID: fmt.Sprint(500 + i)}
		if r.Type == crm.Companies {
			ref = h.account
		}
		rec := h.records[ref]
		rec.Ref, rec.Created, rec.History = ref, r.Created, r.History
		if rec.Properties == nil {
			rec.Properties = map[string]string{}
		}
		maps.Copy(rec.Properties, r.Properties)
		h.records[ref] = rec
	}
	return h, nil
}

// number puts what the last suggestion did not know behind everything else.
func (h *history) number(passages []prompts.GoldenPassage) {
	for i, p := range passages {
		if !p.New {
			h.known++
			h.activities[i].Seq = h.known
		}
	}
	next := h.known
	for i, p := range passages {
		if p.New {
			next++
			h.activities[i].Seq = next
		}
	}
	if next == h.known { // nothing is new: it is the first suggestion
		h.known = 0
	}
}

func (h *history) activity(ref crm.Ref, p prompts.GoldenPassage) crm.Stored {
	sum := sha256.Sum256([]byte(p.Text))
	a := crm.Stored{Activity: crm.Activity{Ref: ref, Time: p.Time, TimeUnknown: p.Time.IsZero(), Created: p.Time, Direction: p.Direction, Subject: p.Subject},
		Document: crm.Document{Ref: ref, Version: hex.EncodeToString(sum[:]), Text: p.Text, Language: p.Language}, Accounts: []crm.Ref{h.account}, LearnedAt: p.Time}
	a.Links = crm.Links{}.Add(h.account).Add(h.subject)
	if p.Person != "" {
		a.People = []crm.Person{{Name: p.Person, Role: "from", Ours: p.Direction == crm.Outgoing}}
	}
	return a
}

// Retrieve answers with everything there is.
func (h *history) Retrieve(_ context.Context, q crm.Question) (crm.Context, error) {
	out := crm.Context{Coverage: 1, Answerable: 1}
	for i, a := range h.activities {
		if !q.Valid() || !slices.Contains(a.Accounts, q.Account) || !q.Matches(crm.Facets{Kind: a.Ref.Type.Kind(), Time: a.Time, Created: a.Created}) {
			continue
		}
		out.Passages = append(out.Passages, crm.Passage{Chunk: a.Document.Version, Activity: a.Ref, Version: a.Document.Version, Kind: a.Ref.Type.Kind(), Time: a.Time, Person: crm.Author(a.People),
			Direction: a.Direction, Subject: a.Subject, Text: a.Document.Text, End: len(a.Document.Text), Score: 1 / float64(i+1), Language: a.Document.Language})
	}
	return out, nil
}

// Activity implements engine.History.
func (h *history) Activity(_ context.Context, ref crm.Ref) (crm.Stored, error) {
	for _, a := range h.activities {
		if a.Ref == ref {
			return a, nil
		}
	}
	return crm.Stored{}, fmt.Errorf("activity %s: %w", ref.Path(), crm.ErrNotFound)
}

// ActivityAt implements engine.History: a case's texts never change.
func (h *history) ActivityAt(ctx context.Context, ref crm.Ref, known time.Time) (crm.Stored, error) {
	a, err := h.Activity(ctx, ref)
	if err == nil && a.Created.After(known) {
		err = fmt.Errorf("activity %s: %w", ref.Path(), crm.ErrNotFound)
	}
	return a, err
}

// Text implements engine.History.
func (h *history) Text(ctx context.Context, ref crm.Ref, version string) (string, error) {
	a, err := h.Activity(ctx, ref)
	if err == nil && a.Document.Version != version {
		err = fmt.Errorf("version %s of %s: %w", version, ref.Path(), crm.ErrNotFound)
	}
	return a.Document.Text, err
}

// Record implements engine.History.
func (h *history) Record(_ context.Context, ref crm.Ref) (crm.Record, error) {
	if r, ok := h.records[ref]; ok {
		return r, nil
	}
	return crm.Record{}, fmt.Errorf("record %s: %w", ref.Path(), crm.ErrNotFound)
}

// RecordsOf implements engine.History: all records of a case belong to its account.
func (h *history) RecordsOf(_ context.Context, _ crm.Ref, typ crm.ObjectType) ([]crm.Record, error) {
	var out []crm.Record
	for _, ref := range slices.SortedFunc(maps.Keys(h.records), crm.Ref.Compare) {
		if ref.Type == typ {
			out = append(out, h.records[ref])
		}
	}
	slices.SortStableFunc(out, func(a, b crm.Record) int { return b.Created.Compare(a.Created) })
	return out, nil
}

// Known implements engine.History.
func (h *history) Known(context.Context, crm.Ref) (seq int64, err error) {
	for _, a := range h.activities {
		seq = max(seq, a.Seq)
	}
	return seq, nil
}

// Account implements engine.History: there is one.
func (h *history) Account(context.Context, crm.Ref) (crm.Ref, error) { return h.account, nil }

// Timeline implements engine.History.
func (h *history) Timeline(_ context.Context, _ crm.Ref, since time.Time, limit int) ([]crm.Stored, error) {
	out := slices.DeleteFunc(slices.Clone(h.activities), func(a crm.Stored) bool { return a.Time.Before(since) })
	slices.SortStableFunc(out, func(a, b crm.Stored) int { return b.Time.Compare(a.Time) })
	for i := range out {
		out[i].Document.Text = ""
	}
	return out[:min(cmp.Or(limit, len(out)), len(out))], nil
}

// Heard implements engine.History.
func (h *history) Heard(_ context.Context, q crm.Hearing) (crm.Heard, error) {
	return q.Among(h.activities), nil
}

// kept is what was suggested before the case: nothing, or one suggestion that knew the texts that are not new. Nobody has decided anything.
type kept struct {
	engine.Proposals
	*history
}

// Overruled implements engine.Proposals.
func (kept) Overruled(context.Context, crm.Proposal, crm.Change) (bool, error) { return false, nil }

// Failed implements engine.Proposals.
func (kept) Failed(context.Context, crm.Proposal, crm.Change) (string, error) { return "", nil }

// WrittenAlone implements engine.Proposals.
func (kept) WrittenAlone(context.Context, crm.PortalID, crm.Ref, time.Duration) (int, error) {
	return 0, nil
}

// OpenTasks implements engine.Proposals: there are none.
func (kept) OpenTasks(context.Context, crm.Ref) ([]crm.Ref, error) { return nil, nil }

// Latest implements engine.Proposals.
func (k kept) Latest(_ context.Context, subject crm.Ref, workflow string, _ time.Time, _ ...crm.State) (crm.Proposal, error) {
	if k.known == 0 {
		return crm.Proposal{}, fmt.Errorf("%s of %s: %w", workflow, subject.Path(), crm.ErrNotFound)
	}
	return crm.Proposal{ID: "before", Portal: subject.Portal, Workflow: workflow, Subject: subject, State: crm.Applied, Known: k.known, CreatedAt: k.now.AddDate(0, -1, 0)}, nil
}
