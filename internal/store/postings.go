package store

import (
	"container/list"
	"errors"
	"sync"

	"github.com/contextd/contextd/internal/crm"
)

// postingsCache keeps assembled postings of the accounts used last, within a budget of bytes.
type postingsCache struct {
	mu      sync.Mutex
	limit   int64
	used    int64
	order   *list.List // of *cachedPostings, most recently used first
	entries map[crm.Ref]*list.Element
	loading map[crm.Ref]*loadingPostings
}

type cachedPostings struct {
	account crm.Ref
	p       *crm.Postings
	err     error // crm.ErrTooLarge, which is worth remembering: to find it out takes as long as an account has activities
	bytes   int64
}

// loadingPostings is a load in flight: later callers wait for it instead of reading the same rows.
type loadingPostings struct {
	ready chan struct{}
	p     *crm.Postings
	err   error
}

func newPostingsCache(limit int64) *postingsCache {
	return &postingsCache{limit: limit, order: list.New(), entries: map[crm.Ref]*list.Element{}, loading: map[crm.Ref]*loadingPostings{}}
}

// drop forgets accounts that a commit has changed, and whatever is being loaded of them: it may have read the state before.
func (c *postingsCache) drop(accounts map[crm.Ref]bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for a := range accounts {
		delete(c.loading, a)
		if e := c.entries[a]; e != nil {
			c.remove(e)
		}
	}
}

func (c *postingsCache) remove(e *list.Element) {
	entry := c.order.Remove(e).(*cachedPostings)
	delete(c.entries, entry.account)
	c.used -= entry.bytes
}

// load answers from the cache, from a load in flight, or from fetch.
func (c *postingsCache) load(account crm.Ref, fetch func() (*crm.Postings, int64, error)) (*crm.Postings, error) {
	c.mu.Lock()
	if e := c.entries[account]; e != nil {
		c.order.MoveToFront(e)
		defer c.mu.Unlock()
		cached := e.Value.(*cachedPostings)
		return cached.p, cached.err
	}
	if l := c.loading[account]; l != nil {
		c.mu.Unlock()
		<-l.ready
		return l.p, l.err
	}
	l := &loadingPostings{ready: make(chan struct{})}
	c.loading[account] = l
	c.mu.Unlock()

	var bytes int64
	l.p, bytes, l.err = fetch()
	close(l.ready)

	c.mu.Lock()
	defer c.mu.Unlock()
	if c.loading[account] != l { // dropped meanwhile: good for those who asked before the change, not for later ones
		return l.p, l.err
	}
	delete(c.loading, account)
	if (l.err != nil && !errors.Is(l.err, crm.ErrTooLarge)) || bytes > c.limit {
		return l.p, l.err
	}
	c.entries[account] = c.order.PushFront(&cachedPostings{account: account, p: l.p, err: l.err, bytes: bytes})
	for c.used += bytes; c.used > c.limit; {
		c.remove(c.order.Back())
	}
	return l.p, l.err
}
