package bench

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/retriever"
)

// asker asks accounts of one index again and again.
type asker struct {
	r        *retriever.Retriever
	accounts []crm.Ref
	rng      *rand.Rand
}

// p50 asks for about a second and returns the median time of a question in seconds.
func (a *asker) p50(b *testing.B) float64 {
	b.Helper()
	var times []float64
	for start := time.Now(); time.Since(start) < time.Second; {
		account := a.accounts[a.rng.IntN(len(a.accounts))]
		text := fmt.Sprintf("who will %s the %s until %s, and what does the %s cost", verbs[a.rng.IntN(len(verbs))], things[a.rng.IntN(len(things))], months[a.rng.IntN(len(months))],
			things[a.rng.IntN(len(things))])
		before := time.Now()
		got, err := a.r.Retrieve(b.Context(), question(account, text))
		times = append(times, time.Since(before).Seconds())
		if err != nil || len(got.Passages) != 10 {
			b.Fatalf("%d passages of %s, %v: want 10", len(got.Passages), account, err)
		}
	}
	return median(times)
}

// asking indexes that many companies and returns an asker of twenty of them, warm, with the number of chunks in total and in one account.
func asking(b *testing.B, companies int) (a *asker, total, one int) {
	b.Helper()
	x := openIndex(b, newWorld(2, companies, 24, 14))
	b.Cleanup(x.close)
	x.all()
	for _, c := range x.world.companies {
		n, err := x.vectors.Live().Index.Count(b.Context(), crm.Filter{Portal: c.Portal, Account: c})
		if err != nil {
			b.Fatal(err)
		}
		total += n
	}
	a = &asker{r: x.retriever(), accounts: x.world.companies[:20], rng: rand.New(rand.NewPCG(3, 3))}
	a.p50(b)
	return a, total, total / companies
}

type retrieveRound struct{ small, large float64 }

func BenchmarkRetrieve(b *testing.B) {
	large, many, size := asking(b, 1000)
	small, few, _ := asking(b, 100)
	got, unsound := alternate(b, false, func() (r retrieveRound) {
		r.small = small.p50(b)
		r.large = large.p50(b)
		return r
	})
	measured.add(b, goal{name: "V8 account query", limit: 1.5, atMost: true, unsound: unsound, ratios: column(got, func(r retrieveRound) float64 { return r.large / r.small }),
		what: fmt.Sprintf("p50 with %d chunks in total / with %d; %d in the account, both arms, ten bodies", many, few, size),
		note: fmt.Sprintf("%.0f / %.0f us", 1e6*median(column(got, func(r retrieveRound) float64 { return r.large })), 1e6*median(column(got, func(r retrieveRound) float64 { return r.small })))})
}
