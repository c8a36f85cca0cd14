package retriever

import (
	"runtime"
	"sync"
	"testing"
	"time"
	"weak"

	"github.com/contextd/contextd/internal/crm"
)

func TestAnAccountIsPreparedOncePerPostings(t *testing.T) {
	var c cache
	p, _ := story()
	var all sync.WaitGroup
	got := make([]*account, 20)
	for i := range got {
		all.Go(func() { got[i] = c.get(slot{account: home.Account}, p, nil) })
	}
	all.Wait()
	for _, a := range got {
		if a != got[0] {
			t.Fatal("two callers have different accounts of the same postings")
		}
	}
	again, _ := story()
	if c.get(slot{account: home.Account}, again, nil) == got[0] {
		t.Error("new postings have the old account")
	}
	if len(c.entries) != 1 || c.order.Len() != 1 || c.used != c.entries[slot{account: home.Account}].Value.(*prepared).bytes {
		t.Errorf("%d entries with %d bytes: the newer account takes the place of the older one", len(c.entries), c.used)
	}
	if c.get(slot{home.Account, true}, again, nil); len(c.entries) != 2 {
		t.Errorf("%d entries of two accounts", len(c.entries))
	}
}

// wordy are postings whose account takes more than a third of the room.
func wordy() *crm.Postings {
	const words = cacheBytes / 12 / 3
	p := &crm.Postings{Words: []string{"a"}, Sequence: make([]uint32, words)}
	for i := range uint32(1000) {
		p.Chunks = append(p.Chunks, crm.PostedChunk{ID: string(rune('a' + i)), Activity: noteRef("1"), Pos: int(i), Language: "en", From: i * (words / 1000), To: (i + 1) * (words / 1000)})
	}
	return p
}

func TestTheCacheIsBounded(t *testing.T) {
	var c cache
	name := func(i int) slot {
		return slot{account: crm.Ref{Portal: 1, Type: crm.Companies, ID: string(rune('a' + i))}}
	}
	p := wordy()
	for i := range 20 {
		a := c.get(name(i), p, nil)
		c.grow(name(i), a, cacheBytes/3)
		if c.used > cacheBytes {
			t.Fatalf("%d bytes are held, the bound is %d", c.used, cacheBytes)
		}
	}
	if len(c.entries) > 3 || len(c.entries) != c.order.Len() || c.entries[name(0)] != nil || c.entries[name(19)] == nil {
		t.Errorf("%d entries, %d in order; the one used longest ago must be gone", len(c.entries), c.order.Len())
	}
	// One that alone is too large is used and let go with the next one.
	c.grow(name(20), c.get(name(20), p, nil), 2*cacheBytes)
	if len(c.entries) != 1 {
		t.Errorf("%d entries beside one that is larger than the cache", len(c.entries))
	}
	a := c.get(name(21), p, nil)
	if c.used > cacheBytes || len(c.entries) != 1 {
		t.Errorf("%d bytes are held after an account that is larger than the cache", c.used)
	}
	used := c.used
	c.grow(name(20), a, 1000)
	if c.grow(name(21), &account{}, 1000); c.used != used {
		t.Error("what is no more in the cache is counted")
	}
}

// TestWhatIsLetGoLeavesMemory though its postings live on.
func TestWhatIsLetGoLeavesMemory(t *testing.T) {
	var c cache
	p, _ := story()
	evicted := weak.Make(c.get(slot{account: home.Account}, p, nil))
	other := slot{account: crm.Ref{Portal: 1, Type: crm.Companies, ID: "2"}}
	c.grow(other, c.get(other, wordy(), nil), 2*cacheBytes)
	runtime.GC()
	if evicted.Value() != nil {
		t.Error("an account that was let go is held")
	}
	runtime.KeepAlive(p)
}

// TestWhatIsForgottenLeavesMemory: nobody asks the account again, and the texts that were read from it are gone all the same.
func TestWhatIsForgottenLeavesMemory(t *testing.T) {
	s := newShelf()
	r := &Retriever{Postings: s, Bodies: s}
	if c, err := r.Retrieve(t.Context(), crm.Question{Filter: home, Text: "contract"}); err != nil || len(c.Passages) == 0 {
		t.Fatal(c, err)
	}
	gone := make(chan bool)
	runtime.AddCleanup(r.cache.entries[slot{account: home.Account}].Value.(*prepared).account.Load(), func(int) { close(gone) }, 0)
	s.postings = &crm.Postings{} // the store forgets them
	for {
		runtime.GC()
		select {
		case <-gone:
			r.cache.mu.Lock()
			defer r.cache.mu.Unlock()
			if len(r.cache.entries) != 0 || r.cache.order.Len() != 0 || r.cache.used != 0 {
				t.Errorf("%d entries, %d bytes", len(r.cache.entries), r.cache.used)
			}
			return
		case <-t.Context().Done():
			t.Fatal("the account is still in memory")
		case <-time.After(time.Millisecond): // cleanups run behind the collector
		}
	}
}
