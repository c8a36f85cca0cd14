package bench

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/retriever"
)

// newActivities adds activities to the world's accounts from..to and returns them in batches, to be indexed. Nothing may index meanwhile.
func (l *library) newActivities(n int, accounts []crm.Ref) [][]crm.Ref {
	w := l.world
	before := len(w.order)
	for i := range n {
		c := accounts[w.rng.IntN(len(accounts))]
		w.activity(crm.ActivityTypes()[i%len(crm.ActivityTypes())], c, w.people[c][w.rng.IntN(3)], 8)
	}
	return batches(w.order[before:], batch)
}

// load is a stream of activities that arrive at a steady rate.
type load struct {
	library  *library
	accounts []crm.Ref
	waiting  [][]crm.Ref
	every    time.Duration // per batch, at half the maximum rate
}

const reserve = 8000 // activities that are made at once

// newLoad measures the maximum rate at which these accounts' activities are indexed by all workers.
func (l *library) newLoad(b *testing.B, accounts []crm.Ref) *load {
	b.Helper()
	s := &load{library: l, accounts: accounts}
	s.waiting = l.newActivities(1500, accounts)
	seconds := took(func() { parallel(b, s.waiting, func(refs []crm.Ref) error { return l.activities(b.Context(), refs) }) })
	s.every = time.Duration(2 * seconds / float64(len(s.waiting)) * float64(time.Second))
	s.waiting = nil
	return s
}

// beside runs f while activities arrive; the batches are taken up at fixed times, whatever the ones before took.
func (s *load) beside(b *testing.B, f func()) {
	b.Helper()
	if len(s.waiting) < reserve/batch/2 {
		s.waiting = append(s.waiting, s.library.newActivities(reserve, s.accounts)...)
	}
	ctx, stop := context.WithCancel(b.Context())
	var running sync.WaitGroup
	var err error
	running.Go(func() {
		tick := time.NewTicker(s.every)
		defer tick.Stop()
		for ctx.Err() == nil && err == nil && len(s.waiting) > 0 {
			select {
			case <-ctx.Done():
			case <-tick.C:
				err = s.library.activities(b.Context(), s.waiting[0])
				s.waiting = s.waiting[1:]
			}
		}
	})
	f()
	stop()
	running.Wait()
	if err != nil {
		b.Fatal(err)
	}
	if len(s.waiting) == 0 {
		b.Fatal("no activities were left to index")
	}
}

// whileIndexing weighs the tail of questions while activities of other accounts, and of the ones that are asked, are indexed.
func (l *library) whileIndexing(b *testing.B) {
	a := l.asker(b, l.large, retriever.Learned)
	others := l.newLoad(b, l.large[askedAccounts:])
	all := l.newLoad(b, l.world.companies)
	type round struct{ idle, others, all float64 }
	got, unsound := alternate(b, false, func() (r round) {
		a.warm(b) // the round before has changed the accounts
		r.idle = quantile(a.spread(b, time.Second), .99)
		others.beside(b, func() { r.others = quantile(a.spread(b, time.Second), .99) })
		all.beside(b, func() { r.all = quantile(a.spread(b, time.Second), .99) })
		return r
	})
	note := milliseconds(column(got, func(r round) float64 { return r.others })) + " / " + milliseconds(column(got, func(r round) float64 { return r.idle }))
	measured.add(b, goal{name: "R3 while indexing", limit: 5, atMost: true, unsound: unsound, note: note, what: "p99 while other accounts are indexed at half the maximum rate / idle, account of 1,000",
		ratios: column(got, func(r round) float64 { return r.others / r.idle })})
	measured.add(b, goal{name: "R3 while indexing, itself too", what: "the same while all accounts are indexed, the asked ones too", unsound: unsound,
		ratios: column(got, func(r round) float64 { return r.all / r.idle }), note: milliseconds(column(got, func(r round) float64 { return r.all }))})
}
