package store

import (
	"context"
	"fmt"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

const topicDelivered = "delivered"

// Deliver stores one verified request body and returns once it is durable: only then may the sender be told. Many callers share one fsync.
func (db *DB) Deliver(ctx context.Context, body []byte, at time.Time) (id int64, err error) {
	if body == nil {
		body = []byte{}
	}
	err = db.w.write(ctx, func(t *tx) error {
		t.topics[topicDelivered] = true
		return t.one("INSERT INTO deliveries (body, received_at, state, cause, decoded_at) VALUES (?, ?, 'new', '', 0) RETURNING id",
			[]any{body, micros(at)}, &id)
	})
	if err != nil {
		return 0, fmt.Errorf("store delivery: %w", err)
	}
	return id, nil
}

// Delivered returns a channel that receives (coalesced) after commits of new deliveries, until ctx ends.
func (db *DB) Delivered(ctx context.Context) <-chan struct{} {
	return db.signals.subscribe(ctx, topicDelivered)
}

// Undecoded lists up to limit deliveries that wait to be decoded, oldest first.
func (db *DB) Undecoded(ctx context.Context, limit int) (out []crm.Delivery, err error) {
	err = db.r.read(ctx, func(v *view) error {
		return v.each("SELECT id, body, received_at FROM deliveries WHERE state = 'new' ORDER BY id LIMIT ?", []any{limit}, func(scan func(...any) error) error {
			var d crm.Delivery
			var at int64
			err := scan(&d.ID, &d.Body, &at)
			d.ReceivedAt = moment(at)
			out = append(out, d)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list undecoded deliveries: %w", err)
	}
	return out, nil
}

// DeadDelivery is a verified request that could not be decoded, with its cause. It is kept for people to look at.
type DeadDelivery struct {
	crm.Delivery
	Cause string
}

// DeadDeliveries lists them, newest first; before is the id to continue below (0: from the newest).
func (db *DB) DeadDeliveries(ctx context.Context, before int64, limit int) (out []DeadDelivery, err error) {
	err = db.r.read(ctx, func(v *view) error {
		q := "SELECT id, body, received_at, cause FROM deliveries WHERE state = 'dead' AND (? = 0 OR id < ?) ORDER BY id DESC LIMIT ?"
		return v.each(q, []any{before, before, limit}, func(scan func(...any) error) error {
			var d DeadDelivery
			var at int64
			err := scan(&d.ID, &d.Body, &at, &d.Cause)
			d.ReceivedAt = moment(at)
			out = append(out, d)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list dead deliveries: %w", err)
	}
	return out, nil
}

// PruneDeliveries blanks the bodies of decoded deliveries received before then (keep at least HubSpot's 24 hours of retries) and says how many. Dead ones stay.
func (db *DB) PruneDeliveries(ctx context.Context, before time.Time) (n int, err error) {
	err = db.w.write(ctx, func(t *tx) error {
		count, err := t.exec("UPDATE deliveries SET body = ? WHERE state = 'decoded' AND received_at < ? AND length(body) > 0", []byte{}, micros(before))
		n = int(count)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("prune deliveries: %w", err)
	}
	return n, nil
}
