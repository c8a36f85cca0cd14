package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Keeping is what became of something that the audit names by a hash.
type Keeping string

// The five cases. Erased is by somebody's wish or by the retention that is set, as the audit says; what is not there and was not erased is missing.
const (
	Kept     Keeping = "kept"
	Erased   Keeping = "erased"
	Missing  Keeping = "missing"
	Altered  Keeping = "altered"  // it is not what the hash was made of
	Unstated Keeping = "unstated" // the entry names none: it is older than the keeping
)

// KeptVerdict is one verdict of the gate as the audit tells it, with what it followed from as far as that is kept.
type KeptVerdict struct {
	Seq      int64
	Time     time.Time
	Proposal string
	Change   string
	Workflow string
	Property string
	Verdict  string
	Inputs   string // "" unless they are kept
	Keeping  Keeping
}

// KeptVerdicts lists a portal's verdicts behind an entry, oldest first.
func (db *DB) KeptVerdicts(ctx context.Context, portal crm.PortalID, after int64, limit int) (out []KeptVerdict, err error) {
	err = db.r.read(ctx, func(v *view) error {
		entries, err := v.entries("portal = ? AND seq > ? AND action IN ('gate.apply', 'gate.review', 'gate.drop') ORDER BY seq LIMIT ?", int64(portal), after, limit)
		if err != nil {
			return err
		}
		gone, err := v.pruned(portal, "inputs")
		if err != nil {
			return err
		}
		for _, e := range entries {
			k := KeptVerdict{Seq: e.Seq, Time: e.Time, Proposal: e.IDs["proposal"], Change: e.IDs["change"], Workflow: e.IDs["workflow"], Property: e.IDs["property"], Verdict: e.Action[len("gate."):]}
			if k.Inputs, k.Keeping, err = v.keptInputs(e, gone); err != nil {
				return fmt.Errorf("entry %d: %w", e.Seq, err)
			}
			out = append(out, k)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("verdicts of portal %d: %w", portal, err)
	}
	return out, nil
}

// entries reads the audit's entries that a condition selects.
func (v *view) entries(where string, args ...any) (out []crm.AuditEntry, err error) {
	err = v.each("SELECT "+auditColumns+" FROM audit WHERE "+where, args, func(scan func(...any) error) error {
		var r auditRow
		if err := r.scan(scan); err != nil {
			return err
		}
		e, err := r.entry()
		out = append(out, e)
		return err
	})
	return out, err
}

func (v *view) keptInputs(e crm.AuditEntry, pruned time.Time) (body string, k Keeping, err error) {
	hash := e.Hashes["inputs"]
	if hash == "" {
		return "", Unstated, nil
	}
	var salt string
	err = v.one("SELECT salt, body FROM inputs WHERE portal = ? AND hash = ?", []any{int64(e.Portal), hash}, &salt, &body)
	switch {
	case errors.Is(err, crm.ErrNotFound):
		k, err = v.goneFor(e, pruned)
		return "", k, err
	case err != nil:
		return "", "", err
	case saltedHash(salt, body) != hash:
		return "", Altered, nil
	}
	return body, Kept, nil
}

// goneFor says why something that an entry names is not there: its suggestion was erased, its time had come, or nobody knows.
func (v *view) goneFor(e crm.AuditEntry, pruned time.Time) (Keeping, error) {
	if e.Time.Before(pruned) {
		return Erased, nil
	}
	erased, err := v.exists("SELECT 1 FROM audit WHERE portal = ? AND subject = ? AND seq > ? AND action = 'proposal.erased'", int64(e.Portal), suggestionSubject(e.IDs["proposal"]), e.Seq)
	if erased {
		return Erased, err
	}
	return Missing, err
}

// pruned is the moment before which a portal's texts of a kind were erased because their time had come; zero when none ever were.
func (v *view) pruned(portal crm.PortalID, what string) (before time.Time, err error) {
	entries, err := v.entries("portal = ? AND subject = ? AND action = 'retention.pruned' ORDER BY seq", int64(portal), retentionSubject(what))
	for _, e := range entries {
		at, err := time.Parse(time.RFC3339Nano, e.IDs["before"])
		if err != nil {
			return before, fmt.Errorf("entry %d: %w", e.Seq, err)
		}
		if at.After(before) {
			before = at
		}
	}
	return before, err
}

// retentionSubject is what entries about the end of a kind of texts are about.
func retentionSubject(what string) string { return "retention/" + what }

// KeptRun is one run as the audit tells it, with what became of the texts of its prompt and reply.
type KeptRun struct {
	Seq      int64
	Proposal string
	Prompt   Keeping
	Reply    Keeping
	Read     Keeping // what the prompt showed
}

// KeptRuns lists a portal's runs behind an entry, oldest first.
func (db *DB) KeptRuns(ctx context.Context, portal crm.PortalID, after int64, limit int) (out []KeptRun, err error) {
	err = db.r.read(ctx, func(v *view) error {
		entries, err := v.entries("portal = ? AND seq > ? AND action = 'run.done' ORDER BY seq LIMIT ?", int64(portal), after, limit)
		if err != nil {
			return err
		}
		var pruned [3]time.Time
		for i, what := range []string{"prompts", "replies", "inputs"} {
			if pruned[i], err = v.pruned(portal, what); err != nil {
				return err
			}
		}
		for _, e := range entries {
			k := KeptRun{Seq: e.Seq, Proposal: e.IDs["proposal"]}
			var err1, err2, err3 error
			k.Prompt, err1 = v.keptText(e, "prompt_text", "prompt_hash", pruned[0])
			k.Reply, err2 = v.keptText(e, "reply", "reply_hash", pruned[1])
			k.Read, err3 = v.keptRead(e, pruned[2])
			if err := errorsOf(err1, err2, err3); err != nil {
				return fmt.Errorf("entry %d: %w", e.Seq, err)
			}
			out = append(out, k)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("runs of portal %d: %w", portal, err)
	}
	return out, nil
}

func (v *view) keptRead(e crm.AuditEntry, pruned time.Time) (Keeping, error) {
	e.Hashes = map[string]string{"inputs": e.Hashes["read"]}
	_, k, err := v.keptInputs(e, pruned)
	return k, err
}

// keptText looks for a text of a run. Equal texts are one row, which goes with the first account that is erased: then it is erased for all of them.
func (v *view) keptText(e crm.AuditEntry, name, column string, pruned time.Time) (Keeping, error) {
	hash := e.Hashes[name]
	if hash == "" {
		return Unstated, nil
	}
	var body string
	err := v.one("SELECT body FROM texts WHERE portal = ? AND hash = ?", []any{int64(e.Portal), hash}, &body)
	switch {
	case err == nil && sum([]byte(body)) == hash:
		return Kept, nil
	case err == nil:
		return Altered, nil
	case !errors.Is(err, crm.ErrNotFound):
		return "", err
	}
	if k, err := v.goneFor(e, pruned); k == Erased || err != nil {
		return k, err
	}
	erased, err := v.exists(`SELECT 1 FROM proposals p JOIN audit a ON a.portal = p.portal AND (a.subject = p.account AND a.action = 'prompts.erased' OR a.subject = 'suggestion/' || p.id AND a.action = 'proposal.erased')
		WHERE p.portal = ? AND p.`+column+" = ? AND a.seq > ?", int64(e.Portal), hash, e.Seq)
	if erased {
		return Erased, err
	}
	return Missing, err
}
