package indexer

import "github.com/contextd/contextd/internal/crm"

// Chunker divides texts for retrieval by one set of rules. A program brings one; what an earlier one made stays readable, and is searched until a generation of this one
// takes its place. Divide is pure, and its chunks have ids that no other version gives (see ChunkID).
type Chunker struct {
	Version int
	Divide  func(a crm.Activity, d crm.Document, accounts []string) []crm.Chunk
}

// Current is the chunker of this program.
func Current() Chunker { return Chunker{ChunkerVersion, Chunk} }

// orCurrent is the chunker itself, or, when it is the zero one, the program's.
func (c Chunker) orCurrent() Chunker {
	if c.Divide == nil {
		return Current()
	}
	return c
}

// Chunked is an Embedder that writes to a generation of the index which belongs to a chunker.
type Chunked interface {
	Chunker() int
}
