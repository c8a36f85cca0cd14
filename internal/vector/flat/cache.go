package flat

import (
	"container/list"
	"context"
	"sync"

	"github.com/contextd/contextd/internal/crm"
)

// cache keeps what was used last, up to limit bytes. What is kept is changed along with the file, not thrown away: an account that is written to all the time would
// otherwise be loaded at every question.
type cache struct {
	mu      sync.Mutex
	limit   int
	used    int
	order   list.List // of *entry, newest first
	items   map[address]*list.Element
	loading map[address]*loading
}

// address names something that is kept: the vectors of an account or (no type) a portal, the words or the profiles of a portal.
type address struct {
	part part
	ref  crm.Ref
}

type part uint8

const (
	vectorPart part = iota
	wordPart
	profilePart
)

func portalAddress(p part, portal crm.PortalID) address { return address{p, crm.Ref{Portal: portal}} }

// resident is something that the cache keeps.
type resident interface {
	size() int
	// apply makes it what the file is after a change, and nothing of what it is already. false: it cannot; load it again.
	apply(c *change) bool
}

type entry struct {
	at    address
	value resident
	size  int
}

// loading is a load in progress. Changes that are written meanwhile may or may not be in what it reads; they are applied to it in the end.
type loading struct {
	done    chan struct{}
	pending []*change
}

// peek returns what is kept, or nil.
func (c *cache) peek(at address) resident {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.items[at]; ok {
		c.order.MoveToFront(e)
		return e.Value.(*entry).value
	}
	return nil
}

// find returns what is kept, or loads it; of several who ask for the same, one loads.
func (c *cache) find(ctx context.Context, at address, load func() (resident, error)) (resident, error) {
	for {
		c.mu.Lock()
		if e, ok := c.items[at]; ok {
			c.order.MoveToFront(e)
			c.mu.Unlock()
			return e.Value.(*entry).value, nil
		}
		if l, ok := c.loading[at]; ok {
			c.mu.Unlock()
			select {
			case <-l.done: // look again: it may have been too large to keep, or the other's load was cancelled
				continue
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		if c.loading == nil {
			c.items, c.loading = map[address]*list.Element{}, map[address]*loading{}
		}
		l := &loading{done: make(chan struct{})}
		c.loading[at] = l
		c.mu.Unlock()
		v, err := load()
		return c.loaded(at, l, v, err)
	}
}

func (c *cache) loaded(at address, l *loading, v resident, err error) (resident, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.loading, at)
	close(l.done)
	if err != nil {
		return nil, err
	}
	keep := true
	for _, change := range l.pending {
		keep = keep && v.apply(change)
	}
	if size := v.size(); keep && size <= c.limit {
		c.items[at] = c.order.PushFront(&entry{at, v, size})
		c.used += size
		c.shrink()
	}
	return v, nil
}

func (c *cache) shrink() {
	for c.used > c.limit {
		c.drop(c.order.Back())
	}
}

func (c *cache) drop(e *list.Element) {
	it := c.order.Remove(e).(*entry)
	delete(c.items, it.at)
	c.used -= it.size
}

// apply brings a committed change to everything that it concerns. Calls come in the order of the commits. A search in something large holds it for milliseconds, so
// that the cache itself must not be held meanwhile.
func (c *cache) apply(changes []*change) {
	for _, change := range changes {
		for _, at := range change.addresses() {
			c.mu.Lock()
			e, kept := c.items[at]
			if l, ok := c.loading[at]; ok {
				l.pending = append(l.pending, change)
			}
			c.mu.Unlock()
			if !kept {
				continue
			}
			value := e.Value.(*entry).value
			c.resized(at, value, value.apply(change))
		}
	}
}

// resized counts an entry again, or drops it.
func (c *cache) resized(at address, value resident, keep bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.items[at]
	if !ok || e.Value.(*entry).value != value {
		return // dropped meanwhile
	}
	if !keep {
		c.drop(e)
		return
	}
	it := e.Value.(*entry)
	size := value.size()
	c.used += size - it.size
	it.size = size
	if size > c.limit {
		c.drop(e)
	}
	c.shrink()
}

// clear drops everything: nobody knows what the file holds now. Loads in progress are told so, too.
func (c *cache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.order.Len() > 0 {
		c.drop(c.order.Back())
	}
	for _, l := range c.loading {
		l.pending = append(l.pending, &change{unclear: true})
	}
}
