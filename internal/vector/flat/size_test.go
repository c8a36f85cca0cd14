package flat_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/vector/flat"
)

// texts makes vectors as texts have them: sums of word vectors, words drawn by Zipf's law and by topic, weighted against the frequent ones. Unlike Gaussian clusters they
// lie in a narrow cone, with components of very different size.
type texts struct {
	words [][]float32
	rng   *rand.Rand
	zipf  *rand.Zipf
	dim   int
}

func newTexts(dim int) *texts {
	r := rand.New(rand.NewPCG(3, 4))
	t := &texts{rng: r, zipf: rand.NewZipf(r, 1.07, 3, 19_999), dim: dim}
	for range 20_000 {
		v := make([]float32, dim)
		for i := range v {
			v[i] = float32(r.NormFloat64() / math.Sqrt(1+float64(i))) // principal components: falling variance
		}
		v[0] += .6
		t.words = append(t.words, v)
	}
	return t
}

func (t *texts) vector(topic int) []float32 {
	v := make([]float32, t.dim)
	for range 20 + t.rng.IntN(80) {
		w := int(t.zipf.Uint64())
		if t.rng.IntN(3) == 0 {
			w = (topic*97 + t.rng.IntN(40)*13) % len(t.words) // words of the topic
		}
		weight := float32(.001 / (.001 + 1/float64(w+4)/10))
		for i, x := range t.words[w] {
			v[i] += weight * x
		}
	}
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	for i := range v {
		v[i] = float32(float64(v[i]) / math.Sqrt(sum))
	}
	return v
}

// corpus is n activities of one chunk in accounts of 100, as a backfill hands them over.
func (t *texts) corpus(n int, words bool) []crm.Kept {
	out := make([]crm.Kept, n)
	for i := range out {
		at := time.Date(2025, 1, 1, 0, i, 0, 0, time.UTC)
		ref := note(i)
		sum := sha256.Sum256([]byte(ref.String()))
		k := crm.Kept{Activity: crm.Activity{Ref: ref, Modified: at}, Digest: hex.EncodeToString(sum[16:]),
			Accounts: []crm.Ref{{Portal: 1, Type: crm.Companies, ID: fmt.Sprint(18_000_000_000 + i*7919%(n/100))}}}
		k.Chunks = []crm.Chunk{{ID: hex.EncodeToString(sum[:16]), Activity: ref, Kind: crm.Note, Time: at, Created: at, Vector: t.vector(i % 500),
			People: []crm.Ref{{Portal: 1, Type: crm.Contacts, ID: fmt.Sprint(27_000_000_000 + i%(n/50))}}}}
		if words {
			var said []string
			for range 60 {
				said = append(said, fmt.Sprint("w", t.zipf.Uint64()))
			}
			k.Terms = [][]crm.TermCount{crm.CountTerms(said)}
		}
		out[i] = k
	}
	return out
}

func fill(tb testing.TB, x *flat.Index, corpus []crm.Kept) {
	tb.Helper()
	for len(corpus) > 0 {
		n := min(512, len(corpus))
		check(tb, x.Replace(tb.Context(), corpus[:n]))
		corpus = corpus[n:]
	}
}

// TestBytesOnDisk: at most 1.3 × the vectors themselves, whatever their dimension and however many chunks an activity has.
func TestBytesOnDisk(t *testing.T) {
	for _, dim := range []int{256, 384, 768, 1024} {
		chunks := 1_250_000 / dim
		for _, windows := range []bool{false, true} {
			for _, per := range []int{1, 10} {
				raw := 4 * dim * chunks
				if windows {
					raw *= 2
				}
				share := float64(onDisk(t, dim, windows, sized(dim, windows, chunks, per))) / float64(raw)
				t.Logf("dimension %d, windows %t, %d chunks per activity: %.3f × raw", dim, windows, per, share)
				if share > 1.3 {
					t.Errorf("dimension %d, windows %t, %d chunks per activity: %.3f × raw, want ≤ 1.3", dim, windows, per, share)
				}
			}
		}
	}
}

// sized are chunks in activities of this many, whose vectors do not matter.
func sized(dim int, windows bool, chunks, per int) (out []crm.Kept) {
	v := make([]float32, dim)
	v[0] = 1
	for i, c := range newTexts(1).corpus(chunks, false) {
		c.Chunks[0].Vector = v
		if windows {
			c.Chunks[0].Window = v
		}
		if i%per == 0 {
			out = append(out, c)
			continue
		}
		k := &out[len(out)-1]
		k.Chunks = append(k.Chunks, c.Chunks[0])
	}
	return out
}

// onDisk is how large the file of a generation is that holds these.
func onDisk(t *testing.T, dim int, windows bool, corpus []crm.Kept) int64 {
	t.Helper()
	dir := t.TempDir()
	s, err := flat.Open(t.Context(), path(dir), flat.Options{})
	check(t, err)
	check(t, s.Create(t.Context(), crm.Generation{Name: "g1", Fingerprint: "test@1", Dimension: dim, Windows: windows}))
	x, err := s.Open(t.Context(), "g1")
	check(t, err)
	fill(t, x, corpus)
	check(t, s.Close())
	info, err := os.Stat(path(dir) + ".gen.g1")
	check(t, err)
	return info.Size()
}

// TestBytesOfWords: with the words of its chunks, too, an index of 256 dimensions takes at most 1.5 × the vectors.
func TestBytesOfWords(t *testing.T) {
	share := float64(onDisk(t, 256, false, newTexts(256).corpus(10_000, true))) / (10_000 * 1024)
	t.Logf("%.3f × raw", share)
	if share > 1.5 {
		t.Errorf("%.3f × raw, want ≤ 1.5", share)
	}
}

// TestCodesLoseNothing compares the answer by codes with the exact one, on vectors like those of texts.
func TestCodesLoseNothing(t *testing.T) {
	made := newTexts(256)
	corpus := made.corpus(10_000, false)
	var answers [2][][]crm.Hit
	for i, o := range []flat.Options{{}, {CoarseBytes: 1}} {
		s, x := live(t, t.TempDir(), 256, o)
		fill(t, x, corpus)
		questions := &texts{words: made.words, dim: 256, rng: rand.New(rand.NewPCG(8, 8))}
		questions.zipf = rand.NewZipf(questions.rng, 1.07, 3, 19_999)
		for q := range 100 {
			hits, err := x.Nearest(t.Context(), questions.vector(q), crm.ItemView, crm.Filter{Portal: 1, Wide: true}, 10)
			check(t, err)
			answers[i] = append(answers[i], hits)
		}
		check(t, s.Close())
	}
	for q, exact := range answers[0] {
		for i, h := range answers[1][q] {
			if h.Chunk != exact[i].Chunk {
				t.Errorf("question %d: hit %d is %v, want %v", q, i, h, exact[i])
			}
		}
	}
}
