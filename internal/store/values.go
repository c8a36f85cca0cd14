package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/contextd/contextd/internal/crm"
)

// KeptValue is what an entry about the end of a write says of its value, and what became of that.
type KeptValue struct {
	Seq      int64
	Proposal string
	Change   string
	Property string
	Keeping  Keeping
}

// KeptValues lists the ends of a portal's writes behind an entry, oldest first.
func (db *DB) KeptValues(ctx context.Context, portal crm.PortalID, after int64, limit int) (out []KeptValue, err error) {
	err = db.r.read(ctx, func(v *view) error {
		entries, err := v.entries(`portal = ? AND seq > ? AND action IN ('effect.verified', 'effect.conflict', 'effect.failed', 'effect.superseded', 'effect.unknown')
			ORDER BY seq LIMIT ?`, int64(portal), after, limit)
		if err != nil {
			return err
		}
		for _, e := range entries {
			k := KeptValue{Seq: e.Seq, Proposal: e.IDs["proposal"], Change: e.IDs["change"], Property: e.IDs["property"]}
			if k.Keeping, err = v.keptValue(e); err != nil {
				return fmt.Errorf("entry %d: %w", e.Seq, err)
			}
			out = append(out, k)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("values written in portal %d: %w", portal, err)
	}
	return out, nil
}

// keptValue compares a value with its hash: salted, or as it was made before there were salts.
func (v *view) keptValue(e crm.AuditEntry) (Keeping, error) {
	hash := e.Hashes["value"]
	if hash == "" {
		return Unstated, nil
	}
	var salt, value string
	err := v.one("SELECT salt, value FROM effects WHERE portal = ? AND id = ?", []any{int64(e.Portal), e.IDs["effect"]}, &salt, &value)
	switch {
	case err == nil && (salt != "" && saltedHash(salt, value) == hash || sum([]byte(value)) == hash):
		return Kept, nil
	case err != nil && !errors.Is(err, crm.ErrNotFound):
		return "", err
	}
	k, gone := v.goneFor(e, e.Time) // no age takes values
	if err == nil && k == Missing {
		k = Altered
	}
	return k, gone
}
