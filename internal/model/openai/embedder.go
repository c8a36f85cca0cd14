package openai

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/openai/openai-go/v3"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model/embedding"
	"github.com/contextd/contextd/internal/model/wire"
)

// Embedder embeds texts behind the Embeddings API. It is safe for concurrent use. Open makes one.
type Embedder struct {
	*embedding.Splitter
	c    client
	api  openai.EmbeddingService
	same embedding.Answering
}

const (
	mostTokens  = 2048 // of one text; a chunk is far shorter
	fewTokens   = 512  // of one text where the server tells nothing: the smallest window in common use
	ownTokens   = 8191 // what OpenAI's own models read
	batch       = 64   // texts in one request
	batchTokens = 100_000
)

// Open asks the server about the model and embeds a few words to learn the dimension and the true window. A server that does not answer is crm.ErrTemporary, a model
// or a key that it does not take crm.ErrForbidden.
func Open(ctx context.Context, o Options) (*Embedder, error) {
	o.Timeout = cmp.Or(o.Timeout, embeddingTimeout)
	c, err := newClient(o, largestAnswer)
	if err != nil {
		return nil, err
	}
	e := &Embedder{c: c, api: openai.NewEmbeddingService(c.options...)}
	e.Splitter = &embedding.Splitter{Name: c.name(), Send: e.send, Tokens: embedding.Estimate{}, Batch: batch, BatchTokens: batchTokens, Prefixes: embedding.PrefixesOf(o.Model), Specials: 2}
	if err := e.learn(ctx); err != nil {
		e.Close()
		return nil, err
	}
	return e, nil
}

func (e *Embedder) learn(ctx context.Context) error {
	window := ownTokens
	if !e.c.theirs {
		l, err := e.c.list(ctx)
		if err != nil {
			return err
		}
		window = cmp.Or(l.window, fewTokens)
	}
	e.Window = max(min(window, mostTokens)-e.Specials, embedding.Fewest)
	return e.Probe(ctx)
}

// Close ends idle connections.
func (e *Embedder) Close() { e.c.idle() }

// Name is openai/ and the model without namespace and tag.
func (e *Embedder) Name() string { return "openai/" + embedding.Bare(e.c.model) }

// Dimension is the length of the vectors.
func (e *Embedder) Dimension() int { return e.Splitter.Dimension }

// MaxTokens is how long a text may be before it is split.
func (e *Embedder) MaxTokens() int { return e.Window }

// Windows is true: a transformer's vectors gain from a text's neighbours.
func (e *Embedder) Windows() bool { return true }

// Fingerprint names provider, model, dimension, split length and prefixes. The API tells no digest: a server that puts another model under the same name is not found
// out by it.
func (e *Embedder) Fingerprint() string {
	return fmt.Sprintf("openai/%s/%d/%d/%s", e.c.model, e.Dimension(), e.Window, e.Prefixes.Hash())
}

// send is one request. Vectors come with the index of their text, in any order.
func (e *Embedder) send(ctx context.Context, texts []string) ([][]float32, int, error) {
	vectors, tokens := make([][]float32, len(texts)), 0
	err := e.c.call(ctx, fmt.Sprintf("embed %d texts", len(texts)), func(ctx context.Context) error {
		got, err := e.api.New(ctx, openai.EmbeddingNewParams{Model: e.c.model, Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: texts}, EncodingFormat: openai.EmbeddingNewParamsEncodingFormatFloat})
		if err != nil {
			return err
		}
		for _, d := range got.Data {
			if d.Index < 0 || d.Index >= int64(len(texts)) || vectors[d.Index] != nil {
				return fmt.Errorf("vector %d for %d texts: %w", d.Index, len(texts), wire.ErrGarbled)
			}
			v := make([]float32, len(d.Embedding))
			for i, x := range d.Embedding {
				v[i] = float32(x)
			}
			vectors[d.Index] = v
		}
		if len(got.Data) != len(texts) {
			return fmt.Errorf("%d vectors for %d texts: %w", len(got.Data), len(texts), wire.ErrGarbled)
		}
		tokens = int(got.Usage.PromptTokens)
		return e.same.Check(got.Model)
	})
	if errors.Is(err, wire.ErrGarbled) { // the server's state, not the text's
		err = fmt.Errorf("%w: %w", err, crm.ErrTemporary)
	}
	return vectors, tokens, err
}
