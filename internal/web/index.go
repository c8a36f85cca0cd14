package web

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

// Backfill says what history to read: the given records, or whole object types (neither: all), changed since then (zero: ever), at most limit objects (0: all).
type Backfill struct {
	Portal  crm.PortalID
	Records []crm.Ref
	Objects []crm.ObjectType
	Since   time.Time
	Limit   int
	By      crm.Actor
}

// Progress is how far a backfill of one object type is. State is queued, running, done or failed.
type Progress struct {
	Object     crm.ObjectType
	State      string
	Listed     int64 // objects found in HubSpot so far
	Indexed    int64
	Failed     int64
	StartedAt  time.Time
	FinishedAt time.Time // zero while it runs
	LastError  string
}

// Backfills reads history on demand, resumably.
type Backfills interface {
	// StartBackfill queues the work durably and says how many objects that are; -1 when whole types are read, whose number only the reading tells. crm.ErrConflict
	// when a backfill of the same objects is under way, crm.ErrNotFound for a record that nobody has.
	StartBackfill(ctx context.Context, b Backfill) (objects int, err error)
	// BackfillProgress lists the newest backfill of each object type; empty when there was none.
	BackfillProgress(ctx context.Context, portal crm.PortalID) ([]Progress, error)
}

// maxRecords is how many records one call may name.
const maxRecords = 1000

type indexBody struct {
	Records []string   `json:"records"`
	Objects []string   `json:"objects"`
	Since   *time.Time `json:"since"`
	Limit   int        `json:"limit"`
}

type startedJSON struct {
	State   string `json:"state"`
	Objects *int   `json:"objects"` // null where whole types are read
}

// startIndex queues the reading of history.
func (s *server) startIndex(c *gin.Context) {
	var body indexBody
	err := readJSON(c, &body)
	var b Backfill
	if err == nil {
		b, err = body.backfill(callerOf(c))
	}
	var objects int
	if err == nil {
		objects, err = s.startBackfill(c, b)
	}
	if err != nil {
		s.fail(c, fmt.Errorf("start indexing: %w", err))
		return
	}
	c.Header("Location", "/api/v1/index")
	answer := startedJSON{State: "queued"}
	if objects >= 0 {
		answer.Objects = &objects
	}
	s.reply(c, http.StatusAccepted, answer)
}

// startBackfill waits for what has to be listed in HubSpot first.
func (s *server) startBackfill(c *gin.Context, b Backfill) (int, error) {
	ctx, cancel, err := patient(c)
	if err != nil {
		return 0, err
	}
	defer cancel()
	return s.Backfills.StartBackfill(ctx, b)
}

func (body indexBody) backfill(who caller) (Backfill, error) {
	b := Backfill{Portal: who.portal, Limit: body.Limit, By: who.Actor()}
	switch {
	case body.Limit < 0:
		return b, fmt.Errorf("limit %d: want 0 or more: %w", body.Limit, crm.ErrInvalid)
	case len(body.Records) > maxRecords:
		return b, fmt.Errorf("records: at most %d: %w", maxRecords, crm.ErrInvalid)
	case len(body.Records) > 0 && len(body.Objects) > 0:
		return b, fmt.Errorf("name records or objects, not both: %w", crm.ErrInvalid)
	}
	if body.Since != nil {
		b.Since = body.Since.UTC()
	}
	for _, path := range body.Records {
		ref, err := crm.ParsePath(who.portal, path)
		if err == nil && !ref.Type.IsRecord() {
			err = fmt.Errorf("%s is not a record: %w", path, crm.ErrInvalid)
		}
		if err != nil {
			return b, err
		}
		b.Records = append(b.Records, ref)
	}
	for _, name := range body.Objects {
		t, err := crm.ParseObjectType(name)
		if err != nil {
			return b, err
		}
		b.Objects = append(b.Objects, t)
	}
	return b, nil
}

type progressJSON struct {
	Object     crm.ObjectType `json:"object"`
	State      string         `json:"state"`
	Listed     int64          `json:"listed"`
	Indexed    int64          `json:"indexed"`
	Failed     int64          `json:"failed"`
	StartedAt  *time.Time     `json:"started_at"`
	FinishedAt *time.Time     `json:"finished_at"`
	LastError  *string        `json:"last_error"`
}

// indexProgress lists how far the newest backfill of each object type is.
func (s *server) indexProgress(c *gin.Context) {
	if q := queryOf(c); q.err != nil {
		s.fail(c, q.err)
		return
	}
	all, err := s.Backfills.BackfillProgress(c.Request.Context(), portalOf(c))
	if err != nil {
		s.fail(c, fmt.Errorf("index progress: %w", err))
		return
	}
	s.reply(c, http.StatusOK, pageOf("index", all, "", func(p Progress) progressJSON {
		return progressJSON{p.Object, p.State, p.Listed, p.Indexed, p.Failed, utc(p.StartedAt), utc(p.FinishedAt), textOrNull(p.LastError)}
	}))
}
