package store

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"unsafe"

	"github.com/contextd/contextd/internal/crm"
)

var errPacked = errors.New("packed postings are damaged")

// unpacker reads what packPostings wrote; the first damage sticks.
type unpacker struct {
	b   []byte
	bad bool
}

func (u *unpacker) uint() uint64 {
	if len(u.b) > 0 && u.b[0] < 0x80 {
		n := uint64(u.b[0])
		u.b = u.b[1:]
		return n
	}
	n, size := binary.Uvarint(u.b)
	if size <= 0 {
		u.damaged()
		return 0
	}
	u.b = u.b[size:]
	return n
}

func (u *unpacker) int() int64 {
	n, size := binary.Varint(u.b)
	if size <= 0 {
		u.damaged()
		return 0
	}
	u.b = u.b[size:]
	return n
}

// count reads the length of something whose every element takes at least one byte: more than there are bytes is damage, not an allocation.
func (u *unpacker) count() int {
	n := u.uint()
	if n > uint64(len(u.b)) {
		u.damaged()
		return 0
	}
	return int(n)
}

func (u *unpacker) bytes(n int) []byte {
	if n < 0 || n > len(u.b) {
		u.damaged()
		return nil
	}
	s := u.b[:n]
	u.b = u.b[n:]
	return s
}

func (u *unpacker) text() []byte { return u.bytes(u.count()) }

func (u *unpacker) damaged() { u.bad, u.b = true, nil }

// assembly puts the activities of one account together. Strings that repeat are kept once.
type assembly struct {
	p       *crm.Postings
	words   map[string]uint32
	strings map[string]string
	local   []uint32 // of the activity being added: its word indexes in the account's
	short   []string
	bytes   int64  // of strings
	patched bool   // it goes on from an account that was assembled before
	reading uint64 // of the activity being added; see crm.PostedChunk
}

func newAssembly() *assembly {
	return &assembly{p: &crm.Postings{}, words: map[string]uint32{}, strings: map[string]string{}}
}

// size reads how many chunks and words a packed activity has, to make room for a whole account at once.
func size(packed []byte) (chunks, words int) {
	if len(packed) == 0 {
		return 0, 0
	}
	u := &unpacker{b: packed[1:]}
	chunks = u.count()
	return chunks, u.count()
}

// grow makes room.
func (a *assembly) grow(chunks, words int) {
	a.p.Chunks = make([]crm.PostedChunk, 0, chunks)
	a.p.Sequence = make([]uint32, 0, words)
}

// add appends one activity's packed postings. Activities are added in order.
func (a *assembly) add(activity crm.Ref, packed []byte) error {
	if len(packed) == 0 || packed[0] != packedVersion {
		return fmt.Errorf("%s: another version: %w", activity, errPacked)
	}
	u := &unpacker{b: packed[1:]}
	chunks := u.count()
	u.count()
	people, err := a.people(activity.Portal, u)
	if err != nil {
		return fmt.Errorf("%s: %w: %w", activity, err, errPacked)
	}
	a.tables(u)
	var at, created int64
	for ; chunks > 0 && !u.bad; chunks-- {
		c := crm.PostedChunk{ID: chunkID(u), Activity: activity, Pos: int(u.uint()), People: people, Read: a.reading}
		c.Kind, c.Session, c.Speaker, c.Language = crm.Kind(a.string(u)), a.string(u), a.string(u), a.string(u)
		at += u.int()
		created += u.int()
		c.Time, c.Created = moment(at), moment(created)
		marks := u.uint()
		c.Generated, c.Traits = marks&1 == 1, crm.Traits(marks>>1)
		c.From = uint32(len(a.p.Sequence))
		a.sequence(u)
		c.To = uint32(len(a.p.Sequence))
		a.p.Chunks = append(a.p.Chunks, c)
	}
	if u.bad || len(u.b) > 0 {
		return fmt.Errorf("%s: %w", activity, errPacked)
	}
	return nil
}

// people reads the contacts; all chunks of the activity share the list.
func (a *assembly) people(portal crm.PortalID, u *unpacker) (out []crm.Ref, err error) {
	n := u.count()
	for ; n > 0 && !u.bad; n-- {
		r, err := refOf(portal, a.intern(u.text()))
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	a.bytes += int64(cap(out)) * int64(unsafe.Sizeof(crm.Ref{}))
	return out, nil
}

// tables reads the short strings and the words of one activity.
func (a *assembly) tables(u *unpacker) {
	a.short, a.local = a.short[:0], a.local[:0]
	for n := u.count(); n > 0 && !u.bad; n-- {
		a.short = append(a.short, a.intern(u.text()))
	}
	for n := u.count(); n > 0 && !u.bad; n-- {
		w := u.text()
		id, ok := a.words[string(w)]
		if !ok {
			id = uint32(len(a.p.Words))
			word := string(w)
			a.words[word] = id
			a.p.Words = append(a.p.Words, word)
			a.bytes += int64(len(w))
		}
		a.local = append(a.local, id)
	}
}

// sequence reads the words of one chunk.
func (a *assembly) sequence(u *unpacker) {
	n := u.count()
	if uint64(len(a.p.Sequence)+n) > math.MaxUint32 {
		u.damaged()
		return
	}
	for ; n > 0; n-- {
		i := u.uint()
		if i >= uint64(len(a.local)) {
			u.damaged()
			return
		}
		a.p.Sequence = append(a.p.Sequence, a.local[i])
	}
}

func (a *assembly) string(u *unpacker) string {
	i := u.uint()
	if i >= uint64(len(a.short)) {
		u.damaged()
		return ""
	}
	return a.short[i]
}

func (a *assembly) intern(b []byte) string {
	s, ok := a.strings[string(b)]
	if !ok {
		s = string(b)
		a.strings[s] = s
		a.bytes += int64(len(s))
	}
	return s
}

func chunkID(u *unpacker) string {
	n := u.uint()
	if n > uint64(len(u.b))+1 {
		u.damaged()
		return ""
	}
	if n == 0 {
		return hex.EncodeToString(u.bytes(idBytes))
	}
	return string(u.bytes(int(n) - 1))
}

// done is the account. fresh is how many words it had when it was last assembled as a whole.
func (a *assembly) done(fresh int) *assembled {
	const perWord = 40 // of the map
	bytes := a.bytes + int64(cap(a.p.Chunks))*int64(unsafe.Sizeof(crm.PostedChunk{})+2*idBytes) +
		4*int64(cap(a.p.Sequence)) + int64(cap(a.p.Words))*int64(unsafe.Sizeof(""))
	out := &assembled{p: a.p, bytes: bytes, text: a.bytes, fresh: fresh}
	if a.patched { // written to once, it will be again
		out.words, out.bytes = a.words, bytes+perWord*int64(len(a.words))
	}
	return out
}
