package indexer

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/contextd/contextd/internal/analysis"
	"github.com/contextd/contextd/internal/crm"
)

// Marker makes subjects dirty because of earlier work; cause is that work. Marking twice is harmless.
type Marker interface {
	Mark(ctx context.Context, marks []crm.Mark, cause crm.Claim) error
}

// Names returns the display names of records that are stored; unknown ones and those without a name are absent.
type Names interface {
	Names(ctx context.Context, refs []crm.Ref) (map[crm.Ref]string, error)
}

// Indexer makes the index agree with the CRM. It holds no state of its own: any number of goroutines and processes may use it, as long as one activity is worked
// on by one at a time (the work table sees to that). Source, Embedder, Vectors, Texts and Marker are required; Lister and Cursors for backfills only.
type Indexer struct {
	Source   Source
	Embedder Embedder // of the live generation: its Fingerprint names the generation that vectors are for; may be Windowed and Chunked
	Chunker  Chunker  // zero: Current
	Vectors  Vectors
	Texts    Texts
	Marker   Marker
	Names    Names // nil: headers go without account names
	Deals    Deals // nil: an activity concerns the deals that it is linked to, and no others
	Lister   Lister
	Cursors  Cursors

	// Triggers names the workflows to consider because of an activity's text; it is called only for the text of a recent activity that is new, for text that differs
	// from the text kept before, and, with only the added links, for a recent activity that is linked to more than before; never for backfilled pages. deals are those that
	// it concerns: the linked ones, by their Ref alone, or, where none is linked, open ones of its account (and of what was added, those that it did not concern before). nil: none.
	Triggers func(a crm.Activity, d crm.Document, deals []crm.Record, lane crm.Lane) []crm.Mark
	// RecordTriggers does the same for a record that was read; before is what was stored of it, nil when nothing was. Never called for
	// backfilled pages. nil: none.
	RecordTriggers func(rec crm.Record, before *crm.Record, lane crm.Lane) []crm.Mark
	// Used is told what each embedding call cost; it must be safe for concurrent use. nil: nobody is told.
	Used func(crm.Usage)
	// Progress is told after each backfilled page. nil: nobody is told.
	Progress func(Progress)
	// Now tells how old an activity is. nil: time.Now
	Now func() time.Time
	// EmbedTexts is the most texts of one embedding call; 0: 256.
	EmbedTexts int
}

// job is one activity on its way through the index.
type job struct {
	ref      crm.Ref
	claim    crm.Claim
	at       []int // positions of its claims
	quiet    bool  // from a backfilled page: nothing is triggered
	activity crm.Activity
	present  bool
	marked   crm.Marked
	known    bool
	maker    maker
	kept     crm.Kept
	names    []string
	deals    map[crm.Ref][]crm.Record // of the accounts that it belongs to or belonged to
	todo     todo
	err      error
}

// todo is what an activity needs.
type todo uint8

const (
	nothing todo = iota
	keepOnly
	relink
	embed
	remove
)

// Activities handles a batch of index work of one or several portals: one error per claim, nil when the index agrees with the CRM. A failing activity fails alone.
func (x *Indexer) Activities(ctx context.Context, claims []crm.Claim) []error {
	errs := make([]error, len(claims))
	byPortal := map[crm.PortalID][]*job{}
	var portals []crm.PortalID
	seen := map[crm.Ref]*job{}
	for i, c := range claims {
		ref, err := crm.ParsePath(c.Portal, c.Key)
		if err == nil && !ref.Type.IsActivity() {
			err = fmt.Errorf("%s is not an activity: %w", ref, crm.ErrInvalid)
		}
		if err != nil {
			errs[i] = fmt.Errorf("index %q: %w", c.Key, err)
			continue
		}
		if j, ok := seen[ref]; ok {
			j.at = append(j.at, i)
			continue
		}
		j := &job{ref: ref, claim: c, at: []int{i}}
		seen[ref] = j
		if _, ok := byPortal[c.Portal]; !ok {
			portals = append(portals, c.Portal)
		}
		byPortal[c.Portal] = append(byPortal[c.Portal], j)
	}
	var all []*job
	for _, p := range portals {
		x.read(ctx, byPortal[p])
		x.decideAll(ctx, byPortal[p])
		all = append(all, byPortal[p]...)
	}
	x.converge(ctx, all)
	for _, j := range all {
		for _, i := range j.at {
			if j.err != nil {
				errs[i] = fmt.Errorf("index %s: %w", j.ref, j.err)
			}
		}
	}
	return errs
}

