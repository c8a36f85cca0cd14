package retriever

import (
	"container/list"
	"runtime"
	"sync"
	"sync/atomic"
	"weak"

	"github.com/contextd/contextd/internal/crm"
)

// cacheBytes is about how much prepared accounts may take; the one in use may be larger.
const cacheBytes = 128 << 20

// cache keeps prepared accounts that were asked last, one of each. Postings never change, so their pointer says which they are: a changed account has new ones, and what is
// prepared from those takes the place of what was. Whoever made the postings decides how long they live: once they are forgotten everywhere else, as after an erasure,
// the texts and words that were prepared from them leave memory as well.
type cache struct {
	mu      sync.Mutex
	used    int
	order   *list.List // of *prepared, used last first
	entries map[slot]*list.Element
}

// slot is what one account is kept of: as it is, or as it was at the moment that was asked for last.
type slot struct {
	account crm.Ref
	past    bool
}

type prepared struct {
	of       slot
	postings weak.Pointer[crm.Postings]
	once     sync.Once
	account  atomic.Pointer[account] // nil until it is built
	gone     runtime.Cleanup         // when the postings are; it holds the entry, so it ends with it
	bytes    int
}

// get answers from the cache or prepares; callers that ask for the same account at once wait for one of them.
func (c *cache) get(of slot, p *crm.Postings, static Static) *account {
	entry, before := c.entry(of, p)
	entry.once.Do(func() {
		entry.account.Store(prepare(p, static, before))
		c.settle(entry)
	})
	return entry.account.Load()
}

// entry finds the account's, or makes one, with the account that it takes the place of.
func (c *cache) entry(of slot, p *crm.Postings) (entry *prepared, before *account) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries == nil {
		c.entries, c.order = map[slot]*list.Element{}, list.New()
	}
	if e := c.entries[of]; e != nil {
		entry = e.Value.(*prepared)
		if entry.postings.Value() == p {
			c.order.MoveToFront(e)
			return entry, nil
		}
		before = entry.account.Load()
		c.remove(e)
	}
	entry = &prepared{of: of, postings: weak.Make(p)}
	c.entries[of] = c.order.PushFront(entry)
	entry.gone = runtime.AddCleanup(p, c.forget, entry)
	return entry, before
}

// forget drops what was prepared from postings that are no more.
func (c *cache) forget(entry *prepared) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.entries[entry.of]; e != nil && e.Value == entry {
		c.remove(e)
	}
}

func (c *cache) remove(e *list.Element) {
	entry := c.order.Remove(e).(*prepared)
	delete(c.entries, entry.of)
	c.used -= entry.bytes
	entry.gone.Stop()
}

// settle counts what was prepared.
func (c *cache) settle(entry *prepared) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count(entry, entry.account.Load().bytes())
}

// grow counts what an account keeps further.
func (c *cache) grow(of slot, a *account, bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.entries[of]; e != nil {
		if entry := e.Value.(*prepared); entry.account.Load() == a {
			c.count(entry, bytes)
		}
	}
}

// count lets those go that were not used for longest. An account that is still being prepared counts nothing yet and stays.
func (c *cache) count(entry *prepared, bytes int) {
	if e := c.entries[entry.of]; e == nil || e.Value != entry {
		return // it was replaced meanwhile
	}
	entry.bytes += bytes
	c.used += bytes
	for e := c.order.Back(); e != nil && c.used > cacheBytes; {
		last, before := e.Value.(*prepared), e.Prev()
		if last != entry && last.bytes > 0 {
			c.remove(e)
		}
		e = before
	}
}

// bytes is about what the account takes beside its postings.
func (a *account) bytes() int {
	const perChunk, perSession = 110, 24
	n := perChunk*len(a.at) + perSession*len(a.first) + 16*len(a.post) + 5*len(a.place) + 4*(len(a.words)+len(a.sharing)+len(a.sharers)+len(a.start))
	if a.vectors != nil {
		n += a.vectors.Bytes()
	}
	for i := range a.bodies {
		if b := a.bodies[i].Load(); b != nil {
			n += b.bytes()
		}
	}
	return n + a.vocabulary.bytes()
}
