package retriever

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

func TestAnAccountIsBuiltOncePerPostings(t *testing.T) {
	var c cache
	var built atomic.Int32
	p, _ := story()
	var all sync.WaitGroup
	got := make([]*account, 20)
	for i := range got {
		all.Go(func() {
			got[i] = c.of(source{postings: p}, func() *account {
				built.Add(1)
				return prepare(p, nil, nil)
			})
		})
	}
	all.Wait()
	for _, a := range got {
		if a != got[0] {
			t.Fatal("two callers have different accounts of the same postings")
		}
	}
	if built.Load() != 1 {
		t.Errorf("built %d times", built.Load())
	}
	again, _ := story()
	if c.of(source{postings: again}, func() *account { return prepare(again, nil, nil) }) == got[0] {
		t.Error("new postings have the old account")
	}
	if c.of(source{p, &crm.WordStatistics{}}, func() *account { return prepare(p, nil, nil) }) == got[0] {
		t.Error("renewed statistics have the old account")
	}
}

func TestTheCacheIsBounded(t *testing.T) {
	var c cache
	large := func() *account { return &account{vectors: make([]float32, cacheBytes/4/3)} } // a third of the room
	first := &crm.Postings{}
	c.of(source{postings: first}, large)
	for range 9 {
		p := &crm.Postings{}
		c.of(source{postings: p}, large)
		if c.used > cacheBytes {
			t.Fatalf("%d bytes are held, the bound is %d", c.used, cacheBytes)
		}
	}
	if len(c.entries) > 3 || len(c.entries) != c.order.Len() || c.entries[source{postings: first}] != nil {
		t.Errorf("%d entries, %d in order; the one used longest ago must be gone", len(c.entries), c.order.Len())
	}
	// One that alone is too large is used and let go with the next one.
	c.of(source{postings: &crm.Postings{}}, func() *account { return &account{vectors: make([]float32, cacheBytes)} })
	c.of(source{postings: first}, large)
	if c.used > cacheBytes {
		t.Errorf("%d bytes are held after an account that is larger than the cache", c.used)
	}
}
