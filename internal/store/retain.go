package store

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// retainBatch bounds one transaction.
const retainBatch = 200

// longestRun is how long a run may take at most: its entry is younger than its suggestion by as much.
const longestRun = time.Hour

// Retain erases texts of a portal that are older than before, and says how many: the prompts of runs, the models' replies, what verdicts followed from, or the raw bodies of
// decoded deliveries. Hashes and decisions stay; each transaction leaves an entry, by which a replay knows what is gone by right. A text that a younger run has, too,
// stays with it; of a body that tells of several portals, the first whose time has come takes it, and one that tells of nothing goes with any. Dead deliveries stay.
func (db *DB) Retain(ctx context.Context, portal crm.PortalID, what crm.Retained, before time.Time) (n int, err error) {
	if portal <= 0 || before.IsZero() {
		return 0, fmt.Errorf("retain %s of portal %d until %v: %w", what, portal, before, crm.ErrInvalid)
	}
	for more := true; more; {
		err := db.w.write(ctx, func(t *tx) error {
			gone, err := t.retain(portal, what, before)
			if err != nil || gone == 0 {
				more = false
				return err
			}
			n, more = n+gone, gone == retainBatch
			return t.audit(crm.AuditEntry{Action: "retention.pruned", Actors: []crm.Actor{crm.System("retention")}, Portal: portal, Subject: retentionSubject(string(what)),
				IDs: map[string]string{"before": before.UTC().Format(time.RFC3339Nano), "count": strconv.Itoa(gone)}, Hashes: map[string]string{}})
		})
		if err != nil {
			return n, fmt.Errorf("retain %s of portal %d: %w", what, portal, err)
		}
	}
	return n, nil
}

func (t *tx) retain(portal crm.PortalID, what crm.Retained, before time.Time) (int, error) {
	old := micros(before.Add(-longestRun))
	//exhaustive:enforce
	switch what {
	case crm.RetainedPrompts:
		return t.retainTexts(portal, "prompt_hash", "reply_hash", old)
	case crm.RetainedReplies:
		return t.retainTexts(portal, "reply_hash", "prompt_hash", old)
	case crm.RetainedInputs:
		n, err := t.exec(`DELETE FROM inputs WHERE portal = ? AND hash IN (SELECT i.hash FROM inputs i JOIN proposals p ON p.portal = i.portal AND p.id = i.proposal
			WHERE i.portal = ? AND p.created_at < ? LIMIT ?)`, int64(portal), int64(portal), old, retainBatch)
		return int(n), err
	case crm.RetainedBodies:
		n, err := t.exec(`UPDATE deliveries SET body = ? WHERE id IN (SELECT d.id FROM deliveries d WHERE d.state = 'decoded' AND d.received_at < ? AND length(d.body) > 0
			AND (EXISTS (SELECT 1 FROM events e WHERE e.delivery = d.id AND e.portal = ?) OR NOT EXISTS (SELECT 1 FROM events e WHERE e.delivery = d.id)) LIMIT ?)`,
			[]byte{}, micros(before), int64(portal), retainBatch)
		return int(n), err
	}
	return 0, fmt.Errorf("texts of kind %q: %w", what, crm.ErrInvalid)
}

// retainTexts erases the texts that one column of old runs names, unless a younger run or a version of an activity has the same, or any run names it in the other column, as
// it does the empty text.
func (t *tx) retainTexts(portal crm.PortalID, column, other string, old int64) (int, error) {
	n, err := t.exec(`DELETE FROM texts WHERE portal = ? AND hash IN (SELECT DISTINCT p.`+column+` FROM proposals p JOIN texts x ON x.portal = p.portal AND x.hash = p.`+column+`
		WHERE p.portal = ? AND p.created_at < ?
		AND NOT EXISTS (SELECT 1 FROM proposals q WHERE q.portal = p.portal AND q.`+column+` = p.`+column+` AND q.created_at >= ?)
		AND NOT EXISTS (SELECT 1 FROM proposals q WHERE q.portal = p.portal AND q.`+other+` = p.`+column+`)
		AND NOT EXISTS (SELECT 1 FROM versions v WHERE v.portal = p.portal AND v.version = p.`+column+`) LIMIT ?)`, int64(portal), int64(portal), old, old, retainBatch)
	return int(n), err
}
