package bench

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/retriever"
)

// snapshot is how common words are in the one portal, made once, as the service keeps it.
type snapshot struct{ words *crm.WordStatistics }

func (s snapshot) Statistics(context.Context, crm.PortalID) (*crm.WordStatistics, error) {
	return s.words, nil
}

// asker asks some accounts of one library again and again.
type asker struct {
	library  *library
	r        *retriever.Retriever
	accounts []crm.Ref
}

const askedAccounts = 20

// asker returns one of the first accounts, whose retriever is the service's, warm.
func (l *library) asker(b *testing.B, accounts []crm.Ref, fusion retriever.Fusion) *asker {
	b.Helper()
	words, err := l.db.WordStatistics(b.Context(), portal, 20_000)
	if err != nil {
		b.Fatal(err)
	}
	a := &asker{library: l, r: l.retriever(), accounts: accounts[:askedAccounts]}
	a.r.Statistics, a.r.Fusion = snapshot{words}, fusion
	if fusion != retriever.Learned {
		a.r.Static = nil // a plain hybrid query knows nothing of words
	}
	a.warm(b)
	return a
}

// warm asks every account once: what a change made the caches forget is there again.
func (a *asker) warm(b *testing.B) {
	b.Helper()
	for _, account := range a.accounts {
		a.ask(b, account)
	}
}

func (a *asker) ask(b *testing.B, account crm.Ref) (seconds float64) {
	b.Helper()
	q := question(account, a.library.prose.question(a.library.topics[account]))
	before := time.Now()
	got, err := a.r.Retrieve(b.Context(), q)
	seconds = time.Since(before).Seconds()
	if err != nil || len(got.Passages) != nearest || got.Passages[0].Text == "" {
		b.Fatalf("%d passages of %s, %v: want 10 with texts", len(got.Passages), account, err)
	}
	return seconds
}

// spread asks for a span and returns the times of all questions in seconds, ascending.
func (a *asker) spread(b *testing.B, span time.Duration) []float64 {
	b.Helper()
	var all []float64
	for start := time.Now(); time.Since(start) < span || len(all) < 3; {
		all = append(all, a.ask(b, a.accounts[a.library.prose.rng.IntN(len(a.accounts))]))
	}
	slices.Sort(all)
	return all
}

func (a *asker) p50(b *testing.B, span time.Duration) float64 {
	b.Helper()
	return median(a.spread(b, span))
}

// quantile is the q-th of ascending values.
func quantile(values []float64, q float64) float64 {
	return values[min(len(values)-1, int(q*float64(len(values))))]
}
