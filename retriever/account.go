package retriever

import (
	"cmp"
	"slices"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

const none = -1

// account is one account made ready for ranking, built once from its postings and then only read. Its chunks stand session by session in reading order, so that
// neighbours are neighbours in memory; a chunk's index here is not the one in the postings. Everything is flat.
type account struct {
	chunks    []crm.PostedChunk
	sequence  []uint32 // of the postings
	list      []string // words by id, of the postings
	languages []string // of its chunks, that of most words first
	language  []int8   // of each chunk, an index of languages
	shapes    []uint8  // of each chunk, an index of Shapes
	traits    []crm.Traits
	byID      map[string]int32

	stems map[string]int32  // stem → id
	words map[string]int32  // word → id of its stem (in the account's first language)
	ids   map[string]uint32 // word → its id
	idf   []float32         // of each stem
	start []uint32          // post[start[s]:start[s+1]] are the postings of stem s, ascending by chunk
	post  []posting
	place []uint32 // where a term stands in a chunk, counted in words from the chunk's first

	norm []float32 // of each chunk: k1·(1 - b + b·length/mean), the part of BM25's denominator that does not depend on the term
	logs []float32 // logarithm of the length, longest = 1

	session     []int32 // of each chunk, ascending
	first, end  []int32 // of each session: its chunks are first to end-1
	sessionNorm []float32

	speakers []person // who speaks in the account
	speaker  []int32  // of each chunk, none without one

	vectors   []float32 // the sum of word vectors of each chunk, unit length or zero; nil without word vectors
	dimension int

	earliest, latest time.Time // of the chunks that have a time
}

// posting says that a stem is in a chunk: count times, at place[at:at+count].
type posting struct{ chunk, count, at uint32 }

// person is somebody with a name of one or more words.
type person struct {
	words  []string
	called []string // what others call them
}

// statistics are how common words are in a whole portal; nil when nobody knows.
type statistics = *crm.WordStatistics

// prepare builds an account. It never changes the postings.
func prepare(p *crm.Postings, stats statistics, static Static) *account {
	n := len(p.Chunks)
	a := &account{chunks: slices.Clone(p.Chunks), sequence: p.Sequence, list: p.Words, byID: make(map[string]int32, n)}
	a.order()
	a.shapes, a.traits, a.norm, a.logs = make([]uint8, n), make([]crm.Traits, n), make([]float32, n), make([]float32, n)
	for i := range a.chunks {
		c := &a.chunks[i]
		a.byID[c.ID] = int32(i)
		a.shapes[i], a.traits[i] = uint8(slices.Index(Shapes(), ShapeOf(c.Kind))), c.Traits
		if !c.Time.IsZero() {
			if a.earliest.IsZero() || c.Time.Before(a.earliest) {
				a.earliest = c.Time
			}
			if c.Time.After(a.latest) {
				a.latest = c.Time
			}
		}
	}
	a.speak()
	a.people()
	begins := a.begins()
	a.invert(begins)
	a.lengths(begins)
	a.calls(begins)
	a.weigh(stats)
	if static != nil {
		a.embed(static, begins)
	}
	return a
}

// order sorts the chunks by session, then time, activity and position.
func (a *account) order() {
	at := map[string]int{}
	key := func(c *crm.PostedChunk) string {
		if c.Session == "" {
			return c.Activity.Path()
		}
		return c.Session
	}
	type place struct {
		session int
		chunk   crm.PostedChunk
	}
	sorted := make([]place, len(a.chunks))
	for i := range a.chunks {
		k := key(&a.chunks[i])
		if _, ok := at[k]; !ok {
			at[k] = len(at)
		}
		sorted[i] = place{at[k], a.chunks[i]}
	}
	slices.SortFunc(sorted, func(x, y place) int {
		return cmp.Or(cmp.Compare(x.session, y.session), x.chunk.Time.Compare(y.chunk.Time), x.chunk.Activity.Compare(y.chunk.Activity), cmp.Compare(x.chunk.Pos, y.chunk.Pos))
	})
	a.session, a.first, a.end = make([]int32, len(a.chunks)), make([]int32, len(at)), make([]int32, len(at))
	for i := range sorted {
		s := sorted[i].session
		a.chunks[i], a.session[i] = sorted[i].chunk, int32(s)
		if i == 0 || sorted[i-1].session != s {
			a.first[s] = int32(i)
		}
		a.end[s] = int32(i + 1)
	}
}

// people finds who speaks.
func (a *account) people() {
	a.speaker = make([]int32, len(a.chunks))
	at := map[string]int32{}
	for i := range a.chunks {
		name := a.chunks[i].Speaker
		words := crm.Terms(name)
		if len(words) == 0 {
			a.speaker[i] = none
			continue
		}
		id, ok := at[name]
		if !ok {
			id = int32(len(a.speakers))
			at[name] = id
			a.speakers = append(a.speakers, person{words: words})
		}
		a.speaker[i] = id
	}
}

// begins are where the words of each chunk begin, behind the name of its speaker where a transcript writes "Anna: …": who spoke is known anyway, and a name in every
// turn would make those turns rare in which somebody is spoken of.
func (a *account) begins() []uint32 {
	out := make([]uint32, len(a.chunks))
	for i := range a.chunks {
		c := &a.chunks[i]
		out[i] = c.From
		if a.speaker[i] == none {
			continue
		}
		name := a.speakers[a.speaker[i]].words
		if c.Tokens() <= len(name) {
			continue
		}
		same := true
		for j, w := range name {
			same = same && a.list[a.sequence[int(c.From)+j]] == w
		}
		if same {
			out[i] += uint32(len(name))
		}
	}
	return out
}
