package audit

import (
	"encoding/json"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/contextd/contextd/internal/crm"
)

// Proof shows that one entry is part of the tree that a checkpoint signs. It needs nothing else to be checked: no database, no service, no network.
type Proof struct {
	Entry      string      `json:"entry"` // the entry's line of JSON, byte for byte
	Seq        int64       `json:"seq"`
	Path       []tlog.Hash `json:"path"` // from the entry's hash to the root, in base64
	Checkpoint string      `json:"checkpoint"`
}

// Check checks the proof with the public key of the installation, and returns the entry and the head that holds it. Errors as those of Open; crm.ErrConflict when the
// entry is not part of that tree.
func (p Proof) Check(public string) (crm.AuditEntry, Head, error) {
	var e crm.AuditEntry
	head, err := Open(p.Checkpoint, public)
	if err != nil {
		return e, head, err
	}
	if err := tlog.CheckRecord(p.Path, head.Size, head.Root, p.Seq-1, tlog.RecordHash([]byte(p.Entry))); err != nil {
		return e, head, fmt.Errorf("entry %d is not part of the tree of %d entries: %w: %w", p.Seq, head.Size, err, crm.ErrConflict)
	}
	if err := json.Unmarshal([]byte(p.Entry), &e); err != nil {
		return e, head, fmt.Errorf("entry %d: %w: %w", p.Seq, err, crm.ErrInvalid)
	}
	if e.Seq != p.Seq {
		return e, head, fmt.Errorf("entry %d calls itself %d: %w", p.Seq, e.Seq, crm.ErrConflict)
	}
	return e, head, nil
}
