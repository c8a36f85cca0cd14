package retriever_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/analysis"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model/builtin"
	"github.com/contextd/contextd/retriever"
)

// account is one account of real English words: chunks of a few sessions, with vectors beside them.
type account struct {
	postings *crm.Postings
	bodies   map[string]crm.Passage
	vectors  [][]float32
}

// topics are what the sentences of the account are made of.
var topics = strings.Fields(`price licence renewal contract technician warehouse invoice support ticket onboarding migration security audit budget quarter discount deadline
	vendor competitor integration calendar training hardware delivery shipment customer complaint legal clause privacy payment bank travel hotel football weather holiday family school
	doctor recipe garden music concert museum train airport report dashboard metric growth hiring salary manager director engineer designer meeting workshop proposal pilot rollout`)

func newAccount(tb testing.TB, chunks, words int) *account {
	tb.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	filler := strings.Fields("we they the a of to and in on for with about that this our their will would need have said think next last more than before after during maybe")
	a := &account{postings: &crm.Postings{}, bodies: map[string]crm.Passage{}}
	at := map[string]uint32{}
	texts := make([]string, 0, chunks)
	for i := range chunks {
		var text []string
		topic := topics[(i/7)%len(topics)]
		for range words {
			switch r := rng.IntN(10); {
			case r < 6:
				text = append(text, filler[rng.IntN(len(filler))])
			case r < 7:
				text = append(text, topic)
			default:
				text = append(text, topics[rng.IntN(len(topics))])
			}
		}
		joined := strings.Join(text, " ")
		texts = append(texts, joined)
		from := uint32(len(a.postings.Sequence))
		for _, w := range crm.Terms(joined) {
			id, ok := at[w]
			if !ok {
				id = uint32(len(a.postings.Words))
				at[w] = id
				a.postings.Words = append(a.postings.Words, w)
			}
			a.postings.Sequence = append(a.postings.Sequence, id)
		}
		session := fmt.Sprint(i / 20)
		c := crm.PostedChunk{ID: fmt.Sprintf("%032x", i), Activity: crm.Ref{Portal: 1, Type: crm.Meetings, ID: session}, Pos: i % 20, Kind: crm.Meeting, Session: session,
			Time: day.AddDate(0, 0, i/20), Created: day.AddDate(0, 0, i/20), Language: "en", Traits: analysis.Traits(joined, "en"), From: from, To: uint32(len(a.postings.Sequence))}
		a.postings.Chunks = append(a.postings.Chunks, c)
		a.bodies[c.ID] = crm.Passage{Chunk: c.ID, Activity: c.Activity, Kind: c.Kind, Time: c.Time, Text: joined, Start: c.Pos * 1000}
	}
	vectors, _, err := builtin.Embedder{}.Embed(context.Background(), crm.EmbedDocument, texts)
	if err != nil {
		tb.Fatal(err)
	}
	a.vectors = vectors
	return a
}

func (a *account) Postings(context.Context, crm.Ref) (*crm.Postings, error) { return a.postings, nil }

func (a *account) Bodies(_ context.Context, _ crm.PortalID, ids []string) ([]crm.Passage, error) {
	out := make([]crm.Passage, 0, len(ids))
	for _, id := range ids {
		out = append(out, a.bodies[id])
	}
	return out, nil
}

func (a *account) Near(ctx context.Context, text string, _ crm.Filter, n int) (retriever.Near, error) {
	q, _, err := builtin.Embedder{}.Embed(ctx, crm.EmbedQuery, []string{text})
	if err != nil {
		return retriever.Near{}, err
	}
	hits := make([]crm.Hit, len(a.vectors))
	for i, v := range a.vectors {
		hits[i] = crm.Hit{Chunk: a.postings.Chunks[i].ID, Score: float64(dot(q[0], v))}
	}
	slices.SortFunc(hits, func(x, y crm.Hit) int {
		switch {
		case x.Score > y.Score:
			return -1
		case x.Score < y.Score:
			return 1
		}
		return strings.Compare(x.Chunk, y.Chunk)
	})
	return retriever.Near{Item: crm.CosinesOf(hits[:min(n, len(hits))]), Embedder: "builtin"}, nil
}

func dot(a, b []float32) float32 {
	var s float32
	for i := range a {
		s += a[i] * b[i]
	}
	return s
}

// BenchmarkRetrieve is one question over an account of 1,000 chunks of 60 words, bodies from memory: L3 against the plain hybrid query (convex). "rank" is without the
// dense arm's own search.
func BenchmarkRetrieve(b *testing.B) {
	a := newAccount(b, 1000, 60)
	questions := []string{"What did they say about the renewal price?", "When is the migration workshop of the warehouse?", "Who asked for a discount on licences last quarter?",
		"How many technicians need training before the rollout?"}
	for _, c := range []struct {
		name   string
		fusion retriever.Fusion
		dense  bool
	}{{"convex", retriever.Convex, true}, {"l3", retriever.Learned, true}, {"rank-convex", retriever.Convex, false}, {"rank-l3", retriever.Learned, false}} {
		b.Run(c.name, func(b *testing.B) {
			r := &retriever.Retriever{Postings: a, Bodies: a, Fusion: c.fusion}
			if c.dense {
				r.Dense = a
			}
			if c.fusion == retriever.Learned {
				r.Static = builtin.Static()
			}
			q := crm.Question{Filter: crm.Filter{Portal: 1, Account: acme}, Now: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)}
			i := 0
			b.ReportAllocs()
			for b.Loop() {
				q.Text = questions[i%len(questions)]
				i++
				if _, err := r.Retrieve(b.Context(), q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
