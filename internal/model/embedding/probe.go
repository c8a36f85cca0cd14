package embedding

import (
	"context"
	"strings"

	"github.com/contextd/contextd/internal/model/wire"
)

// Probe learns the dimension from a word, and the true window from a text that nearly fills it: some servers embed fewer tokens than the model's context length says, whatever
// they are asked for. Where tokens can only be estimated it also learns whether the server refuses what is too long or shortens it in silence.
func (s *Splitter) Probe(ctx context.Context) error {
	vectors, _, err := s.send(ctx, []string{Word})
	if err != nil {
		return err
	}
	s.Dimension = len(vectors[0])
	_, exact := s.Tokens.(*WordPieces)
	for {
		words := s.Window * 3 / 4 // a word may be two tokens
		most := words * 7 / 8     // and what the server counts may not be quite ours
		if exact {
			words = s.Window / max(s.Tokens.Count("the"), 1)
			most = s.Tokens.Count(filler(words))
		}
		_, read, err := s.send(ctx, []string{filler(words)})
		switch {
		case wire.TooLong(err) && s.Window/2 >= Fewest:
			s.Window /= 2
			continue
		case err != nil:
			return err
		case read > 0 && read < most:
			s.Window = max(read-s.Specials, Fewest)
		}
		s.proven = read
		break
	}
	if exact {
		return nil
	}
	return s.overfill(ctx)
}

func filler(words int) string { return strings.Repeat("the ", max(words-1, 0)) + "end" }

// overfill sends more than the window holds. A server that refuses it never shortens anything in silence; what another one reads of it is its true window.
func (s *Splitter) overfill(ctx context.Context) error {
	words := 2 * s.Window
	_, read, err := s.send(ctx, []string{filler(words)})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case wire.TooLong(err):
		s.refuses = true
	case err != nil:
		// it fails on what is too long: as long as it answers to the rest, only the texts that may be too long have to go alone
	case read >= words*7/8:
		s.proven = max(s.proven, read)
	case read > 0:
		s.Window, s.proven = max(min(s.Window, read-s.Specials), Fewest), read
	}
	return nil
}

// unsure tells a piece that a server which shortens in silence may have shortened: no tokenizer makes more tokens than a text has bytes, so only one with more bytes than the
// server was seen to read. It is sent alone, for only then does the server's count say something about it.
func (s *Splitter) unsure(p piece) bool {
	_, exact := s.Tokens.(*WordPieces)
	return !exact && !s.refuses && s.proven > 0 && len(p.sent)+s.Specials > s.proven
}
