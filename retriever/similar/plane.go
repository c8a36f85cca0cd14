package similar

import (
	"math"

	"github.com/contextd/contextd/internal/crm"
)

// plane places the candidates in two dimensions around the account that was asked about, so that the directions in which they differ most from each other are the axes:
// the two first principal components of their terms' differences to it, by power iteration from a fixed start. It is a picture, not a measure.
func plane(own crm.Profile, all []candidate) [][2]float64 {
	out := make([][2]float64, len(all))
	n := len(all)
	if n == 0 {
		return out
	}
	// Inner products of the differences follow from those of the profiles: no coordinate of the terms' space is ever needed.
	gram := make([][]float64, n)
	for i := range gram {
		gram[i] = make([]float64, n)
		for j := range gram[i] {
			gram[i][j] = dotTerms(all[i].profile.Terms, all[j].profile.Terms) - all[i].words - all[j].words + dotTerms(own.Terms, own.Terms)
		}
	}
	for axis := range 2 {
		value, vector := leading(gram)
		if value <= 1e-12 {
			break
		}
		for i := range n {
			out[i][axis] = vector[i] * math.Sqrt(value)
			for j := range n {
				gram[i][j] -= value * vector[i] * vector[j]
			}
		}
	}
	return out
}

// leading is the largest eigenvalue of a symmetric matrix and its unit vector, whose largest element is positive.
func leading(m [][]float64) (float64, []float64) {
	n := len(m)
	v := make([]float64, n)
	for i := range v {
		v[i] = 1 + float64(i)/float64(n) // not at right angles to anything in particular
	}
	value := 0.0
	for range 200 {
		next := make([]float64, n)
		var norm float64
		for i := range next {
			for j, x := range v {
				next[i] += m[i][j] * x
			}
			norm += next[i] * next[i]
		}
		if norm = math.Sqrt(norm); norm < 1e-12 {
			return 0, v
		}
		for i := range next {
			next[i] /= norm
		}
		v, value = next, norm
	}
	most := 0
	for i := range v {
		if math.Abs(v[i]) > math.Abs(v[most]) {
			most = i
		}
	}
	if v[most] < 0 {
		for i := range v {
			v[i] = -v[i]
		}
	}
	return value, v
}
