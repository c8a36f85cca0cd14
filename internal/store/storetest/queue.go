package storetest

import (
	"sync"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/store"
)

func queueCoalesce(w *world) {
	w.mark(index(1), index(1), index(1))
	c := w.claim(crm.IndexWork)
	same(w, "seq", c.Seq, 3)
	w.clock.advance(time.Second)
	w.mark(index(1)) // during the run
	same(w, "claimable during the run", len(w.claims(crm.IndexWork, 10)), 0)
	w.finish(c)
	w.reopen()
	again := w.claim(crm.IndexWork)
	same(w, "seq of the change during the run", again.Seq, 4)
	if !again.MarkedAt.Equal(w.clock.now()) || again.Fence <= c.Fence {
		w.Fatalf("second claim %+v after %+v", again, c)
	}
	w.finish(again)
	same(w, "state", w.state(index(1)), "done")
	same(w, "claimable after all", len(w.claims(crm.IndexWork, 10)), 0)
}

func queueLateFinish(w *world) {
	marked := w.clock.now()
	w.mark(index(1))
	old := w.claim(crm.IndexWork)
	w.clock.advance(2 * time.Minute) // the lease is over
	w.mark(index(1))
	newer := w.claim(crm.IndexWork)
	if newer.Fence <= old.Fence || newer.Seq != 2 || !newer.MarkedAt.Equal(marked) {
		w.Fatalf("claim %+v after lost %+v", newer, old)
	}
	errs, err := w.Finish(w.ctx, []crm.Claim{old})
	w.no(err)
	w.is(errs[0], crm.ErrConflict)
	w.is(w.Retry(w.ctx, old, w.clock.now(), "x", true), crm.ErrConflict)
	w.is(w.Bury(w.ctx, old, "x"), crm.ErrConflict)
	lost, err := w.Extend(w.ctx, []crm.Claim{old, newer}, time.Minute)
	w.no(err)
	if len(lost) != 1 || lost[0] != 0 {
		w.Fatalf("lost %v, want the first", lost)
	}
	same(w, "state", w.state(index(1)), "running")
	w.finish(newer)
	errs, err = w.Finish(w.ctx, []crm.Claim{newer})
	w.no(err)
	w.is(errs[0], crm.ErrConflict) // nobody holds it any more
}

func queueReclaim(w *world) {
	w.mark(index(1), index(2))
	first := w.claims(crm.IndexWork, 1)
	_, err := w.Claim(w.ctx, crm.IndexWork, crm.Lanes(), 1, "b", time.Minute)
	w.no(err)
	w.reopen()
	n, err := w.Reclaim(w.ctx, "a")
	w.no(err)
	same(w, "reclaimed", n, 1)
	again := w.claim(crm.IndexWork) // at once, and only the one of a
	if again.Key != first[0].Key || again.Attempts != 0 || again.Fence <= first[0].Fence || !again.MarkedAt.Equal(first[0].MarkedAt) {
		w.Fatalf("claim %+v after reclaiming %+v", again, first[0])
	}
}

func queueLanes(w *world) {
	back := index(1)
	back.Lane = crm.BackfillLane
	w.mark(back)
	w.clock.advance(time.Second)
	live := index(2)
	w.mark(live)
	got := w.claims(crm.IndexWork, 1)
	same(w, "first", got[0].Key, live.Key)
	only, err := w.Claim(w.ctx, crm.IndexWork, []crm.Lane{crm.LiveLane}, 10, "a", time.Minute)
	w.no(err)
	same(w, "live rows left", len(only), 0)
	raised := index(1)
	w.mark(raised) // the more urgent lane wins until done
	w.mark(back)
	c := w.claim(crm.IndexWork)
	same(w, "lane", c.Lane, crm.LiveLane)
	w.finish(c)
	w.mark(back)
	same(w, "lane after done", w.claim(crm.IndexWork).Lane, crm.BackfillLane)
}

