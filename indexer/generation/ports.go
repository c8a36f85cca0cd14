// Package generation owns the generations of the index: the live one that answers and is written to, the one that is built beside it for another embedder, and the
// job that proves an index equal to what the store says and mends it. Vectors of two embedders never mix: every write names the embedder that made its vectors.
package generation

import (
	"context"
	"iter"

	"github.com/contextd/contextd/internal/crm"
)

// Store is a vector back end; internal/vector/vectortest states and tests the contract of each method.
type Store interface {
	Generations(ctx context.Context) ([]crm.Generation, error)
	Create(ctx context.Context, g crm.Generation) error
	Open(ctx context.Context, name string) (Index, error)
	Swap(ctx context.Context, name string) error
	Drop(ctx context.Context, name string) error
	Close() error
}

// Index is one generation of a Store.
type Index interface {
	Replace(ctx context.Context, batch []crm.Kept) error
	Relink(ctx context.Context, activity crm.Ref, accounts, people []crm.Ref) error
	Cosines(ctx context.Context, vec []float32, view crm.View, f crm.Filter, n int) (crm.Cosines, error)
	Match(ctx context.Context, terms []string, f crm.Filter, n int) ([]crm.Hit, error)
	Count(ctx context.Context, f crm.Filter) (int, error)
	Scan(ctx context.Context, portal crm.PortalID) iter.Seq2[crm.Indexed, error]
	PutProfiles(ctx context.Context, ps []crm.Profile) error
	Profiles(ctx context.Context, accounts []crm.Ref) ([]crm.Profile, error)
	NearProfiles(ctx context.Context, vec []float32, f crm.ProfileFilter, n int) ([]crm.ProfileHit, error)
	MatchProfiles(ctx context.Context, terms []crm.TermWeight, f crm.ProfileFilter, n int) ([]crm.ProfileHit, error)
	Close() error
}

// Embedder turns texts into unit vectors. Name is what ranking weights are chosen by ("ollama/all-minilm"); Windows tells whether its vectors gain from a second one
// per chunk, embedded between its neighbours.
type Embedder interface {
	Name() string
	Fingerprint() string
	Dimension() int
	Windows() bool
	Embed(ctx context.Context, kind crm.EmbedKind, texts []string) ([][]float32, crm.Usage, error)
}

// Texts is the store's side: what an index is built from and must agree with.
type Texts interface {
	// Chunks lists chunks with texts but without vectors, by activity and position, after that chunk; its Pos may be -1. Of each activity those that this chunker cut, else
	// those of the newest one.
	Chunks(ctx context.Context, portal crm.PortalID, chunker int, after crm.Chunk, limit int) ([]crm.Chunk, error)
	// Indexed yields what a vector back end must hold of each of these chunks, in any order.
	Indexed(ctx context.Context, portal crm.PortalID, chunker int) iter.Seq2[crm.Indexed, error]
	// Uncut lists activities behind after that have chunks and none of this chunker, with their texts; KeepCut adds chunks that it made of them, but for activities that
	// have changed meanwhile.
	Uncut(ctx context.Context, portal crm.PortalID, chunker int, after crm.Ref, limit int) ([]crm.Stored, error)
	KeepCut(ctx context.Context, batch []crm.Kept) error
	// Names returns the display names of records; unknown ones are absent.
	Names(ctx context.Context, refs []crm.Ref) (map[crm.Ref]string, error)
	// Marks returns accounts and links of the activities that are kept; deleted ones have none.
	Marks(ctx context.Context, refs []crm.Ref) (map[crm.Ref]crm.Marked, error)
}
