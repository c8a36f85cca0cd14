package bench

import (
	"fmt"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/retriever"
)

// The totals whose account queries are compared; accounts have 100 chunks each.
const (
	fewChunks  = 10_000
	manyChunks = 1_000_000
)

// grown fills an index with chunks in accounts of 100. Texts, words and vectors repeat, each activity but for its first words: what a query in one account costs depends
// on how much there is besides, not on what it says.
func grown(b *testing.B, chunks int) *library {
	b.Helper()
	patterns := newLibrary(b, 0, askedAccounts)
	l := &library{index: openIndex(b, newWorld(5, 0, 0, 0)), prose: patterns.prose, topics: map[crm.Ref][]string{}}
	b.Cleanup(l.close)
	w := newWorld(6, 0, 0, 0)
	for range chunks / smallSize {
		l.small = append(l.small, w.ref(crm.Companies))
	}
	var texts [][]string
	for from := range batches(patterns.chunks, perActivity) {
		var part []string
		for _, c := range patterns.chunks[from*perActivity : (from+1)*perActivity] {
			part = append(part, c.text)
		}
		texts = append(texts, part)
	}
	for i, account := range l.small {
		l.topics[account] = patterns.topics[patterns.small[i%askedAccounts]]
	}
	numbers := make([]int, chunks/perActivity)
	for i := range numbers {
		numbers[i] = i
	}
	parallel(b, batches(numbers, batch), func(part []int) error { return l.keep(patterns.copies(part, texts, l.small)) })
	return l
}

// copies are activities like the patterns, one per number.
func (l *library) copies(numbers []int, texts [][]string, accounts []crm.Ref) (out []crm.Kept) {
	const perAccount = smallSize / perActivity
	for _, n := range numbers {
		account := n / perAccount
		pattern := account%askedAccounts*perAccount + n%perAccount
		own := append([]string{}, texts[pattern]...)
		own[0] = fmt.Sprintf("Case %d. %s", n, own[0])
		k := spoken(n, accounts[account], own)
		like := l.read[pattern]
		k.Words, k.Terms = append([][]string{}, like.Words...), like.Terms
		k.Words[0] = append(crm.Terms(fmt.Sprint("Case ", n)), k.Words[0]...)
		for i := range k.Chunks {
			k.Chunks[i].Traits, k.Chunks[i].Vector = like.Chunks[i].Traits, like.Chunks[i].Vector
		}
		out = append(out, k)
	}
	return out
}

// first is the median time of the first question to an account that nobody has asked about, in seconds.
func (a *asker) first(b *testing.B, accounts []crm.Ref) float64 {
	b.Helper()
	var all []float64
	for i := range 50 {
		all = append(all, a.ask(b, accounts[len(accounts)-1-i]))
	}
	return median(all)
}

// BenchmarkScale asks accounts of an index of 1 M chunks and of one of 10,000, and then starts the real binary on the large one.
func BenchmarkScale(b *testing.B) {
	few := grown(b, fewChunks)
	var many *library
	filled := took(func() { many = grown(b, manyChunks) })
	small, large := few.asker(b, few.small, retriever.Learned), many.asker(b, many.small, retriever.Learned)
	type round struct{ small, large float64 }
	got, unsound := alternate(b, false, func() round { return round{small.p50(b, time.Second), large.p50(b, time.Second)} })
	measured.add(b, goal{name: "V8 account query", limit: 1.5, atMost: true, unsound: unsound, ratios: column(got, func(r round) float64 { return r.large / r.small }),
		what: "p50 with 1,000,000 chunks in total / with 10,000; account of 100, both arms, ten bodies",
		note: fmt.Sprintf("%s / %s; the first question of an account %s / %s; filled in %.0f s", milliseconds(column(got, func(r round) float64 { return r.large })),
			milliseconds(column(got, func(r round) float64 { return r.small })), milliseconds([]float64{large.first(b, many.small)}), milliseconds([]float64{small.first(b, few.small)}), filled)})
	many.close()
	startOn(b, many.dir)
}
