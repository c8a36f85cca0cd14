package similar

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Builder makes profiles. Its fields are set once; it is safe for concurrent use.
type Builder struct {
	Texts Texts
	// Statistics tells how common words are in the portal; required: without it every account is described by the words that all share.
	Statistics func(ctx context.Context, portal crm.PortalID) (*crm.WordStatistics, error)
	Now        func() time.Time // nil: time.Now
}

// Build makes the profile of an account as it was known at asOf (zero: now): words, meaning and what became of its deals by then. Firmographics and the names that are left
// out are always those of today. known is an earlier profile: when nothing that is embedded has changed, its vector is taken over. An account without text has a profile
// without vector and terms. One that is too large to hold is profiled by nothing and stays as it is: crm.ErrTooLarge.
func (b *Builder) Build(ctx context.Context, e Embedder, account crm.Ref, asOf time.Time, known crm.Profile) (crm.Profile, error) {
	p := crm.Profile{Account: account, Updated: b.now()}
	facts, err := b.Texts.Facts(ctx, []crm.Ref{account}, asOf)
	if err != nil {
		return p, fmt.Errorf("profile of %s: %w", account, err)
	}
	f := facts[account]
	p.Industry, p.Employees, p.Outcome, p.Amount, p.CycleDays = f.Industry, f.Employees, f.Outcome, f.Amount, f.CycleDays
	s, err := b.sketch(ctx, account, asOf)
	if err != nil || len(s.terms) == 0 {
		return p, err
	}
	p.Terms, p.Chunks = s.terms, len(s.passing)
	most := maxTexts
	if e.Windows() {
		most = fewTexts
	}
	telling := s.telling(most)
	p.Digest = digest(e.Fingerprint(), telling, s.names)
	if p.Digest == known.Digest && len(known.Vector) > 0 {
		p.Vector = known.Vector
		return p, nil
	}
	p.Vector, err = b.meaning(ctx, e, account.Portal, telling, s.names)
	if err != nil {
		return p, fmt.Errorf("profile of %s: %w", account, err)
	}
	return p, nil
}

func (b *Builder) now() time.Time {
	if b.Now == nil {
		return time.Now()
	}
	return b.Now()
}

// digest is that of everything that the vector is made of.
func digest(fingerprint string, chunks []string, names map[string]bool) string {
	h := sha256.New()
	fmt.Fprintln(h, fingerprint, slices.Sorted(slices.Values(chunks)), slices.Sorted(maps.Keys(names)))
	return hex.EncodeToString(h.Sum(nil)[:16])
}
