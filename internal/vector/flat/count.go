package flat

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/contextd/contextd/internal/crm"
)

// Count is the exact number of chunks that match. It loads nothing into memory: what is there already is asked, else the file is read past.
func (x *Index) Count(ctx context.Context, f crm.Filter) (int, error) {
	if !f.Valid() {
		return 0, fmt.Errorf("count vectors: the filter names no portal and account: %w", crm.ErrInvalid)
	}
	g, err := x.acquire(ctx)
	if err != nil {
		return 0, fmt.Errorf("count vectors: %w", err)
	}
	defer g.release()
	n, err := g.count(ctx, f)
	if err != nil {
		return 0, fmt.Errorf("count vectors of %s: %w", place(f), err)
	}
	return n, nil
}

const (
	factsOfAccount = `SELECT a.type, a.id, a.facts FROM places p JOIN activities a ON a.n = p.n WHERE p.portal = ? AND p.type = ? AND p.id = ?`
	factsOfPortal  = `SELECT type, id, facts FROM activities NOT INDEXED WHERE portal = ?`
)

func (g *generation) count(ctx context.Context, f crm.Filter) (int, error) {
	query, all, args := factsOfPortal, countPortal, []any{f.Portal}
	at := portalAddress(vectorPart, f.Portal)
	if !f.Wide {
		query, all, args = factsOfAccount, countAccount, []any{f.Portal, f.Account.Type, f.Account.ID}
		at.ref = f.Account
	}
	if b, ok := g.cache.peek(at).(*block); ok {
		return b.count(f), nil
	}
	var n, activities int
	if len(f.Kinds) == 0 && len(f.People) == 0 && f.Since.IsZero() && f.AsOf.IsZero() && !f.Human {
		err := g.one(ctx, all, args, &activities, &n)
		return n, err
	}
	rows, err := g.query(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	defer rows.Close() // reading: rows.Err below is what counts
	ref := crm.Ref{Portal: f.Portal}
	for rows.Next() {
		var about sql.RawBytes
		if err := rows.Scan(&ref.Type, &ref.ID, &about); err != nil {
			return 0, damaged(err)
		}
		fact, err := decodeFacts(ref, about)
		if err != nil {
			return 0, err
		}
		if f.Matches(fact.facets(f.Portal)) {
			n += fact.chunks()
		}
	}
	return n, damaged(rows.Err())
}

func (f *facts) facets(portal crm.PortalID) crm.Facets {
	c := crm.Facets{Time: fromMicros(f.time), Created: fromMicros(f.created), People: refsOf(portal, f.people), Generated: f.generated}
	if f.kind > 0 {
		c.Kind = crm.Kinds()[f.kind-1]
	}
	return c
}

func (b *block) count(f crm.Filter) (n int) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	s := sift(f, &b.table, false)
	for i := range b.spans {
		if a := &b.spans[i]; s.passes(a) {
			n += int(a.to - a.from)
		}
	}
	return n
}
