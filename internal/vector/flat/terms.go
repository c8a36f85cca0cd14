package flat

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

// hashTerm is FNV-1a of 64 bits, folded (RFC 9923).
func hashTerm(term string) uint32 {
	h := uint64(14695981039346656037)
	for i := range len(term) {
		h = (h ^ uint64(term[i])) * 1099511628211
	}
	return uint32(h>>32) ^ uint32(h)
}

// encodeWords is the row of an activity's terms: for each chunk the number of its distinct terms, and their hashes ascending, as differences, with their counts.
func encodeWords(ref crm.Ref, terms [][]crm.TermCount, chunks int) []byte {
	b := make([]byte, 0, 8+200*len(terms))
	var packed []uint64
	for i := range chunks {
		packed = packed[:0]
		if len(terms) > 0 {
			for _, t := range terms[i] {
				if t.Count > 0 {
					packed = append(packed, uint64(hashTerm(t.Term))<<16|uint64(t.Count))
				}
			}
		}
		slices.Sort(packed)
		b = binary.AppendUvarint(b, uint64(len(packed)))
		last := uint64(0)
		for _, p := range packed {
			hash, count := p>>16, p&0xffff
			if count == 1 {
				b = binary.AppendUvarint(b, (hash-last)<<1)
			} else {
				b = binary.AppendUvarint(binary.AppendUvarint(b, (hash-last)<<1|1), count)
			}
			last = hash
		}
	}
	return sealed("words of "+ref.String(), b)
}

// posting is one term of one chunk.
type posting struct{ hash, count uint32 }

// decodeWords calls yield for each chunk.
func decodeWords(ref crm.Ref, b []byte, chunks int, yield func([]posting)) error {
	b, err := unsealed("words of "+ref.String(), b)
	if err != nil {
		return err
	}
	ok := true
	next := func() uint64 {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			ok = false
			return 0
		}
		b = b[n:]
		return v
	}
	var list []posting
	for range chunks {
		list = list[:0]
		hash := uint64(0)
		for range min(next(), uint64(len(b))) {
			v := next()
			hash += v >> 1
			count := uint64(1)
			if v&1 == 1 {
				count = next()
			}
			list = append(list, posting{uint32(hash), uint32(count)})
		}
		yield(list)
	}
	if !ok {
		return fmt.Errorf("%w: the words of %s are cut off", ErrDamaged, ref)
	}
	return nil
}
