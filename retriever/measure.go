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

// bm25s are the constants by the index of the shape.
var bm25s = [...]bm25{bm25Of(Chat), bm25Of(Transcript), bm25Of(Document)}

// lengths sets the parts that depend on the length: the mean is that of the shape, a turn among mails is not short.
func (a *account) lengths() {
	n := len(a.at)
	a.norm, a.logs = make([]float32, n), make([]float32, n)
	var total, count [shapeCount]float64
	longest := 1
	for i, s := range a.shapes {
		length := len(a.said(int32(i)))
		total[s] += float64(length)
		count[s]++
		longest = max(longest, length)
	}
	var logs []float32 // by length
	for i, s := range a.shapes {
		length := len(a.said(int32(i)))
		c := bm25s[s]
		mean := float32(max(1, total[s]/count[s]))
		a.norm[i] = c.k1 * (1 - c.b + c.b*float32(length)/mean)
		for len(logs) <= length {
			logs = append(logs, float32(math.Log1p(float64(len(logs)))/math.Log1p(float64(longest))))
		}
		a.logs[i] = logs[length]
	}
	a.sessionNorm = make([]float32, len(a.first))
	mean := float32(0)
	for i, s := range a.session {
		tokens := float32(a.chunk(int32(i)).Tokens())
		a.sessionNorm[s] += tokens
		mean += tokens / float32(len(a.first))
	}
	c := bm25Of(Document)
	for s, l := range a.sessionNorm {
		a.sessionNorm[s] = c.k1 * (1 - c.b + c.b*l/max(1, mean))
	}
}

// rarity is the idf of a stem that the account has: from the whole portal where that is known, since a small account alone takes chance for rarity, else from the account.
func (a *account) rarity(stem int32, stats statistics) float32 {
	here := len(a.postings(stem))
	if stats == nil || stats.Chunks < len(a.shapes) {
		return idf(len(a.shapes), here)
	}
	with := 0
	words := a.vocabulary.list()
	for _, w := range a.sharing[a.sharers[stem]:a.sharers[stem+1]] {
		with += stats.With[words[w]]
	}
	return idf(stats.Chunks, min(max(with, here), stats.Chunks))
}

// idf is Lucene's: log(1 + (N - n + .5)/(n + .5)); a term that is nowhere has the highest.
func idf(chunks, with int) float32 {
	return float32(math.Log(1 + (float64(chunks)-float64(with)+0.5)/(float64(with)+0.5)))
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
