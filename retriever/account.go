package retriever

import (
	"cmp"
	"slices"
	"sync/atomic"
	"time"

	"github.com/contextd/contextd/internal/codes"
	"github.com/contextd/contextd/internal/crm"
)

const none = -1

// account is one account made ready for ranking, built once from its postings and then only read. Its chunks stand session by session in reading order, so that
// neighbours are neighbours in memory; a chunk's index here is not the one in the postings. Everything is flat.
type account struct {
	posted    []crm.PostedChunk // of the postings, in their order
	at        []int32           // of each chunk, its index in posted
	sequence  []uint32          // of the postings
	begins    []uint32          // of each chunk, where its words begin in the sequence, behind the name of its speaker
	languages []string          // of its chunks, that of most words first
	language  []int8            // of each chunk, an index of languages
	shapes    []uint8           // of each chunk, an index of Shapes
	runs      []run             // of chunks of one shape, in a row
	traits    []crm.Traits

	vocabulary *vocabulary
	words      []int32  // of each word, its stem where the account has it first; none where it does not
	sharing    []uint32 // words by stem: those of stem s are sharing[sharers[s]:sharers[s+1]]
	sharers    []uint32
	start      []uint32 // post[start[s]:start[s+1]] are the postings of stem s, ascending by chunk
	post       []posting
	place      []uint32 // where a term stands: indexes of the sequence
	form       []uint8  // at each place, which of the words that share the stem it is; strange for another one

	norm []float32 // of each chunk: k1·(1 - b + b·length/mean), the part of BM25's denominator that does not depend on the term
	logs []float32 // logarithm of the length, longest = 1

	session     []int32 // of each chunk, ascending
	first, end  []int32 // of each session: its chunks are first to end-1
	sessionNorm []float32

	speakers []person // who speaks in the account
	speaker  []int32  // of each chunk, none without one

	vectors *codes.Rows // the sum of word vectors of each chunk, unit length or zero; nil without word vectors

	structure // what does not depend on the question, by chunk

	earliest, latest time.Time // of the chunks that have a time

	kin    family
	places places
	bodies []atomic.Pointer[body] // those that were read
}

// run is chunks from…to-1, which have one shape.
type run struct {
	from, to int32
	shape    uint8
}

// chunk is a chunk as the postings have it.
func (a *account) chunk(i int32) *crm.PostedChunk { return &a.posted[a.at[i]] }

// posting says that a stem is in a chunk, count times, at place[at:at+count]. Weight is its part of BM25 without the idf; opens, that one of the first words has it.
type posting struct {
	chunk, at uint32
	weight    float32
	count     uint16 // at most 65,535, of longer ones the rest is not looked at
	opens     bool
}

// person is somebody with a name of one or more words.
type person struct {
	words  []string
	called []string // what others call them
}

// statistics are how common words are in a whole portal; nil when nobody knows.
type statistics = *crm.WordStatistics

// prepare builds an account. It never changes the postings. What the one before it knows of words and chunks that are still there is taken over; it may be nil.
func prepare(p *crm.Postings, static Static, before *account) *account {
	n := len(p.Chunks)
	a := &account{posted: p.Chunks, sequence: p.Sequence, bodies: make([]atomic.Pointer[body], n)}
	if before != nil && before.vocabulary.extend(p.Words) {
		a.vocabulary = before.vocabulary
	} else {
		a.vocabulary = newVocabulary(static)
		a.vocabulary.extend(p.Words)
	}
	a.order()
	a.shapes, a.traits = make([]uint8, n), make([]crm.Traits, n)
	for i := range a.shapes {
		c := a.chunk(int32(i))
		a.shapes[i], a.traits[i] = shapeIndex(c.Kind), c.Traits
		if !c.Time.IsZero() {
			if a.earliest.IsZero() || c.Time.Before(a.earliest) {
				a.earliest = c.Time
			}
			if c.Time.After(a.latest) {
				a.latest = c.Time
			}
		}
	}
	a.cut()
	a.speak()
	a.people()
	a.begin(p.Words)
	a.lengths()
	a.invert(len(p.Words))
	a.calls(p.Words)
	a.build()
	a.takeOver(before)
	return a
}

// order sorts the chunks by session, then time, activity and position. Sessions of one shape stand together.
func (a *account) order() {
	type key struct {
		session  string
		activity crm.Ref
	}
	n := len(a.posted)
	at := make(map[key]int32, n/8)
	of := make([]int32, n)
	var shapes []uint8
	for i := range a.posted {
		c := &a.posted[i]
		k := key{session: c.Session}
		if c.Session == "" {
			k.activity = c.Activity
		}
		s, ok := at[k]
		if !ok {
			s = int32(len(at))
			at[k] = s
			shapes = append(shapes, shapeIndex(c.Kind))
		}
		of[i] = s
	}
	number, next := make([]int32, len(shapes)), int32(0)
	for shape := range uint8(shapeCount) {
		for s, x := range shapes {
			if x == shape {
				number[s], next = next, next+1
			}
		}
	}
	a.at = make([]int32, n)
	for i := range a.at {
		a.at[i], of[i] = int32(i), number[of[i]]
	}
	slices.SortFunc(a.at, func(i, j int32) int {
		if of[i] != of[j] {
			return cmp.Compare(of[i], of[j])
		}
		x, y := &a.posted[i], &a.posted[j]
		return cmp.Or(x.Time.Compare(y.Time), x.Activity.Compare(y.Activity), cmp.Compare(x.Pos, y.Pos))
	})
	a.session, a.first, a.end = make([]int32, n), make([]int32, len(shapes)), make([]int32, len(shapes))
	for i, j := range a.at {
		s := of[j]
		a.session[i] = s
		if i == 0 || a.session[i-1] != s {
			a.first[s] = int32(i)
		}
		a.end[s] = int32(i + 1)
	}
}

// cut finds the runs.
func (a *account) cut() {
	for i, s := range a.shapes {
		if i == 0 || a.shapes[i-1] != s {
			a.runs = append(a.runs, run{from: int32(i), shape: s})
		}
		a.runs[len(a.runs)-1].to = int32(i + 1)
	}
}

// people finds who speaks.
func (a *account) people() {
	a.speaker = make([]int32, len(a.at))
	at := map[string]int32{}
	for i := range a.speaker {
		name := a.chunk(int32(i)).Speaker
		id, ok := at[name]
		if !ok {
			id = none
			if words := crm.Terms(name); len(words) > 0 {
				id = int32(len(a.speakers))
				a.speakers = append(a.speakers, person{words: words})
			}
			at[name] = id
		}
		a.speaker[i] = id
	}
}

// begin finds where the words of each chunk begin, behind the name of its speaker where a transcript writes "Anna: …": who spoke is known anyway, and a name in every
// turn would make those turns rare in which somebody is spoken of.
func (a *account) begin(words []string) {
	a.begins = make([]uint32, len(a.at))
	for i := range a.begins {
		c := a.chunk(int32(i))
		a.begins[i] = c.From
		if a.speaker[i] == none {
			continue
		}
		name := a.speakers[a.speaker[i]].words
		if c.Tokens() <= len(name) {
			continue
		}
		same := true
		for j, w := range name {
			same = same && words[a.sequence[int(c.From)+j]] == w
		}
		if same {
			a.begins[i] += uint32(len(name))
		}
	}
}

// said are the words of a chunk, without the name of who said them.
func (a *account) said(i int32) []uint32 { return a.sequence[a.begins[i]:a.chunk(i).To] }
