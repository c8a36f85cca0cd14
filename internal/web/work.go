package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

// WorkFilter selects rows of one portal; empty fields select all. State is ready, waiting, running, buried, done or open (unfinished and not buried).
type WorkFilter struct {
	Portal crm.PortalID
	Kind   crm.WorkKind
	Key    string
	State  string
}

// Work is the dirty set as operators see and mend it.
type Work interface {
	WorkRows(ctx context.Context, f WorkFilter, cursor string, limit int) (page []crm.WorkRow, next string, err error)
	// Redrive makes the filter's buried rows ready again and says how many.
	Redrive(ctx context.Context, f WorkFilter, by crm.Actor) (int, error)
	// BuryRows ends the filter's unfinished rows that nobody works on, and says how many.
	BuryRows(ctx context.Context, f WorkFilter, cause string, by crm.Actor) (int, error)
}

type workJSON struct {
	ID        string       `json:"id"`
	Kind      crm.WorkKind `json:"kind"`
	Key       string       `json:"key"`
	Lane      string       `json:"lane"`
	State     string       `json:"state"`
	Attempts  int          `json:"attempts"`
	MarkedAt  *time.Time   `json:"marked_at"`
	NotBefore *time.Time   `json:"not_before"`
	LastError *string      `json:"last_error"`
}

func showWork(r crm.WorkRow) workJSON {
	return workJSON{ID: workID(r.Kind, r.Key), Kind: r.Kind, Key: r.Key, Lane: r.Lane.String(), State: r.State, Attempts: r.Attempts, MarkedAt: utc(r.MarkedAt),
		NotBefore: utc(r.NotBefore), LastError: textOrNull(r.LastError)}
}

// A row's id in the API is kind and key; the portal is the caller's.
func workID(kind crm.WorkKind, key string) string { return string(kind) + ":" + key }

func parseWorkID(id string) (crm.WorkKind, string, error) {
	kind, key, ok := strings.Cut(id, ":")
	if !ok || key == "" || !slices.Contains(crm.WorkKinds(), crm.WorkKind(kind)) {
		return "", "", fmt.Errorf("work id %q: %w", id, crm.ErrInvalid)
	}
	return crm.WorkKind(kind), key, nil
}

// listWork lists rows of the dirty set.
func (s *server) listWork(c *gin.Context) {
	q := queryOf(c, "state", "kind", "key", "limit", "cursor")
	f := WorkFilter{Portal: portalOf(c), Kind: crm.WorkKind(q.text("kind")), Key: q.text("key"), State: q.text("state")}
	limit, cursor := q.limit(defaultLimit, maxLimit), q.cursor("work")
	if f.Kind != "" && !slices.Contains(crm.WorkKinds(), f.Kind) {
		q.refuse("kind", fmt.Sprintf("one of %v", crm.WorkKinds()))
	}
	if states := []string{"ready", "waiting", "running", "buried", "done", "open"}; f.State != "" && !slices.Contains(states, f.State) {
		q.refuse("state", "one of "+strings.Join(states, " "))
	}
	if q.err != nil {
		s.fail(c, q.err)
		return
	}
	rows, next, err := s.Work.WorkRows(c.Request.Context(), f, cursor, limit)
	if err != nil {
		s.fail(c, fmt.Errorf("list work: %w", err))
		return
	}
	s.reply(c, http.StatusOK, pageOf("work", rows, next, showWork))
}

type redriveBody struct {
	IDs []string `json:"ids"`
}

type buryBody struct {
	redriveBody
	Cause string `json:"cause"`
}

// redrive makes buried rows ready again.
func (s *server) redrive(c *gin.Context) {
	var body redriveBody
	if err := readJSON(c, &body); err != nil {
		s.fail(c, err)
		return
	}
	s.moveWork(c, body.IDs, func(ctx context.Context, f WorkFilter, by crm.Actor) (int, error) { return s.Work.Redrive(ctx, f, by) })
}

// bury ends rows that nobody works on; they stay, with the cause.
func (s *server) bury(c *gin.Context) {
	var body buryBody
	if err := readJSON(c, &body); err != nil {
		s.fail(c, err)
		return
	}
	cause := body.Cause
	if cause == "" {
		cause = "buried by hand"
	}
	if len(cause) > maxComment {
		s.fail(c, fmt.Errorf("cause: at most %d bytes: %w", maxComment, crm.ErrInvalid))
		return
	}
	s.moveWork(c, body.IDs, func(ctx context.Context, f WorkFilter, by crm.Actor) (int, error) {
		return s.Work.BuryRows(ctx, f, cause, by)
	})
}

type movedJSON struct {
	ID    string `json:"id"`
	Moved bool   `json:"moved"` // false: unknown, or not in a state that can be moved
}

// moveWork checks all ids before it moves the first. Each row is a change of its own; a failure in between is answered as such, and the call can be repeated.
func (s *server) moveWork(c *gin.Context, ids []string, move func(context.Context, WorkFilter, crm.Actor) (int, error)) {
	if len(ids) == 0 || len(ids) > maxLimit {
		s.fail(c, fmt.Errorf("ids: name 1 to %d: %w", maxLimit, crm.ErrInvalid))
		return
	}
	who := callerOf(c)
	filters := make([]WorkFilter, len(ids))
	for i, id := range ids {
		kind, key, err := parseWorkID(id)
		if err != nil {
			s.fail(c, err)
			return
		}
		filters[i] = WorkFilter{Portal: who.portal, Kind: kind, Key: key}
	}
	out := page[movedJSON]{Items: make([]movedJSON, 0, len(ids))}
	for i, f := range filters {
		n, err := move(c.Request.Context(), f, who.Actor())
		if err != nil {
			s.fail(c, fmt.Errorf("work %q: %w", ids[i], err))
			return
		}
		out.Items = append(out.Items, movedJSON{ID: ids[i], Moved: n > 0})
	}
	s.reply(c, http.StatusOK, out)
}
