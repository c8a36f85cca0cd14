// Package codes owns vectors with one byte per dimension: what is swept over at every question takes a quarter of the memory of float32, and memory is what a sweep waits
// for. Each product comes with how far it can be off, so that whoever needs the true one knows which rows to look at again.
package codes

import "math"

// Rows are coded vectors, each with its own scale: mean + value × scale is about the vector, and the length of what is left out bounds how far a product with it can be
// off. Rows are padded with zeros to whole steps of the kernel. They may be read by many at once, and written by one alone.
type Rows struct {
	dim  int
	fast bool
	// mean is about the middle of the vectors; nil for zero. Texts have much in common: vectors of some embedders lie in a cone, and the bytes would be spent on where that is.
	mean    []float32
	values  []int8
	scales  []float32
	errors  []float32 // how long the rest is, or a little longer
	longest float32   // of what the values stand for
	// rest is the difference in parts of a scale / 65536, without padding. Together that is 24 bits, as float32 has, and three quarters of its size. nil: it is not kept.
	rest []int16
}

// Make is room for so many rows. A mean of nil is zero; with rests the true products can be had, too.
func Make(dim int, mean []float32, rows int, rests bool) Rows {
	c := Rows{dim: dim, fast: fast(), mean: mean, values: make([]int8, 0, rows*stride(dim)), scales: make([]float32, 0, rows), errors: make([]float32, 0, rows)}
	if rests {
		c.rest = make([]int16, 0, rows*dim)
	}
	return c
}

// Bytes is what the rows take.
func (c *Rows) Bytes() int {
	return 4*cap(c.mean) + cap(c.values) + 4*cap(c.scales) + 4*cap(c.errors) + 2*cap(c.rest)
}

// RestedBytes is what vectors of this many numbers take with their rests.
func RestedBytes(numbers int) int { return 3 * numbers }

const restParts = 1 << 16

// Push adds a vector as the next row.
func (c *Rows) Push(v []float32) {
	var most, length, left float64
	for i, x := range v {
		off := float64(x) - c.middle(i)
		most, length = max(most, math.Abs(off)), length+off*off
	}
	scale := max(float32(most/127), 1e-30) // 0: it is the mean
	row, per := extended(&c.values, stride(len(v))), 1/float64(scale)
	var rest []int16
	if c.rest != nil {
		rest = extended(&c.rest, len(v))
	}
	for i, x := range v {
		parts := (float64(x) - c.middle(i)) * per
		whole := math.RoundToEven(parts)
		row[i] = int8(whole)
		left += (parts - whole) * (parts - whole)
		if rest != nil {
			rest[i] = int16(min(math.RoundToEven((parts-whole)*restParts), restParts/2-1))
		}
	}
	e := float32(math.Sqrt(left) * float64(scale) * (1 + 1e-6))
	extended(&c.scales, 1)[0], extended(&c.errors, 1)[0] = scale, e
	c.longest = max(c.longest, float32(math.Sqrt(length))+e)
}

func (c *Rows) middle(i int) float64 {
	if c.mean == nil {
		return 0
	}
	return float64(c.mean[i])
}

// PushRow adds a row of others of this dimension, mean and kind just as it is.
func (c *Rows) PushRow(of *Rows, row int) {
	width := stride(c.dim)
	copy(extended(&c.values, width), of.values[row*width:])
	extended(&c.scales, 1)[0], extended(&c.errors, 1)[0] = of.scales[row], of.errors[row]
	if c.rest != nil {
		copy(extended(&c.rest, c.dim), of.rest[row*c.dim:])
	}
	c.longest = max(c.longest, of.longest)
}

// extended makes s longer by n zeros and returns those. Unlike append it leaves little room: what is in memory is bounded.
func extended[T any](s *[]T, n int) []T {
	from := len(*s)
	if need := from + n; need > cap(*s) {
		grown := make([]T, from, need+need/16)
		copy(grown, *s)
		*s = grown
	}
	*s = (*s)[:from+n]
	out := (*s)[from:]
	clear(out)
	return out
}

// Products writes about what a question's products with the rows from here on are, one for each place in out.
func (c *Rows) Products(q *Question, from int, out []float32) {
	var sums [256]int32
	base, width := float32(q.base), len(q.values)
	for len(out) > 0 {
		n := min(len(sums), len(out))
		dots(c.fast, q.values, c.values[from*width:(from+n)*width], sums[:n])
		for i, scale := range c.scales[from : from+n] {
			out[i] = base + float32(sums[i])*q.scale*scale
		}
		from, out = from+n, out[n:]
	}
}

// Off is by how much the product of a question with a row can be off at most.
func (c *Rows) Off(q *Question, row int) float32 { return c.errors[row] + q.slack }

// Product is the true product of a question with a row, which has its rest.
func (c *Rows) Product(q *Question, row int) float32 {
	values, rest := c.values[row*len(q.values):], c.rest[row*c.dim:(row+1)*c.dim]
	var sum float64
	for i, x := range q.vector {
		sum += float64(x) * (float64(values[i]) + float64(rest[i])/restParts)
	}
	return float32(q.base + sum*float64(c.scales[row]))
}
