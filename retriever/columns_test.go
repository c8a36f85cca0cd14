package retriever

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/analysis"
	"github.com/contextd/contextd/internal/crm"
)

var chatter = strings.Fields("price discount cost percent device scanners computers sign signed contract renewal the a of to who what when how many 95 120 Monday March Lyon Ana Tom hi thanks seats offer")

// made is an account at random: activities of every kind and of one to nine chunks, some of which ask, with and without speakers, times and people.
type made struct {
	rng        *rand.Rand
	activities []madeActivity
	words      []string
	at         map[string]uint32
	read       uint64
}

type madeActivity struct {
	ref   crm.Ref
	texts []string
	chunk crm.PostedChunk
	asks  []bool
	read  uint64
}

func newMade(seed uint64, n int) *made {
	m := &made{rng: rand.New(rand.NewPCG(seed, 3)), at: map[string]uint32{}}
	for range n {
		m.add()
	}
	return m
}

func (m *made) add() {
	kinds := []crm.ObjectType{crm.Notes, crm.Calls, crm.Communications, crm.Emails}
	ref := crm.Ref{Portal: 1, Type: kinds[m.rng.IntN(len(kinds))], ID: fmt.Sprint(1000 + len(m.activities))}
	a := madeActivity{ref: ref}
	a.chunk = crm.PostedChunk{Activity: ref, Kind: ref.Type.Kind(), Language: []string{"en", "en", "de", ""}[m.rng.IntN(4)], Generated: m.rng.IntN(5) == 0}
	if m.rng.IntN(4) > 0 {
		a.chunk.Time = time.Date(2026, time.Month(1+m.rng.IntN(6)), 1+m.rng.IntN(28), 0, 0, 0, 0, time.UTC)
		a.chunk.Created = a.chunk.Time
	}
	if m.rng.IntN(2) == 0 {
		a.chunk.Session = fmt.Sprint(m.rng.IntN(5)) // threads of several activities, of several kinds too
	}
	if m.rng.IntN(3) == 0 {
		a.chunk.People = []crm.Ref{{Portal: 1, Type: crm.Contacts, ID: fmt.Sprint(m.rng.IntN(3))}}
	}
	m.activities = append(m.activities, a)
	m.change(len(m.activities) - 1)
}

// change gives an activity another text.
func (m *made) change(i int) {
	a := &m.activities[i]
	m.read++
	a.texts, a.asks, a.read = nil, nil, m.read
	for range 1 + m.rng.IntN(9) {
		var words []string
		for range 1 + m.rng.IntN(40) {
			words = append(words, chatter[m.rng.IntN(len(chatter))])
		}
		a.texts, a.asks = append(a.texts, strings.Join(words, " ")), append(a.asks, m.rng.IntN(4) == 0)
	}
}

// postings are what a store would assemble, or patch: words keep their ids.
func (m *made) postings() *crm.Postings {
	p := &crm.Postings{}
	sorted := slices.Clone(m.activities)
	slices.SortFunc(sorted, func(x, y madeActivity) int { return x.ref.Compare(y.ref) })
	for _, a := range sorted {
		for pos, text := range a.texts {
			c := a.chunk
			c.ID, c.Pos, c.Traits, c.From, c.Read = fmt.Sprint(a.ref.Path(), a.read, "/", pos), pos, analysis.Traits(text, "en"), uint32(len(p.Sequence)), a.read
			if a.asks[pos] {
				c.Traits |= crm.Asks
			}
			if pos%3 > 0 {
				c.Speaker = []string{"Ana Ruiz", "Tom Berg"}[pos%2]
				text = c.Speaker + ": " + text
			}
			for _, w := range crm.Terms(text) {
				id, ok := m.at[w]
				if !ok {
					id = uint32(len(m.words))
					m.at[w], m.words = id, append(m.words, w)
				}
				p.Sequence = append(p.Sequence, id)
			}
			c.To = uint32(len(p.Sequence))
			p.Chunks = append(p.Chunks, c)
		}
	}
	p.Words = m.words[:len(m.words):len(m.words)]
	return p
}

var madeQuestions = []crm.Question{{Text: "How many seats does Tom Berg want to renew?"}, {Text: "When was the contract signed?"}, {Text: "price of the devices in March"}, {Text: "discount of ten percent"},
	{Text: "And who signs it?", History: []string{"Is there a contract renewal?", "Ana had an offer"}}, {Text: "Which contact spoke of Lyon on 3 March?"}, {Text: "unheard of"}, {Text: ""}}

// near answers for any account: some chunks at random, or all.
func (m *made) near(p *crm.Postings, all bool) Near {
	var item, window crm.Cosines
	for i := range p.Chunks {
		if all || m.rng.IntN(3) > 0 {
			item.Chunks, item.Of = append(item.Chunks, p.Chunks[i].ID), append(item.Of, 2*m.rng.Float32()-1)
		}
	}
	window.Chunks = item.Chunks
	for range item.Of {
		window.Of = append(window.Of, m.rng.Float32())
	}
	return Near{Item: item, Window: window, Embedder: []string{"", "builtin/x", "ollama/x"}[m.rng.IntN(3)]}
}

