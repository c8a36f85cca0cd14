//go:build !amd64

package codes

func dotsFast(q []int16, codes []int8, out []int32) { dotsPlain(q, codes, out) }
