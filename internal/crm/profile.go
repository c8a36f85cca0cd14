package crm

import (
	"slices"
	"time"
)

// Profile is what an account is compared by: the mean of its vectors and its telling words (names of people and companies left out, recent ones first), beside facts
// that filters look at. The evidence behind it stays in the account's passages.
type Profile struct {
	Account   Ref
	Vector    []float32    // unit length, of the generation's dimension
	Terms     []TermWeight // unit length together, ascending by term
	Industry  string
	Employees int       // 0: unknown
	Outcome   string    // won, lost, open, churned or "" (no deal yet)
	Amount    float64   // of the deal that gave the outcome, in the portal's currency; 0: unknown
	CycleDays int       // from that deal's creation to its close; 0: unknown
	Chunks    int       // it was made of
	Updated   time.Time // when it was made
	Digest    string    // of what it was made of: the same digest needs no new profile
}

// TermWeight is a stemmed term and its share in a profile.
type TermWeight struct {
	Term   string
	Weight float32
}

// ProfileFilter says which accounts may be neighbours. The zero value matches nothing: a portal must be set.
type ProfileFilter struct {
	Portal       PortalID
	Except       Ref      // the account that is asked about
	Outcomes     []string // empty: all
	Industry     string   // "": any
	MinEmployees int      // 0: no bound; a bound leaves out accounts of unknown size
	MaxEmployees int
}

// Matches applies everything but the portal to a profile.
func (f ProfileFilter) Matches(p *Profile) bool {
	switch {
	case p.Account == f.Except && !f.Except.IsZero():
		return false
	case len(f.Outcomes) > 0 && !slices.Contains(f.Outcomes, p.Outcome):
		return false
	case f.Industry != "" && f.Industry != p.Industry:
		return false
	case f.MinEmployees > 0 && p.Employees < f.MinEmployees:
		return false
	case f.MaxEmployees > 0 && (p.Employees == 0 || p.Employees > f.MaxEmployees):
		return false
	}
	return true
}

// ProfileHit is one account that a profile search returned. Score is the cosine of vectors or of terms.
type ProfileHit struct {
	Account Ref
	Score   float64
}
