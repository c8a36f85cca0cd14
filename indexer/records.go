package indexer

import (
	"context"
	"fmt"

	"github.com/contextd/contextd/internal/crm"
)

// Records handles record work: read the record, keep it with its memberships, and have the activities looked at again whose accounts changed with them.
func (x *Indexer) Records(ctx context.Context, claims []crm.Claim) []error {
	errs := make([]error, len(claims))
	byPortal := map[crm.PortalID][]int{}
	refs := make([]crm.Ref, len(claims))
	var portals []crm.PortalID
	for i, c := range claims {
		ref, err := crm.ParsePath(c.Portal, c.Key)
		if err == nil && !ref.Type.IsRecord() {
			err = fmt.Errorf("%s is not a record: %w", ref, crm.ErrInvalid)
		}
		if err != nil {
			errs[i] = fmt.Errorf("record %q: %w", c.Key, err)
			continue
		}
		refs[i] = ref
		if _, ok := byPortal[c.Portal]; !ok {
			portals = append(portals, c.Portal)
		}
		byPortal[c.Portal] = append(byPortal[c.Portal], i)
	}
	for _, p := range portals {
		x.recordsOf(ctx, claims, refs, byPortal[p], errs)
	}
	return errs
}

// recordsOf handles the claims of one portal, by position: one read, then one transaction each, because each has its own cause.
func (x *Indexer) recordsOf(ctx context.Context, claims []crm.Claim, refs []crm.Ref, at []int, errs []error) {
	var asked []crm.Ref
	for _, i := range at {
		asked = append(asked, refs[i])
	}
	set, err := x.readRecords(ctx, unique(asked))
	if err != nil {
		for _, i := range at {
			errs[i] = fmt.Errorf("record %s: %w", refs[i], err)
		}
		return
	}
	for _, i := range at {
		if err := set.failed[refs[i]]; err != nil {
			errs[i] = fmt.Errorf("record %s: read: %w", refs[i], err)
			continue
		}
		if err := x.keepRecords(ctx, set, []crm.Ref{refs[i]}, claims[i]); err != nil {
			errs[i] = fmt.Errorf("record %s: %w", refs[i], err)
		}
	}
}

// recordSet is what the CRM says of some records, and which of them the store knows.
type recordSet struct {
	records map[crm.Ref]crm.Record
	members map[crm.Ref][]crm.Membership
	stored  map[crm.Ref]bool
	before  map[crm.Ref]crm.Record // what was stored of them, where a trigger may ask for it
	failed  map[crm.Ref]error      // what the CRM could not say
}

// was is what was stored of a record: nil of one that is new. One that is stored and was not read has not changed, as far as triggers are concerned.
func (s recordSet) was(ref crm.Ref) *crm.Record {
	if !s.stored[ref] {
		return nil
	}
	if rec, ok := s.before[ref]; ok {
		return &rec
	}
	now := s.records[ref]
	return &now
}

func (x *Indexer) readRecords(ctx context.Context, refs []crm.Ref) (recordSet, error) {
	stored, err := x.Texts.HasRecords(ctx, refs)
	if err != nil {
		return recordSet{}, fmt.Errorf("look up: %w", err)
	}
	records, members, err := x.Source.Records(ctx, refs)
	failed, err := crm.Apart(err)
	if err != nil {
		return recordSet{}, fmt.Errorf("read: %w", err)
	}
	set := newRecordSet(records, members, stored)
	set.failed = failed
	if x.RecordTriggers != nil {
		if set.before, err = x.Texts.KnownRecords(ctx, refs); err != nil {
			return recordSet{}, fmt.Errorf("look up: %w", err)
		}
	}
	return set, nil
}

func newRecordSet(records []crm.Record, members []crm.Membership, stored map[crm.Ref]bool) recordSet {
	set := recordSet{records: map[crm.Ref]crm.Record{}, members: map[crm.Ref][]crm.Membership{}, stored: stored}
	for _, r := range records {
		set.records[r.Ref] = r
	}
	for _, m := range members {
		set.members[m.Member] = append(set.members[m.Member], m)
	}
	return set
}

