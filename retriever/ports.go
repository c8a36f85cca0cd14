// Package retriever finds the passages of one account that answer a question: dense candidates from the vector back end, keyword candidates from the account's
// postings, fused once, de-duplicated, packed to a token budget in chronological order with stable citation ids.
package retriever

import (
	"context"

	"github.com/contextd/contextd/internal/crm"
)

// Embedder embeds the question; see indexer.Embedder for the contract.
type Embedder interface {
	Embed(ctx context.Context, kind crm.EmbedKind, texts []string) ([][]float32, crm.Usage, error)
}

// Nearest is the dense arm: exact cosine search inside one account. The filter is applied before the limit, so that always min(n, matching) hits return, best
// first, ties by chunk id. An invalid filter is crm.ErrInvalid; an account without chunks is an empty answer.
type Nearest interface {
	Nearest(ctx context.Context, vec []float32, f crm.Filter, n int) ([]crm.Hit, error)
}

// Postings is the keyword side of one account, assembled from the store. The result is shared and must not be changed. An unknown account is an empty Postings.
type Postings interface {
	Postings(ctx context.Context, account crm.Ref) (*crm.Postings, error)
}

// Bodies fetches the text of chunks: one passage per id that still exists, in any order, without score and citation id. Score parts are empty.
type Bodies interface {
	Bodies(ctx context.Context, portal crm.PortalID, chunks []string) ([]crm.Passage, error)
}
