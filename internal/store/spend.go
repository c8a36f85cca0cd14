package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Reserve sets aside what a call can cost at most, before it is made. *crm.OverBudget when that, what is spent and what is set aside already come to more than budget (0: no
// budget) in the call's month: nothing is set aside then. Calls are judged one after the other, so that two at once cannot both take the last money.
func (db *DB) Reserve(ctx context.Context, c crm.ModelCall, budget crm.USD) error {
	day, err := time.Parse(time.DateOnly, c.Day)
	if err != nil || c.Portal <= 0 || c.ID == "" || c.Most < 0 {
		return fmt.Errorf("set %s aside for call %q of portal %d on %q: %w", c.Most, c.ID, c.Portal, c.Day, crm.ErrInvalid)
	}
	err = db.w.write(ctx, func(t *tx) error {
		if budget > 0 {
			m, err := t.monthSpend(c.Portal, day)
			if err != nil {
				return err
			}
			if m.Spent+m.Reserved+c.Most > budget {
				return &crm.OverBudget{Budget: budget, Spent: m.Spent, Reserved: m.Reserved, Most: c.Most, Until: crm.NextMonth(day)}
			}
		}
		return t.do("INSERT INTO reservations (portal, id, day, task, workflow, model, nano_usd) VALUES (?, ?, ?, ?, ?, ?, ?)",
			int64(c.Portal), c.ID, c.Day, string(c.Task), c.Workflow, c.Model, int64(c.Most))
	})
	if err != nil {
		return fmt.Errorf("set money aside: %w", err)
	}
	return nil
}

// Spend records what calls cost, in the place of what was set aside for them. One whose reservation is gone was recorded before, and counts once.
func (db *DB) Spend(ctx context.Context, calls []crm.ModelCall) error {
	if len(calls) == 0 {
		return nil
	}
	if err := db.w.write(ctx, func(t *tx) error { return t.spend(calls) }); err != nil {
		return fmt.Errorf("record what %d calls cost: %w", len(calls), err)
	}
	return nil
}

// SpendAbandoned records calls of which nobody will tell any more what they cost, because their process ended, with the most that they can have cost. It is called before
// the first call of a process: this store is held by one alone.
func (db *DB) SpendAbandoned(ctx context.Context) error {
	err := db.w.write(ctx, func(t *tx) error {
		var left []crm.ModelCall
		err := t.each("SELECT portal, id, day, task, workflow, model, nano_usd FROM reservations", nil, func(scan func(...any) error) error {
			c := crm.ModelCall{Unsure: true}
			err := scan(&c.Portal, &c.ID, &c.Day, &c.Task, &c.Workflow, &c.Model, &c.Cost)
			left = append(left, c)
			return err
		})
		if err != nil {
			return err
		}
		return t.spend(left)
	})
	if err != nil {
		return fmt.Errorf("record abandoned calls: %w", err)
	}
	return nil
}

func (t *tx) spend(calls []crm.ModelCall) error {
	for _, c := range calls {
		if c.Portal < 0 || c.Day == "" || c.Model == "" || c.Cost < 0 {
			return fmt.Errorf("call of model %q of portal %d on %q: %w", c.Model, c.Portal, c.Day, crm.ErrInvalid)
		}
		if c.ID != "" {
			n, err := t.exec("DELETE FROM reservations WHERE portal = ? AND id = ?", int64(c.Portal), c.ID)
			if err != nil {
				return err
			}
			if n == 0 {
				continue
			}
		}
		if c.Usage == (crm.Usage{}) && c.Cost == 0 && !c.Unsure {
			continue // it was refused before anything was read: nothing was asked
		}
		if err := t.addSpent(c); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) addSpent(c crm.ModelCall) error {
	asked := max(c.Times, 1)
	if c.Usage.FromCache > 0 {
		asked = 0
	}
	ids := map[string]string{"day": c.Day, "task": string(c.Task), "workflow": c.Workflow, "model": c.Model, "calls": strconv.Itoa(asked), "input_tokens": strconv.Itoa(c.Usage.InputTokens),
		"output_tokens": strconv.Itoa(c.Usage.OutputTokens), "cost_usd": strconv.FormatFloat(c.Cost.Float(), 'f', -1, 64)}
	if c.Usage.FromCache > 0 {
		ids["from_cache"] = strconv.Itoa(c.Usage.FromCache)
	}
	if c.Unsure {
		ids["unsure"] = "1"
	}
	if c.Usage.Unpriced > 0 {
		ids["cost_usd"] = "unknown"
	}
	if len(c.Requests) > 0 {
		ids["requests"] = strings.Join(c.Requests, " ")
	}
	err := t.audit(crm.AuditEntry{Action: "model.called", Actors: []crm.Actor{crm.System("models")}, Portal: c.Portal, Subject: "model/" + c.Model, IDs: ids, Hashes: map[string]string{}})
	if err != nil {
		return err
	}
	return t.do(`INSERT INTO spend (portal, day, task, workflow, model, calls, unsure, unpriced, from_cache, input_tokens, output_tokens, cached_tokens, saved_tokens, nano_usd)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (portal, day, task, workflow, model) DO UPDATE SET calls = spend.calls + excluded.calls,
		unsure = spend.unsure + excluded.unsure, unpriced = spend.unpriced + excluded.unpriced, from_cache = spend.from_cache + excluded.from_cache,
		input_tokens = spend.input_tokens + excluded.input_tokens, output_tokens = spend.output_tokens + excluded.output_tokens,
		cached_tokens = spend.cached_tokens + excluded.cached_tokens, saved_tokens = spend.saved_tokens + excluded.saved_tokens, nano_usd = spend.nano_usd + excluded.nano_usd`,
		int64(c.Portal), c.Day, string(c.Task), c.Workflow, c.Model, asked, flag(c.Unsure), c.Usage.Unpriced, c.Usage.FromCache, c.Usage.InputTokens, c.Usage.OutputTokens,
		c.Usage.CachedTokens, c.Saved, int64(c.Cost))
}

// monthSpend sums the month that day is in.
func (v *view) monthSpend(portal crm.PortalID, day time.Time) (m crm.MonthSpend, err error) {
	from, to := crm.Day(crm.Month(day)), crm.Day(crm.NextMonth(day))
	err = errorsOf(
		v.one("SELECT COALESCE(SUM(nano_usd), 0) FROM spend WHERE portal = ? AND day >= ? AND day < ?", []any{int64(portal), from, to}, &m.Spent),
		v.one("SELECT COALESCE(SUM(nano_usd), 0) FROM reservations WHERE portal = ? AND day >= ? AND day < ?", []any{int64(portal), from, to}, &m.Reserved))
	return m, err
}

// MonthSpend tells how a portal stands in the month of at, and how many runs wait for money now.
func (db *DB) MonthSpend(ctx context.Context, portal crm.PortalID, at time.Time) (m crm.MonthSpend, err error) {
	err = db.r.read(ctx, func(v *view) (err error) {
		if m, err = v.monthSpend(portal, at); err != nil {
			return err
		}
		return v.one("SELECT COUNT(*) FROM work WHERE portal = ? AND kind = ? AND wanted > done AND buried = 0 AND last_error LIKE ?",
			[]any{int64(portal), string(crm.ConsiderWork), "%" + crm.BudgetWords + "%"}, &m.Waiting)
	})
	if err != nil {
		return m, fmt.Errorf("spending of portal %d: %w", portal, err)
	}
	return m, nil
}

// Spending lists the ledger of the month of at, day by day. Portal 0 is what nobody in particular asked for.
func (db *DB) Spending(ctx context.Context, portal crm.PortalID, at time.Time) (out []crm.Spent, err error) {
	err = db.r.read(ctx, func(v *view) error {
		q := `SELECT day, task, workflow, model, calls, unsure, unpriced, from_cache, input_tokens, output_tokens, cached_tokens, saved_tokens, nano_usd FROM spend
			WHERE portal = ? AND day >= ? AND day < ? ORDER BY day, task, workflow, model`
		return v.each(q, []any{int64(portal), crm.Day(crm.Month(at)), crm.Day(crm.NextMonth(at))}, func(scan func(...any) error) error {
			var s crm.Spent
			err := scan(&s.Day, &s.Task, &s.Workflow, &s.Model, &s.Calls, &s.Unsure, &s.Unpriced, &s.Usage.FromCache, &s.Usage.InputTokens, &s.Usage.OutputTokens,
				&s.Usage.CachedTokens, &s.Saved, &s.Cost)
			s.Usage.CostUSD, s.Usage.Unpriced = s.Cost.Float(), s.Unpriced
			out = append(out, s)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("ledger of portal %d: %w", portal, err)
	}
	return out, nil
}