// keepRecords stores some records of a set in one transaction (those that the CRM does not have: as gone) and marks the activities that moved with them.
func (x *Indexer) keepRecords(ctx context.Context, set recordSet, refs []crm.Ref, cause crm.Claim) error {
	var records []crm.Record
	var members []crm.Membership
	var gone []crm.Ref
	var triggers []crm.Mark
	for _, ref := range refs {
		rec, ok := set.records[ref]
		if !ok {
			gone = append(gone, ref)
			continue
		}
		records = append(records, rec)
		members = append(members, set.members[ref]...)
		if x.RecordTriggers != nil && cause.Kind != crm.BackfillWork { // history triggers nothing
			triggers = append(triggers, x.RecordTriggers(rec, set.was(ref), cause.Lane)...)
		}
	}
	if _, err := x.Texts.KeepRecords(ctx, records, members, gone, cause, triggers); err != nil {
		return fmt.Errorf("keep: %w", err)
	}
	return nil
}

// ensureRecords stores the linked records that the store does not know yet, so that accounts can be told: an activity often arrives before its contact.
func (x *Indexer) ensureRecords(ctx context.Context, jobs []*job) {
	var linked []crm.Ref
	for _, j := range jobs {
		linked = append(linked, j.activity.Links.All()...)
	}
	if linked = unique(linked); len(linked) == 0 {
		return
	}
	stored, err := x.Texts.HasRecords(ctx, linked)
	if err != nil {
		fail(jobs, fmt.Errorf("look up records: %w", err))
		return
	}
	var missing []crm.Ref
	for _, r := range linked {
		if !stored[r] {
			missing = append(missing, r)
		}
	}
	if len(missing) == 0 {
		return
	}
	records, members, err := x.Source.Records(ctx, missing)
	failed, err := crm.Apart(err)
	if err != nil {
		fail(waiting(jobs, stored), fmt.Errorf("read linked records: %w", err))
		return
	}
	for _, j := range jobs {
		for _, r := range j.activity.Links.All() {
			if err := failed[r]; err != nil && j.err == nil {
				j.err = fmt.Errorf("read linked record %s: %w", r.Path(), err)
			}
		}
	}
	set := newRecordSet(records, members, stored)
	for _, group := range groups(open(jobs), stored) { // whoever still waits for nothing that failed
		if err := x.keepRecords(ctx, set, group.refs, group.cause); err != nil {
			fail(group.jobs, fmt.Errorf("linked records: %w", err))
		}
	}
}

// waiting are the jobs with a linked record that is not stored.
func waiting(jobs []*job, stored map[crm.Ref]bool) []*job {
	var out []*job
	for _, j := range jobs {
		for _, r := range j.activity.Links.All() {
			if !stored[r] {
				out = append(out, j)
				break
			}
		}
	}
	return out
}

// recordGroup are missing records with the work that met them first.
type recordGroup struct {
	cause crm.Claim
	refs  []crm.Ref
	jobs  []*job
}

// groups divides the missing records by the claim that links to them first; a backfilled page has one claim and so one group.
func groups(jobs []*job, stored map[crm.Ref]bool) []*recordGroup {
	var out []*recordGroup
	byKey := map[string]*recordGroup{}
	owner := map[crm.Ref]*recordGroup{}
	for _, j := range jobs {
		key := string(j.claim.Kind) + " " + j.claim.Key
		for _, r := range j.activity.Links.All() {
			if stored[r] {
				continue
			}
			g := owner[r]
			if g == nil {
				if g = byKey[key]; g == nil {
					g = &recordGroup{cause: j.claim}
					byKey[key] = g
					out = append(out, g)
				}
				owner[r] = g
				g.refs = append(g.refs, r)
			}
			g.jobs = append(g.jobs, j)
		}
	}
	return out
}
