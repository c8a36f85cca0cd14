package spend

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Meter counts what embedding costs, by who it is done for (crm.Payers), and tells the ledger from time to time: a row in the ledger for each of thousands of calls would cost
// more than the calls. What is counted and not told yet is lost in a crash. Ledger and Now are required; it is safe for concurrent use.
type Meter struct {
	Ledger Ledger
	Now    func() time.Time
	Payer  crm.PortalID // who pays when nobody is named: the only portal, or 0 for nobody in particular

	mu      sync.Mutex
	waiting map[line]crm.ModelCall
}

// mostNamed is how many requests of a sum are named.
const mostNamed = 16

// line is what the calls of one row in the ledger have in common.
type line struct {
	portal     crm.PortalID
	day, model string
}

// Count notes one call to an embedder.
func (m *Meter) Count(ctx context.Context, model string, price Price, u crm.Usage) {
	shares := crm.Payers(ctx)
	if len(shares) == 0 {
		shares = map[crm.PortalID]int{m.Payer: 1}
	}
	total, day := 0, crm.Day(m.Now())
	for _, n := range shares {
		total += max(n, 1)
	}
	requests, _ := crm.RequestsOf(ctx)
	m.mu.Lock()
	defer m.mu.Unlock()
	left := u
	portals := slices.Sorted(maps.Keys(shares))
	for i, portal := range portals {
		part := left // the last one takes what rounding has left
		if i < len(portals)-1 {
			part = crm.Usage{InputTokens: u.InputTokens * max(shares[portal], 1) / total}
			left.InputTokens -= part.InputTokens
		}
		if price.Unknown {
			part.Unpriced = 1
		}
		m.add(crm.ModelCall{Portal: portal, Day: day, Task: crm.EmbeddingTask, Model: model, Cost: price.Of(part), Usage: part, Requests: requests})
	}
}

// add joins calls to those that wait for the same line of the ledger.
func (m *Meter) add(c crm.ModelCall) {
	k := line{c.Portal, c.Day, c.Model}
	sum, is := m.waiting[k]
	if !is {
		sum = crm.ModelCall{Portal: c.Portal, Day: c.Day, Task: c.Task, Model: c.Model}
	}
	sum.Times, sum.Cost, sum.Usage = sum.Times+max(c.Times, 1), sum.Cost+c.Cost, sum.Usage.Add(c.Usage)
	sum.Requests = append(slices.Clone(sum.Requests), c.Requests...)
	sum.Requests = sum.Requests[max(0, len(sum.Requests)-mostNamed):]
	if m.waiting == nil {
		m.waiting = map[line]crm.ModelCall{}
	}
	m.waiting[k] = sum
}

// Flush tells the ledger what was counted since the last time. What it does not take waits on.
func (m *Meter) Flush(ctx context.Context) error {
	m.mu.Lock()
	calls := slices.Collect(maps.Values(m.waiting))
	m.waiting = nil
	m.mu.Unlock()
	err := m.Ledger.Spend(ctx, calls)
	if err != nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		for _, c := range calls {
			m.add(c)
		}
	}
	return err
}

// Run flushes every second until ctx ends, and once more.
func (m *Meter) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), recording)
			defer cancel()
			if err := m.Flush(end); err != nil {
				return err
			}
			return ctx.Err()
		case <-tick.C:
			_ = m.Flush(ctx) // it waits on, and the last flush tells
		}
	}
}
