package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/audit"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/store"
	"github.com/contextd/contextd/internal/web"
)

// auditKeyFile holds the key that signs the audit's heads, in the data directory (0600).
const auditKeyFile = "audit.key"

// auditing signs heads of the audit now and then and sends them away, so that whoever can change everything here is found out by what lies elsewhere.
type auditing struct {
	*store.DB

	key audit.Key
	cfg AuditConfig
	s   *service
}

// keepAuditKey reads the key of a data directory, or makes it.
func keepAuditKey(path string) (audit.Key, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		var key audit.Key
		if key, text, err = audit.NewKey(); err != nil {
			return key, err
		}
		if err := keepFile(path, text); err != nil {
			return key, fmt.Errorf("keep the audit key: %w", err)
		}
		return key, nil
	}
	if err != nil {
		return audit.Key{}, fmt.Errorf("read the audit key: %w", err)
	}
	key, err := audit.ParseKey(text)
	if err != nil {
		return key, withExit(exitConfig, fmt.Errorf("%s is damaged: data_dir: restore it from a backup, or delete it and give the new public key to whoever checks the audit: %w", path, err))
	}
	return key, nil
}

// keepFile makes a file (0600) that is whole or not there, also after a power cut.
func keepFile(path string, text []byte) error {
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// run signs and sends as often as the configuration says, the first time soon after the start.
func (a *auditing) run(ctx context.Context) error {
	return periodically(ctx, min(time.Minute, a.cfg.CheckpointEvery), a.cfg.CheckpointEvery, func() {
		switch c, err := a.Checkpoint(ctx); {
		case errors.Is(err, context.Canceled):
		case err != nil:
			a.s.log.Warn("no checkpoint of the audit could be made; it is tried again", "cause", err)
		case c.Problem != "":
			a.s.log.Warn("a checkpoint of the audit could not be sent away; it is tried again", "size", c.Size, "cause", c.Problem)
		}
	})
}

// Checkpoint implements web.Audit. What could not be sent before is sent along.
func (a *auditing) Checkpoint(ctx context.Context) (web.AuditCheckpoint, error) {
	signed, head, err := a.sign(ctx, 0)
	if err != nil {
		return web.AuditCheckpoint{}, err
	}
	out := web.AuditCheckpoint{Size: head.Size, Checkpoint: signed, Key: a.key.Public}
	return out, a.send(ctx, &out)
}

// send exports all heads that have not left yet.
func (a *auditing) send(ctx context.Context, out *web.AuditCheckpoint) error {
	if a.cfg.CheckpointFile == "" && a.cfg.CheckpointURL == "" {
		return nil
	}
	all, err := a.Checkpoints(ctx)
	if err != nil {
		return err
	}
	for _, c := range all {
		if c.Exported {
			continue
		}
		if err := a.export(ctx, c); err != nil {
			out.Problem = err.Error()
			return nil
		}
		if err := a.CheckpointExported(ctx, c.Size); err != nil {
			return err
		}
	}
	out.Exported = true
	return nil
}

// sign signs the present head. When nothing has happened since the newest one, but that it was signed, that one will do, unless it must hold entry seq: the note of a
// signature is no reason for another.
func (a *auditing) sign(ctx context.Context, seq int64) (string, store.AuditHead, error) {
	head, err := a.AuditHead(ctx)
	if err != nil {
		return "", head, err
	}
	news, err := a.Unsigned(ctx)
	if err != nil {
		return "", head, err
	}
	if !news {
		all, err := a.Checkpoints(ctx)
		if err != nil {
			return "", head, err
		}
		if last := len(all) - 1; last >= 0 && (seq <= all[last].Size || seq > head.Size) {
			kept, err := audit.Open(all[last].Note, a.key.Public)
			if err != nil {
				err = fmt.Errorf("the checkpoint of %d entries is not the one that was signed here: %w: %w", all[last].Size, err, crm.ErrConflict)
			}
			return all[last].Note, store.AuditHead(kept), err
		}
	}
	signed, err := a.key.Sign(audit.Head(head))
	if err != nil {
		return "", head, err
	}
	return signed, head, a.KeepCheckpoint(ctx, head.Size, signed)
}

// checkpointLine is one line of the file that checkpoints are sent to.
type checkpointLine struct {
	Time       time.Time `json:"time"`
	Size       int64     `json:"size"`
	Checkpoint string    `json:"checkpoint"`
}

// export sends a checkpoint to the file and to the address. A repeat is harmless: it is the same text.
func (a *auditing) export(ctx context.Context, c store.Checkpoint) error {
	if a.cfg.CheckpointFile != "" {
		line, err := json.Marshal(checkpointLine{c.At, c.Size, c.Note})
		if err != nil {
			return err
		}
		if err := appendLine(a.cfg.CheckpointFile, line); err != nil {
			return fmt.Errorf("audit.checkpoint_file: %w", err)
		}
	}
	if a.cfg.CheckpointURL == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.cfg.CheckpointURL, strings.NewReader(c.Note))
	if err != nil {
		return fmt.Errorf("audit.checkpoint_url: %w", err)
	}
	req.Header.Set("Content-Type", "text/plain; charset=utf-8")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("audit.checkpoint_url: %w", err)
	}
	defer res.Body.Close() // only the status counts
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("audit.checkpoint_url: it answered %s", res.Status)
	}
	return nil
}

