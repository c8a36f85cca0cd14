package ollama

import (
	"context"
	"fmt"
	"slices"

	"github.com/ollama/ollama/api"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model/embedding"
)

// Embedder embeds texts on an Ollama server. It is safe for concurrent use. Open makes one.
type Embedder struct {
	*embedding.Splitter
	c      client
	o      Options
	digest string
	same   embedding.Answering
}

// specials is how many tokens the server adds to a text (its beginning and its end) and does not count in prompt_eval_count.
const specials = 2

// Open asks the server about the model (digest, window, vocabulary) and embeds one word to learn the dimension. A server that does not answer is crm.ErrTemporary, a
// model that it does not have crm.ErrForbidden: a person must pull it.
func Open(ctx context.Context, o Options) (*Embedder, error) {
	o, base, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	e := &Embedder{c: newClient(base, o, largestAnswer), o: o}
	e.Splitter = &embedding.Splitter{Name: "ollama " + o.Model, Send: e.send, Specials: specials, Batch: o.Batch, BatchTokens: batchTokens, Prefixes: *o.Prefixes}
	if err := e.learn(ctx); err != nil {
		e.Close()
		return nil, err
	}
	return e, nil
}

// Close ends idle connections.
func (e *Embedder) Close() { e.c.idle() }

func (e *Embedder) learn(ctx context.Context) error {
	var err error
	if e.digest, err = e.c.digest(ctx); err != nil {
		return err
	}
	shown, err := e.c.show(ctx, true)
	if err != nil {
		return err
	}
	e.Tokens = counterOf(shown.ModelInfo)
	e.Window = min(windowOf(shown.ModelInfo), mostTokens) - specials
	if e.o.MaxTokens > 0 {
		e.Window = min(e.Window, e.o.MaxTokens)
	}
	if e.Window < embedding.Fewest {
		return fmt.Errorf("ollama %s: a window of %d tokens is too small: %w", e.o.Model, e.Window, crm.ErrInvalid)
	}
	return e.Probe(ctx)
}

// counterOf takes the vocabulary that the server shows. WordPiece models (tokenizer "bert": all-minilm, nomic-embed-text, bge-small and most small ones) are counted
// exactly; for others an upper estimate must do.
func counterOf(info map[string]any) embedding.Counter {
	kind, _ := info["tokenizer.ggml.model"].(string)
	list, _ := info["tokenizer.ggml.tokens"].([]any)
	if kind != "bert" || len(list) == 0 {
		return embedding.Estimate{}
	}
	vocabulary := make([]string, len(list))
	for i, t := range list {
		vocabulary[i], _ = t.(string)
	}
	return embedding.NewWordPieces(vocabulary)
}

// Name is ollama/ and the model without its tag.
func (e *Embedder) Name() string { return "ollama/" + embedding.Bare(e.o.Model) }

// Dimension is the length of the vectors.
func (e *Embedder) Dimension() int { return e.Splitter.Dimension }

// MaxTokens is how long a text may be before it is split.
func (e *Embedder) MaxTokens() int { return e.Window }

// Windows is true: a transformer's vectors gain from a text's neighbours.
func (e *Embedder) Windows() bool { return true }

// Vocabulary is the model's whole words, the most frequent first, as far as the server tells; nil for a model whose pieces are no words.
func (e *Embedder) Vocabulary() []string {
	w, ok := e.Tokens.(*embedding.WordPieces)
	if !ok {
		return nil
	}
	return slices.Clone(w.Words)
}

// send is one request.
func (e *Embedder) send(ctx context.Context, texts []string) (vectors [][]float32, tokens int, err error) {
	options := map[string]any{"num_ctx": e.Window + specials}
	if e.o.Threads > 0 {
		options["num_thread"] = e.o.Threads
	}
	cutOff := false
	err = unusable(e.c.run(ctx, fmt.Sprintf("embed %d texts", len(texts)), request(texts...), func(ctx context.Context) error {
		reply, err := e.c.api.Embed(ctx, &api.EmbedRequest{Model: e.o.Model, Input: texts, Truncate: &cutOff, Options: options})
		if err != nil {
			return err
		}
		vectors, tokens = reply.Embeddings, reply.PromptEvalCount
		return e.same.Check(reply.Model)
	}))
	return vectors, tokens, err
}

// Fingerprint names provider, model, digest, dimension, split length and prefixes: whatever changes a vector changes it.
func (e *Embedder) Fingerprint() string {
	return fmt.Sprintf("ollama/%s@%.12s/%d/%d/%s", e.o.Model, e.digest, e.Dimension(), e.Window, e.Prefixes.Hash())
}

// digest finds the model among those the server has; a name without a tag is the tag latest.
func (c client) digest(ctx context.Context) (string, error) {
	var list *api.ListResponse
	err := c.state(ctx, "list models", func(ctx context.Context) (err error) {
		list, err = c.api.List(ctx)
		return err
	})
	if err != nil {
		return "", err
	}
	for _, m := range list.Models {
		if m.Name == c.model || m.Name == c.model+":latest" {
			return m.Digest, nil
		}
	}
	return "", fmt.Errorf("ollama %s: the server has no such model (run `ollama pull %s` there): %w", c.model, c.model, crm.ErrForbidden)
}

// show is what the server knows about the model; whole brings its vocabulary, too.
func (c client) show(ctx context.Context, whole bool) (info *api.ShowResponse, err error) {
	err = c.state(ctx, "show", func(ctx context.Context) (err error) {
		info, err = c.api.Show(ctx, &api.ShowRequest{Model: c.model, Verbose: whole})
		return err
	})
	return info, err
}

// windowOf reads <architecture>.context_length; a server that does not say it is taken to have the smallest common one.
func windowOf(info map[string]any) int {
	arch, _ := info["general.architecture"].(string)
	if n, ok := info[arch+".context_length"].(float64); ok && n > 0 {
		return int(n)
	}
	return 512
}
