package flat

import (
	"context"
	"encoding/hex"
	"fmt"
	"iter"

	"github.com/contextd/contextd/internal/crm"
)

const (
	scanPage       = 512
	scanActivities = `SELECT type, id, facts FROM activities WHERE portal = ? AND (type, id) > (?, ?) ORDER BY type, id LIMIT ?`
)

// Scan yields every chunk of a portal once, by activity. It reads page by page and holds nothing while the loop's body runs, which may write. Vectors are not read.
func (x *Index) Scan(ctx context.Context, portal crm.PortalID) iter.Seq2[crm.Indexed, error] {
	return func(yield func(crm.Indexed, error) bool) {
		if portal <= 0 {
			yield(crm.Indexed{}, fmt.Errorf("scan vectors of portal %d: %w", portal, crm.ErrInvalid))
			return
		}
		g, err := x.acquire(ctx)
		if err != nil {
			yield(crm.Indexed{}, fmt.Errorf("scan vectors of portal %s: %w", portal, err))
			return
		}
		g.release() // every page takes it for itself, but all of them the same one
		for after := (crm.Ref{Portal: portal}); ; {
			page, err := g.scan(ctx, after)
			if err != nil {
				yield(crm.Indexed{}, fmt.Errorf("scan vectors of portal %s: %w", portal, err))
				return
			}
			for _, a := range page {
				after = a.ref
				if !a.yield(yield) {
					return
				}
			}
			if len(page) == 0 {
				return
			}
		}
	}
}

type scanned struct {
	ref   crm.Ref
	facts facts
}

func (g *generation) scan(ctx context.Context, after crm.Ref) ([]scanned, error) {
	if err := g.acquire(); err != nil {
		return nil, err
	}
	defer g.release()
	rows, err := g.query(ctx, scanActivities, after.Portal, after.Type, after.ID, scanPage)
	if err != nil {
		return nil, err
	}
	defer rows.Close() // reading: rows.Err below is what counts
	var page []scanned
	for rows.Next() {
		s := scanned{ref: crm.Ref{Portal: after.Portal}}
		var about []byte
		if err := rows.Scan(&s.ref.Type, &s.ref.ID, &about); err != nil {
			return nil, damaged(err)
		}
		if s.facts, err = decodeFacts(s.ref, about); err != nil {
			return nil, err
		}
		page = append(page, s)
	}
	return page, damaged(rows.Err())
}

func (s *scanned) yield(yield func(crm.Indexed, error) bool) bool {
	f := &s.facts
	c := crm.Indexed{Activity: s.ref, Digest: f.digest, Chunks: f.chunks(), Accounts: refsOf(s.ref.Portal, f.accounts), People: refsOf(s.ref.Portal, f.people)}
	for i := 0; i < len(f.ids); i += idBytes {
		c.Chunk = hex.EncodeToString(f.ids[i : i+idBytes])
		if !yield(c, nil) {
			return false
		}
	}
	return true
}
