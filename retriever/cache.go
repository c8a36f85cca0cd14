package retriever

import (
	"container/list"
	"sync"

	"github.com/contextd/contextd/internal/crm"
)

// cacheBytes is about how much prepared accounts may take; the one in use may be larger.
const cacheBytes = 64 << 20

// cache keeps prepared accounts of the postings used last. Neither postings nor word statistics are ever changed, so their pointers say which they are: a changed account
// and renewed statistics have new ones.
type cache struct {
	mu      sync.Mutex
	used    int
	order   *list.List // of *prepared, used last first
	entries map[source]*list.Element
}

// source is what an account is prepared from.
type source struct {
	postings *crm.Postings
	words    statistics
}

type prepared struct {
	source  source
	once    sync.Once
	account *account
	bytes   int
}

// of answers from the cache or builds; callers that ask for the same account at once wait for one build.
func (c *cache) of(from source, build func() *account) *account {
	entry := c.entry(from)
	entry.once.Do(func() {
		entry.account = build()
		c.settle(entry)
	})
	return entry.account
}

func (c *cache) entry(from source) *prepared {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries == nil {
		c.entries, c.order = map[source]*list.Element{}, list.New()
	}
	e := c.entries[from]
	if e == nil {
		e = c.order.PushFront(&prepared{source: from})
		c.entries[from] = e
	}
	c.order.MoveToFront(e)
	return e.Value.(*prepared)
}

// settle counts a built account and lets those go that were not used for longest. An account that is still being built counts nothing yet and stays.
func (c *cache) settle(entry *prepared) {
	c.mu.Lock()
	defer c.mu.Unlock()
	entry.bytes = entry.account.bytes()
	c.used += entry.bytes
	for e := c.order.Back(); e != nil && c.used > cacheBytes; {
		last, before := e.Value.(*prepared), e.Prev()
		if last != entry && last.bytes > 0 {
			c.order.Remove(e)
			delete(c.entries, last.source)
			c.used -= last.bytes
		}
		e = before
	}
}

// bytes is about what the account takes beside its postings.
func (a *account) bytes() int {
	const perChunk, perStem = 320, 90
	return len(a.shapes)*perChunk + len(a.stems)*perStem + len(a.words)*perStem/2 + 12*len(a.post) + 4*len(a.place) + 4*len(a.vectors)
}