// TestColumnsAreRows: the score of every chunk is the sum of its features times their weights, whatever the account, the question, the filter and the weights.
func TestColumnsAreRows(t *testing.T) {
	names := []Name{{"contact", crm.Ref{Portal: 1, Type: crm.Contacts, ID: "1"}}}
	seen := [featureCount]int{}
	for seed := range uint64(12) {
		m := newMade(seed, 1+int(seed)*4)
		p := m.postings()
		a := prepare(p, kin{}, nil)
		var by [shapeCount]dot
		for shape := range by {
			by[shape].offset = m.rng.Float32()
			for i := range by[shape].weights {
				by[shape].weights[i] = 2*m.rng.Float32() - 1
			}
		}
		for _, q := range madeQuestions {
			q.Filter, q.Now = home, time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
			switch m.rng.IntN(3) {
			case 0:
				q.AsOf = time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
			case 1:
				q.Human = true
			}
			asked := a.ask(q, q.Now, nil, names)
			e := &evidence{}
			for range 2 { // the second time with what the first one left
				e.gather(a, asked, q.Filter)
				e.relate(a, asked)
				e.meaning(a, asked)
				e.near(a, m.near(p, m.rng.IntN(2) == 0))
				e.scores(a, asked, &by)
				var row [featureCount]float32
				for i := range a.at {
					e.row(a, asked, int32(i), &row)
					d := &by[a.shapes[i]]
					want := float64(d.offset)
					for f, x := range row {
						want += float64(x) * float64(d.weights[f])
						if x != 0 {
							seen[f]++
						}
					}
					if diff := float64(e.score[i]) - want; diff > 1e-4 || diff < -1e-4 {
						t.Fatalf("seed %d, %q, chunk %d: columns give %f, the row %f: %v", seed, q.Text, i, e.score[i], want, row)
					}
				}
			}
		}
	}
	for f, n := range seen {
		if n == 0 {
			t.Errorf("%s is zero everywhere: nothing is tested of it", featureNames[f])
		}
	}
}

// TestAnAccountThatTakesOverIsLikeAFreshOne: whatever is written to an account, and in whatever order, what is prepared from the one before answers as one that is
// prepared from nothing.
func TestAnAccountThatTakesOverIsLikeAFreshOne(t *testing.T) {
	for seed := range uint64(6) {
		m := newMade(seed+100, 6)
		var before *account
		for step := range 12 {
			switch m.rng.IntN(3) {
			case 0:
				m.add()
			case 1:
				m.change(m.rng.IntN(len(m.activities)))
			default:
				i := m.rng.IntN(len(m.activities))
				m.activities = slices.Delete(m.activities, i, i+1)
				m.add()
			}
			p := m.postings()
			a, fresh := prepare(p, kin{}, before), prepare(p, kin{}, nil)
			if before != nil && a.vocabulary != before.vocabulary {
				t.Fatal("nothing was taken over")
			}
			if !slices.Equal(products(a), products(fresh)) {
				t.Fatalf("seed %d, step %d: other vectors", seed, step)
			}
			for _, q := range madeQuestions {
				q.Filter = home
				have, want := scored(a, q), scored(fresh, q)
				for i := range want {
					if diff := have[i] - want[i]; diff > 1e-5 || diff < -1e-5 {
						t.Fatalf("seed %d, step %d, %q, chunk %d: %f, fresh %f", seed, step, q.Text, i, have[i], want[i])
					}
				}
			}
			for i := range a.bodies { // kept for those that are not read again
				if b := a.bodies[i].Load(); b != nil && (b.tokens != int(a.chunk(int32(i)).Read) || b.passage.Chunk != a.chunk(int32(i)).ID) {
					t.Fatalf("chunk %s has the body of %s", a.chunk(int32(i)).ID, b.passage.Chunk)
				}
				a.bodies[i].Store(&body{passage: crm.Passage{Chunk: a.chunk(int32(i)).ID}, tokens: int(a.chunk(int32(i)).Read)})
			}
			before = a
		}
	}
}

func scored(a *account, q crm.Question) []float32 {
	var e evidence
	asked := a.ask(q, time.Time{}, nil, nil)
	e.gather(a, asked, q.Filter)
	e.relate(a, asked)
	e.meaning(a, asked)
	e.near(a, Near{})
	by := (&Retriever{}).weights()[WordVectors]
	e.scores(a, asked, by)
	return e.score
}

// products are those of all word vectors with one question.
func products(a *account) []float32 {
	out, v := make([]float32, len(a.at)), make([]float32, a.vocabulary.static.Dimension())
	for i := range v {
		v[i] = float32(i%7) - 2.5
	}
	unit(v)
	q := a.vectors.Ask(v)
	a.vectors.Products(&q, 0, out)
	return out
}
