package builtin

import (
	"context"
	"fmt"
	"unicode/utf8"

	"github.com/viterin/vek/vek32"

	"github.com/contextd/contextd/internal/crm"
)

// staticName says what the default embedder is: word vectors in 256 dimensions.
const staticName = "builtin/static256"

// Embedder is the default embedder: the vector of a text is the sum of its words' vectors (Static), one long. It needs no server, costs about a microsecond a word and is
// safe for concurrent use. The zero value is ready.
type Embedder struct{}

// Name is builtin/static256.
func (Embedder) Name() string { return staticName }

// Fingerprint changes whenever the vector of any text does: it holds the checksum of the word vectors, as their file says it; whoever reads the vectors checks it. A start
// asks for no more, and so leaves the seven megabytes alone.
func (Embedder) Fingerprint() string {
	return fmt.Sprintf("%s@1-%08x", staticName, storedSum(wordsFile))
}

// Dimension is 256.
func (Embedder) Dimension() int { return Dim }

// Windows is false: a sum of words gains nothing from its neighbours that the ranker's own features do not see.
func (Embedder) Windows() bool { return false }

// Embed gives one unit vector of 256 dimensions per text, in order; documents and questions are read alike. No vector is zero: a text without words lies on a dimension
// of its own, at a right angle to all others. No text is cut. A done ctx ends the work between two texts, without vectors.
func (Embedder) Embed(ctx context.Context, _ crm.EmbedKind, texts []string) ([][]float32, crm.Usage, error) {
	out := make([][]float32, len(texts))
	var use crm.Usage
	words := Static()
	for i, t := range texts {
		if err := ctx.Err(); err != nil {
			return nil, crm.Usage{}, fmt.Errorf("%s: embed text %d of %d: %w", staticName, i+1, len(texts), err)
		}
		v := make([]float32, Dim)
		for _, term := range crm.Terms(t) {
			vek32.Add_Inplace(v, words.Word(term))
		}
		out[i] = unit(v)
		use.InputTokens += (utf8.RuneCountInString(t) + 3) / 4
	}
	return out, use, nil
}
