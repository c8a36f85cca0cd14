package ollama

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/ollama/ollama/api"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model/wire"
)

// Embedder embeds texts on an Ollama server. It is safe for concurrent use. Open makes one.
type Embedder struct {
	c         client
	o         Options
	digest    string
	dimension int
	window    int     // tokens that fit into one text, without those the server adds
	tokens    counter // counts a text's tokens
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
	e.tokens = counterOf(shown.ModelInfo)
	e.window = min(windowOf(shown.ModelInfo), mostTokens) - specials
	if e.o.MaxTokens > 0 {
		e.window = min(e.window, e.o.MaxTokens)
	}
	if e.window < fewestTokens {
		return fmt.Errorf("ollama %s: a window of %d tokens is too small: %w", e.o.Model, e.window, crm.ErrInvalid)
	}
	reply, err := e.send(ctx, []string{"window"})
	if err != nil {
		return err
	}
	e.dimension = len(reply.Embeddings[0])
	if _, exact := e.tokens.(*wordPieces); exact {
		return nil
	}
	return e.probe(ctx)
}

// probe sends a text that nearly fills the window and sees how much of it the server read: some versions embed fewer tokens than the model's context length says,
// whatever they are asked for. Only models whose tokens cannot be counted here need it.
func (e *Embedder) probe(ctx context.Context) error {
	words := e.window * 3 / 4
	reply, err := e.send(ctx, []string{strings.Repeat("the ", words-1) + "end"})
	if wire.TooLong(err) {
		e.window /= 2
		return nil
	}
	if err != nil {
		return err
	}
	if read := reply.PromptEvalCount; read > 0 && read < words*7/8 {
		e.window = max(read-specials, fewestTokens)
	}
	return nil
}

// Name is ollama/ and the model without its tag.
func (e *Embedder) Name() string { return "ollama/" + bare(e.o.Model) }

// Dimension is the length of the vectors.
func (e *Embedder) Dimension() int { return e.dimension }

// MaxTokens is how long a text may be before it is split.
func (e *Embedder) MaxTokens() int { return e.window }

// Windows is true: a transformer's vectors gain from a text's neighbours.
func (e *Embedder) Windows() bool { return true }

// Vocabulary is the model's whole words, the most frequent first, as far as the server tells; nil for a model whose pieces are no words.
func (e *Embedder) Vocabulary() []string {
	w, ok := e.tokens.(*wordPieces)
	if !ok {
		return nil
	}
	return slices.Clone(w.words)
}

// Fingerprint names provider, model, digest, dimension, split length and prefixes: whatever changes a vector changes it.
func (e *Embedder) Fingerprint() string {
	p := sha256.Sum256([]byte(e.o.Prefixes.Query + "\x00" + e.o.Prefixes.Document))
	return fmt.Sprintf("ollama/%s@%.12s/%d/%d/%s", e.o.Model, e.digest, e.dimension, e.window, hex.EncodeToString(p[:4]))
}

// digest finds the model among those the server has; a name without a tag is the tag latest.
func (c client) digest(ctx context.Context) (string, error) {
	var list *api.ListResponse
	err := c.call(ctx, "list models", func(ctx context.Context) (err error) {
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
	err = c.call(ctx, "show", func(ctx context.Context) (err error) {
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
