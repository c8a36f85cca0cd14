package retriever

import (
	"math"
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
