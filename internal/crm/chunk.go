package crm

import (
	"math"
	"time"
)

// EmbedKind tells an embedder whether it reads a document or a question; some models want a different prefix for each.
type EmbedKind int

// The two kinds of text that are embedded.
const (
	EmbedDocument EmbedKind = iota
	EmbedQuery
)

// Usage is what a model call cost. Money is in US dollars.
type Usage struct {
	InputTokens  int     `json:"input_tokens"`
	OutputTokens int     `json:"output_tokens"`
	CostUSD      float64 `json:"cost_usd"`
}

// Add sums two usages.
func (u Usage) Add(o Usage) Usage {
	return Usage{u.InputTokens + o.InputTokens, u.OutputTokens + o.OutputTokens, u.CostUSD + o.CostUSD}
}

// Chunk is an embeddable piece of one version of one activity. Start and End are byte offsets in that version's text; Text is exactly that slice. Header is the
// deterministic context line (account, people, date, direction, subject) that only the dense arm reads.
type Chunk struct {
	ID       string // hex of a hash over portal, activity, version and position: the same chunk always has the same id
	Activity Ref
	Version  string
	Pos      int // 0, 1, 2 … within the activity
	Kind     Kind
	Time     time.Time // of the activity; zero when unknown
	Created  time.Time // when HubSpot learned of the activity
	Speaker  string    // of a transcript chunk with one speaker; the author of a mail or message; else ""
	Start    int
	End      int
	Header   string
	Text     string
	Vector   []float32 // unit length; empty until embedded
}

// Filter says where to search. The zero value matches nothing: portal and account must both be set. Times are compared with the activity's time; chunks without
// a known time pass Since and AsOf only when both are zero.
type Filter struct {
	Portal  PortalID
	Account Ref
	Kinds   []Kind    // empty: all
	Since   time.Time // inclusive; zero: no lower bound
	AsOf    time.Time // exclusive upper bound on time and on creation; zero: none
}

// Valid reports whether the filter names a portal and an account of that portal; back ends answer nothing otherwise.
func (f Filter) Valid() bool {
	return f.Portal > 0 && f.Account.ID != "" && f.Account.Portal == f.Portal
}

// Matches applies kinds and times (not portal and account, which are addresses) to one chunk.
func (f Filter) Matches(kind Kind, at, created time.Time) bool {
	if len(f.Kinds) > 0 {
		found := false
		for _, k := range f.Kinds {
			found = found || k == kind
		}
		if !found {
			return false
		}
	}
	if at.IsZero() && (!f.Since.IsZero() || !f.AsOf.IsZero()) {
		return false
	}
	if !f.Since.IsZero() && at.Before(f.Since) {
		return false
	}
	return f.AsOf.IsZero() || (at.Before(f.AsOf) && created.Before(f.AsOf))
}

// Hit is one chunk that an arm returned. Score is the arm's own: cosine for dense, BM25 for keyword.
type Hit struct {
	Chunk string
	Score float64
}

// ValidVector reports whether v can be stored or searched: the wanted dimension, finite, not zero.
func ValidVector(v []float32, dim int) bool {
	if len(v) != dim {
		return false
	}
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return sum > 0 && !math.IsInf(sum, 0) && !math.IsNaN(sum)
}

// Postings are the keyword side of one account, without texts: every chunk with what filters need, and for each term where it occurs.
type Postings struct {
	Chunks []PostedChunk
	Terms  map[string][]Posting // by index into Chunks, ascending
	Tokens int                  // sum of Chunks[i].Tokens
}

// PostedChunk is a chunk without its text. Tokens is its length in terms.
type PostedChunk struct {
	ID       string
	Activity Ref
	Pos      int
	Kind     Kind
	Time     time.Time
	Created  time.Time
	Speaker  string
	Tokens   int
}

// Posting says that a term occurs Count times in one chunk.
type Posting struct {
	Chunk uint32
	Count uint16
}

// TermCount is one term of one chunk, as the indexer hands it to the store.
type TermCount struct {
	Term  string
	Count uint16
}

// Kept is everything the index keeps of one activity: what the store writes in one transaction, last of all. Terms[i] belongs to Chunks[i].
type Kept struct {
	Activity Activity
	Document Document
	Accounts []Ref
	Chunks   []Chunk
	Terms    [][]TermCount
	Mark     string // hash(chunker, embedder fingerprint, text, metadata that is embedded)
	Cause    Claim  // whose events become the cause of Triggers
	Triggers []Mark // workflows to consider because of this change
}

// Marked is what the index knows of an activity: the mark of its content, and where it is.
type Marked struct {
	Mark     string
	Accounts []Ref
	Links    Links
}
