package generation

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/contextd/contextd/indexer"
	"github.com/contextd/contextd/internal/crm"
)

// How many chunks beside the index are compared with one question: with an embedder that costs a model call, few. The others count as being as far away as the last hit.
const (
	mostBeside = 10_000
	fewBeside  = 128
)

// NearBeside is Set.NearBeside in the live generation.
func (s *Set) NearBeside(ctx context.Context, text string, f crm.Filter, n int, beside []crm.Chunk) (item, window crm.Cosines, embedder string, err error) {
	return s.Live().NearBeside(ctx, text, f, n, beside)
}

// NearBeside searches as Near does and ranks chunks that the index does not hold among what it finds, with vectors of the same embedder, made now and kept for the next
// question. Chunks of one activity stand together, in reading order; a chunk that the index holds, too, counts as it is here. A text that the embedder cannot take, and
// whatever is beyond the bound (those that share the fewest words with the question), is no hit.
func (o *Open) NearBeside(ctx context.Context, text string, f crm.Filter, n int, beside []crm.Chunk) (item, window crm.Cosines, embedder string, err error) {
	chosen := o.choose(text, f, beside)
	if len(chosen) == 0 {
		return o.Near(ctx, text, f, n)
	}
	question, err := o.question(ctx, text)
	if err != nil {
		return item, window, "", err
	}
	if item, window, err = o.nearest(ctx, question, f, n); err != nil {
		return item, window, "", err
	}
	chunks, items, windows := make([]crm.Chunk, len(chosen)), make([]string, len(chosen)), []string(nil)
	for i, at := range chosen {
		chunks[i], items[i] = beside[at], indexer.EmbedText(beside[at])
	}
	vectors, err := o.vectors(ctx, items)
	if err != nil {
		return item, window, "", err
	}
	item = merged(item, chunks, vectors, question, n)
	if !o.Windows {
		return item, window, o.Embedder.Name(), nil
	}
	around := indexer.WindowTexts(beside)
	for _, at := range chosen {
		windows = append(windows, around[at])
	}
	if vectors, err = o.vectors(ctx, windows); err != nil {
		return item, window, "", err
	}
	return item, merged(window, chunks, vectors, question, n), o.Embedder.Name(), nil
}

// choose picks the chunks to compare with a question, by index.
func (o *Open) choose(text string, f crm.Filter, beside []crm.Chunk) (out []int) {
	for i := range beside {
		if f.Matches(beside[i].Facets()) {
			out = append(out, i)
		}
	}
	most := mostBeside
	if o.Windows {
		most = fewBeside
	}
	if len(out) <= most {
		return out
	}
	asked, shared := map[string]bool{}, make([]int, len(beside))
	for _, w := range crm.Terms(text) {
		asked[w] = true
	}
	for _, i := range out {
		seen := map[string]bool{}
		for _, w := range crm.Terms(beside[i].Text) {
			if asked[w] && !seen[w] {
				seen[w] = true
				shared[i]++
			}
		}
	}
	slices.SortFunc(out, func(a, b int) int {
		return cmp.Or(cmp.Compare(shared[b], shared[a]), beside[b].Time.Compare(beside[a].Time), cmp.Compare(beside[a].ID, beside[b].ID))
	})
	return out[:most]
}

// merged takes the closest of chunks and of what an index found.
func merged(found crm.Cosines, chunks []crm.Chunk, vectors [][]float32, question []float32, n int) crm.Cosines {
	own := make(map[string]bool, len(chunks))
	out := make([]crm.Hit, 0, len(found.Of)+len(chunks))
	for i := range chunks {
		if vectors[i] == nil {
			continue
		}
		own[chunks[i].ID] = true
		out = append(out, crm.Hit{Chunk: chunks[i].ID, Score: cosine(vectors[i], question)})
	}
	for i, x := range found.Of {
		if !own[found.Chunks[i]] {
			out = append(out, crm.Hit{Chunk: found.Chunks[i], Score: float64(x)})
		}
	}
	slices.SortFunc(out, func(a, b crm.Hit) int { return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Chunk, b.Chunk)) })
	return crm.CosinesOf(out[:min(n, len(out))])
}

// cosine of two valid vectors of one dimension: back ends take no length for granted either.
func cosine(a, b []float32) float64 {
	var dot, aa, bb float64
	for d := range a {
		x, y := float64(a[d]), float64(b[d])
		dot, aa, bb = dot+x*y, aa+x*x, bb+y*y
	}
	return dot / math.Sqrt(aa*bb)
}

// vectors embeds documents, those that were met before from memory; nil for a text that the embedder cannot take.
func (o *Open) vectors(ctx context.Context, texts []string) ([][]float32, error) {
	out := make([][]float32, len(texts))
	var missing []int
	for i, t := range texts {
		if out[i] = o.kept.get(t); out[i] == nil {
			missing = append(missing, i)
		}
	}
	for part := range slices.Chunk(missing, 256) {
		if err := o.fill(ctx, texts, part, out); err != nil {
			return nil, fmt.Errorf("embed %d earlier texts: %w", len(missing), err)
		}
	}
	return out, nil
}

// fill embeds some of the texts. A refused call is halved until the text that the embedder cannot take stands alone.
func (o *Open) fill(ctx context.Context, texts []string, part []int, out [][]float32) error {
	batch := make([]string, len(part))
	for i, at := range part {
		batch[i] = texts[at]
	}
	vectors, _, err := o.Embedder.Embed(ctx, crm.EmbedDocument, batch)
	switch {
	case err == nil && len(vectors) != len(part):
		return fmt.Errorf("%d vectors for %d texts: %w", len(vectors), len(part), crm.ErrInvalid)
	case errors.Is(err, crm.ErrInvalid) && len(part) == 1:
		return nil
	case errors.Is(err, crm.ErrInvalid):
		if err := o.fill(ctx, texts, part[:len(part)/2], out); err != nil {
			return err
		}
		return o.fill(ctx, texts, part[len(part)/2:], out)
	case err != nil:
		return err
	}
	for i, at := range part {
		if crm.ValidVector(vectors[i], o.Dimension) {
			out[at] = vectors[i]
			o.kept.put(texts[at], vectors[i])
		}
	}
	return nil
}

// keptBytes is about what the vectors of one generation's earlier texts may take.
const keptBytes = 32 << 20

// keptVectors remembers vectors by what they were made of. What was not asked for since its younger half was begun goes when that half is full.
type keptVectors struct {
	mu         sync.Mutex
	young, old map[[sha256.Size]byte][]float32
	used       int // bytes of young
}

func (k *keptVectors) get(text string) []float32 {
	key := sha256.Sum256([]byte(text))
	k.mu.Lock()
	defer k.mu.Unlock()
	if v := k.young[key]; v != nil {
		return v
	}
	v := k.old[key]
	if v != nil {
		k.add(key, v)
	}
	return v
}

func (k *keptVectors) put(text string, v []float32) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.add(sha256.Sum256([]byte(text)), v)
}

func (k *keptVectors) add(key [sha256.Size]byte, v []float32) {
	const perEntry = 100
	if k.used += 4*len(v) + perEntry; k.used > keptBytes/2 || k.young == nil {
		k.young, k.old, k.used = map[[sha256.Size]byte][]float32{}, k.young, 4*len(v)+perEntry
	}
	k.young[key] = v
}
