package flat

import (
	"math"

	"github.com/viterin/vek"
)

// codes are vectors with one byte per dimension, each with its own scale: value × scale is about the vector. Rows are padded with zeros to whole steps of the kernel.
type codes struct {
	values []int8
	scales []float32
}

// step is how many values the kernel takes at a time.
const step = 32

func stride(dim int) int { return (dim + step - 1) / step * step }

func makeCodes(dim, rows int) codes {
	return codes{make([]int8, 0, rows*stride(dim)), make([]float32, 0, rows)}
}

func (c *codes) push(v []float32) {
	scale := codeScale(v)
	row := make([]int8, stride(len(v)))
	for i, x := range v {
		row[i] = int8(math.RoundToEven(float64(x / scale)))
	}
	c.values = appendAll(c.values, row)
	c.scales = appendOne(c.scales, scale)
}

// codeScale maps the largest component to ±127.
func codeScale(v []float32) float32 {
	var largest float32
	for _, x := range v {
		largest = max(largest, x, -x)
	}
	return largest / 127
}

// asQuestion codes a question with two bytes per dimension, which the kernel multiplies with. One byte of precision loses order among the best; two lose nothing beside
// what the stored codes lost: ±2047 is the most that cannot overflow, 2047 × 127 × 8,192 dimensions < 2³¹.
func asQuestion(v []float32) []int16 {
	scale := codeScale(v) * 127 / 2047
	q := make([]int16, stride(len(v)))
	for i, x := range v {
		q[i] = int16(math.RoundToEven(float64(x / scale)))
	}
	return q
}

// kernel writes the dot products of a question with rows of codes; len(codes) = len(out) × len(q).
type kernel func(q []int16, codes []int8, out []int32)

// fastest is the kernel for this machine.
func fastest() kernel {
	if vek.Info().Acceleration { // AVX2, as vek's own kernels need it
		return dotsFast
	}
	return dotsPlain
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
