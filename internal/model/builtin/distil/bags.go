package main

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
)

// bag is a text of chance: word indexes in the order in which the teacher reads them.
type bag []int

// Make-up of a bag: one word and some of its neighbours, so that it has a topic as texts do, some words of other topics, and some of the frequent ones that hold texts together.
const (
	leastNear, mostNear     = 2, 5
	leastOther, mostOther   = 1, 3
	leastCommon, mostCommon = 2, 7
	common                  = 150 // words up to this rank are rarely a topic
)

// bags makes n texts of chance, the same ones every time.
func bags(words []word, near [][]int, n int) []bag {
	rng := rand.New(rand.NewPCG(20261, 384))
	topics, written := make([]float64, len(words)), make([]float64, len(words))
	for i, w := range words {
		topics[i], written[i] = math.Pow(float64(w.rank), -.4), share(w.rank)
		if w.rank < common {
			topics[i] *= .2
		}
	}
	topic, frequent := chance(topics), chance(written)
	between := func(least, most int) int { return least + rng.IntN(most-least+1) }
	out := make([]bag, n)
	for i := range out {
		anchor := topic(rng)
		b := bag{anchor}
		if len(near[anchor]) > 0 {
			for range between(leastNear, mostNear) {
				b = append(b, near[anchor][rng.IntN(len(near[anchor]))])
			}
		}
		for range between(leastOther, mostOther) {
			b = append(b, topic(rng))
		}
		for range between(leastCommon, mostCommon) {
			b = append(b, frequent(rng))
		}
		rng.Shuffle(len(b), func(i, j int) { b[i], b[j] = b[j], b[i] })
		out[i] = b
	}
	return out
}

func (b bag) text(words []word) string {
	out := make([]string, len(b))
	for i, w := range b {
		out[i] = words[w].text
	}
	return strings.Join(out, " ")
}

// chance draws indexes in proportion to their weights.
func chance(weights []float64) func(*rand.Rand) int {
	sums := make([]float64, len(weights))
	total := 0.
	for i, w := range weights {
		total += w
		sums[i] = total
	}
	return func(rng *rand.Rand) int {
		i, _ := slices.BinarySearch(sums, rng.Float64()*total)
		return min(i, len(sums)-1)
	}
}
