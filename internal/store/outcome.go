package store

import (
	"context"
	"fmt"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// outcome logs a decision and has its field calibrated.
func (t *tx) outcome(o crm.Outcome) error {
	features, err := encode(o.Features)
	if err != nil {
		return err
	}
	err = t.do(`INSERT INTO outcomes (portal, proposal, change, workflow, field, decision, reason, actor, features, features_version, confidence, seconds, at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, int64(o.Portal), o.Proposal, o.Change, o.Workflow, o.Field, o.Decision, o.Reason, o.Actor.String(), features,
		o.FeaturesVersion, o.Confidence, o.Seconds, micros(o.At))
	if err != nil {
		return err
	}
	_, err = t.mark(crm.Mark{Portal: o.Portal, Kind: crm.CalibrateWork, Key: crm.CalibrateKey(o.Workflow, o.Field), Lane: crm.ReviewLane})
	return err
}

// Outcomes lists decisions in the order they were made, for calibration; workflow "" is all of them. after is 0 or what the last call returned as next.
func (db *DB) Outcomes(ctx context.Context, portal crm.PortalID, workflow string, after int64, limit int) (out []crm.Outcome, next int64, err error) {
	next = after
	err = db.r.read(ctx, func(v *view) (err error) {
		out, err = v.outcomes(portal, "portal = ? AND (? = '' OR workflow = ?) AND id > ? ORDER BY id LIMIT ?", int64(portal), workflow, workflow, after, limit)
		return err
	})
	if err != nil {
		return nil, after, fmt.Errorf("list outcomes of portal %d: %w", portal, err)
	}
	if len(out) > 0 {
		next = out[len(out)-1].Seq
	}
	return out, next, nil
}

// DecidedBefore lists the newest decisions about a workflow that were made before a moment, newest first, at most limit of them.
func (db *DB) DecidedBefore(ctx context.Context, portal crm.PortalID, workflow string, before time.Time, limit int) (out []crm.Outcome, err error) {
	err = db.r.read(ctx, func(v *view) (err error) {
		out, err = v.outcomes(portal, "portal = ? AND workflow = ? AND at < ? ORDER BY id DESC LIMIT ?", int64(portal), workflow, micros(before), limit)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("decisions about %s in portal %d: %w", workflow, portal, err)
	}
	return out, nil
}

func (v *view) outcomes(portal crm.PortalID, where string, args ...any) (out []crm.Outcome, err error) {
	q := "SELECT id, proposal, change, workflow, field, decision, reason, actor, features, features_version, confidence, seconds, at FROM outcomes WHERE " + where
	err = v.each(q, args, func(scan func(...any) error) error {
		o := crm.Outcome{Portal: portal}
		var actor, features string
		var at int64
		err := scan(&o.Seq, &o.Proposal, &o.Change, &o.Workflow, &o.Field, &o.Decision, &o.Reason, &actor, &features, &o.FeaturesVersion, &o.Confidence, &o.Seconds, &at)
		if err != nil {
			return err
		}
		o.At = moment(at)
		if o.Actor, err = actorOf(actor); err != nil {
			return err
		}
		err = decode(features, &o.Features)
		out = append(out, o)
		return err
	})
	return out, err
}
