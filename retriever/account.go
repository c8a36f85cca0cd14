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

const none = -1

// account is one account made ready for ranking, built once from its postings and then only read. Chunks keep their index in the postings; everything is flat.
type account struct {
	postings  *crm.Postings
	languages []string // of its chunks, that of most words first
	language  []int8   // of each chunk, an index of languages
	shapes    []Shape  // of each chunk
	byID      map[string]int32

	stems map[string]int32 // stem → id
	words map[string]int32 // word → id of its stem (in the account's first language)
	ids   map[string]uint32
	idf   []float32 // of each stem
	// Of stem s: chunks post[start[s]:start[s+1]], ascending, and how often; the places in the token sequence are at[placeStart[s]:placeStart[s+1]].
	start      []uint32
	post       []posting
	placeStart []uint32
	places     []uint32

	norm []float32 // of each chunk: k1·(1 - b + b·length/mean), the part of BM25's denominator that does not depend on the term
	logs []float32 // logarithm of the length, longest = 1

	order       []int32 // all chunks, session by session, in reading order
	prev, next  []int32 // neighbours in the session, none at its ends
	session     []int32
	sessions    int
	sessionNorm []float32

	speakers []person // who speaks in the account
	speaker  []int32  // of each chunk, none without one

	vectors   []float32 // the sum of word vectors of each chunk, unit length or zero; nil without word vectors
	dimension int

	first, last time.Time // of the chunks that have a time
}

type posting struct {
	chunk uint32
	count float32
}

// person is somebody with a name of one or more words.
type person struct {
	words  []string
	called []string // what others call them
}

// statistics are how common words are in a whole portal; nil when nobody knows.
type statistics = *crm.WordStatistics

// prepare builds an account. It never changes the postings.
func prepare(p *crm.Postings, stats statistics, static Static) *account {
	a := &account{postings: p, byID: make(map[string]int32, len(p.Chunks))}
	n := len(p.Chunks)
	a.shapes, a.norm, a.logs = make([]Shape, n), make([]float32, n), make([]float32, n)
	for i := range p.Chunks {
		c := &p.Chunks[i]
		a.byID[c.ID] = int32(i)
		a.shapes[i] = ShapeOf(c.Kind)
		if !c.Time.IsZero() {
			if a.first.IsZero() || c.Time.Before(a.first) {
				a.first = c.Time
			}
			if c.Time.After(a.last) {
				a.last = c.Time
			}
		}
	}
	a.speak()
	a.people()
	begins := a.begins()
	a.invert(begins)
	a.lengths(begins)
	a.link()
	a.calls(begins)
	a.weigh(stats)
	if static != nil {
		a.embed(static, begins)
	}
	return a
}

// people finds who speaks.
func (a *account) people() {
	a.speaker = make([]int32, len(a.postings.Chunks))
	at := map[string]int32{}
	for i := range a.postings.Chunks {
		name := a.postings.Chunks[i].Speaker
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
	p := a.postings
	out := make([]uint32, len(p.Chunks))
	for i := range p.Chunks {
		c := &p.Chunks[i]
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
			same = same && p.Words[p.Sequence[int(c.From)+j]] == w
		}
		if same {
			out[i] += uint32(len(name))
		}
	}
	return out
}

