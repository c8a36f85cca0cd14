package bench

import (
	"fmt"
	"testing"

	"github.com/contextd/contextd/indexer"
	"github.com/contextd/contextd/internal/analysis"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model/builtin"
)

// prepared is what the stages alone are given: the work of the stages before them, done.
type prepared struct {
	kept  [][]crm.Kept
	texts [][]string
}

// readText is the first stage: normalise, chunk, count terms. Source, records and marks are not part of any stage.
func (w *world) readText(refs []crm.Ref) []crm.Kept {
	out := make([]crm.Kept, len(refs))
	for i, r := range refs {
		a := w.activities[r]
		d := indexer.Normalise(a)
		account := a.Links.Companies[0]
		chunks := indexer.Chunk(a, d, []string{w.records[account].Name})
		words, terms := make([][]string, len(chunks)), make([][]crm.TermCount, len(chunks))
		for j, c := range chunks {
			words[j] = crm.Terms(c.Text)
			terms[j] = analysis.Stems(words[j], c.Language)
		}
		a.Body, a.Turns = "", nil
		out[i] = crm.Kept{Activity: a, Document: d, Accounts: []crm.Ref{account}, Chunks: chunks, Words: words, Terms: terms, Digest: crm.DigestOf(chunks),
			Mark: "a-b-c", Cause: crm.Claim{Portal: portal, Kind: crm.IndexWork, Key: r.Path(), Seq: 1}}
	}
	return out
}

func prepare(b *testing.B, w *world) *prepared {
	b.Helper()
	p := &prepared{}
	for _, refs := range batches(w.order, batch) {
		kept := w.readText(refs)
		var texts []string
		for _, k := range kept {
			for _, c := range k.Chunks {
				texts = append(texts, indexer.EmbedText(c))
			}
		}
		vectors, _, err := builtin.Embedder{}.Embed(b.Context(), crm.EmbedDocument, texts)
		if err != nil {
			b.Fatal(err)
		}
		for i := range kept {
			for j := range kept[i].Chunks {
				kept[i].Chunks[j].Vector, vectors = vectors[0], vectors[1:]
			}
		}
		p.kept, p.texts = append(p.kept, kept), append(p.texts, texts)
	}
	return p
}

type indexRound struct{ first, again, text, embed, vectors, keep float64 } // seconds

func (r indexRound) slowest() float64 { return max(r.text, r.embed, r.vectors, r.keep) }

func (p *prepared) stages(b *testing.B, w *world, r *indexRound) {
	x := openIndex(b, w)
	defer x.close()
	r.text = took(func() {
		parallel(b, batches(w.order, batch), func(refs []crm.Ref) error { w.readText(refs); return nil })
	})
	r.embed = took(func() {
		parallel(b, p.texts, func(texts []string) error {
			_, _, err := builtin.Embedder{}.Embed(b.Context(), crm.EmbedDocument, texts)
			return err
		})
	})
	for _, kept := range p.kept {
		for i := range kept {
			kept[i].Embedder = x.vectors.Fingerprint()
		}
	}
	r.vectors = took(func() { parallel(b, p.kept, func(k []crm.Kept) error { return x.vectors.Replace(b.Context(), k) }) })
	r.keep = took(func() { parallel(b, p.kept, func(k []crm.Kept) error { return x.db.Keep(b.Context(), k) }) })
}

func BenchmarkIndex(b *testing.B) {
	const companies, perCompany = 334, 12
	w := newWorld(1, companies, perCompany, 8)
	p := prepare(b, w)
	got, unsound := alternate(b, true, func() (r indexRound) {
		x := openIndex(b, w)
		r.first = took(x.all)
		x.searchable()
		embedded := x.embedder.texts.Load()
		r.again = took(x.all)
		if n := x.embedder.texts.Load() - embedded; n > 0 {
			b.Fatalf("indexing again embedded %d texts, want none", n)
		}
		x.close()
		p.stages(b, w, &r)
		return r
	})
	each := func(of func(indexRound) float64) float64 {
		return median(column(got, of)) / float64(len(w.order)) * 1e6
	}
	measured.add(b, goal{name: "I2 index", limit: 0.60, what: "slowest stage alone / all of it: built-in embedder, durable and searchable, 8 workers, batches of 32", unsound: unsound,
		ratios: column(got, func(r indexRound) float64 { return r.slowest() / r.first }),
		note: fmt.Sprintf("%.0f us per activity; text %.0f, embed %.0f, vectors %.0f, keep %.0f", each(func(r indexRound) float64 { return r.first }), each(func(r indexRound) float64 { return r.text }),
			each(func(r indexRound) float64 { return r.embed }), each(func(r indexRound) float64 { return r.vectors }), each(func(r indexRound) float64 { return r.keep }))})
	measured.add(b, goal{name: "I3 index again", limit: 10, what: "first time / unchanged, with no text embedded", unsound: unsound,
		ratios: column(got, func(r indexRound) float64 { return r.first / r.again }), note: fmt.Sprintf("%.0f us per activity", each(func(r indexRound) float64 { return r.again }))})
}

// searchable makes sure that what was indexed is found, in every account.
func (x *index) searchable() {
	x.b.Helper()
	for _, c := range x.world.companies[:10] {
		got, err := x.retriever().Retrieve(x.b.Context(), question(c, "which contract or invoice did they renew"))
		if err != nil || len(got.Passages) == 0 {
			x.b.Fatalf("nothing is found in %s: %v", c, err)
		}
	}
}

func question(account crm.Ref, text string) crm.Question {
	return crm.Question{Filter: crm.Filter{Portal: account.Portal, Account: account}, Text: text}
}
