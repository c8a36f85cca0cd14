package retriever

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/contextd/contextd/internal/analysis"
	"github.com/contextd/contextd/internal/crm"
)

// bm25 constants: Lucene's defaults, and for the short turns of a chat, where length says little, the ones that are common for passages.
type bm25 struct{ k1, b float32 }

func bm25Of(s Shape) bm25 {
	if s == Chat {
		return bm25{0.9, 0.4}
	}
	return bm25{1.2, 0.75}
}

// saturation is k1 by the index of the shape.
var saturation = [...]float32{bm25Of(Chat).k1, bm25Of(Transcript).k1, bm25Of(Document).k1}

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

// lengths sets the parts that depend on the length: the mean is that of the shape, a turn among mails is not short.
func (a *account) lengths(begins []uint32) {
	shapes := Shapes()
	total, count := make([]float64, len(shapes)), make([]float64, len(shapes))
	longest := 1
	length := make([]int, len(a.shapes))
	for i, s := range a.shapes {
		length[i] = int(a.chunks[i].To - begins[i])
		total[s] += float64(length[i])
		count[s]++
		longest = max(longest, length[i])
	}
	for i, s := range a.shapes {
		c := bm25Of(shapes[s])
		mean := float32(max(1, total[s]/count[s]))
		a.norm[i] = c.k1 * (1 - c.b + c.b*float32(length[i])/mean)
		a.logs[i] = float32(math.Log1p(float64(length[i])) / math.Log1p(float64(longest)))
	}
	a.sessionNorm = make([]float32, len(a.first))
	mean := float32(0)
	for i, s := range a.session {
		a.sessionNorm[s] += float32(a.chunks[i].Tokens())
		mean += float32(a.chunks[i].Tokens()) / float32(len(a.first))
	}
	c := bm25Of(Document)
	for s, l := range a.sessionNorm {
		a.sessionNorm[s] = c.k1 * (1 - c.b + c.b*l/max(1, mean))
	}
}

// weigh gives every stem its idf: from the whole portal where that is known, since a small account alone takes chance for rarity, else from the account.
func (a *account) weigh(stats statistics) {
	n := len(a.stems)
	a.idf = make([]float32, n)
	if stats == nil || stats.Chunks < len(a.shapes) {
		for s := range n {
			a.idf[s] = idf(len(a.shapes), int(a.start[s+1]-a.start[s]))
		}
		return
	}
	with := make([]int, n)
	for w, s := range a.words {
		with[s] += stats.With[w]
	}
	for s := range n {
		with[s] = max(with[s], int(a.start[s+1]-a.start[s]))
		a.idf[s] = idf(stats.Chunks, min(with[s], stats.Chunks))
	}
}

// idf is Lucene's: log(1 + (N - n + .5)/(n + .5)); a term that is nowhere has the highest.
func idf(chunks, with int) float32 {
	return float32(math.Log(1 + (float64(chunks)-float64(with)+0.5)/(float64(with)+0.5)))
}

// embed sums the word vectors of every chunk.
func (a *account) embed(static Static, begins []uint32) {
	a.dimension = static.Dimension()
	a.vectors = make([]float32, len(a.chunks)*a.dimension)
	of := make([][]float32, len(a.list))
	for w, word := range a.list {
		of[w] = static.Word(word)
	}
	for i := range a.chunks {
		v := a.vector(int32(i))
		for at := begins[i]; at < a.chunks[i].To; at++ {
			for d, x := range of[a.sequence[at]] {
				v[d] += x
			}
		}
		unit(v)
	}
}

func (a *account) vector(i int32) []float32 {
	return a.vectors[int(i)*a.dimension : (int(i)+1)*a.dimension]
}

// unit scales a vector to length 1; a zero one stays.
func unit(v []float32) {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if sum == 0 {
		return
	}
	scale := float32(1 / math.Sqrt(sum))
	for i := range v {
		v[i] *= scale
	}
}
