package codes

import "github.com/viterin/vek"

// step is how many values the kernel takes at a time.
const step = 32

func stride(dim int) int { return (dim + step - 1) / step * step }

// fast reports whether this machine has AVX2, as vek's own kernels need it.
func fast() bool { return vek.Info().Acceleration }

// dots writes the dot products of a question with rows of codes; len(codes) = len(out) × len(q). It is no variable, so that what it is given stays on the stack.
func dots(fast bool, q []int16, codes []int8, out []int32) {
	if fast {
		dotsFast(q, codes, out)
	} else {
		dotsPlain(q, codes, out)
	}
}

func dotsPlain(q []int16, codes []int8, out []int32) {
	for r := range out {
		row := codes[r*len(q) : (r+1)*len(q)]
		var a, b, c, d int32
		for i := 0; i+3 < len(q); i += 4 {
			a += int32(q[i]) * int32(row[i])
			b += int32(q[i+1]) * int32(row[i+1])
			c += int32(q[i+2]) * int32(row[i+2])
			d += int32(q[i+3]) * int32(row[i+3])
		}
		out[r] = a + b + c + d
	}
}
