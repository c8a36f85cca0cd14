package past_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/indexer/past"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model/builtin"
)

// edited is an account of n notes that were all written on the first day and edited on the second.
func edited(t testing.TB, n int) *world {
	t.Helper()
	w := newWorld(t, builtin.Embedder{})
	for round := range 2 {
		var refs []crm.Ref
		for i := range n {
			body := strings.Repeat(words[i%len(words)]+" "+words[(i*7+3)%len(words)]+" ", 30)
			w.write(note(i+1), fmt.Sprintf("Round %d, note %d. %s", round, i, body), fmt.Sprint("note ", i), true)
			refs = append(refs, note(i+1))
		}
		for part := range slices.Chunk(refs, 256) {
			at := w.at
			w.read(part...)
			w.at = at
		}
		w.at = w.at.AddDate(0, 0, 1)
	}
	return w
}

// BenchmarkAsOf asks an account of which every text was superseded: the first question after a change divides and embeds them, the next one as of that moment finds
// everything at hand, one as of another moment assembles the account anew.
func BenchmarkAsOf(b *testing.B) {
	for _, n := range []int{100, 1_000, 10_000} {
		w := edited(b, n)
		q := crm.Question{Text: "Who approved the contract renewal?", Limit: 10, Filter: crm.Filter{AsOf: day0.Add(12 * time.Hour)}}
		b.Run(fmt.Sprintf("%d/now", n), func(b *testing.B) {
			for b.Loop() {
				w.ask(crm.Question{Text: q.Text, Limit: 10})
			}
		})
		b.Run(fmt.Sprintf("%d/first", n), func(b *testing.B) {
			for b.Loop() {
				*w.past = past.Accounts{Texts: w.db}
				if got := len(w.ask(q).Passages); got != 10 {
					b.Fatal(got)
				}
			}
		})
		b.Run(fmt.Sprintf("%d/again", n), func(b *testing.B) {
			for b.Loop() {
				w.ask(q)
			}
		})
	}
}
