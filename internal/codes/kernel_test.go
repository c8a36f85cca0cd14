package codes

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestKernelsAgree compares the fast kernel with the plain one, at every width and at the largest values.
func TestKernelsAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, dim := range []int{1, 16, 31, 32, 33, 256, 384, 1024, 8192} {
		width := stride(dim)
		q, rows := make([]int16, width), make([]int8, 5*width)
		for _, fill := range []func() (int16, int8){
			func() (int16, int8) { return int16(r.IntN(4095) - 2047), int8(r.IntN(255) - 127) },
			func() (int16, int8) { return 2047, 127 },
			func() (int16, int8) { return -2047, 127 },
		} {
			for i := range rows {
				q[i%width], rows[i] = fill()
			}
			for n := range 6 {
				plain, have := make([]int32, n), make([]int32, n)
				dotsPlain(q, rows[:n*width], plain)
				dots(fast(), q, rows[:n*width], have)
				if !slices.Equal(plain, have) {
					t.Fatalf("dimension %d, %d rows: %v, want %v", dim, n, have, plain)
				}
			}
		}
	}
}
