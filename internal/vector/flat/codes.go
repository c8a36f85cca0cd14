package flat

import (
	"math"

	"github.com/viterin/vek"
	"github.com/viterin/vek/vek32"
)

// codes are vectors with one byte per dimension, each with its own scale: mean + value × scale is about the vector, and the length of what is left out bounds how far a product
// with it can be off. Rows are padded with zeros to whole steps of the kernel.
type codes struct {
	// mean is about the middle of the vectors. Texts have much in common: vectors of some embedders lie in a cone, and the bytes would be spent on where that is.
	mean    []float32
	values  []int8
	scales  []float32
	errors  []float32 // how long the rest is, or a little longer
	longest float32   // of what the values stand for
	// rest is the difference in parts of a scale / 65536, without padding. Together that is 24 bits, as float32 has, and three quarters of its size. nil: it is in the
	// file only.
	rest []int16
}

// step is how many values the kernel takes at a time.
const step = 32

func stride(dim int) int { return (dim + step - 1) / step * step }

// codedBytes is what vectors of this many numbers take with their rests.
func codedBytes(numbers int) int { return 3 * numbers }

func makeCodes(mean []float32, rows int, rests bool) codes {
	dim := len(mean)
	c := codes{mean: mean, values: make([]int8, 0, rows*stride(dim)), scales: make([]float32, 0, rows), errors: make([]float32, 0, rows)}
	if rests {
		c.rest = make([]int16, 0, rows*dim)
	}
	return c
}

func (c *codes) size() int {
	return 4*cap(c.mean) + cap(c.values) + 4*cap(c.scales) + 4*cap(c.errors) + 2*cap(c.rest)
}

const restParts = 1 << 16

func (c *codes) push(v []float32) {
	var most, length, left float64
	for i, x := range v {
		off := float64(x) - float64(c.mean[i])
		most, length = max(most, math.Abs(off)), length+off*off
	}
	scale := max(float32(most/127), 1e-30) // 0: it is the mean
	from := len(c.values)
	c.values = appendAll(c.values, make([]int8, stride(len(v))))
	row, per := c.values[from:], 1/float64(scale)
	var rest []int16
	if c.rest != nil {
		at := len(c.rest)
		c.rest = appendAll(c.rest, make([]int16, len(v)))
		rest = c.rest[at:]
	}
	for i, x := range v {
		parts := (float64(x) - float64(c.mean[i])) * per
		whole := math.RoundToEven(parts)
		row[i] = int8(whole)
		left += (parts - whole) * (parts - whole)
		if rest != nil {
			rest[i] = int16(min(math.RoundToEven((parts-whole)*restParts), restParts/2-1))
		}
	}
	e := float32(math.Sqrt(left) * float64(scale) * (1 + 1e-6))
	c.scales, c.errors = appendOne(c.scales, scale), appendOne(c.errors, e)
	c.longest = max(c.longest, float32(math.Sqrt(length))+e)
}

// dot is the product of a question with a row and its rest; base is that with the mean.
func (c *codes) dot(q []float32, base float64, row int) float32 {
	values, rest := c.values[row*stride(len(q)):], c.rest[row*len(q):(row+1)*len(q)]
	var sum float64
	for i, x := range q {
		sum += float64(x) * (float64(values[i]) + float64(rest[i])/restParts)
	}
	return float32(base + sum*float64(c.scales[row]))
}

// slack is by how much the product of a coded question and a row can be off beside the row's error: q·v = q'·v' + q·(v-v') + (q-q')·v', where v' is what the values stand for.
func (c *codes) slack(q *question) float32 { return q.error*c.longest + rounding }

// rounding is more than what float32 arithmetic adds to a bound on products of vectors of unit length.
const rounding = 2e-6

// base is the product of a question with the mean.
func (c *codes) base(q []float32) (sum float64) {
	for i, x := range q {
		sum += float64(x) * float64(c.mean[i])
	}
	return sum
}

// question is a vector of unit length with two bytes per dimension, which the kernel multiplies with. One byte of precision would double the number of rows that could be among
// the best; two add little to what the stored codes leave out. ±2047 is the most that cannot overflow: 2047 × 127 × 8,192 dimensions < 2³¹.
type question struct {
	values []int16
	scale  float32
	error  float32 // as that of codes
}

func asQuestion(v []float32) question {
	q := question{values: make([]int16, stride(len(v))), scale: vek32.Max(vek32.Abs(v)) / 2047}
	var sum float64
	for i, x := range v {
		parts := float64(x) / float64(q.scale)
		whole := math.RoundToEven(parts)
		q.values[i] = int16(whole)
		sum += (parts - whole) * (parts - whole)
	}
	q.error = float32(math.Sqrt(sum) * float64(q.scale) * (1 + 1e-6))
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
