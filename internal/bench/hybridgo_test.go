package bench

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"

	"github.com/blevesearch/bleve/v2"
	_ "github.com/blevesearch/bleve/v2/analysis/lang/en" // registers the analyser
	"github.com/blevesearch/bleve/v2/index/scorch"
	"github.com/philippgille/chromem-go"
)

// goPeers is what one would put together from libraries: vectors in chromem-go, words in bleve, both limited to the account, their scores fused.
type goPeers struct {
	vectors *chromem.Collection
	words   bleve.Index
}

const peerDepth = 100 // hits of each arm that are fused

func (l *library) chromemAndBleve(b *testing.B) *goPeers {
	b.Helper()
	p := &goPeers{}
	var err error
	p.vectors, err = chromem.NewDB().CreateCollection("bench", nil, func(context.Context, string) ([]float32, error) { return nil, errors.New("not asked for") })
	if err != nil {
		b.Fatal(err)
	}
	docs := make([]chromem.Document, len(l.chunks))
	for i, c := range l.chunks {
		docs[i] = chromem.Document{ID: c.id, Embedding: c.vector, Content: c.text, Metadata: map[string]string{"account": strconv.Itoa(c.account)}}
	}
	if err := p.vectors.AddDocuments(b.Context(), docs, runtime.GOMAXPROCS(0)); err != nil {
		b.Fatal(err)
	}
	p.words = l.bleve(b)
	return p
}

// bleve indexes the bodies with its newest kind of index, without what the query does not need.
func (l *library) bleve(b *testing.B) bleve.Index {
	b.Helper()
	body, account := bleve.NewTextFieldMapping(), bleve.NewKeywordFieldMapping()
	body.Analyzer = "en"
	body.Store, body.IncludeInAll, body.IncludeTermVectors, body.DocValues = false, false, false, false
	account.Store, account.IncludeInAll, account.DocValues = false, false, false
	m := bleve.NewIndexMapping()
	m.DefaultMapping.AddFieldMappingsAt("body", body)
	m.DefaultMapping.AddFieldMappingsAt("account", account)
	x, err := bleve.NewUsing(filepath.Join(b.TempDir(), "bleve"), m, scorch.Name, scorch.Name, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := x.Close(); err != nil {
			b.Error(err)
		}
	})
	for _, part := range batches(l.chunks, 2000) {
		all := x.NewBatch()
		for _, c := range part {
			if err := all.Index(c.id, map[string]any{"body": c.text, "account": strconv.Itoa(c.account)}); err != nil {
				b.Fatal(err)
			}
		}
		if err := x.Batch(all); err != nil {
			b.Fatal(err)
		}
	}
	return x
}

func (p *goPeers) ask(b *testing.B, account int, text string, vector []float32) error {
	near, err := p.vectors.QueryEmbedding(b.Context(), vector, peerDepth, map[string]string{"account": strconv.Itoa(account)}, nil)
	if err != nil {
		return err
	}
	match, within := bleve.NewMatchQuery(text), bleve.NewTermQuery(strconv.Itoa(account))
	match.SetField("body")
	within.SetField("account")
	q := bleve.NewBooleanQuery()
	q.AddMust(match)
	q.AddFilter(within)
	found, err := p.words.SearchInContext(b.Context(), bleve.NewSearchRequestOptions(q, peerDepth, 0, false))
	if err != nil {
		return err
	}
	scores, bodies := map[string]float64{}, map[string]string{}
	for _, n := range near {
		scores[n.ID] += .2 * float64(n.Similarity/near[0].Similarity)
		bodies[n.ID] = n.Content
	}
	for _, h := range found.Hits {
		scores[h.ID] += .8 * h.Score / found.MaxScore
	}
	return p.bodies(b, scores, bodies)
}

// bodies fetches the texts of the ten best, as far as the vectors' answer did not bring them.
func (p *goPeers) bodies(b *testing.B, scores map[string]float64, have map[string]string) error {
	var ids []string
	for id := range scores {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(x, y string) int { return cmp.Compare(scores[y], scores[x]) })
	ids = ids[:min(nearest, len(ids))]
	for _, id := range ids {
		if have[id] != "" {
			continue
		}
		if _, err := p.vectors.GetByID(b.Context(), id); err != nil {
			return err
		}
	}
	return enough(len(ids), nil)
}
