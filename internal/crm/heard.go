package crm

import (
	"slices"
	"time"
)

// Hearing asks when somebody was last heard about a record: by mails and messages of a direction, by meetings, and by calls that took place. Notes and tasks are no talk with
// anybody, and what we or another machine wrote is none either.
type Hearing struct {
	Record    Ref
	Account   Ref       // only what belongs to it counts
	Direction Direction // of mails and messages; "": any
	Until     time.Time // nothing later counts
	AsOf      time.Time // zero: as is known now; else only what was known before then
}

// Heard is the answer: the newest activity that counts, with the text that was known, and the days (UTC) with a word, each once, newest first, of the year that ends with it.
// Zero when nobody was ever heard.
type Heard struct {
	Last Stored
	Days []time.Time
}

// heardFor is how long before the last word the days of a Heard reach back.
const heardFor = 365 * 24 * time.Hour

// From is the earliest moment whose days belong to the answer, when the last word was at that time.
func (h Hearing) From(last time.Time) time.Time { return last.Add(-heardFor) }

// Wide reports whether what is linked to no record of the record's type counts, too: of a deal does whatever was said in its account about no other deal. HubSpot links
// mail to contacts first, and to deals late or never.
func (h Hearing) Wide() bool { return h.Record.Type == Deals && h.Account != h.Record }

// TookPlace are the states of a call or meeting in HubSpot that count as talk; a meeting that is planned counts once its time has come.
func TookPlace(k Kind) []string {
	if k == Meeting {
		return []string{"", "COMPLETED", "SCHEDULED"}
	}
	return []string{"", "COMPLETED"}
}

// Breaks reports whether an activity of the record breaks its silence. Stores ask the same of their rows.
func (h Hearing) Breaks(a Stored) bool {
	if a.Ours || a.Generated || a.TimeUnknown || a.Time.IsZero() || a.Time.After(h.Until) || a.DeletedAt != nil || !h.AsOf.IsZero() && !a.Created.Before(h.AsOf) ||
		!slices.Contains(a.Accounts, h.Account) || !h.About(a.Links) {
		return false
	}
	switch kind := a.Ref.Type.Kind(); kind {
	case Email, Message:
		return h.Direction == "" || a.Direction == h.Direction
	case Call, Meeting:
		return slices.Contains(TookPlace(kind), a.Status)
	}
	return false
}

// About reports whether an activity of the account with these links is about the record.
func (h Hearing) About(l Links) bool {
	return h.Record == h.Account || slices.Contains(l.All(), h.Record) || h.Wide() && len(l.Deals) == 0
}

// Among answers from activities with their texts, whatever their order: what a store does with a query.
func (h Hearing) Among(all []Stored) (out Heard) {
	all = slices.DeleteFunc(slices.Clone(all), func(a Stored) bool { return !h.Breaks(a) })
	slices.SortFunc(all, func(a, b Stored) int {
		if c := b.Time.Compare(a.Time); c != 0 {
			return c
		}
		return a.Ref.Compare(b.Ref)
	})
	if len(all) == 0 {
		return out
	}
	out.Last = all[0]
	for _, a := range all {
		if day := a.Time.UTC().Truncate(24 * time.Hour); a.Time.After(h.From(out.Last.Time)) && !slices.Contains(out.Days, day) {
			out.Days = append(out.Days, day)
		}
	}
	return out
}
