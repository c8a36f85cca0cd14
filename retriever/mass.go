package retriever

// masses gives the share of the question's idf mass that a mask of terms has, by a table for every eight terms: it is asked for several times per candidate.
type masses [][256]float32

func massesOf(terms []term, whole float32) masses {
	m := make(masses, (len(terms)+7)/8)
	for block := range m {
		table := &m[block]
		for bits := 1; bits < 256; bits++ {
			low := 0
			for bits>>low&1 == 0 {
				low++
			}
			if i := 8*block + low; i < len(terms) {
				table[bits] = table[bits&(bits-1)] + terms[i].idf/whole
			} else {
				table[bits] = table[bits&(bits-1)]
			}
		}
	}
	return m
}

func (m masses) of(mask uint64) float32 {
	var s float32
	for i := range m {
		s += m[i][mask>>(8*i)&255]
	}
	return s
}
