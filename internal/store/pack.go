package store

import (
	"encoding/binary"
	"encoding/hex"

	"github.com/contextd/contextd/internal/crm"
)

// packedVersion is the first byte of packed postings. A program that meets another one refuses the row; a migration makes the rows anew from their texts.
const packedVersion = 2

// packPostings writes one activity's chunks with their words in order, as variable-length integers and length-prefixed strings:
//
//	version · number of chunks · number of words, repetitions counted · people · table of short strings · table of distinct words
//	per chunk: id · position · kind, session, speaker and language as indexes into the string table · time and creation as differences from the chunk before ·
//	2·traits + generated · number of words · their indexes into the word table
//
// An id is its 16 bytes behind a 0 where it is 32 lower-case hex digits, as ids are, else a string behind its length plus one.
func packPostings(chunks []crm.Chunk, words [][]string) []byte {
	short, vocabulary := newTable(), newTable()
	var body []byte
	total := 0
	var at, created int64
	for i := range chunks {
		c := &chunks[i]
		body = appendID(body, c.ID)
		body = binary.AppendUvarint(body, uint64(c.Pos))
		for _, s := range []string{string(c.Kind), c.Session, c.Speaker, c.Language} {
			body = binary.AppendUvarint(body, short.index(s))
		}
		body = binary.AppendVarint(body, micros(c.Time)-at)
		body = binary.AppendVarint(body, micros(c.Created)-created)
		at, created = micros(c.Time), micros(c.Created)
		body = binary.AppendUvarint(body, uint64(c.Traits)<<1|uint64(flag(c.Generated)))
		body = binary.AppendUvarint(body, uint64(len(words[i])))
		for _, w := range words[i] {
			body = binary.AppendUvarint(body, vocabulary.index(w))
		}
		total += len(words[i])
	}
	b := binary.AppendUvarint([]byte{packedVersion}, uint64(len(chunks)))
	b = binary.AppendUvarint(b, uint64(total))
	people := newTable()
	for _, p := range peopleOf(chunks) {
		people.index(path(p))
	}
	for _, t := range []*table{people, short, vocabulary} {
		b = t.append(b)
	}
	return append(b, body...)
}

// peopleOf are the contacts of an activity: the same in all of its chunks.
func peopleOf(chunks []crm.Chunk) []crm.Ref {
	if len(chunks) == 0 {
		return nil
	}
	return chunks[0].People
}

// table numbers strings in the order of their first use.
type table struct {
	list []string
	at   map[string]uint64
}

func newTable() *table { return &table{at: map[string]uint64{}} }

func (t *table) index(s string) uint64 {
	n, ok := t.at[s]
	if !ok {
		n = uint64(len(t.list))
		t.at[s] = n
		t.list = append(t.list, s)
	}
	return n
}

func (t *table) append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(t.list)))
	for _, s := range t.list {
		b = appendText(b, s)
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// idBytes is the length of an id that is packed as bytes; see crm.Chunk.
const idBytes = 16

func appendID(b []byte, id string) []byte {
	raw, err := hex.DecodeString(id)
	if err != nil || len(raw) != idBytes || hex.EncodeToString(raw) != id {
		return append(binary.AppendUvarint(b, uint64(len(id))+1), id...)
	}
	return append(append(b, 0), raw...)
}
