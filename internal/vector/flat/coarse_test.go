package flat

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

// shapes are kinds of vectors: every one is as hard as it can be for codes in another way.
var shapes = map[string]func(r *rand.Rand, v []float32){
	"chance": func(r *rand.Rand, v []float32) {
		for i := range v {
			v[i] = float32(r.NormFloat64())
		}
	},
	"near copies": func(r *rand.Rand, v []float32) { // whose order is in what the codes leave out
		for i := range v {
			v[i] = float32(math.Sin(float64(i*i)) + 1e-3*r.NormFloat64())
		}
	},
	"copies": func(r *rand.Rand, v []float32) {
		v[r.IntN(3)] = 1
	},
	"one large number": func(r *rand.Rand, v []float32) { // of the others the codes keep little
		for i := range v {
			v[i] = float32(r.NormFloat64()) / 50
		}
		v[0] = 1
	},
	"falling": func(r *rand.Rand, v []float32) {
		for i := range v {
			v[i] = float32(r.NormFloat64()) / float32(1+i)
		}
	},
}

// TestCodesAreExact compares the search by codes, with what they leave out in memory and in the file, with the plain scan.
func TestCodesAreExact(t *testing.T) {
	for shape, fill := range shapes {
		for _, dim := range []int{7, 64, 256} {
			r := rand.New(rand.NewPCG(uint64(dim), 3))
			draw := func() []float32 {
				v := make([]float32, dim)
				fill(r, v)
				return v
			}
			g := filled(t, dim, 900, 3, 2, draw)
			var plain, rests, file *block
			for _, b := range []struct {
				to     **block
				coarse int
				cache  int
			}{{&plain, math.MaxInt, 1 << 20}, {&rests, 0, 1 << 30}, {&file, 0, 1}} {
				g.coarse, g.cache.limit = b.coarse, b.cache
				var err error
				if *b.to, err = g.load(t.Context(), crm.Filter{Portal: 1, Wide: true}); err != nil {
					t.Fatal(err)
				}
			}
			if plain.coarse || !rests.rests || !file.coarse || file.rests {
				t.Fatal("the three are not what they should be")
			}
			for i := range 20 {
				q := appendUnit(nil, draw())
				for _, n := range []int{1, 10, 300, 5000} {
					f := crm.Filter{Portal: 1, Wide: true, Human: i%2 == 0}
					want := plain.search(f, crm.ItemView, q, n)
					for name, b := range map[string]*block{"in memory": rests, "in the file": file} {
						got, err := b.searchCoarse(t.Context(), f, crm.ItemView, q, n)
						if err != nil {
							t.Fatal(err)
						}
						if at := differ(got, want); at >= 0 {
							t.Fatalf("%s, dimension %d, rests %s: %d hits, want %d; hit %d differs: %v", shape, dim, name, len(got), len(want), at, pair(got, want, at))
						}
					}
				}
			}
		}
	}
}

func pair(got, want []crm.Hit, at int) string {
	if at >= len(got) || at >= len(want) {
		return "it is missing"
	}
	return fmt.Sprintf("%v, want %v", got[at], want[at])
}

// differ is the first place at which two answers differ by more than the sums of float32 numbers in another order do, or -1.
func differ(got, want []crm.Hit) int {
	const same = 5e-7
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || math.Abs(got[i].Score-want[i].Score) > same {
			return i
		}
		if got[i].Chunk != want[i].Chunk && !among(got[i], want, same) {
			return i
		}
	}
	return -1
}

// among says whether the other answer has the hit, or ends with one that is as good.
func among(h crm.Hit, want []crm.Hit, same float64) bool {
	for _, w := range want {
		if w.Chunk == h.Chunk {
			return math.Abs(w.Score-h.Score) <= same
		}
	}
	return math.Abs(want[len(want)-1].Score-h.Score) <= same
}
