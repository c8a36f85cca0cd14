package hubspot

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Records reads the present state of companies, contacts, deals and tickets with their links and dated memberships; gone ones, and those that opted out, are left
// out, and those that HubSpot failed on are a crm.Partly beside the others. It implements the indexer's Source.
func (c *Client) Records(ctx context.Context, refs []crm.Ref) ([]crm.Record, []crm.Membership, error) {
	groups, err := c.byType(refs, crm.ObjectType.IsRecord)
	if err != nil {
		return nil, nil, err
	}
	var records []crm.Record
	var members []crm.Membership
	failed := c.failures()
	for _, t := range crm.RecordTypes() {
		if len(groups[t]) == 0 {
			continue
		}
		names, history, err := c.recordNames(ctx, t)
		if err != nil {
			return nil, nil, err
		}
		objects, err := c.batchRead(ctx, t, groups[t], names, history)
		if err = failed.take(t, err); err != nil {
			return nil, nil, err
		}
		links, err := c.links(ctx, t, idsOf(objects))
		if err = failed.take(t, err); err != nil {
			return nil, nil, err
		}
		r, m := c.records(t, failed.without(t, objects), links)
		records, members = append(records, r...), append(members, m...)
	}
	return records, members, failed.err()
}

// recordNames are the properties to ask for, and those whose history is wanted, too.
func (c *Client) recordNames(ctx context.Context, t crm.ObjectType) (names, history []string, err error) {
	names, err = c.names(ctx, t)
	if err != nil {
		return nil, nil, err
	}
	for _, name := range slices.Concat(historyNames[t], c.opt.Histories[t]) {
		if slices.Contains(names, name) && (name != companyProperty || c.wants(crm.Companies)) {
			history = append(history, name)
		}
	}
	if c.opt.SkipWhen != "" && !slices.Contains(names, c.opt.SkipWhen) {
		names = append(names, c.opt.SkipWhen)
	}
	return names, history, nil
}

// historyOf keeps the newest values of each property whose history was asked for, but for the company's id, which memberships tell.
func historyOf(o wireObject) map[string][]crm.Value {
	var out map[string][]crm.Value
	for name, changes := range o.History {
		if name == companyProperty || len(changes) == 0 {
			continue
		}
		var values []crm.Value
		for _, h := range changes {
			if at := parseTime(string(h.Timestamp)); !at.IsZero() {
				values = append(values, crm.Value{Value: string(h.Value), At: at})
			}
		}
		slices.SortStableFunc(values, func(a, b crm.Value) int { return b.At.Compare(a.At) })
		if out == nil {
			out = map[string][]crm.Value{}
		}
		out[name] = values[:min(len(values), mostValues)]
	}
	return out
}

func (c *Client) records(t crm.ObjectType, objects []wireObject, links map[string]linked) ([]crm.Record, []crm.Membership) {
	var records []crm.Record
	var members []crm.Membership
	for _, o := range objects {
		if c.opt.SkipWhen != "" && isSet(o.text(c.opt.SkipWhen)) {
			continue
		}
		l := links[string(o.ID)]
		r := crm.Record{
			Ref: crm.Ref{Portal: c.opt.Portal, Type: t, ID: string(o.ID)}, Name: recordName(t, o), Properties: map[string]string{}, Links: l.Links,
			Created:   firstTime(o.text("createdate"), string(o.CreatedAt)),
			Modified:  firstTime(o.text("lastmodifieddate"), o.text("hs_lastmodifieddate"), string(o.UpdatedAt)),
			MergedIDs: mergedIDs(o),
		}
		for name, value := range o.Properties {
			if value != "" && !c.excluded(name) { // HubSpot returns some that were not asked for
				r.Properties[name] = string(value)
			}
		}
		r.History = historyOf(o)
		records = append(records, r)
		switch t {
		case crm.Contacts:
			members = append(members, contactMemberships(r, l, o.History[companyProperty])...)
		case crm.Deals, crm.Tickets:
			for _, company := range l.Companies {
				members = append(members, crm.Membership{Member: r.Ref, Account: company, Primary: company.ID == l.primary, From: r.Created})
			}
		}
	}
	return records, members
}

// recordName is what people call the record; its id as a last resort.
func recordName(t crm.ObjectType, o wireObject) string {
	var candidates []string
	switch t {
	case crm.Contacts:
		candidates = []string{fullName(o.text("firstname"), o.text("lastname")), o.text("email")}
	case crm.Companies:
		candidates = []string{o.text("name"), o.text("domain")}
	case crm.Deals:
		candidates = []string{o.text("dealname")}
	case crm.Tickets:
		candidates = []string{o.text("subject")}
	}
	for _, s := range candidates {
		if s = strings.TrimSpace(s); s != "" {
			return s
		}
	}
	return string(t) + "/" + string(o.ID)
}

// mergedIDs reads both of HubSpot's lists: plain ids, and for contacts "id:milliseconds".
func mergedIDs(o wireObject) []string {
	var out []string
	for _, part := range strings.Split(o.text("hs_merged_object_ids")+";"+o.text("hs_calculated_merged_vids"), ";") {
		id, _, _ := strings.Cut(strings.TrimSpace(part), ":")
		if isID(id) && id != string(o.ID) && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

func isID(s string) bool {
	return s != "" && len(s) <= 20 && strings.Trim(s, "0123456789") == ""
}

// contactMemberships dates a contact's employers by the history of its primary company; what it is linked to now decides how the history ends. The first known
// employer reaches back as far as anything is known, unless the history says that there was none before.
func contactMemberships(r crm.Record, l linked, history []wireChange) []crm.Membership {
	current := l.primary
	if own := r.Properties[companyProperty]; current == "" && slices.ContainsFunc(l.Companies, func(c crm.Ref) bool { return c.ID == own }) {
		current = own
	}
	type change struct {
		id string
		at time.Time
	}
	var changes []change
	for _, h := range history {
		id, _, _ := strings.Cut(string(h.Value), ".") // declared a number
		if id != "" && !isID(id) {
			continue
		}
		changes = append(changes, change{id, parseTime(string(h.Timestamp))})
	}
	slices.SortStableFunc(changes, func(a, b change) int { return a.at.Compare(b.at) })
	switch n := len(changes); {
	case n == 0:
		changes = []change{{current, time.Time{}}}
	case changes[n-1].id != current:
		at := r.Modified // when exactly is not known: at the latest when the contact was last touched
		if !at.After(changes[n-1].at) {
			at = changes[n-1].at.Add(time.Millisecond)
		}
		changes = append(changes, change{current, at})
	}
	var out []crm.Membership
	add := func(id string, from, to time.Time) {
		if id != "" && (to.IsZero() || to.After(from)) {
			out = append(out, crm.Membership{Member: r.Ref, Account: crm.Ref{Portal: r.Ref.Portal, Type: crm.Companies, ID: id}, Primary: true, From: from, To: to})
		}
	}
	open, from := changes[0].id, time.Time{}
	for _, c := range changes[1:] {
		if c.id != open {
			add(open, from, c.at)
			open, from = c.id, c.at
		}
	}
	add(open, from, time.Time{})
	for _, company := range l.Companies {
		if company.ID != current {
			out = append(out, crm.Membership{Member: r.Ref, Account: company})
		}
	}
	return out
}