func appendLine(path string, line []byte) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(line, '\n'))
	return errors.Join(err, f.Sync(), f.Close())
}

// AuditLines implements web.Audit.
func (a *auditing) AuditLines(ctx context.Context, portal crm.PortalID, first int64, limit int) (lines []json.RawMessage, next int64, err error) {
	last, err := a.DB.AuditLines(ctx, portal, first, limit, func(_ crm.AuditEntry, line []byte) error {
		lines = append(lines, line)
		return nil
	})
	if len(lines) == limit {
		next = last + 1
	}
	return lines, next, err
}

// VerifyAudit implements web.Audit.
func (a *auditing) VerifyAudit(ctx context.Context, checkpoints []string) (web.AuditVerified, error) {
	out := web.AuditVerified{Outside: len(checkpoints), Key: a.key.Public}
	kept, err := a.Checkpoints(ctx)
	if err != nil {
		return out, err
	}
	out.Kept = len(kept)
	var heads []store.AuditHead
	for _, c := range checkpoints {
		h, err := audit.Open(c, a.key.Public)
		if err != nil {
			return out, fmt.Errorf("a checkpoint from outside is not one of this installation: %w: %w", err, crm.ErrInvalid)
		}
		heads = append(heads, store.AuditHead(h))
	}
	for _, c := range kept {
		h, err := audit.Open(c.Note, a.key.Public)
		if err != nil || h.Size != c.Size {
			return out, fmt.Errorf("the checkpoint of %d entries is not the one that was signed here: %w", c.Size, crm.ErrConflict)
		}
		heads = append(heads, store.AuditHead(h))
	}
	head, err := a.DB.VerifyAudit(ctx, heads...)
	out.Entries, out.Root = head.Size, head.Root.String()
	return out, err
}

// ProveAudit implements web.Audit.
func (a *auditing) ProveAudit(ctx context.Context, portal crm.PortalID, seq int64) (audit.Proof, error) {
	signed, head, err := a.sign(ctx, seq)
	if err != nil {
		return audit.Proof{}, err
	}
	p, err := a.DB.ProveAudit(ctx, portal, seq, head.Size)
	if err == nil && p.Head != head {
		err = fmt.Errorf("the tree does not have the root that was signed: run contextd audit verify: %w", crm.ErrConflict)
	}
	return audit.Proof{Entry: string(p.Line), Seq: seq, Path: p.Proof, Checkpoint: signed}, err
}