// invert makes the posting lists of stems.
func (a *account) invert(begins []uint32) {
	p := a.postings
	a.stems, a.words = make(map[string]int32, len(p.Words)), make(map[string]int32, len(p.Words))
	a.ids = make(map[string]uint32, len(p.Words))
	for w, word := range p.Words {
		a.ids[word] = uint32(w)
	}
	stemOf := make([][]int32, len(a.languages)) // by language, then word id
	for l := range stemOf {
		stemOf[l] = make([]int32, len(p.Words))
		for w := range stemOf[l] {
			stemOf[l][w] = none
		}
	}
	sequence := make([]int32, len(p.Sequence)) // stems of the words that count, none for the others
	var places []uint32
	for i := range p.Chunks {
		c := &p.Chunks[i]
		l := a.language[i]
		for at := c.From; at < c.To; at++ {
			if at < begins[i] {
				sequence[at] = none
				continue
			}
			w := p.Sequence[at]
			id := stemOf[l][w]
			if id == none {
				id = a.stem(p.Words[w], a.languages[l])
				stemOf[l][w] = id
				if _, ok := a.words[p.Words[w]]; !ok {
					a.words[p.Words[w]] = id
				}
			}
			sequence[at] = id
			for int(id) >= len(places) {
				places = append(places, 0)
			}
			places[id]++
		}
	}
	a.fill(sequence, places)
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
func (a *account) fill(sequence []int32, counts []uint32) {
	n := len(a.stems)
	a.placeStart = make([]uint32, n+1)
	for s := range n {
		a.placeStart[s+1] = a.placeStart[s] + counts[s]
	}
	a.places = make([]uint32, a.placeStart[n])
	next := slices.Clone(a.placeStart[:n])
	for at, s := range sequence {
		if s != none {
			a.places[next[s]] = uint32(at)
			next[s]++
		}
	}
	chunkOf := make([]uint32, len(sequence))
	for i := range a.postings.Chunks {
		for at := a.postings.Chunks[i].From; at < a.postings.Chunks[i].To; at++ {
			chunkOf[at] = uint32(i)
		}
	}
	a.start = make([]uint32, n+1)
	for s := range n {
		from := len(a.post)
		for _, at := range a.places[a.placeStart[s]:a.placeStart[s+1]] {
			c := chunkOf[at]
			if len(a.post) > from && a.post[len(a.post)-1].chunk == c {
				a.post[len(a.post)-1].count++
				continue
			}
			a.post = append(a.post, posting{chunk: c, count: 1})
		}
		a.start[s+1] = uint32(len(a.post))
	}
	a.post = slices.Clip(a.post)
}

// lengths sets the parts that depend on the length: the mean is that of the shape, a turn among mails is not short.
func (a *account) lengths(begins []uint32) {
	var total, count [3]float64
	longest := 1
	length := make([]int, len(a.shapes))
	for i := range a.shapes {
		length[i] = int(a.postings.Chunks[i].To - begins[i])
		s := slices.Index(Shapes(), a.shapes[i])
		total[s] += float64(length[i])
		count[s]++
		longest = max(longest, length[i])
	}
	for i := range a.shapes {
		s := slices.Index(Shapes(), a.shapes[i])
		c := bm25Of(a.shapes[i])
		mean := float32(max(1, total[s]/count[s]))
		a.norm[i] = c.k1 * (1 - c.b + c.b*float32(length[i])/mean)
		a.logs[i] = float32(math.Log1p(float64(length[i])) / math.Log1p(float64(longest)))
	}
}

// link links every chunk to its neighbours in the session, by time, activity and position.
func (a *account) link() {
	chunks := a.postings.Chunks
	n := len(chunks)
	a.prev, a.next, a.session = make([]int32, n), make([]int32, n), make([]int32, n)
	at := map[string]int32{}
	sorted := make([]int32, n)
	for i := range chunks {
		sorted[i] = int32(i)
		key := chunks[i].Session
		if key == "" {
			key = chunks[i].Activity.Path()
		}
		id, ok := at[key]
		if !ok {
			id = int32(len(at))
			at[key] = id
		}
		a.session[i], a.prev[i], a.next[i] = id, none, none
	}
	a.sessions = len(at)
	slices.SortFunc(sorted, func(x, y int32) int {
		cx, cy := &chunks[x], &chunks[y]
		return cmp.Or(cmp.Compare(a.session[x], a.session[y]), cx.Time.Compare(cy.Time), cx.Activity.Compare(cy.Activity), cmp.Compare(cx.Pos, cy.Pos))
	})
	a.order = sorted
	for i := 1; i < n; i++ {
		if x, y := sorted[i-1], sorted[i]; a.session[x] == a.session[y] {
			a.next[x], a.prev[y] = y, x
		}
	}
	length, mean := make([]float32, a.sessions), float32(0)
	for i := range chunks {
		length[a.session[i]] += float32(chunks[i].Tokens())
		mean += float32(chunks[i].Tokens()) / float32(a.sessions)
	}
	a.sessionNorm = length
	c := bm25Of(Document)
	for s := range length {
		a.sessionNorm[s] = c.k1 * (1 - c.b + c.b*length[s]/max(1, mean))
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
	p := a.postings
	a.dimension = static.Dimension()
	a.vectors = make([]float32, len(p.Chunks)*a.dimension)
	of := make([][]float32, len(p.Words))
	for w, word := range p.Words {
		of[w] = static.Word(word)
	}
	for i := range p.Chunks {
		v := a.vector(int32(i))
		for at := begins[i]; at < p.Chunks[i].To; at++ {
			for d, x := range of[p.Sequence[at]] {
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
