package codes

// dotsFast is dotsPlain with AVX2.
func dotsFast(q []int16, codes []int8, out []int32) {
	if len(out) == 0 {
		return
	}
	_ = codes[len(q)*len(out)-1]
	dotsAVX2(&q[0], &codes[0], len(q), len(out), &out[0])
}

// dotsAVX2 needs width to be a positive multiple of 32 and rows to be positive.
//
//go:noescape
func dotsAVX2(q *int16, codes *int8, width, rows int, out *int32)
