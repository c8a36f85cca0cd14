package store

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/contextd/contextd/internal/crm"
)

// AuditHead says how many entries the audit has and what the hash of their tree is: whoever keeps it elsewhere can later prove that none of them was changed, taken out
// or put in.
type AuditHead struct {
	Size int64
	Root tlog.Hash
}

// AuditHead is the present head.
func (db *DB) AuditHead(ctx context.Context) (head AuditHead, err error) {
	err = db.r.read(ctx, func(v *view) error {
		err := v.one("SELECT seq FROM audit ORDER BY seq DESC LIMIT 1", nil, &head.Size)
		if errors.Is(err, crm.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		e, err := v.edge(head.Size)
		head.Root = e.root()
		return err
	})
	if err != nil {
		return AuditHead{}, fmt.Errorf("head of the audit: %w", err)
	}
	return head, nil
}

// VerifyAudit makes the tree anew from the entries, compares it with the stored one and with heads that were kept elsewhere, and returns its head. crm.ErrConflict names
// the first entry that does not fit, or the known head that is not one of this tree.
func (db *DB) VerifyAudit(ctx context.Context, known ...AuditHead) (head AuditHead, err error) {
	err = db.r.read(ctx, func(v *view) error {
		head, err = v.verifyAudit(known)
		return err
	})
	if err != nil {
		return AuditHead{}, fmt.Errorf("verify audit: %w", err)
	}
	return head, nil
}

func (v *view) verifyAudit(known []AuditHead) (AuditHead, error) {
	g := growth{known: slices.SortedFunc(slices.Values(known), func(a, b AuditHead) int { return cmp.Compare(a.Size, b.Size) })}
	if err := g.compare(); err != nil {
		return AuditHead{}, err
	}
	err := v.each("SELECT "+auditColumns+", tree FROM audit ORDER BY seq", nil, func(scan func(...any) error) error {
		var r auditRow
		var tree []byte
		if err := scan(&r.seq, &r.at, &r.portal, &r.action, &r.subject, &r.actors, &r.ids, &r.hashes, &tree); err != nil {
			return err
		}
		return g.grow(r, tree)
	})
	if err == nil && len(g.known) > 0 {
		err = fmt.Errorf("there are %d entries, and there were %d when a head was kept elsewhere: %w", g.size, g.known[0].Size, crm.ErrConflict)
	}
	return AuditHead{Size: g.size, Root: g.root()}, err
}

// growth is a tree that is made anew and compared while it grows, with the heads that it must have had, smallest first.
type growth struct {
	edge
	known []AuditHead
}

func (g *growth) grow(r auditRow, tree []byte) error {
	line, err := r.line()
	if err != nil {
		return err
	}
	done := g.add(tlog.RecordHash(line))
	if r.seq != g.size {
		return fmt.Errorf("entry %d stands where entry %d should: %w", r.seq, g.size, crm.ErrConflict)
	}
	if !bytes.Equal(packHashes(done), tree) {
		return fmt.Errorf("entry %d is not the one that was written: %w", r.seq, crm.ErrConflict)
	}
	return g.compare()
}

func (g *growth) compare() error {
	for ; len(g.known) > 0 && g.known[0].Size <= g.size; g.known = g.known[1:] {
		if root := g.root(); g.known[0] != (AuditHead{g.size, root}) {
			return fmt.Errorf("the tree of the first %d entries is %v, and %v was kept elsewhere: %w", g.size, root, g.known[0].Root, crm.ErrConflict)
		}
	}
	return nil
}

// ProvenEntry is an entry with the path from its hash to the root of a tree; see tlog.CheckRecord.
type ProvenEntry struct {
	Line  []byte // JSON, without its end
	Proof tlog.RecordProof
	Head  AuditHead
}

// ProveAudit proves that entry seq is one of the first size. crm.ErrNotFound when there is no such entry of the portal or of the service itself among them.
func (db *DB) ProveAudit(ctx context.Context, portal crm.PortalID, seq, size int64) (p ProvenEntry, err error) {
	err = db.r.read(ctx, func(v *view) error {
		var r auditRow
		if seq > size {
			return crm.ErrNotFound
		}
		one := func(dest ...any) error {
			return v.one("SELECT "+auditColumns+" FROM audit WHERE seq = ? AND portal IN (0, ?)", []any{seq, int64(portal)}, dest...)
		}
		if err := r.scan(one); err != nil {
			return err
		}
		e, err := v.edge(size)
		if err != nil {
			return err
		}
		p.Head = AuditHead{Size: size, Root: e.root()}
		if p.Line, err = r.line(); err != nil {
			return err
		}
		p.Proof, err = tlog.ProveRecord(size, seq-1, v)
		return err
	})
	if err != nil {
		return ProvenEntry{}, fmt.Errorf("prove audit entry %d of the first %d: %w", seq, size, err)
	}
	return p, nil
}

// Checkpoint is a signed head as it was made.
type Checkpoint struct {
	Size     int64
	At       time.Time
	Note     string
	Exported bool
}

// signedAction is what the use of the audit's key leaves.
const signedAction = "audit.signed"

// Unsigned reports whether anything has happened since the newest signed head, but that it was signed.
func (db *DB) Unsigned(ctx context.Context) (is bool, err error) {
	err = db.r.read(ctx, func(v *view) error {
		is, err = v.exists("SELECT 1 FROM audit WHERE seq > (SELECT COALESCE(MAX(size), 0) FROM audit_checkpoints) AND action <> '" + signedAction + "' LIMIT 1")
		return err
	})
	if err != nil {
		return false, fmt.Errorf("look for entries that no signed head holds: %w", err)
	}
	return is, nil
}

// KeepCheckpoint stores a signed head and notes the use of the key; one of the same size is kept as it is.
func (db *DB) KeepCheckpoint(ctx context.Context, size int64, note string) error {
	err := db.w.write(ctx, func(t *tx) error {
		n, err := t.exec("INSERT INTO audit_checkpoints (size, at, note, exported_at) VALUES (?, ?, ?, 0) ON CONFLICT DO NOTHING", size, micros(t.now), note)
		if err != nil || n == 0 {
			return err
		}
		return t.audit(crm.AuditEntry{Action: signedAction, Actors: []crm.Actor{crm.System("audit")}, Subject: "audit", IDs: map[string]string{"size": strconv.FormatInt(size, 10)},
			Hashes: map[string]string{"checkpoint": sum([]byte(note))}})
	})
	if err != nil {
		return fmt.Errorf("keep the checkpoint of %d audit entries: %w", size, err)
	}
	return nil
}

// CheckpointExported notes that a checkpoint has reached the place outside.
func (db *DB) CheckpointExported(ctx context.Context, size int64) error {
	err := db.w.write(ctx, func(t *tx) error {
		return t.do("UPDATE audit_checkpoints SET exported_at = ? WHERE size = ? AND exported_at = 0", micros(t.now), size)
	})
	if err != nil {
		return fmt.Errorf("note the export of checkpoint %d: %w", size, err)
	}
	return nil
}

// Checkpoints lists all that were made, oldest first.
func (db *DB) Checkpoints(ctx context.Context) (out []Checkpoint, err error) {
	err = db.r.read(ctx, func(v *view) error {
		return v.each("SELECT size, at, note, exported_at FROM audit_checkpoints ORDER BY size", nil, func(scan func(...any) error) error {
			var c Checkpoint
			var at, exported int64
			err := scan(&c.Size, &at, &c.Note, &exported)
			c.At, c.Exported = moment(at), exported != 0
			out = append(out, c)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list checkpoints: %w", err)
	}
	return out, nil
}
