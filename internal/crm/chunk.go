package crm

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"time"
)

// EmbedKind tells an embedder whether it reads a document or a question; some models want a different prefix for each.
type EmbedKind int

// The two kinds of text that are embedded.
const (
	EmbedDocument EmbedKind = iota
	EmbedQuery
)

// Usage is what model calls cost. Money is in US dollars. An answer from our own cache counts in FromCache and costs nothing, no tokens either.
type Usage struct {
	InputTokens  int     `json:"input_tokens"`
	OutputTokens int     `json:"output_tokens"`
	CostUSD      float64 `json:"cost_usd"`
	CachedTokens int     `json:"cached_tokens"` // of the input tokens: what the provider had read before, and charges less for
	FromCache    int     `json:"from_cache"`    // answers
	Unpriced     int     `json:"unpriced"`      // calls of a model whose price nobody has said: their cost is unknown, not 0
}

// Add sums two usages.
func (u Usage) Add(o Usage) Usage {
	return Usage{u.InputTokens + o.InputTokens, u.OutputTokens + o.OutputTokens, u.CostUSD + o.CostUSD, u.CachedTokens + o.CachedTokens, u.FromCache + o.FromCache,
		u.Unpriced + o.Unpriced}
}

// Chunk is an embeddable piece of one version of one activity. Start and End are byte offsets in that version's text; Text is exactly that slice. Header is the
// deterministic context line (account, people, date, direction, subject) that only the dense arm reads.
type Chunk struct {
	ID        string // 32 hex digits of a hash over portal, activity, version and position: the same chunk always has the same id
	Activity  Ref
	Version   string
	Pos       int // 0, 1, 2 … within the activity
	Kind      Kind
	Time      time.Time // of the activity; zero when unknown
	Created   time.Time // when this text became known: the activity's creation in HubSpot, for a later version its modification
	Session   string    // what belongs to one conversation carries the same value: the thread of a mail or message, else the activity's path
	Speaker   string    // of a transcript chunk with one speaker; the author of a mail or message; else ""
	People    []Ref     // contacts the activity is linked to, ascending
	Language  string    // ISO 639-1, "" when unknown
	Generated bool      // written by a machine (never by us: what we wrote has no chunks)
	Traits    Traits
	Start     int
	End       int
	Header    string
	Text      string
	Vector    []float32 // of header and text, unit length; empty until embedded
	Window    []float32 // of the text between its neighbours, unit length; empty where the embedder's vectors gain nothing from it
}

// Facets are what a Filter looks at.
func (c *Chunk) Facets() Facets { return Facets{c.Kind, c.Time, c.Created, c.People, c.Generated} }

// Facets are the properties of a chunk that a Filter looks at, besides its portal and accounts.
type Facets struct {
	Kind      Kind
	Time      time.Time
	Created   time.Time
	People    []Ref
	Generated bool
}

// Traits are what a chunk's text looks like to a question that wants a number, a time or a name. The zero value has none.
type Traits uint8

// The traits; a text may have several.
const (
	HasNumber Traits = 1 << iota // a number, in digits or as a word
	HasTime                      // a date, a weekday, a month, "yesterday"
	HasName                      // a capitalised word inside a sentence
	Asks                         // it ends in, or mostly is, a question
)

// Has reports whether all of these are there.
func (t Traits) Has(all Traits) bool { return t&all == all }

// View names one of the two vectors of a chunk.
type View int

// The two views: the chunk with its header, and the chunk between its neighbours.
const (
	ItemView View = iota
	WindowView
)

// Filter says where to search. The zero value matches nothing: a portal, and an account or Wide, must be set. Times are compared with the activity's time; chunks
// without a known time pass Since and AsOf only when both are zero.
type Filter struct {
	Portal  PortalID
	Account Ref
	Wide    bool      // the whole portal; Account must be zero then
	Kinds   []Kind    // empty: all
	People  []Ref     // contacts; a chunk passes when its activity is linked to one of them; empty: all
	Since   time.Time // inclusive; zero: no lower bound
	AsOf    time.Time // exclusive upper bound on time and on when it became known; zero: none
	Human   bool      // leave out what a machine wrote
}

// Valid reports whether the filter names a portal and either an account of that portal or all of it; back ends refuse every other one.
func (f Filter) Valid() bool {
	if f.Wide {
		return f.Portal > 0 && f.Account.IsZero()
	}
	return f.Portal > 0 && f.Account.ID != "" && f.Account.Portal == f.Portal
}

// Matches applies everything but portal and account, which are addresses, to one chunk.
func (f Filter) Matches(c Facets) bool {
	if len(f.Kinds) > 0 && !slices.Contains(f.Kinds, c.Kind) {
		return false
	}
	if f.Human && c.Generated {
		return false
	}
	if len(f.People) > 0 && !slices.ContainsFunc(f.People, func(p Ref) bool { return slices.Contains(c.People, p) }) {
		return false
	}
	if c.Time.IsZero() && (!f.Since.IsZero() || !f.AsOf.IsZero()) {
		return false
	}
	if !f.Since.IsZero() && c.Time.Before(f.Since) {
		return false
	}
	return f.AsOf.IsZero() || (c.Time.Before(f.AsOf) && c.Created.Before(f.AsOf))
}

