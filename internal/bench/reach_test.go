package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model/builtin"
	"github.com/contextd/contextd/internal/store"
	"github.com/contextd/contextd/internal/web"
	"github.com/contextd/contextd/retriever"
	"github.com/contextd/contextd/retriever/similar"
)

// holders knows tokens as the service does. Its other methods are never called.
type holders struct {
	web.Access
	db *store.DB
}

func (h holders) Identify(ctx context.Context, secret string) (web.Identity, error) {
	t, err := h.db.CheckToken(ctx, secret)
	return web.Identity{ID: t.Name, Name: t.Name, Role: web.Role(t.Role), Portal: t.Portal}, err
}

// accounts knows the account of a record. Its other methods are never called.
type accounts struct {
	web.History
	db *store.DB
}

func (a accounts) Account(ctx context.Context, record crm.Ref) (crm.Ref, error) {
	return a.db.Account(ctx, record)
}

// remembering keeps what is asked, as the service does.
type remembering struct {
	*retriever.Retriever
	db *store.DB
}

func (r remembering) Retrieve(ctx context.Context, q crm.Question) (crm.Context, error) {
	found, err := r.Retriever.Retrieve(ctx, q)
	if err != nil {
		return found, err
	}
	return found, r.db.KeepQuery(ctx, q.Portal, q.Account, q.Text)
}

// TestTheDoorOpens: what the benchmarks over HTTP stand on is still all that the product's handler asks for.
func TestTheDoorOpens(t *testing.T) {
	db, err := store.Open(t.Context(), t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	base, token := listening(t, db, nil)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/api/v1/records/companies/1/search", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if closed := resp.Body.Close(); closed != nil || resp.StatusCode != http.StatusBadRequest {
		t.Errorf("a search without a question is answered with %d (%v), want %d", resp.StatusCode, closed, http.StatusBadRequest)
	}
}

// listening is the product's handler on a port, with a token for it.
func listening(b testing.TB, db *store.DB, r *retriever.Retriever) (base, token string) {
	b.Helper()
	token, err := db.CreateToken(b.Context(), portal, "bench", "viewer", crm.System("bench"))
	if err != nil {
		b.Fatal(err)
	}
	all := ports(db)
	all.Access, all.Retriever, all.History = holders{db: db}, remembering{r, db}, accounts{db: db}
	s := httptest.NewServer(web.New(all))
	b.Cleanup(s.Close)
	return s.URL, token
}

func (a *asker) overHTTP(b *testing.B, base, token string) (seconds float64) {
	b.Helper()
	account := a.accounts[a.library.prose.rng.IntN(len(a.accounts))]
	text := a.library.prose.question(a.library.topics[account])
	before := time.Now()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, base+"/api/v1/records/"+account.Path()+"/search?q="+url.QueryEscape(text), nil)
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	seconds = time.Since(before).Seconds()
	if closed := resp.Body.Close(); err != nil || closed != nil || resp.StatusCode != http.StatusOK || len(body) < 1000 {
		b.Fatalf("search over HTTP: %d, %v, %v: %.300s", resp.StatusCode, err, closed, body)
	}
	return seconds
}

// overHTTP weighs what the door adds: connection, token, query, JSON.
func (l *library) overHTTP(b *testing.B) {
	a := l.asker(b, l.small, retriever.Learned)
	base, token := listening(b, l.db, a.r)
	type round struct{ inside, outside float64 }
	got, unsound := alternate(b, false, func() (r round) {
		r.inside = a.p50(b, time.Second)
		var all []float64
		for start := time.Now(); time.Since(start) < time.Second; {
			all = append(all, a.overHTTP(b, base, token))
		}
		r.outside = median(all)
		return r
	})
	measured.add(b, goal{name: "R4 over HTTP", limit: .3, atMost: true, unsound: unsound, what: "ms that a kept connection, a token, JSON and the client add to p50; account of 100, ten bodies",
		ratios: column(got, func(r round) float64 { return 1e3 * (r.outside - r.inside) }),
		note:   milliseconds(column(got, func(r round) float64 { return r.outside })) + " / " + milliseconds(column(got, func(r round) float64 { return r.inside }))})
}

// alike asks for similar accounts among those of the library.
func (l *library) alike(b *testing.B) {
	words, err := l.db.WordStatistics(b.Context(), portal, 20_000)
	if err != nil {
		b.Fatal(err)
	}
	f := &similar.Finder{Builder: similar.Builder{Texts: l.db, Statistics: snapshot{words}.Statistics},
		Live: func() (similar.Index, similar.Embedder) { return l.vectors.Live().Index, builtin.Embedder{} }}
	for _, part := range batches(l.world.companies, 32) {
		if err := f.Refresh(b.Context(), part); err != nil {
			b.Fatal(err)
		}
	}
	got, unsound := alternate(b, false, func() float64 {
		return 1e3 * times(b, time.Second, func() error {
			account := l.world.companies[l.prose.rng.IntN(len(l.world.companies))]
			found, err := f.Similar(b.Context(), crm.SimilarQuestion{ProfileFilter: crm.ProfileFilter{Portal: portal}, Account: account})
			return enough(len(found), err)
		})
	})
	measured.add(b, goal{name: "similar accounts", what: fmt.Sprintf("ms of a question, p50: ten of %d accounts with reasons", len(l.world.companies)), note: "absolute", unsound: unsound, ratios: got})
}

// milliseconds writes the median of seconds.
func milliseconds(seconds []float64) string {
	return fmt.Sprintf("%.2f ms", 1e3*median(seconds))
}
