package flat

import (
	"bytes"
	"slices"
	"sort"
)

// table is the chunks that are in memory, without vectors and words: one span per activity, in the order of their numbers.
type table struct {
	spans    []span
	ids      [][idBytes]byte
	live     int // chunks of spans that are not dead
	people   sets
	accounts sets
}

// span is the chunks of one activity: rows from…to of the table. A dead one was replaced or removed; its rows stay until the table is loaded again.
type span struct {
	n                int64
	time, created    int64
	from, to         uint32
	people, accounts uint32 // in the table's sets
	kind             uint8
	generated, dead  bool
}

const spanBytes = 56

// sets are distinct sets of references, each kept once.
type sets struct {
	of    []string
	at    map[string]uint32
	bytes int
}

func (s *sets) number(set string) uint32 {
	if i, ok := s.at[set]; ok {
		return i
	}
	if s.at == nil {
		s.at = map[string]uint32{}
	}
	i := uint32(len(s.of))
	s.of, s.at[set] = append(s.of, set), i
	s.bytes += len(set) + 64
	return i
}

func (t *table) size() int {
	return spanBytes*cap(t.spans) + idBytes*cap(t.ids) + t.people.bytes + t.accounts.bytes + 256
}

// add appends an activity; its rows are the next ones. An activity that is there already (its number) stays as it is: false.
func (t *table) add(n int64, f *facts, withAccounts bool) bool {
	if len(t.spans) > 0 && t.spans[len(t.spans)-1].n >= n {
		return false
	}
	from := uint32(len(t.ids))
	for i := 0; i < len(f.ids); i += idBytes {
		t.ids = appendOne(t.ids, [idBytes]byte(f.ids[i:]))
	}
	s := span{n: n, time: f.time, created: f.created, from: from, to: uint32(len(t.ids)), people: t.people.number(f.people), kind: f.kind, generated: f.generated}
	if withAccounts {
		s.accounts = t.accounts.number(f.accounts)
	}
	t.spans = appendOne(t.spans, s)
	t.live += f.chunks()
	return true
}

// appendOne appends and, unlike append, leaves little room: what is in memory is bounded.
func appendOne[T any](s []T, v T) []T {
	if len(s) == cap(s) {
		grown := make([]T, len(s), len(s)+len(s)/16+8)
		copy(grown, s)
		s = grown
	}
	return append(s, v)
}

// find returns the span of a number, or nil.
func (t *table) find(n int64) *span {
	i := sort.Search(len(t.spans), func(i int) bool { return t.spans[i].n >= n })
	if i == len(t.spans) || t.spans[i].n != n || t.spans[i].dead {
		return nil
	}
	return &t.spans[i]
}

func (t *table) remove(n int64) {
	if s := t.find(n); s != nil {
		s.dead = true
		t.live -= int(s.to - s.from)
	}
}

// wasteful says that most rows are dead: load it again.
func (t *table) wasteful() bool { return len(t.ids) > 64 && t.live < len(t.ids)/2 }

func (t *table) reserve(activities, chunks int) {
	t.spans = slices.Grow(t.spans, activities)
	t.ids = slices.Grow(t.ids, chunks)
}

func compareIDs(a, b *[idBytes]byte) int { return bytes.Compare(a[:], b[:]) }
