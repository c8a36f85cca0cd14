package main

import (
	"math"
	"runtime"
	"slices"
	"sync"

	"github.com/viterin/vek/vek32"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model/builtin"
)

const (
	dimensions = builtin.Dim - 1 // the runtime keeps one for itself
	// frequent is the share of a text from which a word says little of it: smooth inverse frequency (Arora et al. 2017) gives it half a rare word's weight.
	frequent = 3e-4
	// flatten is how far the principal components are brought to one length, 0 not at all, ½ entirely: a transformer's first ones carry little meaning.
	flatten = .25
)

// distil turns the teacher's vectors into the file's: common component removed, principal components, flattened, one length, weighted by frequency, with neighbours.
func distil(words []word, teacher [][]float32, near int) builtin.WordFile {
	centred := centre(teacher)
	values, vectors := eigen(covariance(centred))
	order := descending(values)[:min(dimensions, len(values))]
	scale := make([]float64, len(order))
	for i, k := range order {
		scale[i] = math.Pow(max(values[k], 1e-12), -flatten)
	}
	f := builtin.WordFile{Words: make([]string, len(words)), Vectors: make([][]float32, len(words))}
	parallel(len(words), func(i int) {
		v := make([]float64, dimensions)
		for d, k := range order {
			v[d] = dot(centred[i], vectors[k]) * scale[d]
		}
		f.Words[i], f.Vectors[i] = words[i].text, float32s(v, 1/norm(v))
	})
	f.Neighbours = neighbours(f.Words, f.Vectors, near)
	total := 0.
	for _, w := range words {
		total += share(w.rank)
	}
	for i, w := range words {
		weight := float32(frequent / (frequent + share(w.rank)/total))
		for d := range f.Vectors[i] {
			f.Vectors[i][d] *= weight
		}
	}
	return f
}

// share is Zipf's law with Mandelbrot's shift: how often the word of a rank is written.
func share(rank int) float64 { return 1 / (float64(rank) + 2.7) }

// centre gives the vectors without their mean: what all words of the teacher share.
func centre(vectors [][]float32) [][]float64 {
	mean := make([]float64, len(vectors[0]))
	for _, v := range vectors {
		for d, x := range v {
			mean[d] += float64(x) / float64(len(vectors))
		}
	}
	out := make([][]float64, len(vectors))
	for i, v := range vectors {
		out[i] = make([]float64, len(v))
		for d, x := range v {
			out[i][d] = float64(x) - mean[d]
		}
	}
	return out
}

// neighbours finds for each word the most others with a cosine of at least builtin.Closest, of unit vectors.
func neighbours(words []string, vectors [][]float32, most int) [][]crm.WordNeighbour {
	out := make([][]crm.WordNeighbour, len(words))
	parallel(len(words), func(i int) {
		var list []crm.WordNeighbour
		for j := range words {
			if c := vek32.Dot(vectors[i], vectors[j]); c >= builtin.Closest && j != i {
				list = append(list, crm.WordNeighbour{Word: words[j], Cosine: min(c, 1)})
			}
		}
		slices.SortStableFunc(list, func(a, b crm.WordNeighbour) int {
			switch {
			case a.Cosine > b.Cosine:
				return -1
			case a.Cosine < b.Cosine:
				return 1
			}
			return 0
		})
		out[i] = slices.Clip(slices.Clone(list[:min(len(list), most)]))
	})
	return out
}

// parallel calls do for 0 to n-1 on all cores; the order of calls must not matter.
func parallel(n int, do func(i int)) {
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n; i += workers {
				do(i)
			}
		})
	}
	wg.Wait()
}

func dot(a, b []float64) (sum float64) {
	for i, x := range a {
		sum += x * b[i]
	}
	return sum
}

func norm(v []float64) float64 { return math.Sqrt(dot(v, v)) }

func float32s(v []float64, scale float64) []float32 {
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(x * scale)
	}
	return out
}
