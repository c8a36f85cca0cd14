package vectortest

import (
	"context"
	"iter"

	"github.com/contextd/contextd/internal/crm"
)

// Store is one back end: the generations of the index. Every method is safe for concurrent use, by several processes where the back end is a server.
type Store interface {
	// Generations lists them, oldest first; none in a new store. All fields come back as they were given, times to the microsecond.
	Generations(ctx context.Context) ([]crm.Generation, error)
	// Create makes an empty generation that is not live. The same one again (name, fingerprint, dimension, windows) is no error and changes nothing; another one of
	// that name is crm.ErrConflict; a name that is not lower-case letters and digits, a dimension below 1 or no fingerprint is crm.ErrInvalid.
	Create(ctx context.Context, g crm.Generation) error
	// Open opens a generation; "" is the live one, whichever that is at each call of the Index: it follows Swap. crm.ErrNotFound when there is none. An Index of a
	// generation that was dropped answers crm.ErrNotFound, never nothing.
	Open(ctx context.Context, name string) (Index, error)
	// Swap makes a generation the live one, atomically: every search before it answers from the old one, every search after it from the new one, none fails.
	// An Index that was opened by its name stays what it was. crm.ErrNotFound for an unknown name. Swapping twice is harmless.
	Swap(ctx context.Context, name string) error
	// Drop removes a generation; crm.ErrConflict for the live one; an unknown one is no error.
	Drop(ctx context.Context, name string) error
	Close() error
}

// Index is one generation. Searches with n below 1 are an empty answer, as are those in a portal or account without chunks.
type Index interface {
	// Replace makes each activity's chunks the only ones of it and puts them into its accounts, durably when it returns. No chunks, or no accounts: the activity is
	// removed. An activity whose Modified is older than the stored one's is left as it is (zero: always replaced). An activity that is twice in the batch is replaced
	// twice, in order. Vectors must be valid (crm.ValidVector; any length, they are normalised), windows present exactly where the generation has them, chunk ids
	// 32 lower-case hex digits, Terms one per chunk or none at all, all refs of the activity's portal, which is above 0; else crm.ErrInvalid and nothing of the batch
	// is stored. An activity's chunks share their facets (crm.Facets); an account or person that is named twice counts once.
	Replace(ctx context.Context, batch []crm.Kept) error
	// Relink moves an activity's chunks to exactly these accounts and people without new vectors; no accounts: it is removed. crm.ErrNotFound when it has no chunks
	// here, crm.ErrInvalid when a ref is of another portal.
	Relink(ctx context.Context, activity crm.Ref, accounts, people []crm.Ref) error
	// Nearest returns the min(n, matching) chunks with the highest cosine, best first, ties by chunk id (which of equals are cut off by n is not promised): exact
	// inside an account, recall ≥ .99 with Wide. The filter comes before the limit. An invalid filter, vector or (a generation without windows) view is crm.ErrInvalid.
	Nearest(ctx context.Context, vec []float32, view crm.View, f crm.Filter, n int) ([]crm.Hit, error)
	// Cosines is Nearest without the order, for those who rank the whole account themselves. What is returned may be told by one byte per dimension: some .001 beside the
	// exact cosine, which no ranking by many features sees.
	Cosines(ctx context.Context, vec []float32, view crm.View, f crm.Filter, n int) (crm.Cosines, error)
	// Match is the keyword search for portal-wide questions and accounts too large to hold: BM25 of the stemmed terms (k1 1.2, b .75, statistics of the portal and of no
	// other), best first, ties by chunk id; the filter comes before the limit; only chunks with one of the terms are hits. A term that is asked twice counts once.
	// Scores of the back ends may differ a little, their order on clear cases not.
	Match(ctx context.Context, terms []string, f crm.Filter, n int) ([]crm.Hit, error)
	// Count is the exact number of chunks that match.
	Count(ctx context.Context, f crm.Filter) (int, error)
	// Scan yields every chunk of a portal once, in any order, for reconciling; accounts and people in any order. An unknown portal yields nothing; portal 0 or below
	// yields crm.ErrInvalid. The loop may write to the index and may end early.
	Scan(ctx context.Context, portal crm.PortalID) iter.Seq2[crm.Indexed, error]

	// PutProfiles replaces the profiles of these accounts; one without vector and terms is removed. A vector that is not valid, or an account that is none, is
	// crm.ErrInvalid and nothing is stored.
	PutProfiles(ctx context.Context, ps []crm.Profile) error
	// Profiles returns those of these accounts that exist, in any order.
	Profiles(ctx context.Context, accounts []crm.Ref) ([]crm.Profile, error)
	// NearProfiles and MatchProfiles return the min(n, matching) accounts whose vector, or terms (dot product of the weights; only accounts that share a term), are
	// closest, best first, ties by account (crm.Ref.Compare). A profile without a vector is near nothing. No portal, or an invalid vector, is crm.ErrInvalid.
	NearProfiles(ctx context.Context, vec []float32, f crm.ProfileFilter, n int) ([]crm.ProfileHit, error)
	MatchProfiles(ctx context.Context, terms []crm.TermWeight, f crm.ProfileFilter, n int) ([]crm.ProfileHit, error)
	Close() error
}
