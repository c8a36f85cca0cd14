package main

import (
	"cmp"
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

// begin gives every word its vector as a text of its own: without what all words have in common, and as long as the word counts by its frequency.
func begin(words []word, teacher [][]float32) [][]float64 {
	out := centre(teacher)
	total := 0.
	for _, w := range words {
		total += share(w.rank)
	}
	for i, w := range words {
		scale(out[i], frequent/(frequent+share(w.rank)/total)/norm(out[i]))
	}
	return out
}

// reduce brings vectors to the file's dimensions, flattened, and keeps their lengths. Neighbours are found by what is left.
func reduce(words []word, vectors [][]float64, near int) builtin.WordFile {
	directions := make([][]float32, len(vectors))
	for i, v := range vectors {
		directions[i] = float32s(v, 1/norm(v))
	}
	values, components := eigen(covariance(centre(directions)))
	order := descending(values)[:min(dimensions, len(values))]
	f := builtin.WordFile{Words: make([]string, len(words)), Vectors: make([][]float32, len(words))}
	lengths := make([]float64, len(words))
	parallel(len(words), func(i int) {
		v := make([]float64, dimensions)
		for d, k := range order {
			v[d] = dot(vectors[i], components[k]) * math.Pow(max(values[k], 1e-12), -flatten)
		}
		f.Words[i], lengths[i] = words[i].text, norm(vectors[i])
		f.Vectors[i] = float32s(v, 1/norm(v))
	})
	f.Neighbours = name(words, neighbours(f.Vectors, near))
	for i, v := range f.Vectors {
		for d := range v {
			v[d] *= float32(lengths[i])
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

// neighbour is another word by its index.
type neighbour struct {
	word   int
	cosine float32
}

// neighbours finds for each of the unit vectors the most others with a cosine of at least builtin.Closest, nearest first.
func neighbours(vectors [][]float32, most int) [][]neighbour {
	out := make([][]neighbour, len(vectors))
	parallel(len(vectors), func(i int) {
		var list []neighbour
		for j := range vectors {
			if c := vek32.Dot(vectors[i], vectors[j]); c >= builtin.Closest && j != i {
				list = append(list, neighbour{j, min(c, 1)})
			}
		}
		slices.SortStableFunc(list, func(a, b neighbour) int { return cmp.Compare(b.cosine, a.cosine) })
		out[i] = slices.Clip(slices.Clone(list[:min(len(list), most)]))
	})
	return out
}

func name(words []word, lists [][]neighbour) [][]crm.WordNeighbour {
	out := make([][]crm.WordNeighbour, len(lists))
	for i, list := range lists {
		for _, n := range list {
			out[i] = append(out[i], crm.WordNeighbour{Word: words[n.word].text, Cosine: n.cosine})
		}
	}
	return out
}

func scale(v []float64, by float64) {
	for d := range v {
		v[d] *= by
	}
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
