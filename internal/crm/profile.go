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

// Member is a record that belongs to an account, by name.
type Member struct {
	Ref  Ref
	Name string
}

// SimilarQuestion asks which accounts are like one. Its filter's portal and account are required.
type SimilarQuestion struct {
	ProfileFilter
	Account      Ref
	SameIndustry bool      // only accounts of the same industry; none when the account's is unknown
	SameSize     bool      // only accounts of a third to three times as many employees; none when the account's number is unknown
	AsOf         time.Time // as the histories were known then; zero: now
	Limit        int       // 0: 10
}

// Neighbour is an account that is like another one. Parts say what its score is made of; Because are passages of both accounts that make them alike, most telling first,
// in pairs; X and Y place it in a plane in which close accounts are alike (the account that was asked about is at 0, 0).
type Neighbour struct {
	Account   Ref
	Name      string
	Score     float64
	Parts     map[string]float64
	Outcome   string
	Amount    float64
	CycleDays int
	Because   []Likeness
	X, Y      float64
}

// Likeness is a passage that shows why two accounts are alike. Quote is verbatim: [Start, End) of that version's text. Words are the stems that both sides share.
type Likeness struct {
	Account  Ref
	Activity Ref
	Version  string
	Quote    string
	Start    int
	End      int
	Words    []string
}
