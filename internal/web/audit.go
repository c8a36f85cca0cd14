package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/audit"
	"github.com/contextd/contextd/internal/crm"
)

// Audit lists what happened in a portal; subject "" is everything.
type Audit interface {
	AuditEntries(ctx context.Context, portal crm.PortalID, subject, cursor string, limit int) (page []crm.AuditEntry, next string, err error)
	// AuditLines are entries from number first on, oldest first, byte for byte as the audit's tree was made of them; next is 0 at the end.
	AuditLines(ctx context.Context, portal crm.PortalID, first int64, limit int) (lines []json.RawMessage, next int64, err error)
	// VerifyAudit makes the tree anew from the entries and compares it with the stored one, with every checkpoint made here, and with those given. crm.ErrConflict says
	// what does not fit.
	VerifyAudit(ctx context.Context, checkpoints []string) (AuditVerified, error)
	// CompleteAudit counts the rows of a portal's tables that leave entries against the entries.
	CompleteAudit(ctx context.Context, portal crm.PortalID) ([]AuditCount, error)
	// ProveAudit proves one entry of the portal by a fresh checkpoint; crm.ErrNotFound.
	ProveAudit(ctx context.Context, portal crm.PortalID, seq int64) (audit.Proof, error)
	// Checkpoint signs the present head and sends it where checkpoints go.
	Checkpoint(ctx context.Context) (AuditCheckpoint, error)
	// ReplayAudit repeats the gate's verdicts of a portal behind entry number after from what they followed from, at most limit of them (0: all), and looks for the texts of
	// the runs.
	ReplayAudit(ctx context.Context, portal crm.PortalID, after int64, limit int) (AuditReplayed, error)
}

// listAudit lists what happened in the portal, newest first, of one subject if asked.
func (s *server) listAudit(c *gin.Context) {
	q := queryOf(c, "subject", "limit", "cursor")
	limit, cursor := q.limit(defaultLimit, maxLimit), q.cursor("audit")
	if q.err != nil {
		s.fail(c, q.err)
		return
	}
	entries, next, err := s.Audit.AuditEntries(c.Request.Context(), portalOf(c), q.text("subject"), cursor, limit)
	if err != nil {
		s.fail(c, fmt.Errorf("list audit: %w", err))
		return
	}
	s.reply(c, http.StatusOK, pageOf("audit", entries, next, showEntry))
}

func showEntry(e crm.AuditEntry) crm.AuditEntry {
	e.Time, e.Actors, e.IDs, e.Hashes = e.Time.UTC(), list(e.Actors), dict(e.IDs), dict(e.Hashes)
	return e
}

// exportAudit lists entries oldest first, each exactly as the audit's tree was made of it.
func (s *server) exportAudit(c *gin.Context) {
	q := queryOf(c, "limit", "cursor")
	limit, first := q.number("limit", defaultLimit, exportLimit), int64(1)
	if text := q.text("cursor"); text != "" {
		var err error
		if first, err = strconv.ParseInt(text, 10, 64); err != nil || first < 1 {
			q.refuse("cursor", "the next of an earlier page")
		}
	}
	if q.err != nil {
		s.fail(c, q.err)
		return
	}
	lines, next, err := s.Audit.AuditLines(c.Request.Context(), portalOf(c), first, limit)
	page := struct {
		Items []json.RawMessage `json:"items"`
		Next  *string           `json:"next"`
	}{Items: list(lines)}
	if next != 0 {
		text := strconv.FormatInt(next, 10)
		page.Next = &text
	}
	s.answer(c, http.StatusOK, page, err, "export the audit")
}

// exportLimit is how many entries a page of an export holds at most.
const exportLimit = 5000

func (s *server) proveAudit(c *gin.Context) {
	q := queryOf(c)
	seq, err := strconv.ParseInt(c.Param("seq"), 10, 64)
	if err != nil || seq < 1 {
		q.refuse("seq", "the number of an entry")
	}
	if q.err != nil {
		s.fail(c, q.err)
		return
	}
	p, err := s.Audit.ProveAudit(c.Request.Context(), portalOf(c), seq)
	s.answer(c, http.StatusOK, p, err, "prove an audit entry")
}

func (s *server) verifyAudit(c *gin.Context) {
	var body struct {
		Checkpoints []string `json:"checkpoints"`
		Complete    bool     `json:"complete"`
	}
	if err := readJSON(c, &body); err != nil {
		s.fail(c, err)
		return
	}
	ctx, cancel, err := patient(c)
	if err != nil {
		s.fail(c, err)
		return
	}
	defer cancel()
	v, err := s.Audit.VerifyAudit(ctx, body.Checkpoints)
	if err == nil && body.Complete {
		v.Complete, err = s.Audit.CompleteAudit(ctx, portalOf(c))
	}
	s.answer(c, http.StatusOK, v, err, "verify the audit")
}

func (s *server) checkpoint(c *gin.Context) {
	if err := readJSON(c, &struct{}{}); err != nil {
		s.fail(c, err)
		return
	}
	v, err := s.Audit.Checkpoint(c.Request.Context())
	s.answer(c, http.StatusOK, v, err, "make a checkpoint")
}

func (s *server) replayAudit(c *gin.Context) {
	var body struct {
		After int64 `json:"after"`
		Limit int   `json:"limit"`
	}
	err := readJSON(c, &body)
	if err == nil && (body.After < 0 || body.Limit < 0) {
		err = fmt.Errorf("after %d, limit %d: neither may be below 0: %w", body.After, body.Limit, crm.ErrInvalid)
	}
	if err != nil {
		s.fail(c, err)
		return
	}
	ctx, cancel, err := patient(c)
	if err != nil {
		s.fail(c, err)
		return
	}
	defer cancel()
	v, err := s.Audit.ReplayAudit(ctx, portalOf(c), body.After, body.Limit)
	v.Faults = list(v.Faults)
	s.answer(c, http.StatusOK, v, err, "replay the audit")
}
