package retriever_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/analysis"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/retriever"
)

var (
	acme = crm.Ref{Portal: 1, Type: crm.Companies, ID: "10"}
	day  = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
)

// memory is an account's index in memory: it answers all the ports from the same list of chunks.
type memory struct {
	chunks []crm.Chunk
	embed  func(text string) []float32
}

func (m *memory) add(id string, at time.Time, texts ...string) crm.Ref {
	ref := crm.Ref{Portal: 1, Type: crm.Notes, ID: id}
	for i, text := range texts {
		m.chunks = append(m.chunks, crm.Chunk{ID: fmt.Sprintf("%s-%d", id, i), Activity: ref, Pos: i, Kind: crm.Note, Time: at, Created: at, Text: text})
	}
	return ref
}

// Near embeds with the toy embedder and compares with everything.
func (m *memory) Near(_ context.Context, text string, f crm.Filter, n int) (retriever.Near, error) {
	vec := m.embed(text)
	var hits []crm.Hit
	for _, c := range m.chunks {
		if !f.Matches(c.Facets()) {
			continue
		}
		v := m.embed(c.Text)
		var dot float64
		for i := range v {
			dot += float64(v[i] * vec[i])
		}
		hits = append(hits, crm.Hit{Chunk: c.ID, Score: dot})
	}
	slices.SortFunc(hits, func(a, b crm.Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), strings.Compare(a.Chunk, b.Chunk))
	})
	return retriever.Near{Item: crm.CosinesOf(hits[:min(n, len(hits))]), Embedder: "builtin/letters"}, nil
}

func (m *memory) Postings(_ context.Context, account crm.Ref) (*crm.Postings, error) {
	if account != acme {
		return &crm.Postings{}, nil
	}
	return postings(m.chunks), nil
}

// postings are what the store would assemble of the chunks.
func postings(chunks []crm.Chunk) *crm.Postings {
	p := &crm.Postings{}
	at := map[string]uint32{}
	for _, c := range chunks {
		from := uint32(len(p.Sequence))
		for _, w := range crm.Terms(c.Text) {
			id, ok := at[w]
			if !ok {
				id = uint32(len(p.Words))
				at[w] = id
				p.Words = append(p.Words, w)
			}
			p.Sequence = append(p.Sequence, id)
		}
		p.Chunks = append(p.Chunks, crm.PostedChunk{ID: c.ID, Activity: c.Activity, Pos: c.Pos, Kind: c.Kind, Time: c.Time, Created: c.Created, Session: c.Session,
			Speaker: c.Speaker, People: c.People, Language: "en", Generated: c.Generated, Traits: analysis.Traits(c.Text, "en"), From: from, To: uint32(len(p.Sequence))})
	}
	return p
}

func (m *memory) Bodies(_ context.Context, portal crm.PortalID, ids []string) ([]crm.Passage, error) {
	var out []crm.Passage
	for _, c := range m.chunks {
		if slices.Contains(ids, c.ID) {
			out = append(out, crm.Passage{Chunk: c.ID, Activity: c.Activity, Kind: c.Kind, Time: c.Time, Text: c.Text, Start: c.Pos * 1000})
		}
	}
	return out, nil
}

// byLetters is a toy embedder: how often each vowel occurs.
func byLetters(text string) []float32 {
	v := make([]float32, 5)
	for i, c := range "aeiou" {
		v[i] = float32(strings.Count(text, string(c)))
	}
	return v
}

func open(m *memory) *retriever.Retriever {
	if m.embed == nil {
		m.embed = byLetters
	}
	return &retriever.Retriever{Dense: m, Postings: m, Bodies: m}
}

