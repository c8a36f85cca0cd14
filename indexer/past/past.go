// Package past opens accounts as they were known before a moment: what stands in the index and was known then, and, in the place of what was not, the texts that stood then
// and were superseded or deleted since. Those are no longer in any index; they are divided anew from the stored texts, by the same rules as the present ones, and held in
// memory while they are asked for. What was erased is in no store and so in no past.
package past

import (
	"container/list"
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"
	"weak"

	"github.com/contextd/contextd/internal/crm"
)

// Texts is the store's side.
type Texts interface {
	// Postings of the account as it is now; the same pointer as long as nothing of the account has changed. crm.ErrTooLarge beyond what is held in memory.
	Postings(ctx context.Context, account crm.Ref) (*crm.Postings, error)
	// Earlier lists the texts that the account's activities had and have no longer, by activity and time; never what was erased.
	Earlier(ctx context.Context, account crm.Ref) ([]crm.Standing, error)
	// Superseded reads such texts with their activities, in any order; what was erased meanwhile is left out.
	Superseded(ctx context.Context, portal crm.PortalID, want []crm.Standing) ([]crm.Stored, error)
	// Names returns the display names of records; unknown ones are absent.
	Names(ctx context.Context, refs []crm.Ref) (map[crm.Ref]string, error)
}

// Bounds of what one account takes. Beyond them it is crm.ErrTooLarge, as large accounts are: searched by the vector back end, which holds present texts only.
const (
	MostTexts  = 20_000 // superseded texts that stood at one moment
	MostChunks = 50_000 // as in the store's postings
)

// cacheBytes is about what all accounts may take; the one in use may be larger. mostViews is how many moments of one account are kept.
const (
	cacheBytes = 64 << 20
	mostViews  = 8
)

// Accounts opens accounts of the past. It is safe for concurrent use; its fields are set once.
type Accounts struct {
	Texts Texts

	mu    sync.Mutex
	order *list.List // of *account, used last first
	at    map[crm.Ref]*list.Element
	used  int
}

// At is an account as it was known before asOf, by the time of its activities and by when their texts became known. Where everything that is in the index was known then
// and nothing else, Postings and Present are the same. The work is done once for each state of the account and each stretch of time in which the same was known.
func (x *Accounts) At(ctx context.Context, ref crm.Ref, asOf time.Time) (*crm.Past, error) {
	asOf = ceil(asOf)
	present, err := x.Texts.Postings(ctx, ref)
	if err != nil {
		return nil, err
	}
	a := x.account(ref, present)
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.list(ctx, x.Texts, present); err != nil {
		x.settle(a)
		return nil, err
	}
	for i, v := range a.views {
		if v.holds(asOf) {
			copy(a.views[1:i+1], a.views[:i])
			a.views[0] = v
			return v.of(present), nil
		}
	}
	v, err := a.view(ctx, x.Texts, present, asOf)
	if err != nil {
		x.settle(a)
		return nil, fmt.Errorf("%s as of %s: %w", ref, asOf.Format(time.RFC3339), err)
	}
	a.add(v)
	x.settle(a)
	return v.of(present), nil
}

// ceil rounds up to what the store can tell apart: whatever is before t is before that, too.
func ceil(t time.Time) time.Time {
	if down := t.Truncate(time.Microsecond); down.Before(t) {
		return down.Add(time.Microsecond)
	}
	return t
}

// account answers with the state of an account that these postings are; a changed one begins anew.
func (x *Accounts) account(ref crm.Ref, present *crm.Postings) *account {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.at == nil {
		x.at, x.order = map[crm.Ref]*list.Element{}, list.New()
	}
	e := x.at[ref]
	if e != nil && e.Value.(*account).present.Value() != present {
		x.forget(e)
		e = nil
	}
	if e == nil {
		a := &account{ref: ref, present: weak.Make(present)}
		a.cleanup = runtime.AddCleanup(present, x.left, weak.Make(a)) // which holds nothing of an account that went before its postings
		e = x.order.PushFront(a)
		x.at[ref] = e
	}
	x.order.MoveToFront(e)
	return e.Value.(*account)
}

// left forgets an account whose postings are no more.
func (x *Accounts) left(of weak.Pointer[account]) {
	a := of.Value()
	if a == nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if e := x.at[a.ref]; e != nil && e.Value.(*account) == a {
		x.forget(e)
	}
}

func (x *Accounts) forget(e *list.Element) {
	a := x.order.Remove(e).(*account)
	a.cleanup.Stop()
	delete(x.at, a.ref)
	x.used -= a.counted
	a.counted = 0
}

// settle counts what an account takes now, which is nothing where it could not be opened at any moment: it does not stay. It lets those go that were not used for longest. The
// caller holds a.mu, which is not taken here for any other account.
func (x *Accounts) settle(a *account) {
	x.mu.Lock()
	defer x.mu.Unlock()
	e := x.at[a.ref]
	if e == nil || e.Value.(*account) != a {
		return // forgotten meanwhile
	}
	if len(a.views) == 0 {
		x.forget(e)
		return
	}
	x.used -= a.counted
	a.counted = a.bytes()
	x.used += a.counted
	for e = x.order.Back(); e != nil && x.used > cacheBytes; {
		before := e.Prev()
		if e.Value.(*account) != a {
			x.forget(e)
		}
		e = before
	}
}
