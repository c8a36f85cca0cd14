package store

import (
	"context"
	"fmt"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// OwnApp is an app under which HubSpot showed what contextd has written.
type OwnApp struct {
	ID string
	At time.Time // when it was first seen so
}

// KeepOwnApp keeps that what an app writes in a portal is ours; one that is kept already stays as it is.
func (db *DB) KeepOwnApp(ctx context.Context, portal crm.PortalID, app string) error {
	if portal <= 0 || app == "" {
		return fmt.Errorf("keep own app %q of portal %d: %w", app, portal, crm.ErrInvalid)
	}
	err := db.w.write(ctx, func(t *tx) error {
		n, err := t.exec("INSERT INTO own_apps (portal, app, at) VALUES (?, ?, ?) ON CONFLICT (portal, app) DO NOTHING", int64(portal), app, micros(t.now))
		if err != nil || n == 0 {
			return err
		}
		return t.audit(crm.AuditEntry{Action: "app.recognised", Actors: []crm.Actor{crm.System("applier")}, Portal: portal, Subject: "app/" + app})
	})
	if err != nil {
		return fmt.Errorf("keep own app %s of portal %d: %w", app, portal, err)
	}
	return nil
}

// OwnApps lists them, the oldest first.
func (db *DB) OwnApps(ctx context.Context, portal crm.PortalID) (out []OwnApp, err error) {
	err = db.r.read(ctx, func(v *view) error {
		return v.each("SELECT app, at FROM own_apps WHERE portal = ? ORDER BY at, app", []any{int64(portal)}, func(scan func(...any) error) error {
			var a OwnApp
			var at int64
			err := scan(&a.ID, &at)
			a.At = moment(at)
			out = append(out, a)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("own apps of portal %d: %w", portal, err)
	}
	return out, nil
}
