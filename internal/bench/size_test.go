package bench

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/vector/flat"
)

// BenchmarkVectorSize weighs memory and disk per vector against the raw floats, without a search's own buffers.
func BenchmarkVectorSize(b *testing.B) {
	s := newVectorSet(vectorCount)
	dir := b.TempDir()
	st, x := s.openFlat(b, dir, flat.Options{CacheBytes: 1 << 30, CoarseBytes: 1 << 30})
	if err := st.Close(); err != nil { // everything is in the files then
		b.Fatal(err)
	}
	raw := float64(vectorCount * vectorDim * 4)
	var disk int64
	files, err := filepath.Glob(filepath.Join(dir, "vectors.flat*"))
	if err != nil {
		b.Fatal(err)
	}
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			b.Fatal(err)
		}
		disk += info.Size()
	}
	q := s.vector()
	s.vectors = nil
	st, err = flat.Open(b.Context(), filepath.Join(dir, "vectors.flat"), flat.Options{CacheBytes: 1 << 30, CoarseBytes: 1 << 30})
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	if x, err = st.Open(b.Context(), ""); err != nil {
		b.Fatal(err)
	}
	before := heap()
	if err := search(b, x, q, crm.Filter{Portal: portal, Wide: true}); err != nil {
		b.Fatal(err)
	}
	memory := heap() - before
	measured.add(b, goal{name: "V10 disk", what: "bytes on disk / raw float32, ten chunks per activity, no words", limit: 1.3, atMost: true, ratios: []float64{float64(disk) / raw}})
	measured.add(b, goal{name: "V10 memory", what: "heap of a portal that is held / raw float32", limit: 1.3, atMost: true, ratios: []float64{memory / raw}})
	runtime.KeepAlive(x)
}

// heap is what is in use after a collection, in bytes.
func heap() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}
