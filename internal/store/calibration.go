package store

import (
	"context"
	"fmt"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Calibration is what is stored about a field; with Rev 0 when nothing is.
func (db *DB) Calibration(ctx context.Context, portal crm.PortalID, workflow, field string) (c crm.Calibration, err error) {
	all, err := db.calibrations(ctx, portal, " AND workflow = ? AND field = ?", workflow, field)
	if err != nil {
		return c, err
	}
	if len(all) == 0 {
		return crm.Calibration{Portal: portal, Workflow: workflow, Field: field}, nil
	}
	return all[0], nil
}

// Calibrations lists what is stored about the fields of a portal, by workflow and field.
func (db *DB) Calibrations(ctx context.Context, portal crm.PortalID) ([]crm.Calibration, error) {
	return db.calibrations(ctx, portal, "")
}

func (db *DB) calibrations(ctx context.Context, portal crm.PortalID, where string, args ...any) (out []crm.Calibration, err error) {
	err = db.r.read(ctx, func(v *view) error {
		q := "SELECT workflow, field, rev, state, updated_at FROM calibrations WHERE portal = ?" + where + " ORDER BY workflow, field"
		return v.each(q, append([]any{int64(portal)}, args...), func(scan func(...any) error) error {
			c := crm.Calibration{Portal: portal}
			var at int64
			err := scan(&c.Workflow, &c.Field, &c.Rev, &c.State, &at)
			c.At = moment(at)
			out = append(out, c)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("calibrations of portal %d: %w", portal, err)
	}
	return out, nil
}

// Fits lists the versions of what was learned about a field, oldest first.
func (db *DB) Fits(ctx context.Context, portal crm.PortalID, workflow, field string) ([]crm.CalibrationFit, error) {
	return db.fits(ctx, portal, workflow, field, 0)
}

// Fit is one version; crm.ErrNotFound.
func (db *DB) Fit(ctx context.Context, portal crm.PortalID, workflow, field string, version int) (crm.CalibrationFit, error) {
	all, err := db.fits(ctx, portal, workflow, field, version)
	if err == nil && len(all) == 0 {
		err = fmt.Errorf("fit %d of %s.%s: %w", version, workflow, field, crm.ErrNotFound)
	}
	if err != nil {
		return crm.CalibrationFit{}, err
	}
	return all[0], nil
}

func (db *DB) fits(ctx context.Context, portal crm.PortalID, workflow, field string, version int) (out []crm.CalibrationFit, err error) {
	err = db.r.read(ctx, func(v *view) error {
		q := "SELECT version, at, body FROM fits WHERE portal = ? AND workflow = ? AND field = ? AND (? = 0 OR version = ?) ORDER BY version"
		return v.each(q, []any{int64(portal), workflow, field, version, version}, func(scan func(...any) error) error {
			var f crm.CalibrationFit
			var at int64
			err := scan(&f.Version, &at, &f.Body)
			f.At = moment(at)
			out = append(out, f)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("fits of %s.%s in portal %d: %w", workflow, field, portal, err)
	}
	return out, nil
}

// KeepCalibration stores what is known about a field, the fits that were made of it since, and an audit entry for each thing that happened, in one transaction. c.Rev is that
// of the state which was read: crm.ErrConflict when somebody has changed it since.
func (db *DB) KeepCalibration(ctx context.Context, c crm.Calibration, made []crm.CalibrationFit, entries []crm.AuditEntry) error {
	if c.Portal <= 0 || c.Workflow == "" || c.Field == "" {
		return fmt.Errorf("calibration of %q.%q in portal %d: %w", c.Workflow, c.Field, c.Portal, crm.ErrInvalid)
	}
	err := db.w.write(ctx, func(t *tx) error {
		n, err := t.exec(`INSERT INTO calibrations AS k (portal, workflow, field, rev, state, updated_at) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (portal, workflow, field) DO UPDATE SET rev = excluded.rev, state = excluded.state, updated_at = excluded.updated_at WHERE k.rev = excluded.rev - 1`,
			int64(c.Portal), c.Workflow, c.Field, c.Rev+1, c.State, micros(t.now))
		if err == nil && n == 0 {
			err = fmt.Errorf("it has changed since revision %d: %w", c.Rev, crm.ErrConflict)
		}
		if err != nil {
			return err
		}
		for _, f := range made {
			err := t.do("INSERT INTO fits (portal, workflow, field, version, at, body) VALUES (?, ?, ?, ?, ?, ?)", int64(c.Portal), c.Workflow, c.Field, f.Version, micros(f.At), f.Body)
			if err != nil {
				return err
			}
		}
		for _, e := range entries {
			e.Portal, e.Subject = c.Portal, "calibration"
			if err := errorsOf(t.calibrationEvent(e), t.audit(e)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep the calibration of %s.%s: %w", c.Workflow, c.Field, err)
	}
	return nil
}

// calibrationEvent keeps what became of a field beside its entry. A fit is a row of its own.
func (t *tx) calibrationEvent(e crm.AuditEntry) error {
	if e.Action == fittedAction {
		return nil
	}
	body, err := encode(e.IDs)
	if err != nil {
		return err
	}
	return t.do("INSERT INTO calibration_events (portal, action, body, at) VALUES (?, ?, ?, ?)", int64(e.Portal), e.Action, body, micros(t.now))
}

// fittedAction is what an entry about a new fit is called.
const fittedAction = "calibration.fitted"

// WrittenAloneSince tells of each automatic write of a field that was allowed since a moment and read back after another, in the order of that, when it was and whether somebody
// undid it.
func (db *DB) WrittenAloneSince(ctx context.Context, portal crm.PortalID, workflow, name string, since, after time.Time) (out []crm.AutomaticWrite, err error) {
	property := name
	switch crm.ChangeKind(name) {
	case crm.NoteKind:
		property = "hs_note_body"
	case crm.TaskKind:
		property = "hs_task_body"
	case crm.PropertyKind:
	}
	err = db.r.read(ctx, func(v *view) error {
		q := `SELECT e.settled_at, EXISTS (SELECT 1 FROM outcomes o WHERE o.portal = e.portal AND o.proposal = e.proposal AND o.change = e.change AND o.decision = 'undo')
			FROM effects e WHERE e.portal = ? AND e.workflow = ? AND e.property = ? AND e.settled_at > ? AND e.created_at >= ? AND e.approver = 'system:gate' AND e.undo_of = '' AND e.state = 'verified'
			ORDER BY e.settled_at, e.id`
		return v.each(q, []any{int64(portal), workflow, property, micros(after), micros(since)}, func(scan func(...any) error) error {
			var w crm.AutomaticWrite
			var at int64
			err := scan(&at, &w.Undone)
			w.At = moment(at)
			out = append(out, w)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("automatic writes of %s.%s: %w", workflow, name, err)
	}
	return out, nil
}
