package spend

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Purse is the budget of every portal, and knows which portals have been refused money. The zero value has no budget; it is safe for concurrent use.
type Purse struct {
	Budget crm.USD       // of each portal and calendar month (UTC); 0: none
	Every  time.Duration // how often a refused portal may try again; 0: 10 minutes
	Now    func() time.Time
	Told   func(portal crm.PortalID, over *crm.OverBudget) // nil: nobody; called when a portal is refused first, and with nil when it has money again

	mu    sync.Mutex
	empty map[crm.PortalID]refusal
}

type refusal struct {
	over *crm.OverBudget
	next time.Time
}

func (p *Purse) every() time.Duration {
	if p.Every == 0 {
		return 10 * time.Minute
	}
	return p.Every
}

// Open refuses runs of a portal that was refused money lately, before anything is read for them: nil once a try is due again, or nobody was refused.
func (p *Purse) Open(portal crm.PortalID) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, is := p.empty[portal]
	now := p.Now()
	switch {
	case !is:
		return nil
	case !now.Before(r.next):
		r.next = now.Add(p.every())
		p.empty[portal] = r
		return nil
	}
	return &crm.RetryAfter{At: r.next, Err: r.over}
}

// reserve sets money aside. What is refused may be tried again soon: a budget can be raised, and what is set aside for others come back.
func (p *Purse) reserve(ctx context.Context, l Ledger, c crm.ModelCall) error {
	err := l.Reserve(ctx, c, p.Budget)
	var over *crm.OverBudget
	if err != nil && !errors.As(err, &over) {
		return err
	}
	p.mu.Lock()
	_, was := p.empty[c.Portal]
	var at time.Time
	if over != nil {
		if at = p.Now().Add(p.every()); at.After(over.Until) {
			at = over.Until
		}
		if p.empty == nil {
			p.empty = map[crm.PortalID]refusal{}
		}
		p.empty[c.Portal] = refusal{over, at}
	} else {
		delete(p.empty, c.Portal)
	}
	p.mu.Unlock()
	if p.Told != nil && was != (over != nil) {
		p.Told(c.Portal, over)
	}
	if over == nil {
		return nil
	}
	return &crm.RetryAfter{At: at, Err: over}
}
