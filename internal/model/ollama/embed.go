package ollama

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/ollama/ollama/api"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model/wire"
)

// blank is sent for a text of white space alone: a server answers "" with the vector of its markers or with none at all, depending on its version.
const blank = "."

// Embed gives one unit vector per text, in order. A text longer than the window is split at white space into parts of about equal length, and its vector is the mean of the
// parts' unit vectors, weighted by their tokens, made one long again: nothing is cut off. Bytes that are no UTF-8 are read as U+FFFD. The result is all vectors or an
// error: crm.ErrInvalid names the first text that the server cannot embed (as *TextError), crm.ErrForbidden wants a person, the others are crm.ErrTemporary. Usage
// counts the tokens the server read.
func (e *Embedder) Embed(ctx context.Context, kind crm.EmbedKind, texts []string) ([][]float32, crm.Usage, error) {
	if err := ctx.Err(); err != nil {
		return nil, crm.Usage{}, fmt.Errorf("ollama %s: embed %d texts: %w", e.o.Model, len(texts), err)
	}
	out := make([][]float32, len(texts))
	var use crm.Usage
	pending := e.pieces(e.o.Prefixes.of(kind), texts)
	for from := 0; from < len(pending); from += e.o.Batch {
		some := pending[from:min(from+e.o.Batch, len(pending))]
		vectors, n, err := e.bisect(ctx, some)
		use.InputTokens += n
		if err != nil {
			return nil, crm.Usage{}, err
		}
		for i, p := range some {
			out[p.text] = add(out[p.text], vectors[i], float32(p.tokens))
		}
	}
	for i, v := range out {
		if !unit(v) {
			return nil, crm.Usage{}, &TextError{Index: i, Err: fmt.Errorf("ollama %s: its parts cancel each other out: %w", e.o.Model, crm.ErrInvalid)}
		}
	}
	return out, use, nil
}

// TextError is a failure of one text of a batch; without it the others could be embedded.
type TextError struct {
	Index int // of the text
	Err   error
}

// Error names the text by its position.
func (t *TextError) Error() string { return fmt.Sprintf("text %d: %v", t.Index, t.Err) }

// Unwrap is the failure.
func (t *TextError) Unwrap() error { return t.Err }

// piece is what is sent: a whole text or a part of one, with its prefix.
type piece struct {
	text   int // the text's index
	sent   string
	body   string
	prefix string
	tokens int // its weight, at least 1
}

func (e *Embedder) pieces(prefix string, texts []string) []piece {
	room := max(e.window-e.tokens.count(prefix), fewestTokens)
	out := make([]piece, 0, len(texts))
	for i, t := range texts {
		t = strings.ToValidUTF8(t, "�")
		for _, p := range parts(t, e.tokens, room) {
			out = append(out, e.piece(i, prefix, p))
		}
	}
	return out
}

func (e *Embedder) piece(text int, prefix, body string) piece {
	if strings.TrimSpace(body) == "" {
		body = blank
	}
	sent := prefix + body
	return piece{text: text, sent: sent, body: body, prefix: prefix, tokens: max(e.tokens.count(sent), 1)}
}

// bisect embeds a batch. When the server fails on it, or says that it is too long, halves are tried until one piece is left: one text can take the runner and with it
// every text beside it down. A server that fails on a harmless word, too, is itself the cause.
func (e *Embedder) bisect(ctx context.Context, some []piece) ([][]float32, int, error) {
	reply, err := e.send(ctx, sentOf(some))
	if err == nil {
		err = e.whole(reply, some)
	}
	if err == nil {
		return reply.Embeddings, reply.PromptEvalCount, nil
	}
	if !wire.TooLong(err) {
		if !textual(err) {
			return nil, 0, err
		}
		if _, probe := e.send(ctx, []string{"window"}); probe != nil {
			return nil, 0, fmt.Errorf("%w (and on a single word: %w)", err, probe)
		}
	}
	if len(some) == 1 {
		return e.halve(ctx, some[0], err)
	}
	left, n, err := e.bisect(ctx, some[:len(some)/2])
	if err != nil {
		return nil, 0, err
	}
	right, m, err := e.bisect(ctx, some[len(some)/2:])
	if err != nil {
		return nil, 0, err
	}
	return append(left, right...), n + m, nil
}