func ask(t *testing.T, m *memory, q crm.Question) crm.Context {
	t.Helper()
	if q.Account.IsZero() {
		q.Portal, q.Account = 1, acme
	}
	c, err := open(m).Retrieve(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func ids(c crm.Context) string {
	var out []string
	for _, p := range c.Passages {
		out = append(out, p.Chunk)
	}
	return strings.Join(out, " ")
}

func TestKeywordArmFindsTheRareWord(t *testing.T) {
	m := &memory{}
	m.add("1", day, "the renewal was discussed at length and postponed")
	m.add("2", day, "they asked for single sign-on before the renewal")
	m.add("3", day, "weather and football")
	c := ask(t, m, crm.Question{Text: "What about sign-on?", Limit: 1})
	if ids(c) != "2-0" || c.Passages[0].ID != "P1" || c.Passages[0].Parts.Of("bm25") == 0 {
		t.Errorf("have %s with %v", ids(c), c.Passages)
	}
}

func TestScopeAndZeroFilter(t *testing.T) {
	m := &memory{}
	m.add("1", day, "secret price")
	r := open(m)
	for _, q := range []crm.Question{{Text: "price"}, {Filter: crm.Filter{Portal: 1}, Text: "price"}, {Filter: crm.Filter{Portal: 2, Account: acme}, Text: "price"}} {
		if c, err := r.Retrieve(t.Context(), q); !errors.Is(err, crm.ErrInvalid) {
			t.Errorf("filter %+v answered %s, %v; want invalid", q.Filter, ids(c), err)
		}
	}
}

func TestFiltersComeBeforeLimits(t *testing.T) {
	m := &memory{}
	for i := range 300 {
		m.add(fmt.Sprint(1000+i), day.AddDate(0, 2, 0), "price price price")
	}
	m.add("1", day, "price once, early")
	c := ask(t, m, crm.Question{Filter: crm.Filter{Portal: 1, Account: acme, AsOf: day.AddDate(0, 1, 0)}, Text: "price", Limit: 5})
	if ids(c) != "1-0" {
		t.Errorf("as of the first month: %s, want the one early note although 300 later ones score higher", ids(c))
	}
}

func TestFocusIsAlwaysThere(t *testing.T) {
	m := &memory{}
	focus := m.add("7", day, "hello everybody", "bye everybody")
	for i := range 30 {
		m.add(fmt.Sprint(100+i), day.AddDate(0, 0, i+1), fmt.Sprintf("price talk number %d of this season", i))
	}
	c := ask(t, m, crm.Question{Text: "price talk", Focus: focus, Budget: 60})
	if !strings.HasPrefix(ids(c), "7-0 7-1") || len(c.Passages) < 3 {
		t.Errorf("have %s, want both chunks of the focus first (it is the oldest) and more behind", ids(c))
	}
}

// A window leaves the focus in, however old or of whatever time it is; what lies in the future of a question never comes in.
func TestWindowDoesNotHideTheFocus(t *testing.T) {
	m := &memory{}
	old, undated := m.add("7", day, "hello everybody"), m.add("8", time.Time{}, "hello nobody")
	m.add("20", day.AddDate(2, 0, 0), "price talk")
	within := crm.Filter{Portal: 1, Account: acme, Since: day.AddDate(1, 0, 0)}
	for focus, want := range map[crm.Ref]string{old: "7-0 20-0", undated: "8-0 20-0"} {
		if c := ask(t, m, crm.Question{Filter: within, Text: "price talk", Focus: focus, Budget: 1000}); ids(c) != want {
			t.Errorf("focus %s: have %s, want %s", focus.Path(), ids(c), want)
		}
	}
	later := m.add("9", day.AddDate(3, 0, 0), "hello somebody")
	within.AsOf = day.AddDate(2, 6, 0)
	if c := ask(t, m, crm.Question{Filter: within, Text: "price talk", Focus: later, Budget: 1000}); ids(c) != "20-0" {
		t.Errorf("a focus from after the moment of the question: have %s, want 20-0", ids(c))
	}
}

func TestBudgetChronologyAndCopies(t *testing.T) {
	m := &memory{}
	long := "the price of the licence is the question that everybody asks again and again in this account"
	m.add("3", day.AddDate(0, 0, 3), long)
	m.add("2", day.AddDate(0, 0, 2), long) // a forwarded copy
	m.add("1", day.AddDate(0, 0, 1), "price: forty eight thousand for the licence, says the customer, and not a cent more than that")
	c := ask(t, m, crm.Question{Text: "price licence", Budget: 1000})
	if len(c.Passages) != 2 || c.Passages[0].Chunk != "1-0" || c.Left != 1 {
		t.Errorf("have %s (left %d), want the oldest first and one of the two copies", ids(c), c.Left)
	}
	used := 0
	c = ask(t, m, crm.Question{Text: "price licence", Budget: 30})
	for _, p := range c.Passages {
		used += retriever.Tokens(p.Text)
	}
	if used > 30 || len(c.Passages) != 1 {
		t.Errorf("budget of 30 tokens: used %d with %s", used, ids(c))
	}
}

func TestCoverage(t *testing.T) {
	m := &memory{}
	m.add("1", day, "they have 140 technicians")
	if c := ask(t, m, crm.Question{Text: "How many technicians?"}); c.Coverage < 0.4 {
		t.Errorf("coverage of an answered question: %.2f", c.Coverage)
	}
	if c := ask(t, m, crm.Question{Text: "Which insurance broker?"}); c.Coverage != 0 {
		t.Errorf("coverage of a question whose words are nowhere: %.2f, want 0", c.Coverage)
	}
	if c := ask(t, m, crm.Question{Filter: crm.Filter{Portal: 1, Account: crm.Ref{Portal: 1, Type: crm.Companies, ID: "99"}}, Text: "anything", Limit: 3}); c.Coverage != 0 {
		t.Errorf("an unknown account covers %.2f", c.Coverage)
	}
}

func TestSameAnswerTwice(t *testing.T) {
	m := &memory{}
	for i := range 50 {
		m.add(fmt.Sprint(i+1), day.AddDate(0, 0, i%7), fmt.Sprintf("price note %d about licences and seats", i%5))
	}
	first := ask(t, m, crm.Question{Text: "licence price seats", Budget: 400})
	for range 5 {
		if again := ask(t, m, crm.Question{Text: "licence price seats", Budget: 400}); ids(again) != ids(first) {
			t.Fatalf("answers differ: %s and %s", ids(first), ids(again))
		}
	}
}

// TestConcurrentQuestions: one retriever, many questions at once; run with -race.
func TestConcurrentQuestions(t *testing.T) {
	m := &memory{}
	for i := range 80 {
		m.add(fmt.Sprint(i+1), day.AddDate(0, 0, i%9), fmt.Sprintf("price note %d about licences and seats %d", i%5, i))
	}
	m.embed = byLetters
	p := postings(m.chunks)
	r := &retriever.Retriever{Dense: m, Postings: fixed{p}, Bodies: m}
	want := map[string]string{}
	questions := []string{"licence price", "seats 7", "note 3 about seats", "what price?"}
	q := crm.Question{Filter: crm.Filter{Portal: 1, Account: acme}, Budget: 200}
	for _, text := range questions {
		q.Text = text
		c, err := r.Retrieve(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		want[text] = ids(c)
	}
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			q := q
			q.Text = questions[i%len(questions)]
			if c, err := r.Retrieve(t.Context(), q); err != nil || ids(c) != want[q.Text] {
				t.Errorf("%q: %s, %v; alone it was %s", q.Text, ids(c), err, want[q.Text])
			}
		})
	}
	all.Wait()
}

// fixed are postings that are always the same.
type fixed struct{ p *crm.Postings }

func (f fixed) Postings(context.Context, crm.Ref) (*crm.Postings, error) { return f.p, nil }