// Hit is one chunk that an arm returned. Score is the arm's own: cosine for dense, BM25 for keyword.
type Hit struct {
	Chunk string
	Score float64
}

// Cosines are what a dense arm found, in no order: Of[i] is the cosine of Chunks[i]. Both are shared and must not be changed. A back end may answer with the very same
// Chunks, the same array of the same length, as long as they are the account's; one that does saves whoever asks from looking each of them up.
type Cosines struct {
	Chunks []string
	Of     []float32
}

// CosinesOf are hits without their order.
func CosinesOf(hits []Hit) Cosines {
	c := Cosines{make([]string, len(hits)), make([]float32, len(hits))}
	for i, h := range hits {
		c.Chunks[i], c.Of[i] = h.Chunk, float32(h.Score)
	}
	return c
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

// Postings are the keyword side of one account, without texts: every chunk with what filters and ranking need, and its words in order. It is shared and never changed.
type Postings struct {
	Chunks   []PostedChunk // by activity, then position
	Words    []string      // the distinct words (see Terms), unstemmed; a word's index is its id
	Sequence []uint32      // word ids of all chunks, one after the other
}

// PostedChunk is a chunk without its text. Its words are Sequence[From:To].
type PostedChunk struct {
	ID        string
	Activity  Ref
	Pos       int
	Kind      Kind
	Time      time.Time
	Created   time.Time
	Session   string
	Speaker   string
	People    []Ref
	Language  string
	Generated bool
	Traits    Traits
	From, To  uint32
	Read      uint64 // which reading of its activity it is from: where id and Read are the same, so is everything that is kept of the chunk; 0: nobody knows
}

// Facets are what a Filter looks at.
func (c *PostedChunk) Facets() Facets {
	return Facets{c.Kind, c.Time, c.Created, c.People, c.Generated}
}

// Tokens is the chunk's length in words.
func (c *PostedChunk) Tokens() int { return int(c.To - c.From) }

// TermCount is one stemmed term of one chunk, as the indexer hands it to a back end's portal-wide keyword search.
type TermCount struct {
	Term  string
	Count uint16
}

// Kept is everything the index keeps of one activity: what the store writes in one transaction, last of all. Words[i] and Terms[i] belong to Chunks[i].
type Kept struct {
	Activity Activity
	Document Document
	Accounts []Ref
	Chunks   []Chunk
	Words    [][]string    // in order, as Terms gives them: what the store keeps
	Terms    [][]TermCount // stemmed: what a back end's own keyword search keeps
	Chunker  int           // the version of the chunker that made Chunks; 0: FirstChunker
	Embedder string        // fingerprint of the generation that the vectors are for; "" while there are none
	Digest   string        // of everything a vector back end holds of it but the embedder (see DigestOf); rebuilding from the same texts gives the same
	Mark     string        // hash(chunker, embedder fingerprint, text, metadata that is embedded)
	Cause    Claim         // whose events become the cause of Triggers
	Triggers []Mark        // workflows to consider because of this change
}

// DigestOf is the hex hash of an activity's chunks as a vector back end sees them: ids, texts, languages and facets. Chunks are in reading order. Headers are left out:
// they name the accounts, and an activity that moves, or whose account is renamed, keeps its vectors.
func DigestOf(chunks []Chunk) string {
	h := sha256.New()
	for i := range chunks {
		c := &chunks[i]
		fmt.Fprintf(h, "%s\x00%s\x00%s\x00%d\x00%d\x00%t\x00%s\x00", c.ID, c.Text, c.Language, c.Time.UnixMicro(), c.Created.UnixMicro(), c.Generated, c.Session)
	}
	return hex.EncodeToString(h.Sum(nil))[:32]
}

// Indexed is one chunk as a back end holds it, for reconciling the index with the store. Digest is that of its activity, Chunks how many the activity had.
type Indexed struct {
	Chunk    string
	Activity Ref
	Digest   string
	Chunks   int
	Accounts []Ref
	People   []Ref
}

// FirstChunker is the version of the chunker that made the chunks of which nobody says otherwise.
const FirstChunker = 2

// Marked is what the index knows of an activity: the mark of its content, which text it has of it, and where it is.
type Marked struct {
	Gone     bool // it was deleted; then only Version, Learned and Modified are told, those of its last text
	Mark     string
	Version  string // of the text it has
	Accounts []Ref
	Links    Links
	Chunker  int       // the newest one that cut the text; 0: it has no chunks
	Learned  time.Time // when the text it has became known; what its chunks carry as Created
	Modified time.Time // the activity's last change, as it was read
}

// Generation is one complete index: all of its vectors were made by one embedder. Exactly one generation is live, the others are being built or kept for a rollback.
type Generation struct {
	Name        string    `json:"name"` // "g1", "g2" …: lower-case letters and digits
	Fingerprint string    `json:"fingerprint"`
	Dimension   int       `json:"dimension"`
	Windows     bool      `json:"windows"`  // chunks have a Window vector, too
	Embedder    string    `json:"embedder"` // how to make the embedder again: provider, model and address as configured, without secrets
	Created     time.Time `json:"created"`
	Live        bool      `json:"live"`
}

// WordNeighbour is a word whose meaning is close to another's.
type WordNeighbour struct {
	Word   string
	Cosine float32
}
