package builtin

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

// The file of word vectors, little endian:
//
//	16 bytes  "contextd words 1"
//	uint32    CRC-32C of everything behind it
//	uint32    number of words n, at most 65,535
//	uint32    learned dimensions d: 255, the vector's dimensions 1 to 255 (dimension 0 belongs to texts without words)
//	uint32    number of neighbours m
//	uint32    bytes of all words
//	n bytes   length of each word; words ascend
//	          the words
//	n float32 scale of each word: its vector is scale × its bytes
//	n × d     signed bytes
//	n bytes   number of neighbours of each word
//	m uint16  the neighbours, nearest first
//	m bytes   their cosines: closest + (1 − closest) × byte / 255
const (
	staticMagic  = "contextd words 1"
	staticHeader = len(staticMagic) + 5*4
	learned      = Dim - 1
	maxWords     = 1<<16 - 1
)

// Closest is the least cosine of neighbours.
const Closest = .35

// WordFile is what a file of word vectors is made from. Vectors have 255 dimensions and carry the word's weight as their length; a neighbour's Word must be another one of Words.
type WordFile struct {
	Words      []string // ascending, distinct, of at most 255 bytes
	Vectors    [][]float32
	Neighbours [][]crm.WordNeighbour // nearest first, at most 255 each
}

// Encode gives the file's bytes. crm.ErrInvalid when the parts do not fit together.
func (f WordFile) Encode() ([]byte, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	var lengths, words, vectors, counts, near, cosines []byte
	scales := make([]byte, 0, 4*len(f.Words))
	for i, w := range f.Words {
		lengths, words = append(lengths, byte(len(w))), append(words, w...)
		scale, bytes := quantise(f.Vectors[i])
		scales = binary.LittleEndian.AppendUint32(scales, math.Float32bits(scale))
		vectors = append(vectors, bytes...)
		counts = append(counts, byte(len(f.Neighbours[i])))
		for _, n := range f.Neighbours[i] {
			at, ok := slices.BinarySearch(f.Words, n.Word)
			if !ok || at == i || n.Cosine < Closest || n.Cosine > 1.001 {
				return nil, fmt.Errorf("words: neighbour %q of %q with cosine %v: %w", n.Word, w, n.Cosine, crm.ErrInvalid)
			}
			near = binary.LittleEndian.AppendUint16(near, uint16(at))
			cosines = append(cosines, byte(min(255, (n.Cosine-Closest)/(1-Closest)*255+.5)))
		}
	}
	body := binary.LittleEndian.AppendUint32(nil, uint32(len(f.Words)))
	body = binary.LittleEndian.AppendUint32(body, learned)
	body = binary.LittleEndian.AppendUint32(body, uint32(len(cosines)))
	body = binary.LittleEndian.AppendUint32(body, uint32(len(words)))
	body = slices.Concat(body, lengths, words, scales, vectors, counts, near, cosines)
	out := binary.LittleEndian.AppendUint32([]byte(staticMagic), crc32.Checksum(body, castagnoli))
	return append(out, body...), nil
}

func (f WordFile) check() error {
	n := len(f.Words)
	if n == 0 || n > maxWords || len(f.Vectors) != n || len(f.Neighbours) != n {
		return fmt.Errorf("words: %d words, %d vectors, %d lists of neighbours: %w", n, len(f.Vectors), len(f.Neighbours), crm.ErrInvalid)
	}
	for i, w := range f.Words {
		if w == "" || len(w) > 255 || (i > 0 && w <= f.Words[i-1]) || !crm.ValidVector(f.Vectors[i], learned) || len(f.Neighbours[i]) > 255 {
			return fmt.Errorf("words: word %d, %q: out of order, without a vector, or too much of it: %w", i, w, crm.ErrInvalid)
		}
	}
	return nil
}

// quantise finds the scale that lets the largest component be 127.
func quantise(v []float32) (float32, []byte) {
	var most float32
	for _, x := range v {
		most = max(most, x, -x)
	}
	scale := most / 127
	out := make([]byte, len(v))
	for i, x := range v {
		out[i] = byte(int8(math.Round(float64(x / scale))))
	}
	return scale, out
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// storedSum is the checksum that a file of word vectors says it has.
func storedSum(file string) uint32 {
	return binary.LittleEndian.Uint32([]byte(file[len(staticMagic):][:4]))
}

// openWords opens a file without copying it: words, vectors and neighbours stay where they are.
func openWords(file string) (*Words, error) {
	if len(file) < staticHeader || file[:len(staticMagic)] != staticMagic {
		return nil, fmt.Errorf("words: this is no file of word vectors of this version: %w", crm.ErrInvalid)
	}
	head := []byte(file[len(staticMagic):staticHeader])
	number := func(i int) int { return int(binary.LittleEndian.Uint32(head[4*i:])) }
	w := &Words{sum: uint32(number(0))}
	n, d, m, size := number(1), number(2), number(3), number(4)
	if d != learned || n > maxWords || len(file) != staticHeader+n+size+4*n+n*d+n+3*m {
		return nil, fmt.Errorf("words: %d words of %d dimensions with %d neighbours do not fit into %d bytes: %w", n, d, m, len(file), crm.ErrInvalid)
	}
	if sum := checksum(file[len(staticMagic)+4:]); sum != w.sum {
		return nil, fmt.Errorf("words: checksum %08x, want %08x: %w", sum, w.sum, crm.ErrInvalid)
	}
	rest := file[staticHeader:]
	take := func(n int) (part string) {
		part, rest = rest[:n], rest[n:]
		return part
	}
	lengths, words, scales := take(n), take(size), take(4*n)
	w.vectors = take(n * d)
	counts := take(n)
	w.near, w.cosines = take(2*m), take(m)
	return w, w.index(lengths, words, scales, counts)
}

// checksum feeds a string to the checksum in small copies.
func checksum(s string) (sum uint32) {
	var buffer [1 << 14]byte
	for len(s) > 0 {
		n := copy(buffer[:], s)
		sum, s = crc32.Update(sum, castagnoli, buffer[:n]), s[n:]
	}
	return sum
}

func (w *Words) index(lengths, words, scales, counts string) error {
	n := len(lengths)
	w.words, w.scales, w.from = make([]string, n), make([]float32, n), make([]uint32, n+1)
	w.at = make(map[string]uint16, n)
	var four [4]byte
	for i := range n {
		size := int(lengths[i])
		if size > len(words) {
			return fmt.Errorf("words: word %d goes beyond the end: %w", i, crm.ErrInvalid)
		}
		w.words[i], words = words[:size], words[size:]
		w.at[w.words[i]] = uint16(i)
		copy(four[:], scales[4*i:])
		w.scales[i] = math.Float32frombits(binary.LittleEndian.Uint32(four[:]))
		w.from[i+1] = w.from[i] + uint32(counts[i])
	}
	if int(w.from[n]) != len(w.cosines) {
		return fmt.Errorf("words: %d neighbours, %d cosines: %w", w.from[n], len(w.cosines), crm.ErrInvalid)
	}
	for i := 0; i < len(w.near); i += 2 {
		if j := int(w.near[i]) | int(w.near[i+1])<<8; j >= n {
			return fmt.Errorf("words: neighbour %d of %d words: %w", j, n, crm.ErrInvalid)
		}
	}
	return nil
}
