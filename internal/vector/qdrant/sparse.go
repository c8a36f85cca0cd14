package qdrant

import (
	"math"
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

// BM25 with the usual constants: a chunk's value of a term is tf·(k1+1) / (tf + k1·(1 − b + b·length/average)), and the server multiplies it by the term's idf.
const (
	k1 = 1.2
	b  = .75
)

// termIndex is a term's dimension: FNV-1a, 32 bits. Two terms share one with a chance of one in four billion per pair; they then count as the same word.
func termIndex(term string) uint32 {
	h := uint32(2166136261)
	for i := range len(term) {
		h = (h ^ uint32(term[i])) * 16777619
	}
	return h
}

// entry is an index above the bits of its value: sorting the numbers sorts by index, several times faster than sorting pairs, which counts in a bulk load.
type entry uint64

func entryOf(index uint32, value float32) entry {
	return entry(index)<<32 | entry(math.Float32bits(value))
}

func (e entry) index() uint32  { return uint32(e >> 32) }
func (e entry) value() float32 { return math.Float32frombits(uint32(e)) }

// termEntries is the sparse vector of a chunk, ascending, every index once: the server refuses a repeated one.
func termEntries(terms []crm.TermCount, average float64) ([]uint32, []float32) {
	length := 0.
	for _, t := range terms {
		length += float64(t.Count)
	}
	norm := k1 * (1 - b + b*length/average)
	entries := make([]entry, 0, len(terms))
	for _, t := range terms {
		if t.Count > 0 {
			tf := float64(t.Count)
			entries = append(entries, entryOf(termIndex(t.Term), float32(tf*(k1+1)/(tf+norm))))
		}
	}
	return merged(entries)
}

// asked is the sparse vector of a question: each term once, whatever its repetitions.
func asked(terms []string) ([]uint32, []float32) {
	entries := make([]entry, 0, len(terms))
	for _, t := range terms {
		entries = append(entries, entryOf(termIndex(t), 1))
	}
	indices, values := merged(entries)
	for i := range values {
		values[i] = 1
	}
	return indices, values
}

func weightEntries(terms []crm.TermWeight) ([]uint32, []float32) {
	entries := make([]entry, 0, len(terms))
	for _, t := range terms {
		entries = append(entries, entryOf(termIndex(t.Term), t.Weight))
	}
	return merged(entries)
}

// merged sorts by index and adds up the values of equal ones.
func merged(entries []entry) ([]uint32, []float32) {
	slices.Sort(entries)
	indices, values := make([]uint32, 0, len(entries)), make([]float32, 0, len(entries))
	for _, e := range entries {
		if n := len(indices); n > 0 && indices[n-1] == e.index() {
			values[n-1] += e.value()
			continue
		}
		indices, values = append(indices, e.index()), append(values, e.value())
	}
	return indices, values
}
