package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/contextd/contextd/internal/crm"
)

// auditTreeSchema is the migration that turns the chain of audit entries into a tree.
const auditTreeSchema = 10

// edge is the right edge of a Merkle tree while leaves are added: the newest complete subtree of each height.
type edge struct {
	size   int64
	newest [64]tlog.Hash
}

// add appends a leaf and returns the hashes that it completes, its own first.
func (e *edge) add(leaf tlog.Hash) []tlog.Hash {
	done := []tlog.Hash{leaf}
	for level := 0; ; level++ {
		left := e.newest[level]
		e.newest[level] = leaf
		if e.size>>level&1 == 0 {
			break
		}
		leaf = tlog.NodeHash(left, leaf)
		done = append(done, leaf)
	}
	e.size++
	return done
}

// root is the tree's hash; of no leaves the zero hash.
func (e *edge) root() tlog.Hash {
	var root tlog.Hash
	first := true
	for level := range bits.Len64(uint64(e.size)) {
		switch {
		case e.size>>level&1 == 0:
		case first:
			root, first = e.newest[level], false
		default:
			root = tlog.NodeHash(e.newest[level], root)
		}
	}
	return root
}

// storedHash finds one of the tree's hashes: with the entry that completed it.
func (v *view) storedHash(level int, n int64) (h tlog.Hash, err error) {
	seq := (n + 1) << level
	var tree []byte
	if err := v.one("SELECT tree FROM audit WHERE seq = ?", []any{seq}, &tree); err != nil {
		return h, fmt.Errorf("audit entry %d: %w", seq, err)
	}
	if len(tree) < (level+1)*tlog.HashSize {
		return h, fmt.Errorf("audit entry %d has no hash of level %d: %w", seq, level, crm.ErrConflict)
	}
	copy(h[:], tree[level*tlog.HashSize:])
	return h, nil
}

// edge is the right edge of the tree over the first size entries.
func (v *view) edge(size int64) (e edge, err error) {
	e.size = size
	for level := range bits.Len64(uint64(size)) {
		if e.newest[level], err = v.storedHash(level, size>>level-1); err != nil {
			return e, err
		}
	}
	return e, nil
}

// ReadHashes reads by the tree's storage indexes; see tlog.HashReader.
func (v *view) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		level, n := tlog.SplitStoredHashIndex(x)
		var err error
		if out[i], err = v.storedHash(level, n); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// completes are the hashes that a leaf with this number (from 0) completes, given those that are stored.
func (v *view) completes(n int64, leaf tlog.Hash) ([]tlog.Hash, error) {
	done := []tlog.Hash{leaf}
	for level := 0; n>>level&1 == 1; level++ {
		left, err := v.storedHash(level, n>>level-1)
		if err != nil {
			return nil, err
		}
		done = append(done, tlog.NodeHash(left, done[level]))
	}
	return done, nil
}

func packHashes(hashes []tlog.Hash) []byte {
	out := make([]byte, 0, len(hashes)*tlog.HashSize)
	for _, h := range hashes {
		out = append(out, h[:]...)
	}
	return out
}

// plantTree moves the entries of the chain into the tree, inside the migration's transaction.
func plantTree(ctx context.Context, tx *sql.Tx, d dialect) (err error) {
	insert, err := tx.PrepareContext(ctx, d.query("INSERT INTO audit (seq, at, portal, action, subject, actors, ids, hashes, tree) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"))
	if err != nil {
		return err
	}
	defer insert.Close()
	var e edge
	for after := int64(-1); after != e.size; {
		after = e.size
		page, err := chained(ctx, tx, d, after)
		if err != nil {
			return err
		}
		for _, r := range page {
			line, err := r.line()
			if err != nil {
				return err
			}
			if _, err := insert.ExecContext(ctx, r.seq, r.at, r.portal, r.action, r.subject, r.actors, r.ids, r.hashes, packHashes(e.add(tlog.RecordHash(line)))); err != nil {
				return err
			}
		}
	}
	_, err = tx.ExecContext(ctx, "DROP TABLE audit_chained")
	return err
}

// chained reads a page of the chain that was; a gap in it ends the migration, because it would be hidden by the tree.
func chained(ctx context.Context, tx *sql.Tx, d dialect, after int64) (out []auditRow, err error) {
	rows, err := tx.QueryContext(ctx, d.query("SELECT seq, at, portal, action, subject, actors, ids, hashes FROM audit_chained WHERE seq > ? ORDER BY seq LIMIT ?"), after, rebuildPage)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var r auditRow
		if err := rows.Scan(&r.seq, &r.at, &r.portal, &r.action, &r.subject, &r.actors, &r.ids, &r.hashes); err != nil {
			return nil, err
		}
		if after++; r.seq != after {
			return nil, fmt.Errorf("audit entry %d is missing: %w", after, crm.ErrConflict)
		}
		out = append(out, r)
	}
	return out, rows.Err()
}
