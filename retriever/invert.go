package retriever

import (
	"slices"

	"github.com/contextd/contextd/internal/analysis"
)

// invert makes the posting lists of stems.
func (a *account) invert(begins []uint32) {
	a.stems, a.words = make(map[string]int32, len(a.list)), make(map[string]int32, len(a.list))
	a.ids = make(map[string]uint32, len(a.list))
	for w, word := range a.list {
		a.ids[word] = uint32(w)
	}
	stemOf := make([][]int32, len(a.languages)) // by language, then word id
	for l := range stemOf {
		stemOf[l] = make([]int32, len(a.list))
		for w := range stemOf[l] {
			stemOf[l][w] = none
		}
	}
	var counts []uint32
	for i := range a.chunks {
		c := &a.chunks[i]
		l := a.language[i]
		for at := begins[i]; at < c.To; at++ {
			w := a.sequence[at]
			id := stemOf[l][w]
			if id == none {
				id = a.stem(a.list[w], a.languages[l])
				stemOf[l][w] = id
				if _, ok := a.words[a.list[w]]; !ok {
					a.words[a.list[w]] = id
				}
			}
			for int(id) >= len(counts) {
				counts = append(counts, 0)
			}
			counts[id]++
		}
	}
	a.fill(begins, stemOf, counts)
}

func (a *account) stem(word, language string) int32 {
	s := analysis.Stem(word, language)
	id, ok := a.stems[s]
	if !ok {
		id = int32(len(a.stems))
		a.stems[s] = id
	}
	return id
}

// fill writes the places of every stem and, from them, its postings.
func (a *account) fill(begins []uint32, stemOf [][]int32, counts []uint32) {
	n := len(a.stems)
	starts := make([]uint32, n+1)
	for s := range n {
		starts[s+1] = starts[s] + counts[s]
	}
	a.place = make([]uint32, starts[n])
	in := make([]uint32, starts[n]) // the chunk of each place
	next := slices.Clone(starts[:n])
	for i := range a.chunks {
		c := &a.chunks[i]
		for at := begins[i]; at < c.To; at++ {
			s := stemOf[a.language[i]][a.sequence[at]]
			a.place[next[s]], in[next[s]] = at-c.From, uint32(i)
			next[s]++
		}
	}
	a.start = make([]uint32, n+1)
	for s := range n {
		from := len(a.post)
		for at := starts[s]; at < starts[s+1]; at++ {
			if len(a.post) > from && a.post[len(a.post)-1].chunk == in[at] {
				a.post[len(a.post)-1].count++
				continue
			}
			a.post = append(a.post, posting{chunk: in[at], count: 1, at: at})
		}
		a.start[s+1] = uint32(len(a.post))
	}
	a.post = slices.Clip(a.post)
}

// postings of a stem.
func (a *account) postings(stem int32) []posting { return a.post[a.start[stem]:a.start[stem+1]] }
