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

// adapter is one back end and its bare client. Both are asked the same questions. Each load goes into a new, empty place; the bare one is given its rows made beforehand.
type adapter struct {
	line, how string
	question  func() adapterQuestion
	search    func(adapterQuestion) error
	bare      func(adapterQuestion) error
	load      func() (write func(part []crm.Kept) error)
	bareLoad  func() (write func(part int) error)
}

// adapterQuestion is a vector and the account that is searched; making one is no part of a search.
type adapterQuestion struct {
	vector  []float32
	account crm.Ref
}

// question draws from a set's accounts.
func (s *vectorSet) question() adapterQuestion {
	return adapterQuestion{s.vector(), accountOf(s.rng.IntN(len(s.vectors)))}
}

// turn is how many questions one side is asked before the other is asked the same ones.
const turn = 25

// paired is what one span of turns gave: each side's median in seconds, and the median over the turns of one side's median by the other's.
type paired struct{ search, bare, ratio float64 }

// pair asks both sides the same questions for about a span. They take short turns, and each turn is weighed by itself, so that whatever else the machine does meets both alike;
// turns of a single question would measure how fast each gets its code back into the processor's caches, which nobody who uses one of them ever pays. Which of them begins
// changes, since the second one finds the rows there.
func (a *adapter) pair(b *testing.B, span time.Duration) paired {
	b.Helper()
	sides := [2]func(adapterQuestion) error{a.search, a.bare}
	var took [2][]float64
	var ratios []float64
	questions := make([]adapterQuestion, turn)
	for n, start := 0, time.Now(); time.Since(start) < span || n < 2; n++ {
		for i := range questions {
			questions[i] = a.question()
		}
		for _, side := range [2]int{n % 2, (n + 1) % 2} {
			for _, q := range questions {
				before := time.Now()
				if err := sides[side](q); err != nil {
					b.Fatal(err)
				}
				took[side] = append(took[side], time.Since(before).Seconds())
			}
		}
		ratios = append(ratios, median(took[0][n*turn:])/median(took[1][n*turn:]))
	}
	return paired{median(took[0]), median(took[1]), median(ratios)}
}

// alternateAdapter weighs what an adapter adds to its client.
func alternateAdapter(b *testing.B, a adapter, parts [][]crm.Kept) {
	b.Helper()
	type round struct {
		paired
		load, bareLoad float64
	}
	got, unsound := alternate(b, false, func() (r round) {
		r.paired = a.pair(b, 2*time.Second)
		load := func() float64 {
			write := a.load()
			return took(func() { parallel(b, parts, write) })
		}
		bareLoad := func() float64 {
			plain := a.bareLoad()
			return took(func() { inParallel(b, len(parts), plain) })
		}
		first, bare := load(), bareLoad() // what comes later finds other caches and a larger heap: each side is first once
		bare += bareLoad()
		r.load, r.bareLoad = 2*adapterChunks/(first+load()), 2*adapterChunks/bare
		return r
	})
	us := func(of func(round) float64) float64 { return 1e6 * median(column(got, of)) }
	measured.add(b, goal{name: "B1 search, " + a.line, limit: 1.10, atMost: true, unsound: unsound, what: "adapter / " + a.how + ", account of 1,000 among 20,000, ten hits, p50",
		ratios: column(got, func(r round) float64 { return r.ratio }),
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