// halve embeds one piece as two, when its length may be what the server failed on.
func (e *Embedder) halve(ctx context.Context, p piece, cause error) ([][]float32, int, error) {
	if p.tokens < fewestTokens || len(p.body) < 2 {
		return nil, 0, &TextError{Index: p.text, Err: fmt.Errorf("%w: %w", withoutKind(cause), crm.ErrInvalid)}
	}
	at := cut(p.body, len(p.body)/2)
	a, b := e.piece(p.text, p.prefix, p.body[:at]), e.piece(p.text, p.prefix, p.body[at:])
	left, n, err := e.bisect(ctx, []piece{a})
	if err != nil {
		return nil, 0, err
	}
	right, m, err := e.bisect(ctx, []piece{b})
	if err != nil {
		return nil, 0, err
	}
	v := add(add(nil, left[0], float32(a.tokens)), right[0], float32(b.tokens))
	if !unit(v) {
		return nil, 0, &TextError{Index: p.text, Err: fmt.Errorf("ollama %s: its parts cancel each other out: %w", e.o.Model, crm.ErrInvalid)}
	}
	return [][]float32{v}, n + m, nil
}

// withoutKind keeps a cause's words: what was temporary for the server is final for the text.
func withoutKind(err error) error { return errors.New(err.Error()) }

// errShort says that the server read less than was sent.
var errShort = fmt.Errorf("the server read fewer tokens than the texts have: %w", crm.ErrTemporary)

// textual tells failures that one text may have caused from those of the server.
func textual(err error) bool {
	var f *wire.Failure
	if errors.Is(err, errShort) {
		return true
	}
	return errors.As(err, &f) && (f.Status == 500 || f.Status == 200 || f.Status == 400)
}

// whole compares what the server says it read with what was sent, where we can count: a shortened text must not pass as the whole one.
func (e *Embedder) whole(reply *api.EmbedResponse, some []piece) error {
	if _, exact := e.tokens.(*wordPieces); !exact || reply.PromptEvalCount == 0 {
		return nil
	}
	counted, longest := 0, 0
	for _, p := range some {
		counted, longest = counted+p.tokens, max(longest, p.tokens)
	}
	if longest < 2*fewestTokens {
		return nil // no window is that small: the server counts a rare character differently
	}
	if slack := counted/64 + len(some); reply.PromptEvalCount < counted-slack {
		return fmt.Errorf("ollama %s: %d of %d tokens: %w", e.o.Model, reply.PromptEvalCount, counted, errShort)
	}
	return nil
}

func sentOf(some []piece) []string {
	out := make([]string, len(some))
	for i, p := range some {
		out[i] = p.sent
	}
	return out
}

// send is one request. The answer has one finite vector, not zero, of the known dimension per text.
func (e *Embedder) send(ctx context.Context, texts []string) (*api.EmbedResponse, error) {
	options := map[string]any{"num_ctx": e.window + specials}
	if e.o.Threads > 0 {
		options["num_thread"] = e.o.Threads
	}
	cutOff := false
	var reply *api.EmbedResponse
	err := e.c.embedding(ctx, fmt.Sprintf("embed %d texts", len(texts)), func(ctx context.Context) (err error) {
		reply, err = e.c.api.Embed(ctx, &api.EmbedRequest{Model: e.o.Model, Input: texts, Truncate: &cutOff, Options: options})
		if err != nil {
			return err
		}
		return e.check(reply, len(texts))
	})
	return reply, err
}

func (e *Embedder) check(reply *api.EmbedResponse, want int) error {
	if len(reply.Embeddings) != want {
		return fmt.Errorf("%d vectors for %d texts", len(reply.Embeddings), want)
	}
	dim := e.dimension
	if dim == 0 {
		dim = len(reply.Embeddings[0])
	}
	for i, v := range reply.Embeddings {
		if !crm.ValidVector(v, dim) || !unit(v) {
			return fmt.Errorf("vector %d of %d has %d dimensions instead of %d, or is zero or not finite", i, want, len(v), dim)
		}
	}
	return nil
}

// add is sum + weight·v; a nil sum is zero.
func add(sum, v []float32, weight float32) []float32 {
	if sum == nil {
		sum = make([]float32, len(v))
	}
	for i, x := range v {
		sum[i] += weight * x
	}
	return sum
}

// unit makes v one long, in place; a zero vector stays and is reported.
func unit(v []float32) bool {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if sum == 0 || math.IsInf(sum, 0) || math.IsNaN(sum) {
		return false
	}
	scale := float32(1 / math.Sqrt(sum))
	for i := range v {
		v[i] *= scale
	}
	return true
}