func queueQuiet(w *world) {
	m := consider(1)
	m.Quiet = 10 * time.Second
	w.mark(m)
	for range 4 { // every mark moves the moment …
		same(w, "claimable in the quiet period", len(w.claims(crm.ConsiderWork, 1)), 0)
		w.clock.advance(9 * time.Second)
		w.mark(m)
	}
	same(w, "state", w.state(m), "waiting")
	w.clock.advance(9 * time.Second)
	w.mark(m) // … up to five periods after the first: 45 s are over
	w.clock.advance(4 * time.Second)
	same(w, "claimable after 49 s", len(w.claims(crm.ConsiderWork, 1)), 0)
	w.clock.advance(time.Second)
	c := w.claim(crm.ConsiderWork)
	same(w, "seq", c.Seq, 6)
	w.mark(m) // during the run: a new quiet period of its own
	w.finish(c)
	same(w, "claimable at once", len(w.claims(crm.ConsiderWork, 1)), 0)
	w.clock.advance(10 * time.Second)
	w.claim(crm.ConsiderWork)
}

func queueRetry(w *world) {
	w.mark(index(1))
	c := w.claim(crm.IndexWork)
	w.no(w.Retry(w.ctx, c, w.clock.now().Add(time.Minute), "outage", false))
	same(w, "state", w.state(index(1)), "waiting")
	w.mark(index(1)) // a new change does not cut a back-off short
	same(w, "claimable during back-off", len(w.claims(crm.IndexWork, 1)), 0)
	w.clock.advance(time.Minute)
	c = w.claim(crm.IndexWork)
	same(w, "attempts after an outage", c.Attempts, 0)
	w.no(w.Retry(w.ctx, c, w.clock.now(), "failed", true))
	w.reopen()
	c = w.claim(crm.IndexWork)
	same(w, "attempts after a failure", c.Attempts, 1)
	same(w, "seq", c.Seq, 2)
	w.finish(c)
	w.mark(index(1))
	same(w, "attempts after success", w.claim(crm.IndexWork).Attempts, 0)
}

// queueUnpause: what waits because a provider was paused, or for money, is due once Unpause is asked; other back-offs stay. Who asks as a person waits for none.
func queueUnpause(w *world) {
	consider := func(key string, lane crm.Lane) crm.Mark {
		return crm.Mark{Portal: portal, Kind: crm.ConsiderWork, Key: key, Lane: lane}
	}
	w.mark(consider("a", crm.LiveLane), consider("b", crm.LiveLane), consider("c", crm.LiveLane), consider("d", crm.LiveLane))
	causes := map[string]string{"a": "model x: " + crm.ErrPaused.Error() + " since then: 401", "b": "consider: " + crm.BudgetWords + ": $1 of $1 spent", "c": "connection refused", "d": "busy"}
	for _, c := range w.claims(crm.ConsiderWork, 10) {
		w.no(w.Retry(w.ctx, c, w.clock.now().Add(10*time.Minute), causes[c.Key], false))
	}
	same(w, "all wait", len(w.claims(crm.ConsiderWork, 10)), 0)
	n, err := w.Unpause(w.ctx)
	w.no(err)
	same(w, "unpaused", n, 2)
	keys := ""
	for _, c := range w.claims(crm.ConsiderWork, 10) {
		keys += c.Key
		w.finish(c)
	}
	same(w, "due", keys, "ab")
	w.mark(consider("c", crm.LiveLane))
	same(w, "a further event leaves a back-off", len(w.claims(crm.ConsiderWork, 10)), 0)
	w.mark(consider("c", crm.ReviewLane))
	same(w, "a person's word ends it", w.claim(crm.ConsiderWork).Key, "c")
}

