package generation

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// cutBy stands between the embedder's fingerprint and the chunker's version in a generation's. The first chunker's generations do not name it.
const cutBy = " cut by "

// fingerprint names what vectors of a new generation would be made by.
func (s *Set) fingerprint(e Embedder) string {
	if s.Options.Chunker.Version == crm.FirstChunker {
		return e.Fingerprint()
	}
	return e.Fingerprint() + cutBy + strconv.Itoa(s.Options.Chunker.Version)
}

// ChunkerOf is the version of the chunker that a generation belongs to.
func ChunkerOf(g crm.Generation) (int, error) {
	_, chunker, err := parseFingerprint(g.Fingerprint)
	return chunker, err
}

// parseFingerprint is the inverse.
func parseFingerprint(f string) (embedder string, chunker int, err error) {
	i := strings.LastIndex(f, cutBy)
	if i < 0 {
		return f, crm.FirstChunker, nil
	}
	if chunker, err = strconv.Atoi(f[i+len(cutBy):]); err != nil {
		return "", 0, fmt.Errorf("fingerprint %q: %w: %w", f, err, crm.ErrInvalid)
	}
	return f[:i], chunker, nil
}

// cut makes the chunks of all activities of a portal that the program's chunker has not cut yet, from their stored texts; those that an earlier one made stay beside them.
// A chunker that the program does not have makes none: its generations see what is newer where something has changed.
func (s *Set) cut(ctx context.Context, portal crm.PortalID, chunker int) error {
	if chunker != s.Options.Chunker.Version {
		return nil
	}
	for after := (crm.Ref{}); ; {
		stored, err := s.Texts.Uncut(ctx, portal, chunker, after, page)
		if err != nil {
			return fmt.Errorf("read what is to be cut: %w", err)
		}
		if len(stored) == 0 {
			return nil
		}
		after = stored[len(stored)-1].Ref
		var accounts []crm.Ref
		for i := range stored {
			accounts = append(accounts, stored[i].Accounts...)
		}
		names, err := s.Texts.Names(ctx, accounts)
		if err != nil {
			return fmt.Errorf("account names: %w", err)
		}
		batch := make([]crm.Kept, 0, len(stored))
		for i := range stored {
			if k, ok := s.cutOne(&stored[i], names); ok {
				batch = append(batch, k)
			}
		}
		if err := s.Texts.KeepCut(ctx, batch); err != nil {
			return err
		}
	}
}

// cutOne divides one activity's text. Text from outside runs through here: what a chunker cannot take stays as it was cut before.
func (s *Set) cutOne(a *crm.Stored, names map[crm.Ref]string) (k crm.Kept, ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	var called []string
	for _, r := range a.Accounts {
		if n := names[r]; n != "" {
			called = append(called, n)
		}
	}
	k = crm.Kept{Activity: a.Activity, Document: a.Document, Chunker: s.Options.Chunker.Version, Chunks: s.Options.Chunker.Divide(a.Activity, a.Document, called)}
	k.Words = make([][]string, len(k.Chunks))
	for i := range k.Chunks {
		k.Chunks[i].Created = a.LearnedAt
		k.Words[i] = crm.Terms(k.Chunks[i].Text)
	}
	k.Digest = crm.DigestOf(k.Chunks)
	return k, true
}
