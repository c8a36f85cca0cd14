package store

import (
	"container/list"
	"errors"
	"math"
	"sync"

	"github.com/contextd/contextd/internal/crm"
)

// postingsCache keeps assembled postings of the accounts used last, within a budget of bytes.
type postingsCache struct {
	mu      sync.Mutex
	limit   int64
	used    int64
	order   *list.List // of *cachedPostings, most recently used first
	entries map[accountCut]*list.Element
	loading map[accountCut]*loadingPostings
	cuts    map[int]bool // chunkers that were asked for
}

// accountCut is an account as the generations of one chunker see it.
type accountCut struct {
	account crm.Ref
	chunker int
}

// rank orders what chunkers made of an activity as picked does, the one that is seen first.
func (a accountCut) rank(chunker int) int {
	if chunker == a.chunker {
		return math.MinInt
	}
	return -chunker
}

// assembled is an account's postings and what it takes to go on from them.
type assembled struct {
	p       *crm.Postings
	bytes   int64
	text    int64             // bytes of strings among them
	fresh   int               // words there were when it was assembled as a whole
	words   map[string]uint32 // the ids of its words, where it was patched before
	changed map[crm.Ref]bool  // activities that commits have touched since
}

type cachedPostings struct {
	account accountCut
	*assembled
	err error // crm.ErrTooLarge, which is worth remembering: to find it out takes as long as an account has activities
}

// loadingPostings is a load in flight: later callers wait for it instead of reading the same rows.
type loadingPostings struct {
	ready chan struct{}
	p     *crm.Postings
	err   error
}

func newPostingsCache(limit int64) *postingsCache {
	return &postingsCache{limit: limit, order: list.New(), entries: map[accountCut]*list.Element{}, loading: map[accountCut]*loadingPostings{}, cuts: map[int]bool{}}
}

// drop takes note of what a commit has changed, and forgets whatever is being loaded of it: it may have read the state before.
func (c *postingsCache) drop(changed touched) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for account, activities := range changed {
		for chunker := range c.cuts {
			c.note(accountCut{account, chunker}, activities)
		}
	}
}

func (c *postingsCache) note(account accountCut, activities map[crm.Ref]bool) {
	delete(c.loading, account)
	if e := c.entries[account]; e != nil {
		entry := e.Value.(*cachedPostings)
		if activities == nil || entry.err != nil {
			c.remove(e)
			return
		}
		entry.assembled = entry.with(activities)
	}
}

func (c *postingsCache) remove(e *list.Element) {
	entry := c.order.Remove(e).(*cachedPostings)
	delete(c.entries, entry.account)
	c.used -= entry.bytes
}

// load answers from the cache, from a load in flight, or from fetch, which is given what there was before commits touched it; nil when there was nothing.
func (c *postingsCache) load(account accountCut, fetch func(before *assembled) (*assembled, error)) (*crm.Postings, error) {
	c.mu.Lock()
	c.cuts[account.chunker] = true
	var before *assembled
	if e := c.entries[account]; e != nil {
		cached := e.Value.(*cachedPostings)
		if len(cached.changed) == 0 {
			c.order.MoveToFront(e)
			defer c.mu.Unlock()
			return cached.p, cached.err
		}
		before = cached.assembled
	}
	if l := c.loading[account]; l != nil {
		c.mu.Unlock()
		<-l.ready
		return l.p, l.err
	}
	if before != nil && before.words != nil { // fetch writes to the map: it is there for one load only
		without := *before
		without.words = nil
		c.entries[account].Value.(*cachedPostings).assembled = &without
	}
	l := &loadingPostings{ready: make(chan struct{})}
	c.loading[account] = l
	c.mu.Unlock()

	a, err := fetch(before)
	if a == nil {
		a = &assembled{bytes: refusedBytes}
	}
	l.p, l.err = a.p, err
	close(l.ready)

	c.mu.Lock()
	defer c.mu.Unlock()
	if c.loading[account] != l { // dropped meanwhile: good for those who asked before the change, not for later ones
		return l.p, l.err
	}
	delete(c.loading, account)
	if e := c.entries[account]; e != nil {
		c.remove(e)
	}
	if (l.err != nil && !errors.Is(l.err, crm.ErrTooLarge)) || a.bytes > c.limit {
		return l.p, l.err
	}
	c.entries[account] = c.order.PushFront(&cachedPostings{account: account, assembled: a, err: l.err})
	for c.used += a.bytes; c.used > c.limit; {
		c.remove(c.order.Back())
	}
	return l.p, l.err
}
