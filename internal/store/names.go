package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/contextd/contextd/internal/crm"
)

// Names returns the display names of stored records; unknown ones and those without a name are absent.
func (db *DB) Names(ctx context.Context, refs []crm.Ref) (map[crm.Ref]string, error) {
	out := make(map[crm.Ref]string, len(refs))
	err := db.r.read(ctx, func(v *view) error {
		for _, r := range refs {
			var name string
			err := v.one(`SELECT name FROM records WHERE portal = ? AND ref = ?`, []any{int64(r.Portal), path(r)}, &name)
			if err != nil && !errors.Is(err, crm.ErrNotFound) {
				return err
			}
			if name != "" {
				out[r] = name
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("names of records: %w", err)
	}
	return out, nil
}