func queueBury(w *world) {
	w.mark(index(1), index(2))
	for _, c := range w.claims(crm.IndexWork, 2) {
		w.no(w.Retry(w.ctx, c, w.clock.now(), "failed", true))
	}
	for _, c := range w.claims(crm.IndexWork, 2) {
		w.no(w.Bury(w.ctx, c, "poison"))
	}
	w.clock.advance(1000 * time.Hour)
	w.reopen()
	same(w, "claimable when buried", len(w.claims(crm.IndexWork, 2)), 0)
	rows, _, err := w.WorkRows(w.ctx, store.WorkFilter{Portal: portal, State: "buried"}, "", 10)
	w.no(err)
	if len(rows) != 2 || rows[0].LastError != "poison" {
		w.Fatalf("buried rows: %+v", rows)
	}
	w.mark(index(1)) // a newer change digs it up
	c := w.claim(crm.IndexWork)
	same(w, "attempts", c.Attempts, 0)
	w.mark(index(1))
	w.no(w.Bury(w.ctx, c, "poison")) // but something newer came during the run
	w.finish(w.claim(crm.IndexWork))
	w.clock.advance(48 * time.Hour)
	n, err := w.Redrive(w.ctx, store.WorkFilter{Portal: portal}, crm.Actor{Kind: crm.UserActor, ID: "ann"})
	w.no(err)
	same(w, "redriven", n, 1)
	c = w.claim(crm.IndexWork)
	same(w, "redriven key", c.Key, index(2).Key)
	same(w, "attempts after redrive", c.Attempts, 0)
	same(w, "age after redrive", w.clock.now().Sub(c.MarkedAt), 0) // an outage at this moment must not bury it at once
	w.finish(c)
	w.mark(index(3))
	n, err = w.BuryRows(w.ctx, store.WorkFilter{Portal: portal}, "by hand", crm.Actor{Kind: crm.UserActor, ID: "ann"})
	w.no(err)
	same(w, "buried by hand", n, 1)
}

func queueNextDue(w *world) {
	due, err := w.NextDue(w.ctx, crm.IndexWork, crm.Lanes())
	w.no(err)
	same(w, "due of nothing", due.IsZero(), true)
	later := index(1)
	later.Quiet = time.Hour
	w.mark(later)
	due, err = w.NextDue(w.ctx, crm.IndexWork, crm.Lanes())
	w.no(err)
	same(w, "due", due, w.clock.now().Add(time.Hour))
	w.mark(index(2))
	w.claims(crm.IndexWork, 1)
	due, err = w.NextDue(w.ctx, crm.IndexWork, crm.Lanes())
	w.no(err)
	same(w, "due of a lease", due, w.clock.now().Add(time.Minute))
	due, err = w.NextDue(w.ctx, crm.IndexWork, []crm.Lane{crm.BackfillLane})
	w.no(err)
	same(w, "due in another lane", due.IsZero(), true)
}

// queueOneClaim: many workers, one row each time: never two at once.
func queueOneClaim(w *world) {
	for i := range 40 {
		w.mark(index(i))
	}
	var mu sync.Mutex
	seen := map[string]int{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for {
				got, err := w.Claim(w.ctx, crm.IndexWork, crm.Lanes(), 3, "a", time.Minute)
				if err != nil {
					w.Errorf("claim: %v", err)
				}
				if len(got) == 0 {
					return
				}
				mu.Lock()
				for _, c := range got {
					seen[c.Key]++
				}
				mu.Unlock()
			}
		}()
	}
	wg.Wait()
	same(w, "keys", len(seen), 40)
	for key, n := range seen {
		same(w, key, n, 1)
	}
}

func queueRows(w *world) {
	for i := range 7 {
		w.mark(index(i))
	}
	other := index(1)
	other.Portal = portal + 1
	w.mark(other)
	seen, cursor := map[string]bool{}, ""
	for pages := 0; ; pages++ {
		rows, next, err := w.WorkRows(w.ctx, store.WorkFilter{Portal: portal, Kind: crm.IndexWork, State: "ready"}, cursor, 3)
		w.no(err)
		for _, r := range rows {
			same(w, "portal", r.Portal, portal)
			same(w, "seen twice "+r.Key, seen[r.Key], false)
			seen[r.Key] = true
		}
		if cursor = next; cursor == "" {
			same(w, "pages", pages, 2)
			break
		}
	}
	same(w, "rows", len(seen), 7)
	_, _, err := w.WorkRows(w.ctx, store.WorkFilter{}, "", 3)
	w.is(err, crm.ErrInvalid)
	_, _, err = w.WorkRows(w.ctx, store.WorkFilter{Portal: portal, State: "odd"}, "", 3)
	w.is(err, crm.ErrInvalid)
	_, _, err = w.WorkRows(w.ctx, store.WorkFilter{Portal: portal}, "odd", 3)
	w.is(err, crm.ErrInvalid)
}
