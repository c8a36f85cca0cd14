// Package retriever finds the passages of one account that answer a question: dense candidates from the vector back end, keyword candidates and structural features
// from the account's postings, ranked once by a linear model, de-duplicated, packed to a token budget in chronological order with stable citation ids.
package retriever

import (
	"context"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Dense is the dense arm. Near embeds the text as a question, once, and searches the live generation with it: the filter comes before the limit, so that always the
// min(n, matching) closest chunks return in each view, in no order. An invalid filter is crm.ErrInvalid; an account without chunks is an empty answer.
type Dense interface {
	Near(ctx context.Context, text string, f crm.Filter, n int) (Near, error)
}

// Near is what the dense arm found. Window is empty where the generation has no windows. Embedder names the model, such as "builtin/static256" or
// "ollama/all-minilm": weights differ by it.
type Near struct {
	Item, Window crm.Cosines
	Embedder     string
}

// Postings is the keyword side of one account, assembled from the store. The result is shared and must not be changed. An unknown account is an empty Postings; one
// with more chunks than the store holds in memory is crm.ErrTooLarge.
type Postings interface {
	Postings(ctx context.Context, account crm.Ref) (*crm.Postings, error)
}

// Past is what accounts knew before a moment and no index holds any more.
type Past interface {
	// At is an account as it was known before asOf: what Postings is to the present. The result is shared and must not be changed. crm.ErrTooLarge as with Postings.
	At(ctx context.Context, account crm.Ref, asOf time.Time) (*crm.Past, error)
	// Near is Dense.Near with chunks beside the index ranked among its hits. One that both have counts as it is here.
	Near(ctx context.Context, text string, f crm.Filter, n int, beside []crm.Chunk) (Near, error)
}

// Matcher is the back end's own keyword search over stemmed terms, for the whole portal and for accounts too large to hold.
type Matcher interface {
	Match(ctx context.Context, terms []string, f crm.Filter, n int) ([]crm.Hit, error)
}

// Bodies fetches the text of chunks: one passage per id that still exists, in any order, without score and citation id. Score parts are empty.
type Bodies interface {
	Bodies(ctx context.Context, portal crm.PortalID, chunks []string) ([]crm.Passage, error)
}

// Static knows the meaning of single words without a model call. Words are as crm.Terms gives them. What it returns is shared and must not be changed.
type Static interface {
	Dimension() int
	// Word is a word's vector, weighted so that the normalised sum over a text's words is the text's vector; nil for a word without meaning (an unknown one).
	Word(word string) []float32
	// Neighbours are the known words with a cosine of at least .35 to this one, best first, without itself; none for an unknown word.
	Neighbours(word string) []Neighbour
}

// Statistics knows how common words are in all of a portal. It is asked at every question and must be cheap: a snapshot that is renewed now and then will do. nil means
// that the portal is not known (yet).
type Statistics interface {
	Statistics(ctx context.Context, portal crm.PortalID) (*crm.WordStatistics, error)
}

// Neighbour is a word of similar meaning.
type Neighbour = crm.WordNeighbour
