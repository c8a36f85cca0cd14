package retrieval

import "math/bits"

// twister is the Mersenne Twister MT19937 (Matsumoto and Nishimura 1998), seeded by one number as Python's random.Random(n) does it.
type twister struct {
	state [624]uint32
	at    int
}

func newTwister(seed uint32) *twister {
	t := &twister{at: 624}
	t.state[0] = 19650218
	for i := 1; i < 624; i++ {
		t.state[i] = 1812433253*(t.state[i-1]^t.state[i-1]>>30) + uint32(i)
	}
	i := 1
	next := func() {
		if i++; i == 624 {
			t.state[0], i = t.state[623], 1
		}
	}
	for range 624 { // the key has one word, so that its index is always 0
		t.state[i] = t.state[i] ^ (t.state[i-1]^t.state[i-1]>>30)*1664525 + seed
		next()
	}
	for range 623 {
		t.state[i] = (t.state[i] ^ (t.state[i-1]^t.state[i-1]>>30)*1566083941) - uint32(i)
		next()
	}
	t.state[0] = 1 << 31
	return t
}

func (t *twister) next() uint32 {
	if t.at == 624 {
		for i := range t.state {
			y := t.state[i]&0x80000000 | t.state[(i+1)%624]&0x7fffffff
			t.state[i] = t.state[(i+397)%624] ^ y>>1 ^ (y&1)*0x9908b0df
		}
		t.at = 0
	}
	y := t.state[t.at]
	t.at++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

// below draws from 0 … n-1, n at least 1, by rejection as Python's randrange does.
func (t *twister) below(n int) int {
	shift := 32 - bits.Len(uint(n))
	for {
		if x := int(t.next() >> shift); x < n {
			return x
		}
	}
}
