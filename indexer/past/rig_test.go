package past_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/contextd/contextd/indexer"
	"github.com/contextd/contextd/indexer/generation"
	"github.com/contextd/contextd/indexer/past"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model/builtin"
	"github.com/contextd/contextd/internal/store"
	"github.com/contextd/contextd/internal/vector/flat"
	"github.com/contextd/contextd/retriever"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const portal crm.PortalID = 7

var (
	day0    = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	company = crm.Ref{Portal: portal, Type: crm.Companies, ID: "1"}
	contact = crm.Ref{Portal: portal, Type: crm.Contacts, ID: "2"}
)

// windowed is an embedder whose chunks have a second vector.
type windowed struct{ builtin.Hash }

func (windowed) Name() string        { return "test/windowed" }
func (windowed) Fingerprint() string { return "test/windowed@1" }
func (windowed) Windows() bool       { return true }

// flatStore is the embedded back end with the face of generation.Store.
type flatStore struct{ *flat.Store }

func (s flatStore) Open(ctx context.Context, name string) (generation.Index, error) {
	x, err := s.Store.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	return x, nil
}

// world is the CRM as it is at any moment, and everything that reads it: real parts but for HubSpot.
type world struct {
	testing.TB
	at         time.Time
	activities map[crm.Ref]crm.Activity
	db         *store.DB
	set        *generation.Set
	index      *indexer.Indexer
	past       *past.Accounts
	search     *retriever.Retriever
}

func newWorld(t testing.TB, e generation.Embedder) *world {
	t.Helper()
	w := &world{TB: t, at: day0, activities: map[crm.Ref]crm.Activity{}}
	dir := t.TempDir()
	var err error
	w.db, err = store.Open(t.Context(), dir, store.Options{Now: func() time.Time { return w.at }})
	w.no(err)
	back, err := flat.Open(t.Context(), filepath.Join(dir, "vectors.flat"), flat.Options{})
	w.no(err)
	w.set, err = generation.New(t.Context(), generation.Options{Store: flatStore{back}, Texts: w.db, Embedder: "any",
		Make: func(context.Context, string) (generation.Embedder, error) { return e, nil }})
	w.no(err)
	t.Cleanup(func() { w.no(errors.Join(w.set.Close(), w.db.Close())) })
	w.index = &indexer.Indexer{Source: w, Embedder: w.set, Vectors: w.set, Texts: w.db, Marker: w.db, Names: w.db, Now: func() time.Time { return w.at }}
	w.past = &past.Accounts{Texts: w.db}
	w.search = &retriever.Retriever{Postings: w.db, Bodies: w.db, Dense: arm{w.set}, Past: pasts{w.past, arm{w.set}}, Static: builtin.Static()}
	_, err = w.db.KeepRecords(t.Context(), []crm.Record{{Ref: company, Name: "Harborline Lifts"}, {Ref: contact, Name: "Mira Kovac"}},
		[]crm.Membership{{Member: contact, Account: company, Primary: true}}, nil, crm.Claim{}, nil)
	w.no(err)
	return w
}

func (w *world) no(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// arm and pasts are the generations as the retriever sees them.
type arm struct{ set *generation.Set }

func (a arm) Near(ctx context.Context, text string, f crm.Filter, n int) (retriever.Near, error) {
	item, window, name, err := a.set.Near(ctx, text, f, n)
	return retriever.Near{Item: item, Window: window, Embedder: name}, err
}

type pasts struct {
	*past.Accounts
	arm
}

func (p pasts) Near(ctx context.Context, text string, f crm.Filter, n int, beside []crm.Chunk) (retriever.Near, error) {
	item, window, name, err := p.set.NearBeside(ctx, text, f, n, beside)
	return retriever.Near{Item: item, Window: window, Embedder: name}, err
}

// Activities implements indexer.Source.
func (w *world) Activities(_ context.Context, refs []crm.Ref) (out []crm.Activity, _ error) {
	for _, r := range refs {
		if a, ok := w.activities[r]; ok {
			out = append(out, a)
		}
	}
	return out, nil
}

// Records implements indexer.Source.
func (w *world) Records(context.Context, []crm.Ref) ([]crm.Record, []crm.Membership, error) {
	return nil, nil, nil
}

func note(n int) crm.Ref { return crm.Ref{Portal: portal, Type: crm.Notes, ID: fmt.Sprint(n)} }

// write puts an activity as it is now into the CRM; modified says whether HubSpot dates the change.
func (w *world) write(ref crm.Ref, body, subject string, modified bool) {
	a, ok := w.activities[ref]
	if !ok {
		a = crm.Activity{Ref: ref, Time: w.at, Created: w.at, Modified: w.at, Format: crm.PlainText, Links: crm.Links{Companies: []crm.Ref{company}, Contacts: []crm.Ref{contact}},
			People: []crm.Person{{Name: "Mira Kovac", Role: "from"}}}
		if ref.Type == crm.Emails {
			a.Thread, a.Direction = "thread", crm.Incoming
		}
	}
	a.Body, a.Subject = body, subject
	if modified {
		a.Modified = w.at
	}
	w.activities[ref] = a
}

// read indexes an activity as it is now, and lets a minute pass.
func (w *world) read(refs ...crm.Ref) {
	w.Helper()
	claims := make([]crm.Claim, len(refs))
	for i, r := range refs {
		claims[i] = crm.Claim{Portal: portal, Kind: crm.IndexWork, Key: r.Path()}
	}
	w.no(errors.Join(w.index.Activities(w.Context(), claims)...))
	w.pass()
}

// say writes and reads.
func (w *world) say(n int, body string) {
	w.Helper()
	w.write(note(n), body, "", true)
	w.read(note(n))
}

func (w *world) pass() { w.at = w.at.Add(time.Minute) }

func (w *world) ask(q crm.Question) crm.Context {
	w.Helper()
	q.Portal, q.Account = portal, company
	q.Limit = cmp.Or(q.Limit, 50)
	c, err := w.search.Retrieve(w.Context(), q)
	w.no(err)
	return c
}

// asOf answers "the answer as of a moment", as the texts that were found, sorted.
func (w *world) asOf(at time.Time, text string) []string {
	w.Helper()
	var out []string
	for _, p := range w.ask(crm.Question{Text: text, Filter: crm.Filter{AsOf: at}}).Passages {
		stored, err := w.db.Text(w.Context(), p.Activity, p.Version)
		if err != nil || stored[p.Start:p.End] != p.Text {
			w.Errorf("%s@%s [%d, %d) is not %q: %v", p.Activity.Path(), p.Version, p.Start, p.End, p.Text, err)
		}
		out = append(out, p.Text)
	}
	slices.Sort(out)
	return out
}
