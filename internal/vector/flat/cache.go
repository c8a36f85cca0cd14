package flat

import (
	"container/list"
	"sync"

	"github.com/contextd/contextd/internal/crm"
)

// cache keeps the accounts used last, up to limit bytes. An account that was changed while it was being loaded is not kept: its epoch has moved.
type cache struct {
	mu    sync.Mutex
	limit int
	used  int
	epoch int64
	order list.List // of entry, newest first
	items map[crm.Ref]*list.Element
}

type entry struct {
	ref     crm.Ref
	account *account
}

// find returns the account, or nil and the epoch to hand to keep.
func (c *cache) find(ref crm.Ref) (*account, int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.items[ref]
	if !ok {
		return nil, c.epoch
	}
	c.order.MoveToFront(e)
	return e.Value.(entry).account, c.epoch
}

func (c *cache) keep(ref crm.Ref, a *account, epoch int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.items[ref]; ok || epoch != c.epoch || a.bytes() > c.limit {
		return
	}
	if c.items == nil {
		c.items = map[crm.Ref]*list.Element{}
	}
	c.items[ref] = c.order.PushFront(entry{ref, a})
	c.used += a.bytes()
	for c.used > c.limit {
		c.drop(c.order.Back())
	}
}

func (c *cache) forget(ref crm.Ref) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	if e, ok := c.items[ref]; ok {
		c.drop(e)
	}
}

func (c *cache) drop(e *list.Element) {
	it := c.order.Remove(e).(entry)
	delete(c.items, it.ref)
	c.used -= it.account.bytes()
}
