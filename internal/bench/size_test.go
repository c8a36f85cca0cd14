package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/vector/flat"
)

// BenchmarkVectorSize weighs memory and disk per vector against the raw floats, for activities of one chunk and of ten. The goal is for an index without words; what they
// add depends on the texts.
func BenchmarkVectorSize(b *testing.B) {
	for _, per := range []int{1, 10} {
		s := newVectorSet(vectorCount)
		s.per = per
		dir := b.TempDir()
		st, _ := s.openFlat(b, dir, flat.Options{})
		if err := st.Close(); err != nil { // everything is in the files then
			b.Fatal(err)
		}
		raw := float64(vectorCount * vectorDim * 4)
		measured.add(b, goal{name: "V10 disk", what: fmt.Sprintf("bytes on disk / raw float32, no words; chunks per activity: %d", per), limit: 1.3, atMost: true, ratios: []float64{weight(b, dir) / raw}})
		s.said = 60
		worded := b.TempDir()
		st, _ = s.openFlat(b, worded, flat.Options{})
		if err := st.Close(); err != nil {
			b.Fatal(err)
		}
		measured.add(b, goal{name: "V10 disk, words", what: fmt.Sprintf("the same with %d words in a chunk, of 20,000 by Zipf's law; chunks per activity: %d", s.said, per), ratios: []float64{weight(b, worded) / raw}})
		q := s.vector()
		s.vectors = nil
		for what, o := range map[string]flat.Options{"by default": {}, "as float32": {CacheBytes: 1 << 30, CoarseBytes: 1 << 30}} {
			measured.add(b, goal{name: "V10 memory", what: fmt.Sprintf("heap of a portal that is held %s / raw float32; chunks per activity: %d", what, per), limit: 1.3, atMost: true,
				ratios: []float64{held(b, dir, o, q) / raw}})
		}
	}
}

// weight is the size of the back end's files in bytes.
func weight(b *testing.B, dir string) (bytes float64) {
	b.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "vectors.flat*"))
	if err != nil {
		b.Fatal(err)
	}
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			b.Fatal(err)
		}
		bytes += float64(info.Size())
	}
	return bytes
}

// held is how many bytes of heap a portal takes once it was searched.
func held(b *testing.B, dir string, o flat.Options, q []float32) float64 {
	b.Helper()
	st, err := flat.Open(b.Context(), filepath.Join(dir, "vectors.flat"), o)
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	x, err := st.Open(b.Context(), "")
	if err != nil {
		b.Fatal(err)
	}
	before := heap()
	if err := search(b, x, q, crm.Filter{Portal: portal, Wide: true}); err != nil {
		b.Fatal(err)
	}
	after := heap()
	runtime.KeepAlive(x)
	return after - before
}

// heap is what is in use after a collection, in bytes.
func heap() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}
