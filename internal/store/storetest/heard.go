package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// recordsHeard: the store says of any number of activities what crm.Hearing says of each of them.
func recordsHeard(w *world) {
	acme, beta, deal, other := ref(crm.Companies, 5), ref(crm.Companies, 6), ref(crm.Deals, 1), ref(crm.Deals, 2)
	now := w.clock.now().Truncate(time.Microsecond)
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(values ...string) string { return values[random.IntN(len(values))] }
	types := []crm.ObjectType{crm.Emails, crm.Communications, crm.Calls, crm.Meetings, crm.Notes, crm.Tasks}
	var all []crm.Stored
	var batch []crm.Kept
	for i := range 480 {
		at := now.Add(-time.Duration(random.Int64N(int64(500 * 24 * time.Hour)))).Truncate(time.Microsecond)
		k := kept(ref(types[random.IntN(len(types))], 100+i), at, fmt.Sprint("text ", i))
		k.Accounts = []crm.Ref{acme}
		if random.IntN(5) == 0 {
			k.Accounts = []crm.Ref{beta}
		}
		for _, d := range []crm.Ref{deal, other} {
			if random.IntN(3) == 0 {
				k.Activity.Links = k.Activity.Links.Add(d)
			}
		}
		k.Activity.Direction, k.Activity.Status = crm.Direction(pick("in", "out", "out", "")), pick("", "COMPLETED", "SCHEDULED", "NO_ANSWER")
		k.Activity.Ours, k.Activity.Generated, k.Activity.TimeUnknown = random.IntN(9) == 0, random.IntN(9) == 0, random.IntN(9) == 0
		if random.IntN(4) == 0 {
			k.Activity.Created = at.Add(90 * 24 * time.Hour) // logged late
		}
		batch = append(batch, k)
		all = append(all, crm.Stored{Activity: k.Activity, Accounts: k.Accounts, Document: k.Document})
	}
	w.keep(batch...)
	gone := all[7]
	w.no(w.Gone(w.ctx, []crm.Ref{gone.Ref}, crm.Claim{}))
	all[7].DeletedAt = &now
	w.reopen()
	for _, asOf := range []time.Time{{}, now.AddDate(0, 0, -30), now.AddDate(0, 0, -200)} {
		for _, record := range []crm.Ref{acme, beta, deal, other} {
			for _, d := range []crm.Direction{"", crm.Incoming, crm.Outgoing} {
				h := crm.Hearing{Record: record, Account: acme, Direction: d, Until: now, AsOf: asOf}
				if record == beta {
					h.Account = beta
				}
				if !asOf.IsZero() {
					h.Until = asOf
				}
				known := slices.DeleteFunc(slices.Clone(all), func(a crm.Stored) bool { return !asOf.IsZero() && !a.Created.Before(asOf) })
				want := h.Among(known)
				got, err := w.Heard(w.ctx, h)
				w.no(err)
				what := fmt.Sprintf("%s %q as of %v", record.Path(), d, asOf)
				same(w, what, got.Last.Ref, want.Last.Ref)
				same(w, what+", text", got.Last.Document.Text, want.Last.Document.Text)
				same(w, what+", days", fmt.Sprint(got.Days), fmt.Sprint(want.Days))
				if len(want.Days) < 4 {
					w.Fatalf("%s: only %d days: this test shows nothing", what, len(want.Days))
				}
			}
		}
	}
	// One word of theirs below hundreds of ours.
	batch = nil
	for i := range 400 {
		k := kept(ref(crm.Emails, 2000+i), now.Add(-time.Duration(i)*time.Minute), strings.Repeat("x", i+1), ref(crm.Companies, 9))
		if k.Activity.Direction = crm.Outgoing; i == 399 {
			k.Activity.Direction = crm.Incoming
		}
		batch = append(batch, k)
	}
	w.keep(batch...)
	got, err := w.Heard(w.ctx, crm.Hearing{Record: ref(crm.Companies, 9), Account: ref(crm.Companies, 9), Direction: crm.Incoming, Until: now})
	w.no(err)
	same(w, "below many of ours", got.Last.Ref, ref(crm.Emails, 2399))
	none, err := w.Heard(w.ctx, crm.Hearing{Record: ref(crm.Companies, 10), Account: ref(crm.Companies, 10), Until: now})
	w.no(err)
	same(w, "never heard", none.Last.Ref, crm.Ref{})
}
