package bench

import (
	"fmt"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model/builtin"
	"github.com/contextd/contextd/retriever"
)

// The library of the hybrid query: 100,000 chunks, of which 80,000 are in accounts of 1,000 and 20,000 in accounts of 100.
const (
	largeAccounts = 80
	smallAccounts = 200
)

// hybridPeer answers a question inside an account with ten bodies: both arms, fused.
type hybridPeer interface {
	ask(b *testing.B, account int, text string, vector []float32) error
}

// p50 is the median time of a question to a peer in seconds. Its vector is made before the clock starts.
func (l *library) p50(b *testing.B, p hybridPeer, accounts []crm.Ref, span time.Duration) float64 {
	b.Helper()
	at := l.places()
	var account crm.Ref
	var text string
	var vector []float32
	next := func() {
		account = accounts[l.prose.rng.IntN(askedAccounts)]
		text = l.prose.question(l.topics[account])
		vectors, _, err := builtin.Embedder{}.Embed(b.Context(), crm.EmbedQuery, []string{text})
		if err != nil {
			b.Fatal(err)
		}
		vector = vectors[0]
	}
	var all []float64
	for start := time.Now(); time.Since(start) < span || len(all) < 3; {
		next()
		before := time.Now()
		if err := p.ask(b, at[account], text, vector); err != nil {
			b.Fatal(err)
		}
		all = append(all, time.Since(before).Seconds())
	}
	return median(all)
}

// sizes holds one figure per size of account.
type sizes struct{ large, small float64 }

type hybridRound struct{ ours, plain, theirs sizes }

func (r hybridRound) slower() sizes {
	return sizes{r.theirs.large / r.ours.large, r.theirs.small / r.ours.small}
}

// compare alternates our hybrid query with a peer's.
func (l *library) compare(b *testing.B, name, what string, limit float64, p hybridPeer) {
	b.Helper()
	large, small := l.asker(b, l.large, retriever.Learned), l.asker(b, l.small, retriever.Learned)
	got, unsound := alternate(b, false, func() (r hybridRound) {
		r.ours = sizes{large.p50(b, time.Second), small.p50(b, time.Second)}
		r.theirs = sizes{l.p50(b, p, l.large, time.Second), l.p50(b, p, l.small, time.Second)}
		return r
	})
	for _, g := range []struct {
		size string
		of   func(sizes) float64
	}{{"1,000", func(s sizes) float64 { return s.large }}, {"100", func(s sizes) float64 { return s.small }}} {
		us := func(side func(hybridRound) sizes) float64 {
			return 1e6 * median(column(got, func(r hybridRound) float64 { return g.of(side(r)) }))
		}
		measured.add(b, goal{name: name + ", account of " + g.size, limit: limit, unsound: unsound, what: what, ratios: column(got, func(r hybridRound) float64 { return g.of(r.slower()) }),
			note: fmt.Sprintf("%.0f / %.0f us", us(func(r hybridRound) sizes { return r.theirs }), us(func(r hybridRound) sizes { return r.ours }))})
	}
}

// BenchmarkHybrid asks one library in every way.
func BenchmarkHybrid(b *testing.B) {
	l := newLibrary(b, largeAccounts, smallAccounts)
	b.Run("Postgres", func(b *testing.B) {
		conn := tuned(b, postgres(b, "R1 hybrid, postgres"))
		l.compare(b, "R1 hybrid, postgres", "one tuned statement (ts_rank_cd and distance of an account, fused, ten bodies) / ours (embedded, ranked by L3, ten bodies); 100,000 chunks", 10,
			l.oneStatement(b, conn))
	})
	b.Run("Libraries", func(b *testing.B) {
		l.compare(b, "R1 hybrid, chromem-go + bleve", "chromem-go where and bleve with a filter, fused, ten bodies / ours; 100,000 chunks", 300, l.chromemAndBleve(b))
	})
	b.Run("Ranking", l.ranking)
	b.Run("HTTP", l.overHTTP)
	b.Run("Similar", l.alike)
	b.Run("Indexing", l.whileIndexing) // last: it adds to the library
}

// ranking weighs the learned ranking and the tail of a question.
func (l *library) ranking(b *testing.B) {
	learned, plain := l.asker(b, l.large, retriever.Learned), l.asker(b, l.large, retriever.Convex)
	small := l.asker(b, l.small, retriever.Learned)
	type round struct{ learned, plain, tail, smallTail float64 }
	got, unsound := alternate(b, false, func() (r round) {
		all, few := learned.spread(b, time.Second), small.spread(b, time.Second)
		r.learned, r.tail, r.smallTail = median(all), quantile(all, .99)/median(all), quantile(few, .99)/median(few)
		r.plain = plain.p50(b, time.Second)
		return r
	})
	measured.add(b, goal{name: "R1 learned ranking", limit: 3, atMost: true, unsound: unsound, what: "L3 / convex hybrid query without word vectors, account of 1,000",
		ratios: column(got, func(r round) float64 { return r.learned / r.plain }),
		note:   fmt.Sprintf("%.0f / %.0f us", 1e6*median(column(got, func(r round) float64 { return r.learned })), 1e6*median(column(got, func(r round) float64 { return r.plain })))})
	measured.add(b, goal{name: "R3 tail, account of 1,000", limit: 4, atMost: true, unsound: unsound, what: "p99 / p50 of a question, idle", ratios: column(got, func(r round) float64 { return r.tail })})
	measured.add(b, goal{name: "R3 tail, account of 100", limit: 4, atMost: true, unsound: unsound, what: "p99 / p50 of a question, idle", ratios: column(got, func(r round) float64 { return r.smallTail })})
}
