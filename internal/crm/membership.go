package crm

import (
	"slices"
	"time"
)

// Membership says that a contact, deal or ticket belonged to a company for a while. From is inclusive; To is exclusive and zero while it lasts. A zero From
// means "as far back as is known".
type Membership struct {
	Member  Ref
	Account Ref // always a company
	Primary bool
	From    time.Time
	To      time.Time
}

// Covers reports whether the membership held at t. A zero t (time unknown) is covered by memberships that still last.
func (m Membership) Covers(t time.Time) bool {
	if t.IsZero() {
		return m.To.IsZero()
	}
	return !t.Before(m.From) && (m.To.IsZero() || t.Before(m.To))
}

// AccountsOf decides whose memory an activity belongs to: the companies it is associated with (all, in HubSpot's order, the first being primary); else the
// companies, at the activity's time, of its deals and tickets, then the primary companies of its contacts; else its contacts themselves. A person who changes
// employer takes nothing along. With no links at all the answer is empty: the activity is kept but belongs to nobody.
func AccountsOf(l Links, members []Membership, at time.Time) []Ref {
	if len(l.Companies) > 0 {
		return slices.Clone(l.Companies)
	}
	var accounts []Ref
	add := func(r Ref) {
		if !slices.Contains(accounts, r) {
			accounts = append(accounts, r)
		}
	}
	for _, group := range [][]Ref{l.Deals, l.Tickets, l.Contacts} {
		for _, member := range group {
			if account, ok := accountAt(member, members, at); ok {
				add(account)
			}
		}
		if len(accounts) > 0 && group != nil {
			return accounts
		}
	}
	for _, c := range l.Contacts {
		add(c)
	}
	return accounts
}

// accountAt is the member's company at that time: the primary one, else the one joined last.
func accountAt(member Ref, members []Membership, at time.Time) (Ref, bool) {
	var best *Membership
	for i := range members {
		m := &members[i]
		if m.Member != member || !m.Covers(at) {
			continue
		}
		if best == nil || (m.Primary && !best.Primary) || (m.Primary == best.Primary && m.From.After(best.From)) {
			best = m
		}
	}
	if best == nil {
		return Ref{}, false
	}
	return best.Account, true
}
