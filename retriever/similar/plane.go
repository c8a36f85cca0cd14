package similar

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/contextd/contextd/internal/crm"
)

// plane places the candidates in two dimensions around the account that was asked about, so that the directions in which they differ most from each other are the axes:
// the two first principal components of their terms' differences to it. It is a picture, not a measure.
func plane(own crm.Profile, all []candidate) [][2]float64 {
	n := len(all)
	out := make([][2]float64, n)
	if n == 0 {
		return out
	}
	// Inner products of the differences follow from those of the profiles: no coordinate of the terms' space is ever needed.
	gram := mat.NewSymDense(n, nil)
	for i, a := range all {
		for j, b := range all[:i+1] {
			gram.SetSym(i, j, dotTerms(a.profile.Terms, b.profile.Terms)-a.words-b.words+dotTerms(own.Terms, own.Terms))
		}
	}
	var e mat.EigenSym
	if !e.Factorize(gram, true) {
		return out
	}
	values := e.Values(nil) // ascending
	var vectors mat.Dense
	e.VectorsTo(&vectors)
	for axis := range min(2, n) {
		k := n - 1 - axis
		column := mat.Col(nil, k, &vectors)
		if furthest(column) < 0 { // of the two directions always the same one
			for i := range column {
				column[i] = -column[i]
			}
		}
		for i := range n {
			out[i][axis] = column[i] * math.Sqrt(max(values[k], 0))
		}
	}
	return out
}

// furthest is the element that is furthest from zero.
func furthest(v []float64) float64 {
	most := 0.0
	for _, x := range v {
		if math.Abs(x) > math.Abs(most) {
			most = x
		}
	}
	return most
}
