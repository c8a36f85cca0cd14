package store

import "testing"

// BenchmarkSnapshot is the least that a read costs: begin, one row, give up the snapshot. A search takes a few of them.
func BenchmarkSnapshot(b *testing.B) {
	db, err := Open(b.Context(), b.TempDir(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	b.ReportAllocs()
	for b.Loop() {
		if err := db.r.read(b.Context(), func(v *view) error {
			_, err := v.exists("SELECT 1 FROM deliveries WHERE id = ?", 1)
			return err
		}); err != nil {
			b.Fatal(err)
		}
	}
}
