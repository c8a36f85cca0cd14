package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/contextd/contextd/internal/crm"
)

var errPacked = errors.New("packed postings are damaged")

// packPostings writes one activity's chunks with their terms: for each chunk id, position, kind, time, creation, speaker and its terms with counts, all as
// variable-length integers and length-prefixed strings.
func packPostings(chunks []crm.Chunk, terms [][]crm.TermCount) []byte {
	b := binary.AppendUvarint(nil, uint64(len(chunks)))
	for i, c := range chunks {
		b = appendText(b, c.ID)
		b = binary.AppendUvarint(b, uint64(c.Pos))
		b = appendText(b, string(c.Kind))
		b = binary.AppendVarint(b, micros(c.Time))
		b = binary.AppendVarint(b, micros(c.Created))
		b = appendText(b, c.Speaker)
		b = binary.AppendUvarint(b, uint64(len(terms[i])))
		for _, t := range terms[i] {
			b = appendText(b, t.Term)
			b = binary.AppendUvarint(b, uint64(t.Count))
		}
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// unpacker reads what packPostings wrote; the first damage sticks.
type unpacker struct {
	b   []byte
	bad bool
}

func (u *unpacker) uint() uint64 {
	n, size := binary.Uvarint(u.b)
	if size <= 0 {
		u.bad, u.b = true, nil
		return 0
	}
	u.b = u.b[size:]
	return n
}

func (u *unpacker) int() int64 {
	n, size := binary.Varint(u.b)
	if size <= 0 {
		u.bad, u.b = true, nil
		return 0
	}
	u.b = u.b[size:]
	return n
}

func (u *unpacker) text() []byte {
	n := u.uint()
	if n > uint64(len(u.b)) {
		u.bad, u.b = true, nil
		return nil
	}
	s := u.b[:n]
	u.b = u.b[n:]
	return s
}

// termBytes is what a term's map entry and slice header take beside the term itself, about.
const termBytes = 72

// assembly puts the activities of one account together.
type assembly struct {
	p     *crm.Postings
	terms map[string]*[]crm.Posting // by pointer, so that a known term costs no new string and no map write
	kinds map[string]crm.Kind
	bytes int64
}

func newAssembly() *assembly {
	return &assembly{p: &crm.Postings{}, terms: map[string]*[]crm.Posting{}, kinds: map[string]crm.Kind{}}
}

// add appends one activity's packed postings.
func (a *assembly) add(activity crm.Ref, packed []byte) error {
	u := &unpacker{b: packed}
	for n := u.uint(); n > 0 && !u.bad; n-- {
		c := crm.PostedChunk{ID: string(u.text()), Activity: activity, Pos: int(u.uint()), Kind: a.kind(u.text()), Time: moment(u.int()), Created: moment(u.int()),
			Speaker: string(u.text())}
		index := uint32(len(a.p.Chunks))
		for m := u.uint(); m > 0 && !u.bad; m-- {
			term, count := u.text(), u.uint()
			list := a.terms[string(term)]
			if list == nil {
				list = new([]crm.Posting)
				a.terms[string(term)] = list
				a.bytes += int64(len(term)) + termBytes
			}
			*list = append(*list, crm.Posting{Chunk: index, Count: uint16(min(count, math.MaxUint16))})
			a.bytes += 8
			c.Tokens += int(count)
		}
		a.p.Tokens += c.Tokens
		a.p.Chunks = append(a.p.Chunks, c)
		a.bytes += 200 + int64(len(c.ID)+len(c.Speaker))
	}
	if u.bad || len(u.b) > 0 {
		return fmt.Errorf("%s: %w", activity, errPacked)
	}
	return nil
}

func (a *assembly) kind(b []byte) crm.Kind {
	k, ok := a.kinds[string(b)]
	if !ok {
		k = crm.Kind(b)
		a.kinds[string(b)] = k
	}
	return k
}

func (a *assembly) done() (*crm.Postings, int64) {
	a.p.Terms = make(map[string][]crm.Posting, len(a.terms))
	for term, list := range a.terms {
		a.p.Terms[term] = *list
	}
	return a.p, a.bytes
}
