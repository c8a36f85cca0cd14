package main

import "math/rand/v2"

// How the vectors are fitted: by gradient descent in small batches with a falling rate, pulled towards where they began so that rarely drawn words stay sensible.
const (
	epochs    = 8
	batchSize = 256
	firstRate = .7
	pull      = .02
)

// fit moves the words' vectors, in place, so that the sum over a bag points where the teacher puts the bag's text: this teaches each word how much of a text's meaning it
// carries, which single words do not tell. Targets are unit vectors, one per bag.
func fit(vectors [][]float64, bags []bag, targets [][]float64) {
	begin := make([][]float64, len(vectors))
	for i, v := range vectors {
		begin[i] = append([]float64(nil), v...)
	}
	rng := rand.New(rand.NewPCG(20262, 384))
	steps := make([]float64, len(vectors[0]))
	for epoch := range epochs {
		rate := firstRate * (1 - float64(epoch)/epochs)
		order := rng.Perm(len(bags))
		for from := 0; from < len(order); from += batchSize {
			descend(vectors, begin, bags, targets, order[from:min(from+batchSize, len(order))], rate, steps)
		}
	}
}

// descend does one batch: the gradient of the mean cosine with respect to every word in it, all taken at the same place.
func descend(vectors, begin [][]float64, bags []bag, targets [][]float64, batch []int, rate float64, step []float64) {
	gradients := map[int][]float64{}
	var touched []int // in a fixed order: sums of floats depend on it
	for _, b := range batch {
		gradient(step, vectors, bags[b], targets[b])
		for _, w := range bags[b] {
			if gradients[w] == nil {
				gradients[w] = make([]float64, len(step))
				touched = append(touched, w)
			}
			for d, x := range step {
				gradients[w][d] += x
			}
		}
	}
	for _, w := range touched {
		v := vectors[w]
		for d, g := range gradients[w] {
			v[d] += rate * (g - pull*(v[d]-begin[w][d]))
		}
	}
}

// gradient is that of the cosine between a bag's sum and its target, with respect to the sum; zero where the sum is.
func gradient(out []float64, vectors [][]float64, b bag, target []float64) {
	clear(out)
	for _, w := range b {
		for d, x := range vectors[w] {
			out[d] += x
		}
	}
	length := norm(out)
	if length == 0 {
		return
	}
	cosine := dot(out, target) / length
	for d, x := range out {
		out[d] = (target[d] - cosine*x/length) / length
	}
}

// agreement is the mean cosine between the bags' sums and their targets.
func agreement(vectors [][]float64, bags []bag, targets [][]float64) (mean float64) {
	sum := make([]float64, len(vectors[0]))
	for i, b := range bags {
		clear(sum)
		for _, w := range b {
			for d, x := range vectors[w] {
				sum[d] += x
			}
		}
		if n := norm(sum); n > 0 {
			mean += dot(sum, targets[i]) / n / float64(len(bags))
		}
	}
	return mean
}
