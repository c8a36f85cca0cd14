package bench

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// The load of the adapters: 20,000 chunks of forty words in accounts of 1,000, in batches as the indexer hands them over.
const (
	adapterChunks = 20_000
	adapterWords  = 40
)

// loaded are the kept activities of the adapters' load, embedded by chance.
func loaded(s *vectorSet) [][]crm.Kept {
	all := s.kept(0, len(s.vectors))
	for i := range all {
		for range all[i].Chunks {
			var terms []crm.TermCount
			for w := range adapterWords {
				terms = append(terms, crm.TermCount{Term: fmt.Sprint("term", w, "-", s.rng.IntN(500)), Count: 1})
			}
			all[i].Terms = append(all[i].Terms, terms)
		}
	}
	return batches(all, batch)
}

// adapter is one back end and its bare client. Each load goes into a new, empty place; the bare one is given its rows made beforehand.
type adapter struct {
	line, how string
	search    func() error
	bare      func() error
	load      func() (write func(part []crm.Kept) error)
	bareLoad  func() (write func(part int) error)
}

// alternateAdapter weighs what an adapter adds to its client.
func alternateAdapter(b *testing.B, a adapter, parts [][]crm.Kept) {
	b.Helper()
	type round struct{ search, bare, load, bareLoad float64 }
	got, unsound := alternate(b, false, func() (r round) {
		r.search = times(b, time.Second, a.search)
		r.bare = times(b, time.Second, a.bare)
		write, plain := a.load(), a.bareLoad()
		r.load = adapterChunks / took(func() { parallel(b, parts, write) })
		r.bareLoad = adapterChunks / took(func() { inParallel(b, len(parts), plain) })
		return r
	})
	us := func(of func(round) float64) float64 { return 1e6 * median(column(got, of)) }
	measured.add(b, goal{name: "B1 search, " + a.line, limit: 1.10, atMost: true, unsound: unsound, what: "adapter / " + a.how + ", account of 1,000 among 20,000, ten hits, p50",
		ratios: column(got, func(r round) float64 { return r.search / r.bare }),
		note:   fmt.Sprintf("%.0f / %.0f us", us(func(r round) float64 { return r.search }), us(func(r round) float64 { return r.bare }))})
	measured.add(b, goal{name: "B1 load, " + a.line, limit: .80, unsound: unsound, what: "chunks per second, adapter / " + a.how + ", the same rows, batches and workers",
		ratios: column(got, func(r round) float64 { return r.load / r.bareLoad }),
		note:   fmt.Sprintf("%.0f / %.0f per s", median(column(got, func(r round) float64 { return r.load })), median(column(got, func(r round) float64 { return r.bareLoad })))})
}

// inParallel is parallel over numbers.
func inParallel(b *testing.B, n int, do func(int) error) {
	b.Helper()
	var next atomic.Int64
	parallel(b, make([]struct{}, n), func(struct{}) error { return do(int(next.Add(1) - 1)) })
}
