package redact

import (
	"context"

	"github.com/contextd/contextd/internal/crm"
)

// Embedding is an embedder on another machine.
type Embedding interface {
	Name() string
	Fingerprint() string
	Dimension() int
	Windows() bool
	Embed(ctx context.Context, kind crm.EmbedKind, texts []string) ([][]float32, crm.Usage, error)
}

// Embedder masks texts before they are embedded: the kind stands in the place of each value, so that equal texts have equal vectors on every day. Signature is the masking
// that the vectors of its index were made with ("": none) and part of the fingerprint; Finder is the one of today (nil: nothing is masked). They differ between a change of the
// settings and the index that follows it: what is sent always follows the settings, and the vectors, of one and the same model, may be compared all the while.
type Embedder struct {
	Embedding
	Finder    *Finder
	Signature string
}

// Fingerprint is the model's and that of the masking.
func (e Embedder) Fingerprint() string {
	if e.Signature == "" {
		return e.Embedding.Fingerprint()
	}
	return e.Embedding.Fingerprint() + "/redacted:" + e.Signature
}

// Embed embeds masked texts.
func (e Embedder) Embed(ctx context.Context, kind crm.EmbedKind, texts []string) ([][]float32, crm.Usage, error) {
	if e.Finder == nil {
		return e.Embedding.Embed(ctx, kind, texts)
	}
	masked := make([]string, len(texts))
	for i, t := range texts {
		masked[i] = e.Finder.Mask(t)
	}
	return e.Embedding.Embed(ctx, kind, masked)
}
