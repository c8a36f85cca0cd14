package embedding

import (
	"context"
	"errors"
	"fmt"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model/wire"
)

// bisect embeds a batch. When the server fails on it, or says that it is too long, halves are tried until one piece is left: one text can take the runner and with it
// every text beside it down. A server that fails on a harmless word, too, is itself the cause.
func (s *Splitter) bisect(ctx context.Context, some []piece) ([][]float32, int, error) {
	vectors, read, err := s.send(ctx, sentOf(some))
	if err == nil {
		err = s.whole(read, some)
	}
	if err == nil {
		return vectors, read, nil
	}
	if !wire.TooLong(err) {
		if !textual(err) {
			return nil, 0, err
		}
		if _, _, probe := s.send(ctx, []string{Word}); probe != nil {
			return nil, 0, fmt.Errorf("%w (and on a single word: %w)", err, probe)
		}
	}
	if len(some) == 1 {
		return s.halve(ctx, some[0], err)
	}
	left, n, err := s.bisect(ctx, some[:len(some)/2])
	if err != nil {
		return nil, 0, err
	}
	right, m, err := s.bisect(ctx, some[len(some)/2:])
	if err != nil {
		return nil, 0, err
	}
	return append(left, right...), n + m, nil
}

// halve embeds one piece as two, when its length may be what the server failed on.
func (s *Splitter) halve(ctx context.Context, p piece, cause error) ([][]float32, int, error) {
	if p.tokens < Fewest || len(p.body) < 2 {
		return nil, 0, &TextError{Index: p.text, Err: fmt.Errorf("%w: %w", withoutKind(cause), crm.ErrInvalid)}
	}
	at := cut(p.body, len(p.body)/2)
	a, b := s.piece(p.text, p.prefix, p.body[:at]), s.piece(p.text, p.prefix, p.body[at:])
	left, n, err := s.bisect(ctx, []piece{a})
	if err != nil {
		return nil, 0, err
	}
	right, m, err := s.bisect(ctx, []piece{b})
	if err != nil {
		return nil, 0, err
	}
	v := add(add(nil, left[0], float32(a.tokens)), right[0], float32(b.tokens))
	if !Unit(v) {
		return nil, 0, &TextError{Index: p.text, Err: fmt.Errorf("%s: its parts cancel each other out: %w", s.Name, crm.ErrInvalid)}
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

// whole compares what the server says it read with what was sent: a shortened text must not pass as the whole one. Where tokens can be counted, all but a few must have
// been read, else at least as many as any tokenizer makes, and of a text that may be longer than the window fewer than the server was seen to read.
func (s *Splitter) whole(read int, some []piece) error {
	counted, longest := 0, 0
	for _, p := range some {
		counted, longest = counted+p.tokens, max(longest, p.tokens)
	}
	if read == 0 || longest < 2*Fewest {
		return nil // not told; or no window is that small: the server counts a rare character differently
	}
	if len(some) == 1 && s.unsure(some[0]) && read >= s.proven {
		return fmt.Errorf("%s: as many tokens as it can read, %d: %w", s.Name, read, errShort)
	}
	least := wire.Least(sentOf(some)...)
	if _, exact := s.Tokens.(*WordPieces); exact {
		least = counted - counted/64 - len(some)
	}
	if read < least {
		return fmt.Errorf("%s: %d of %d tokens: %w", s.Name, read, counted, errShort)
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

// send is one request; the answer has one finite vector, not zero, of the known dimension per text.
func (s *Splitter) send(ctx context.Context, texts []string) ([][]float32, int, error) {
	vectors, read, err := s.Send(ctx, texts)
	if err != nil {
		return nil, 0, err
	}
	if len(vectors) != len(texts) {
		return nil, 0, fmt.Errorf("%s: %d vectors for %d texts: %w", s.Name, len(vectors), len(texts), crm.ErrTemporary)
	}
	dim := s.Dimension
	if dim == 0 {
		dim = len(vectors[0])
	}
	for i, v := range vectors {
		if !crm.ValidVector(v, dim) || !Unit(v) {
			return nil, 0, fmt.Errorf("%s: vector %d of %d has %d dimensions instead of %d, or is zero or not finite: %w", s.Name, i, len(texts), len(v), dim, crm.ErrTemporary)
		}
	}
	return vectors, read, nil
}
