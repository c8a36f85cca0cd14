package web

import (
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

type lockedJSON struct {
	Record     recordJSON `json:"record"`
	Property   string     `json:"property"`
	How        crm.Lock   `json:"how"`
	Wrote      string     `json:"wrote"`
	Present    string     `json:"present"`
	Workflow   string     `json:"workflow"`
	Suggestion string     `json:"suggestion"`
	By         *string    `json:"by"`
	At         *time.Time `json:"at"`
}

func showLocked(f crm.LockedField) lockedJSON {
	return lockedJSON{Record: recordJSON{f.Record.Type, f.Record.ID, f.RecordName}, Property: f.Property, How: f.How, Wrote: f.Wrote, Present: f.Present, Workflow: f.Workflow,
		Suggestion: f.Proposal, By: textOrNull(f.By), At: utc(f.At)}
}

// listLocked lists the fields that wait for a person because a person has changed them, the newest first.
func (s *server) listLocked(c *gin.Context) {
	q := queryOf(c, "limit", "cursor")
	limit, cursor := q.limit(defaultLimit, maxLimit), q.cursor("locked")
	if q.err != nil {
		s.fail(c, q.err)
		return
	}
	fields, next, err := s.Desk.Locked(c.Request.Context(), portalOf(c), cursor, limit)
	if err != nil {
		s.fail(c, fmt.Errorf("list locked fields: %w", err))
		return
	}
	s.reply(c, http.StatusOK, pageOf("locked", fields, next, showLocked))
}