// read fetches the current activities of one portal in one call.
func (x *Indexer) read(ctx context.Context, jobs []*job) {
	refs := make([]crm.Ref, len(jobs))
	byRef := make(map[crm.Ref]*job, len(jobs))
	for i, j := range jobs {
		refs[i], byRef[j.ref] = j.ref, j
	}
	activities, err := x.Source.Activities(ctx, refs)
	failed, err := crm.Apart(err)
	if err != nil {
		fail(jobs, fmt.Errorf("read activities: %w", err))
		return
	}
	for ref, err := range failed {
		if j, ok := byRef[ref]; ok {
			j.err = fmt.Errorf("read it: %w", err)
		}
	}
	for _, a := range activities {
		if j, ok := byRef[a.Ref]; ok {
			j.activity, j.present = a, true
		}
	}
}

// decideAll settles what each activity of one portal needs.
func (x *Indexer) decideAll(ctx context.Context, jobs []*job) {
	x.ensureRecords(ctx, open(jobs))
	jobs = open(jobs)
	if len(jobs) == 0 {
		return
	}
	erased, err := x.Texts.Erased(ctx, refsOf(jobs))
	if err != nil {
		fail(jobs, fmt.Errorf("erased: %w", err))
		return
	}
	for _, j := range jobs {
		j.present = j.present && !erased[j.ref] // what was erased stays gone, even if the CRM still shows it
	}
	marks, err := x.Texts.Marks(ctx, refsOf(jobs))
	if err != nil {
		fail(jobs, fmt.Errorf("marks: %w", err))
		return
	}
	members, err := x.Texts.Memberships(ctx, membersOf(jobs))
	if err != nil {
		fail(jobs, fmt.Errorf("memberships: %w", err))
		return
	}
	var accounts []crm.Ref
	for _, j := range jobs {
		j.marked, j.known = marks[j.ref]
		j.known = j.known && !j.marked.Gone
		if j.present {
			j.kept.Accounts = crm.AccountsOf(j.activity.Links, members, When(j.activity))
			accounts = append(accounts, j.kept.Accounts...)
		}
	}
	names, err := x.names(ctx, unique(accounts))
	if err != nil {
		fail(jobs, fmt.Errorf("account names: %w", err))
		return
	}
	deals, err := x.dealsAround(ctx, jobs)
	if err != nil {
		fail(jobs, fmt.Errorf("deals: %w", err))
		return
	}
	made := x.maker() // one for all: the embedder may change at any moment
	var stems analysis.Stemmer
	for _, j := range jobs {
		j.maker, j.deals = made, deals
		for _, a := range j.kept.Accounts {
			if n := names[a]; n != "" {
				j.names = append(j.names, n)
			}
		}
		x.decide(j, &stems)
	}
}

func (x *Indexer) names(ctx context.Context, refs []crm.Ref) (map[crm.Ref]string, error) {
	if x.Names == nil || len(refs) == 0 {
		return nil, nil
	}
	return x.Names.Names(ctx, refs)
}

// open are the jobs that have not failed.
func open(jobs []*job) []*job {
	var out []*job
	for _, j := range jobs {
		if j.err == nil {
			out = append(out, j)
		}
	}
	return out
}

func fail(jobs []*job, err error) {
	for _, j := range jobs {
		if j.err == nil {
			j.err = err
		}
	}
}

func refsOf(jobs []*job) []crm.Ref {
	out := make([]crm.Ref, len(jobs))
	for i, j := range jobs {
		out[i] = j.ref
	}
	return out
}

// membersOf lists whose memberships decide the accounts: linked contacts, deals and tickets.
func membersOf(jobs []*job) []crm.Ref {
	var out []crm.Ref
	for _, j := range jobs {
		l := j.activity.Links
		out = slices.Concat(out, l.Contacts, l.Deals, l.Tickets)
	}
	return unique(out)
}

func unique(refs []crm.Ref) []crm.Ref {
	slices.SortFunc(refs, crm.Ref.Compare)
	return slices.Compact(refs)
}
