package flat

import (
	"cmp"
	"container/heap"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/viterin/vek/vek32"

	"github.com/contextd/contextd/internal/crm"
)

// account is one account in memory: vectors[i*dim:(i+1)*dim] belongs to rows[i].
type account struct {
	rows    []row
	vectors []float32
}

type row struct {
	id            [idBytes]byte
	kind          crm.Kind
	time, created time.Time
}

func (a *account) bytes() int { return 4*len(a.vectors) + 80*len(a.rows) + 64 }

// Nearest returns the min(n, matching) chunks of the filter's account with the highest cosine, best first, ties by chunk id.
func (x *Index) Nearest(ctx context.Context, vec []float32, f crm.Filter, n int) ([]crm.Hit, error) {
	if !f.Valid() {
		return nil, fmt.Errorf("search vectors: the filter names no portal and account: %w", crm.ErrInvalid)
	}
	if !crm.ValidVector(vec, x.dim) {
		return nil, fmt.Errorf("search vectors: want %d finite numbers that are not all zero, have %d: %w", x.dim, len(vec), crm.ErrInvalid)
	}
	a, err := x.account(ctx, f.Account)
	if err != nil || n <= 0 {
		return nil, err
	}
	best := make(top, 0, min(n, len(a.rows)))
	for i := range a.rows {
		r := &a.rows[i]
		if !f.Matches(r.kind, r.time, r.created) {
			continue
		}
		s := scored{float64(vek32.Dot(vec, a.vectors[i*x.dim:(i+1)*x.dim])), r}
		switch {
		case len(best) < n:
			heap.Push(&best, s)
		case s.compare(best[0]) < 0:
			best[0] = s
			heap.Fix(&best, 0)
		}
	}
	slices.SortFunc(best, scored.compare)
	hits := make([]crm.Hit, len(best))
	for i, s := range best {
		hits[i] = crm.Hit{Chunk: hex.EncodeToString(s.row.id[:]), Score: s.score}
	}
	return hits, nil
}

type scored struct {
	score float64
	row   *row
}

// compare orders best first.
func (s scored) compare(o scored) int {
	return cmp.Or(cmp.Compare(o.score, s.score), slices.Compare(s.row.id[:], o.row.id[:]))
}

// top is a heap with the worst of the best at its root.
type top []scored

func (t top) Len() int           { return len(t) }
func (t top) Less(i, j int) bool { return t[i].compare(t[j]) > 0 }
func (t top) Swap(i, j int)      { t[i], t[j] = t[j], t[i] }
func (t *top) Push(v any)        { *t = append(*t, v.(scored)) }
func (t *top) Pop() any {
	old := *t
	last := old[len(old)-1]
	*t = old[:len(old)-1]
	return last
}

// account loads an account or takes it from the cache.
func (x *Index) account(ctx context.Context, ref crm.Ref) (*account, error) {
	a, epoch := x.cache.find(ref)
	if a != nil {
		return a, nil
	}
	a, err := x.load(ctx, ref)
	if err != nil {
		return nil, fmt.Errorf("load vectors of %s: %w", ref, err)
	}
	x.cache.keep(ref, a, epoch)
	return a, nil
}

func (x *Index) load(ctx context.Context, ref crm.Ref) (*account, error) {
	rows, err := x.read.QueryContext(ctx, `SELECT a.kind, a.time, a.created, a.chunks, a.vectors, a.checksum FROM places p
		JOIN activities a ON a.portal = p.portal AND a.type = p.type AND a.id = p.id
		WHERE p.portal = ? AND p.account_type = ? AND p.account_id = ?`, ref.Portal, ref.Type, ref.ID)
	if err != nil {
		return nil, damaged(err)
	}
	defer rows.Close() // reading: rows.Err below is what counts
	a := &account{}
	for rows.Next() {
		var kind crm.Kind
		var at, created, sum int64
		var ids, vectors []byte
		if err := rows.Scan(&kind, &at, &created, &ids, &vectors, &sum); err != nil {
			return nil, damaged(err)
		}
		if uint32(sum) != checksum(ids, vectors) || len(ids)%idBytes != 0 || len(vectors) != len(ids)/idBytes*4*x.dim {
			return nil, fmt.Errorf("%w: a checksum does not match", ErrDamaged)
		}
		for i := 0; i < len(ids); i += idBytes {
			a.rows = append(a.rows, row{[idBytes]byte(ids[i : i+idBytes]), kind, fromMicros(at), fromMicros(created)})
		}
		for i := 0; i < len(vectors); i += 4 {
			a.vectors = append(a.vectors, math.Float32frombits(binary.LittleEndian.Uint32(vectors[i:])))
		}
	}
	if err := rows.Err(); err != nil {
		return nil, damaged(err)
	}
	return a, nil
}

// Count is the number of chunks of one account; it loads nothing.
func (x *Index) Count(ctx context.Context, account crm.Ref) (n int, err error) {
	err = x.read.QueryRowContext(ctx, `SELECT coalesce(sum(length(a.chunks) / ?), 0) FROM places p JOIN activities a ON a.portal = p.portal AND a.type = p.type AND a.id = p.id
		WHERE p.portal = ? AND p.account_type = ? AND p.account_id = ?`, idBytes, account.Portal, account.Type, account.ID).Scan(&n)
	if err != nil {
		return 0, damaged(err)
	}
	return n, nil
}
