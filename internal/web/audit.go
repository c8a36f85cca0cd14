package web

import (
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

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
