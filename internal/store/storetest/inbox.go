package storetest

import (
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/contextd/contextd/internal/crm"
)

func inboxDurable(w *world) {
	id, err := w.Deliver(w.ctx, []byte(`[{"a":1}]`), w.clock.now())
	w.no(err)
	w.reopen()
	got, err := w.Undecoded(w.ctx, 10)
	w.no(err)
	if len(got) != 1 || got[0].ID != id || string(got[0].Body) != `[{"a":1}]` || !got[0].ReceivedAt.Equal(w.clock.now()) {
		w.Fatalf("undecoded after a restart: %+v", got)
	}
	w.no(w.Decode(w.ctx, id, []crm.Decoded{event("k", index(1))}, ""))
	w.reopen()
	got, err = w.Undecoded(w.ctx, 10)
	w.no(err)
	same(w, "undecoded after decoding", len(got), 0)
	same(w, "row", w.state(index(1)), "ready")
	w.no(w.Decode(w.ctx, id, []crm.Decoded{event("again", index(2))}, ""))
	_, err = w.Row(w.ctx, portal, crm.IndexWork, index(2).Key)
	w.is(err, crm.ErrNotFound) // a delivery is decoded once
	w.is(w.Decode(w.ctx, 999, nil, ""), crm.ErrNotFound)
}

// inboxDedupe: 50 senders deliver 200 events each of a pool of 500, several at once and in any order; every event is stored once and marks its row once.
func inboxDedupe(w *world) {
	const senders, pool = 50, 500
	var wg sync.WaitGroup
	errs := make(chan error, senders)
	for s := range senders {
		wg.Add(1)
		go func() {
			defer wg.Done()
			errs <- func() error {
				random := rand.New(rand.NewPCG(1, uint64(s)))
				order := random.Perm(pool)[:200]
				for i := range 4 {
					var events []crm.Decoded
					for _, n := range order[i*50 : i*50+50] {
						events = append(events, event(fmt.Sprint(n), index(n)))
					}
					id, err := w.Deliver(w.ctx, []byte(fmt.Sprint(s, i)), w.clock.now())
					if err != nil {
						return err
					}
					if err := w.Decode(w.ctx, id, events, ""); err != nil {
						return err
					}
				}
				return nil
			}()
		}()
	}
	wg.Wait()
	for range senders {
		w.no(<-errs)
	}
	s, err := w.Status(w.ctx, portal)
	w.no(err)
	seen := s.Events.Received
	if seen < 450 || seen > pool {
		w.Fatalf("%d events stored of a pool of %d", seen, pool)
	}
	same(w, "rows", s.Work["live"], seen)
	same(w, "open", s.Events.Open, seen)
	for _, c := range w.claims(crm.IndexWork, pool) {
		same(w, "marks of "+c.Key, c.Seq, 1)
	}
}

func inboxDead(w *world) {
	id, err := w.Deliver(w.ctx, []byte("not json"), w.clock.now())
	w.no(err)
	w.no(w.Decode(w.ctx, id, nil, "not an array"))
	w.reopen()
	dead, err := w.DeadDeliveries(w.ctx, 0, 10)
	w.no(err)
	if len(dead) != 1 || dead[0].Cause != "not an array" || string(dead[0].Body) != "not json" {
		w.Fatalf("dead deliveries: %+v", dead)
	}
	s, err := w.Status(w.ctx, portal)
	w.no(err)
	same(w, "dead", s.Events.Dead, 1)
	same(w, "received", s.Events.Received, 1)
	n, err := w.PruneDeliveries(w.ctx, w.clock.now().AddDate(1, 0, 0))
	w.no(err)
	same(w, "pruned", n, 0) // dead ones are kept
}

func inboxSignal(w *world) {
	ch := w.Delivered(w.ctx)
	marked, other := w.Marked(w.ctx, crm.IndexWork), w.Marked(w.ctx, crm.ApplyWork)
	id, err := w.Deliver(w.ctx, nil, w.clock.now())
	w.no(err)
	<-ch // raised before Deliver returned
	select {
	case <-marked:
		w.Fatal("work was signalled by a delivery that marked nothing")
	default:
	}
	w.no(w.Decode(w.ctx, id, []crm.Decoded{event("k", index(1))}, ""))
	<-marked
	bad := crm.Decoded{Event: crm.Event{Portal: portal}}
	id, err = w.Deliver(w.ctx, nil, w.clock.now())
	w.no(err)
	w.is(w.Decode(w.ctx, id, []crm.Decoded{event("k2", index(2)), bad}, ""), crm.ErrInvalid)
	select {
	case <-marked:
		w.Fatal("a transaction that was rolled back has signalled")
	case <-other:
		w.Fatal("another kind was signalled")
	default:
	}
}

func inboxRefuses(w *world) {
	id, err := w.Deliver(w.ctx, nil, w.clock.now())
	w.no(err)
	noReason := event("k1")
	w.is(w.Decode(w.ctx, id, []crm.Decoded{event("k0", index(1)), noReason}, ""), crm.ErrInvalid)
	_, err = w.Row(w.ctx, portal, crm.IndexWork, index(1).Key)
	w.is(err, crm.ErrNotFound) // nothing of a refused delivery stays
	noReason.Ignored = crm.IgnoredEcho
	w.no(w.Decode(w.ctx, id, []crm.Decoded{noReason}, ""))
	s, err := w.Status(w.ctx, portal)
	w.no(err)
	same(w, "echoes", s.Events.Ignored[crm.IgnoredEcho], 1)
}
