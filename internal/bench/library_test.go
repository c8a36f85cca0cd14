package bench

import (
	"testing"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model/builtin"
)

// library is an index full of prose in accounts of two sizes, and the same chunks in memory for the peers.
type library struct {
	*index
	prose  *prose
	topics map[crm.Ref][]string
	large  []crm.Ref // accounts of 1,000 chunks
	small  []crm.Ref // accounts of 100 chunks
	chunks []libraryChunk
	read   []crm.Kept // what the index was filled with
}

// libraryChunk is one chunk as a peer stores it; account counts from 0.
type libraryChunk struct {
	id, text string
	account  int
	vector   []float32
}

const (
	perActivity = 10 // chunks
	smallSize   = 100
)

// newLibrary fills an index with this many accounts of each size.
func newLibrary(b *testing.B, large, small int) *library {
	b.Helper()
	l := &library{index: openIndex(b, newWorld(4, large+small, 0, 0)), prose: newProse(9), topics: map[crm.Ref][]string{}}
	b.Cleanup(l.close)
	l.large, l.small = l.world.companies[:large], l.world.companies[large:]
	var all []crm.Kept
	for i, account := range l.world.companies {
		l.topics[account] = l.prose.topics()
		size := accountSize
		if i >= large {
			size = smallSize
		}
		for range size / perActivity {
			texts := make([]string, perActivity)
			for j := range texts {
				texts[j] = l.prose.chunk(l.topics[account])
			}
			all = append(all, spoken(len(all), account, texts))
		}
	}
	l.fill(all)
	l.read = all
	at := l.places()
	for _, k := range all {
		for _, c := range k.Chunks {
			l.chunks = append(l.chunks, libraryChunk{c.ID, c.Text, at[k.Accounts[0]], c.Vector})
		}
	}
	return l
}

// places number the accounts.
func (l *library) places() map[crm.Ref]int {
	at := map[crm.Ref]int{}
	for i, account := range l.world.companies {
		at[account] = i
	}
	return at
}

// fill reads, embeds and stores activities as the indexer does it once it has their texts.
func (x *index) fill(all []crm.Kept) {
	x.b.Helper()
	parallel(x.b, batches(all, batch), func(part []crm.Kept) error {
		var texts []string
		for i := range part {
			read(&part[i])
			for _, c := range part[i].Chunks {
				texts = append(texts, c.Header+"\n"+c.Text)
			}
		}
		vectors, _, err := builtin.Embedder{}.Embed(x.b.Context(), crm.EmbedDocument, texts)
		if err != nil {
			return err
		}
		for i := range part {
			for j := range part[i].Chunks {
				part[i].Chunks[j].Vector, vectors = vectors[0], vectors[1:]
			}
		}
		return x.keep(part)
	})
}

// keep stores a batch as made by the live generation.
func (x *index) keep(part []crm.Kept) error {
	for i := range part {
		part[i].Embedder = x.vectors.Fingerprint()
	}
	if err := x.vectors.Replace(x.b.Context(), part); err != nil {
		return err
	}
	return x.db.Keep(x.b.Context(), part)
}
