package indexer

import (
	"context"
	"slices"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// recent is how long after its creation an activity counts as new: as long as HubSpot tells of it again (webhooks for 24 hours, the journal for three days).
const recent = 72 * time.Hour

// trigger asks for the workflows that a new or changed text concerns. HubSpot tells of associations separately, and sometimes late: what a recent activity is linked
// to afterwards is concerned in the same way, and nothing else is then. An old activity that is met for the first time (or again: restored) is history.
func (x *Indexer) trigger(j *job, changed bool) {
	a := j.kept.Activity
	deals := j.concerned(a.Links, j.kept.Accounts)
	a.Links = withAccounts(a.Links, j.kept.Accounts)
	age := x.now().Sub(a.Created)
	switch {
	case !j.known:
		if age > recent {
			return
		}
	case j.marked.Mark == "": // asked for again by a reindex
		return
	case !changed:
		a.Links = gained(withAccounts(j.marked.Links, j.marked.Accounts), a.Links)
		if age > recent || len(a.Links.All()) == 0 {
			return
		}
		before := j.concerned(j.marked.Links, j.marked.Accounts)
		deals = slices.DeleteFunc(deals, func(d crm.Record) bool {
			return slices.ContainsFunc(before, func(b crm.Record) bool { return b.Ref == d.Ref })
		})
	}
	j.kept.Triggers = x.Triggers(a, j.kept.Document, deals, j.claim.Lane)
}

// withAccounts adds the companies that an activity belongs to through its people: HubSpot links it to them late, or never.
func withAccounts(l crm.Links, accounts []crm.Ref) crm.Links {
	for _, a := range accounts {
		l = l.Add(a)
	}
	return l
}

// gained are the links that were not there before.
func gained(before, now crm.Links) crm.Links {
	added := func(old, all []crm.Ref) (out []crm.Ref) {
		for _, r := range all {
			if !slices.Contains(old, r) {
				out = append(out, r)
			}
		}
		return out
	}
	return crm.Links{Companies: added(before.Companies, now.Companies), Contacts: added(before.Contacts, now.Contacts), Deals: added(before.Deals, now.Deals),
		Tickets: added(before.Tickets, now.Tickets)}
}

// mostDeals is how many deals of its account an activity that is linked to none of them concerns: as many as HubSpot itself links a logged mail to.
const mostDeals = 5

// dealsAround reads the deals of the accounts of live activities that are, or were, linked to no deal.
func (x *Indexer) dealsAround(ctx context.Context, jobs []*job) (map[crm.Ref][]crm.Record, error) {
	if x.Deals == nil || x.Triggers == nil {
		return nil, nil
	}
	var accounts []crm.Ref
	for _, j := range jobs {
		if j.quiet || j.claim.Lane != crm.LiveLane || !j.present || j.activity.Ours {
			continue
		}
		if len(j.activity.Links.Deals) == 0 {
			accounts = append(accounts, j.kept.Accounts...)
		}
		if j.known && len(j.marked.Links.Deals) == 0 {
			accounts = append(accounts, j.marked.Accounts...)
		}
	}
	out := map[crm.Ref][]crm.Record{}
	for _, a := range unique(accounts) {
		deals, err := x.Deals.RecordsOf(ctx, a, crm.Deals)
		if err != nil {
			return nil, err
		}
		out[a] = slices.DeleteFunc(deals, crm.Record.Closed)
	}
	return out, nil
}

// concerned lists the deals that an activity with these links and accounts is about. Without a linked deal it is in the memory of all its account's deals: it concerns those
// that one of its contacts takes part in, and where there are none such, all that are open.
func (j *job) concerned(l crm.Links, accounts []crm.Ref) []crm.Record {
	var all, theirs []crm.Record
	for _, d := range l.Deals {
		all = append(all, crm.Record{Ref: d})
	}
	if len(all) > 0 {
		return all
	}
	for _, a := range accounts {
		for _, d := range j.deals[a] {
			all = append(all, d)
			if slices.ContainsFunc(d.Links.Contacts, func(c crm.Ref) bool { return slices.Contains(l.Contacts, c) }) {
				theirs = append(theirs, d)
			}
		}
	}
	if len(theirs) > 0 {
		all = theirs
	}
	return all[:min(len(all), mostDeals)]
}
