package indexer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

// Page is one page of everything of a type: activities, or records with their memberships. Next is "" after the last page.
type Page struct {
	Activities  []crm.Activity
	Records     []crm.Record
	Memberships []crm.Membership
	Next        string
}

// Lister lists everything of one object type that exists, page by page in a stable order; after "" is the beginning.
type Lister interface {
	List(ctx context.Context, portal crm.PortalID, t crm.ObjectType, after string) (Page, error)
}

// Cursors remembers where a listing stands, by name within a portal. An unknown name is "", 0, false.
type Cursors interface {
	Cursor(ctx context.Context, portal crm.PortalID, name string) (after string, done int, finished bool, err error)
	KeepCursor(ctx context.Context, portal crm.PortalID, name, after string, done int, finished bool) error
}

// Progress says how far the backfill of one type is. Done counts objects since its beginning.
type Progress struct {
	Portal   crm.PortalID
	Type     crm.ObjectType
	Done     int
	Finished bool
}

// BackfillOrder is the order in which types are listed: those that own history first, so that activities find their accounts.
func BackfillOrder() []crm.ObjectType { return append(crm.RecordTypes(), crm.ActivityTypes()...) }

// Backfill handles backfill work, whose key is an object type: lists everything of it and indexes page by page. It resumes where it was interrupted and begins anew when
// it had finished.
func (x *Indexer) Backfill(ctx context.Context, claims []crm.Claim) []error {
	errs := make([]error, len(claims))
	order := make([]int, len(claims))
	for i := range claims {
		order[i] = i
	}
	rank := func(i int) int { return slices.Index(BackfillOrder(), crm.ObjectType(claims[i].Key)) }
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(rank(a), rank(b)) })
	for _, i := range order {
		t, err := crm.ParseObjectType(claims[i].Key)
		if err == nil {
			err = x.listAll(ctx, t, claims[i])
		}
		if err != nil {
			errs[i] = fmt.Errorf("backfill %s: %w", claims[i].Key, err)
		}
	}
	return errs
}

// IndexAll lists and indexes everything of the given types of a portal (none: all) in BackfillOrder, without a claim: what the command line runs. It stops at the
// first error and resumes there the next time.
func (x *Indexer) IndexAll(ctx context.Context, portal crm.PortalID, types []crm.ObjectType) error {
	for _, t := range BackfillOrder() {
		if len(types) > 0 && !slices.Contains(types, t) {
			continue
		}
		claim := crm.Claim{Portal: portal, Kind: crm.BackfillWork, Key: string(t), Lane: crm.BackfillLane}
		if err := x.listAll(ctx, t, claim); err != nil {
			return fmt.Errorf("index %s of portal %s: %w", t, portal, err)
		}
	}
	return nil
}

// CursorName is the cursor under which the backfill of a type remembers where it stands.
func CursorName(t crm.ObjectType) string { return "backfill/" + string(t) }

func (x *Indexer) listAll(ctx context.Context, t crm.ObjectType, claim crm.Claim) error {
	name := CursorName(t)
	after, done, finished, err := x.Cursors.Cursor(ctx, claim.Portal, name)
	if err != nil {
		return fmt.Errorf("cursor: %w", err)
	}
	if finished {
		after, done = "", 0
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		page, err := x.Lister.List(ctx, claim.Portal, t, after)
		if err != nil {
			return fmt.Errorf("list after %q: %w", after, err)
		}
		if page.Next != "" && page.Next == after {
			return fmt.Errorf("list after %q: the next page is the same: %w", after, crm.ErrTemporary)
		}
		if err := x.indexPage(ctx, page, claim); err != nil {
			return fmt.Errorf("page after %q: %w", after, err)
		}
		done += len(page.Activities) + len(page.Records)
		after, finished = page.Next, page.Next == ""
		if err := x.Cursors.KeepCursor(ctx, claim.Portal, name, after, done, finished); err != nil {
			return fmt.Errorf("keep cursor: %w", err)
		}
		if x.Progress != nil {
			x.Progress(Progress{Portal: claim.Portal, Type: t, Done: done, Finished: finished})
		}
		if finished {
			return nil
		}
	}
}

// indexPage indexes what a page brought, in the backfill lane. An activity that cannot be indexed at all does not stop the listing: it becomes index work of its own
// and is buried there, with its cause. Anything else (an outage) ends the page, which is listed again.
func (x *Indexer) indexPage(ctx context.Context, page Page, claim crm.Claim) error {
	claim.Lane = crm.BackfillLane
	if err := x.pageRecords(ctx, page, claim); err != nil {
		return err
	}
	jobs := make([]*job, 0, len(page.Activities))
	seen := map[crm.Ref]bool{}
	for _, a := range page.Activities {
		if seen[a.Ref] {
			continue
		}
		seen[a.Ref] = true
		jobs = append(jobs, &job{ref: a.Ref, claim: claim, quiet: true, activity: a, present: true})
	}
	x.decideAll(ctx, jobs)
	x.converge(ctx, jobs)
	var poison []crm.Mark
	for _, j := range jobs {
		switch {
		case j.err == nil:
		case errors.Is(j.err, crm.ErrInvalid):
			poison = append(poison, crm.Mark{Portal: j.ref.Portal, Kind: crm.IndexWork, Key: j.ref.Path(), Lane: crm.BackfillLane})
		default:
			return fmt.Errorf("index %s: %w", j.ref, j.err)
		}
	}
	if len(poison) == 0 {
		return nil
	}
	if err := x.Marker.Mark(ctx, poison, claim); err != nil {
		return fmt.Errorf("mark %d activities that cannot be indexed: %w", len(poison), err)
	}
	return nil
}

func (x *Indexer) pageRecords(ctx context.Context, page Page, claim crm.Claim) error {
	if len(page.Records) == 0 {
		return nil
	}
	refs := make([]crm.Ref, len(page.Records))
	for i, r := range page.Records {
		refs[i] = r.Ref
	}
	refs = unique(refs)
	stored, err := x.Texts.HasRecords(ctx, refs)
	if err != nil {
		return fmt.Errorf("look up records: %w", err)
	}
	return x.keepRecords(ctx, newRecordSet(page.Records, page.Memberships, stored), refs, claim)
}
