package flat

import "testing"

// TestLayoutWastesLittle has every usual dimension take at most an eighth more than its numbers.
func TestLayoutWastesLittle(t *testing.T) {
	for _, dim := range []int{256, 384, 512, 768, 1024, 1536} {
		for views := 1; views <= 2; views++ {
			bytes := 4 * dim * views
			l := layoutOf(bytes)
			t.Logf("dimension %d, %d views: pages of %d, cut at %d: %.3f × raw", dim, views, l.page, l.cut, l.share(bytes)/float64(bytes))
			if l.share(bytes) > 1.13*float64(bytes) {
				t.Errorf("dimension %d, %d views: pages of %d spend %.3f × raw", dim, views, l.page, l.share(bytes)/float64(bytes))
			}
		}
	}
}

// TestRowsOfAnActivity: they follow each other, none is cut short, and each chunk's row is found from its number.
func TestRowsOfAnActivity(t *testing.T) {
	l := layout{cut: 15}
	for n := int64(1); n < 40; n++ {
		for chunks := int64(1); chunks < 40; chunks++ {
			rows, at := 0, n
			for end := n + chunks; at < end; rows++ {
				next := l.end(at, end)
				for c := at; c < next; c++ {
					if l.start(n, c) != at {
						t.Fatalf("chunk %d of the activity %d…%d is looked for at %d, it is at %d", c, n, end, l.start(n, c), at)
					}
				}
				at = next
			}
			if at != n+chunks || rows > int(chunks/15)+2 {
				t.Fatalf("%d chunks from %d end at %d in %d rows", chunks, n, at, rows)
			}
		}
	}
}
