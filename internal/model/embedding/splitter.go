package embedding

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/contextd/contextd/internal/crm"
)

// blank is sent for a text of white space alone: a server answers "" with the vector of its markers or with none at all, depending on its version.
const blank = "."

// Splitter embeds texts of any length on a server that takes short ones. It is safe for concurrent use once Probe has returned.
type Splitter struct {
	Name        string // in errors
	Send        func(ctx context.Context, texts []string) (vectors [][]float32, tokens int, err error)
	Tokens      Counter
	Window      int // tokens of one text, without those that the server adds
	Specials    int // tokens that the server adds to a text
	Batch       int // texts in one request
	BatchTokens int // tokens in one request; 0: no bound but Batch
	Prefixes    Prefixes
	Dimension   int // of the vectors; 0: not known yet

	proven  int  // tokens of one text that the server was seen to read; 0: it does not tell
	refuses bool // what is too long is refused, not shortened
}

// Word is a text that every server can embed, and Fewest the smallest window that makes sense.
const (
	Word   = "window"
	Fewest = 16
)

// Embed gives one unit vector per text, in order. A text longer than the window is split at white space into parts of about equal length, and its vector is the mean of the
// parts' unit vectors, weighted by their tokens, made one long again: nothing is cut off. Bytes that are no UTF-8 are read as U+FFFD. The result is all vectors or an
// error: crm.ErrInvalid names the first text that the server cannot embed (as *TextError), crm.ErrForbidden wants a person, the others are crm.ErrTemporary. Usage
// counts the tokens the server read.
func (s *Splitter) Embed(ctx context.Context, kind crm.EmbedKind, texts []string) ([][]float32, crm.Usage, error) {
	if err := ctx.Err(); err != nil {
		return nil, crm.Usage{}, fmt.Errorf("%s: embed %d texts: %w", s.Name, len(texts), err)
	}
	out := make([][]float32, len(texts))
	var use crm.Usage
	for _, r := range s.requests(ctx, s.pieces(s.Prefixes.of(kind), texts)) {
		use.InputTokens += r.read
		if r.err != nil {
			return nil, crm.Usage{}, r.err
		}
		for i, p := range r.pieces {
			out[p.text] = add(out[p.text], r.vectors[i], float32(p.tokens))
		}
	}
	for i, v := range out {
		if !Unit(v) {
			return nil, crm.Usage{}, &TextError{Index: i, Err: fmt.Errorf("%s: its parts cancel each other out: %w", s.Name, crm.ErrInvalid)}
		}
	}
	return out, use, nil
}

// inFlight is how many requests of one call are under way at a time: while one answer is read the server has the next request already, and does not run out of work.
const inFlight = 2

// sending is one request, and what came of it.
type sending struct {
	pieces  []piece
	vectors [][]float32
	read    int
	err     error
}

// requests divides the pieces into requests and sends them, in order; once one has failed, no further one is begun. What was not begun has failed, too, but later in the
// order than the cause.
func (s *Splitter) requests(ctx context.Context, pending []piece) []*sending {
	var all []*sending
	for len(pending) > 0 {
		n := s.fitting(pending)
		all = append(all, &sending{pieces: pending[:n]})
		pending = pending[n:]
	}
	var failed atomic.Bool
	var sent sync.WaitGroup
	slots := make(chan struct{}, inFlight)
	for _, r := range all {
		slots <- struct{}{}
		if failed.Load() {
			r.err = fmt.Errorf("%s: a request before it failed: %w", s.Name, crm.ErrTemporary)
			<-slots
			continue
		}
		sent.Go(func() {
			defer func() { <-slots }()
			if r.vectors, r.read, r.err = s.bisect(ctx, r.pieces); r.err != nil {
				failed.Store(true)
			}
		})
	}
	sent.Wait()
	return all
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

// fitting is how many pieces go into the next request.
func (s *Splitter) fitting(pending []piece) int {
	tokens := 0
	for n, p := range pending {
		alone := s.unsure(p)
		if tokens += p.tokens; n == s.Batch || n > 0 && (alone || s.BatchTokens > 0 && tokens > s.BatchTokens) {
			return n
		}
		if alone {
			return 1
		}
	}
	return len(pending)
}

func (s *Splitter) pieces(prefix string, texts []string) []piece {
	room := max(s.Window-s.Tokens.Count(prefix), Fewest)
	out := make([]piece, 0, len(texts))
	for i, t := range texts {
		t = strings.ToValidUTF8(t, "�")
		for _, p := range parts(t, s.Tokens, room) {
			out = append(out, s.piece(i, prefix, p))
		}
	}
	return out
}

func (s *Splitter) piece(text int, prefix, body string) piece {
	if strings.TrimSpace(body) == "" {
		body = blank
	}
	sent := prefix + body
	return piece{text: text, sent: sent, body: body, prefix: prefix, tokens: max(s.Tokens.Count(sent), 1)}
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

// Unit makes v one long, in place; a zero vector stays and is reported.
func Unit(v []float32) bool {
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
