package safety

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/contextd/contextd/engine"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/store"
)

// TestEvalAccountWalls: two walls keep the words of one account out of the prompts of another. Retrieval looks into one account only, and the engine asks the store to which
// accounts an activity belongs before it shows a word of it. Either wall holds alone; with both down the harness sees the words in what comes out. Even then nothing comes
// from another portal: the engine lets no reference of one through.
func TestEvalAccountWalls(t *testing.T) {
	attacks, carriers := texts(t, "attacks.jsonl"), texts(t, "contexts.jsonl")
	for name, wall := range map[string]struct{ retrieval, store bool }{
		"retrieval without a scope":                   {true, false},
		"a store that mixes accounts":                 {false, true},
		"retrieval without a scope, and such a store": {true, true},
	} {
		t.Run(name, func(t *testing.T) {
			var wrong intruders
			var broken defect
			if wall.retrieval {
				broken.retriever = func(_ *world, r engine.Retriever) engine.Retriever { return unscoped{r, &wrong} }
			}
			if wall.store {
				broken.history = func(w *world) engine.History { return trusting{w.db, &wrong} }
			}
			w := newWorld(t, broken)
			w.opened = func(all []account) {
				for _, a := range all {
					wrong.accounts = append(wrong.accounts, a.company)
				}
				wrong.accounts = append(wrong.accounts, w.elsewhere.company)
			}
			c := w.attack(attacks[:3], carriers)
			c.Set = "walls: " + name
			printLine(t, c)
			if wall.retrieval && (wrong.offered.Load() == 0 || wrong.abroad.Load() == 0) || wall.store && wrong.vouched.Load() == 0 {
				t.Errorf("%d passages of other accounts were offered, %d of the other portal, and the store was asked of %d activities: the wall is not tried",
					wrong.offered.Load(), wrong.abroad.Load(), wrong.vouched.Load())
			}
			if both := wall.retrieval && wall.store; both != (c.AccountCanaries > 0) || both != (w.mixed > 0) {
				t.Errorf("%d words of other accounts in outputs, %d prompts with them; want some: %v", c.AccountCanaries, w.mixed, both)
			}
			if c.PortalCanaries > 0 {
				t.Errorf("%d words of the other portal in outputs", c.PortalCanaries)
			}
		})
	}
}

// intruders are the accounts that a broken wall lets into the others, and how often it did.
type intruders struct {
	accounts                 []crm.Ref
	offered, abroad, vouched atomic.Int64
}

// unscoped is a retriever that looks into all accounts.
type unscoped struct {
	engine.Retriever
	*intruders
}

func (u unscoped) Retrieve(ctx context.Context, q crm.Question) (crm.Context, error) {
	out, err := u.Retriever.Retrieve(ctx, q)
	for _, other := range u.accounts {
		if err != nil {
			break
		}
		if other == q.Account {
			continue
		}
		q := q
		q.Portal, q.Account, q.Focus = other.Portal, other, crm.Ref{}
		var more crm.Context
		more, err = u.Retriever.Retrieve(ctx, q)
		out.Passages = append(out.Passages, more.Passages...)
		if other.Portal == attacked {
			u.offered.Add(int64(len(more.Passages)))
		} else {
			u.abroad.Add(int64(len(more.Passages)))
		}
	}
	return out, err
}

// trusting is a store that says of every activity that it belongs to all accounts.
type trusting struct {
	*store.DB
	*intruders
}

func (t trusting) Activity(ctx context.Context, ref crm.Ref) (crm.Stored, error) {
	a, err := t.DB.Activity(ctx, ref)
	a.Accounts = append(a.Accounts, t.accounts...)
	t.vouched.Add(1)
	return a, err
}
