package codes

import "math"

// Question is a vector of unit length with two bytes per dimension, which the kernel multiplies with, for the rows that it was made for as they were then. One byte of
// precision would double the number of rows that could be among the best; two add little to what the codes leave out. ±2047 is the most that cannot overflow:
// 2047 × 127 × 8,192 dimensions < 2³¹.
type Question struct {
	vector []float32
	values []int16
	scale  float32
	base   float64 // the product with the rows' mean
	slack  float32 // by how much a product can be off beside the row's own error
}

// rounding is more than what float32 arithmetic adds to a bound on products of vectors of unit length.
const rounding = 2e-6

// Ask makes a vector of unit length ready for these rows.
func (c *Rows) Ask(v []float32) Question {
	var most, left float64
	for _, x := range v {
		most = max(most, math.Abs(float64(x)))
	}
	q := Question{vector: v, values: make([]int16, stride(len(v))), scale: max(float32(most/2047), 1e-30)}
	for i, x := range v {
		parts := float64(x) / float64(q.scale)
		whole := math.RoundToEven(parts)
		q.values[i] = int16(whole)
		left += (parts - whole) * (parts - whole)
	}
	for i, x := range c.mean {
		q.base += float64(x) * float64(v[i])
	}
	// q·v = q'·v' + q·(v-v') + (q-q')·v', where q' and v' are what the values stand for.
	q.slack = float32(math.Sqrt(left)*float64(q.scale)*(1+1e-6))*c.longest + rounding
	return q
}
