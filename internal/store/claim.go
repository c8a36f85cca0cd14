package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Claim leases up to n due rows of one kind, the given lanes in order, oldest first; see work.Queue.
func (db *DB) Claim(ctx context.Context, kind crm.WorkKind, lanes []crm.Lane, n int, owner string, lease time.Duration) (claims []crm.Claim, err error) {
	if owner == "" || lease <= 0 {
		return nil, fmt.Errorf("claim %s: owner %q, lease %s: %w", kind, owner, lease, crm.ErrInvalid)
	}
	err = db.w.write(ctx, func(t *tx) error {
		claims = nil
		for _, lane := range lanes {
			rows, err := t.dueRows(kind, lane, n-len(claims))
			if err != nil {
				return err
			}
			for _, r := range rows {
				r = r.claimed(t.now, owner, lease)
				if err := t.saveRow(r); err != nil {
					return err
				}
				claims = append(claims, r.claim())
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("claim %s: %w", kind, err)
	}
	return claims, nil
}

func (t *tx) dueRows(kind crm.WorkKind, lane crm.Lane, n int) (rows []workRow, err error) {
	if n <= 0 {
		return nil, nil
	}
	q := "SELECT " + workColumns + ` FROM work WHERE kind = ? AND lane = ? AND wanted > done AND buried = 0 AND due <= ? AND (owner = '' OR lease_until <= ?)
		ORDER BY due, id LIMIT ?`
	err = t.each(q, []any{string(kind), int(lane), micros(t.now), micros(t.now), n}, func(scan func(...any) error) error {
		r, err := scanRow(scan)
		rows = append(rows, r)
		return err
	})
	return rows, err
}

// held reads a claim's row; crm.ErrConflict when somebody newer has it, or nobody.
func (t *tx) held(c crm.Claim) (workRow, error) {
	r, err := t.workRow(c.Portal, c.Kind, c.Key)
	if err != nil {
		return r, err
	}
	if !r.heldBy(c) {
		return r, fmt.Errorf("%s %s: fence %d is no longer held (newest %d): %w", c.Kind, c.Key, c.Fence, r.fence, crm.ErrConflict)
	}
	return r, nil
}

// Extend renews leases; lost holds the indexes of claims that no longer have theirs.
func (db *DB) Extend(ctx context.Context, claims []crm.Claim, lease time.Duration) (lost []int, err error) {
	err = db.w.write(ctx, func(t *tx) error {
		lost = nil
		for i, c := range claims {
			r, err := t.held(c)
			if isKind(err, crm.ErrConflict, crm.ErrNotFound) {
				lost = append(lost, i)
				continue
			}
			if err != nil {
				return err
			}
			r.leaseUntil = t.now.Add(lease)
			if err := t.saveRow(r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("extend %d leases: %w", len(claims), err)
	}
	return lost, nil
}

// Finish ends claims; errs has one entry per claim, crm.ErrConflict for those that were lost.
func (db *DB) Finish(ctx context.Context, claims []crm.Claim) (errs []error, err error) {
	err = db.w.write(ctx, func(t *tx) error {
		errs = make([]error, len(claims))
		for i, c := range claims {
			r, err := t.held(c)
			if isKind(err, crm.ErrConflict, crm.ErrNotFound) {
				errs[i] = err
				continue
			}
			if err != nil {
				return err
			}
			if r = r.finished(c); r.dirty() {
				t.topics[topicOf(c.Kind)] = true
			}
			if err := t.saveRow(r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("finish %d claims: %w", len(claims), err)
	}
	return errs, nil
}

// Retry gives a claim back until notBefore; see work.Queue.
func (db *DB) Retry(ctx context.Context, c crm.Claim, notBefore time.Time, cause string, burn bool) error {
	err := db.giveBack(ctx, c, func(r workRow) workRow { return r.retried(notBefore, cause, burn) })
	if err != nil {
		return fmt.Errorf("retry %s %s: %w", c.Kind, c.Key, err)
	}
	return nil
}

// Bury ends a row with its cause; a change that was marked during the run makes it ready again at once.
func (db *DB) Bury(ctx context.Context, c crm.Claim, cause string) error {
	err := db.giveBack(ctx, c, func(r workRow) workRow { return r.buriedFor(c.Seq, cause) })
	if err != nil {
		return fmt.Errorf("bury %s %s: %w", c.Kind, c.Key, err)
	}
	return nil
}

func (db *DB) giveBack(ctx context.Context, c crm.Claim, move func(workRow) workRow) error {
	return db.w.write(ctx, func(t *tx) error {
		r, err := t.held(c)
		if err != nil {
			return err
		}
		r = move(r)
		t.topics[topicOf(c.Kind)] = true
		if r.buried {
			entry := crm.AuditEntry{Action: "work.buried", Actors: []crm.Actor{crm.System("runner")}, Portal: c.Portal, Subject: string(c.Kind) + "/" + c.Key}
			if err := t.audit(entry); err != nil {
				return err
			}
		}
		return t.saveRow(r)
	})
}

// Reclaim takes back every lease of an owner that has died, without counting an attempt, and says how many.
func (db *DB) Reclaim(ctx context.Context, owner string) (n int, err error) {
	err = db.w.write(ctx, func(t *tx) error {
		var rows []workRow
		err := t.each("SELECT "+workColumns+" FROM work WHERE owner = ? AND owner <> ''", []any{owner}, func(scan func(...any) error) error {
			r, err := scanRow(scan)
			rows = append(rows, r)
			return err
		})
		if err != nil {
			return err
		}
		for _, r := range rows {
			t.topics[topicOf(r.kind)] = true
			if err := t.saveRow(r.released()); err != nil {
				return err
			}
		}
		n = len(rows)
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("reclaim leases of %s: %w", owner, err)
	}
	return n, nil
}

// Unpause makes due what waits because a provider was paused, or the month's budget used up: who starts the program anew may have mended that, and the first request finds out. It tells how
// many rows those were.
func (db *DB) Unpause(ctx context.Context) (n int, err error) {
	err = db.w.write(ctx, func(t *tx) error {
		n = 0
		for _, kind := range []crm.WorkKind{crm.ConsiderWork, crm.IndexWork} {
			res, err := t.exec(`UPDATE work SET retry_at = 0, due = quiet_until WHERE kind = ? AND wanted > done AND buried = 0 AND owner = '' AND retry_at > ? AND (last_error LIKE ? OR last_error LIKE ?)`,
				string(kind), micros(t.now), "%"+crm.ErrPaused.Error()+"%", "%"+crm.BudgetWords+"%")
			if err != nil {
				return err
			}
			n += int(res)
			t.topics[topicOf(kind)] = true
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("unpause work: %w", err)
	}
	return n, nil
}

// NextDue is the earliest moment at which a row becomes claimable, zero when none ever does by itself.
func (db *DB) NextDue(ctx context.Context, kind crm.WorkKind, lanes []crm.Lane) (due time.Time, err error) {
	earlier := func(at int64) {
		if t := moment(at); due.IsZero() || t.Before(due) {
			due = t
		}
	}
	err = db.r.read(ctx, func(v *view) error {
		for _, lane := range lanes {
			q := "SELECT due FROM work WHERE kind = ? AND lane = ? AND wanted > done AND buried = 0 AND owner = '' ORDER BY due LIMIT 1"
			err := v.each(q, []any{string(kind), int(lane)}, func(scan func(...any) error) error {
				var at int64
				err := scan(&at)
				earlier(at)
				return err
			})
			if err != nil {
				return err
			}
		}
		// Leased rows are few, are never done or buried, and have an index of their own as long as nothing else is asked of them.
		q := "SELECT lane, CASE WHEN lease_until > due THEN lease_until ELSE due END FROM work WHERE kind = ? AND owner <> ''"
		return v.each(q, []any{string(kind)}, func(scan func(...any) error) error {
			var lane crm.Lane
			var at int64
			err := scan(&lane, &at)
			if slices.Contains(lanes, lane) {
				earlier(at)
			}
			return err
		})
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("next due %s: %w", kind, err)
	}
	return due, nil
}

// Marked signals commits that may have made rows of this kind claimable; see work.Queue.
func (db *DB) Marked(ctx context.Context, kind crm.WorkKind) <-chan struct{} {
	return db.signals.subscribe(ctx, topicOf(kind))
}
