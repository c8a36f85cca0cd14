package web

import (
	"context"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

// Reindex asks to check everything that is indexed against HubSpot: with Changed only what differs is indexed again, else everything is.
type Reindex struct {
	Portal  crm.PortalID
	Changed bool
	By      crm.Actor
}

// GenerationState is a generation of the index and how far it is: Done of Total activities of the portal. State is live, building, failed, built or kept (for a rollback).
type GenerationState struct {
	crm.Generation
	State     string
	Done      int
	Total     int
	LastError string
}

// Replay compares a built generation with the live one on known questions (whose activity is known: the subject of a mail finds the mail) and on recent real ones.
type Replay struct {
	From, To  string
	Known     int     // questions with a known answer
	FromMRR   float64 // mean reciprocal rank of the known answer
	ToMRR     float64
	Recent    int     // real questions that were asked lately
	Agreement float64 // mean share of the ten best passages that both generations return
	Worse     bool
	Swapped   bool
}

// Verified is how one portal's index differs from the store, in activities; see generation.Report.
type Verified struct {
	Same    int `json:"same"`
	Missing int `json:"missing"`
	Stale   int `json:"stale"`
	Moved   int `json:"moved"`
	Orphans int `json:"orphans"`
	Mended  int `json:"mended"`
}

// Generations rebuilds the index without a gap.
type Generations interface {
	// Reindex queues the check of everything; crm.ErrConflict when one is under way.
	Reindex(ctx context.Context, r Reindex) error
	// BuildGeneration queues the building of a generation for the configured embedder, or goes on with one; crm.ErrConflict when the live one is of that embedder.
	BuildGeneration(ctx context.Context, by crm.Actor) (crm.Generation, error)
	// SwapGeneration compares the built generation with the live one and makes it live when it is not worse, or when forced. crm.ErrNotFound when none is built,
	// crm.ErrConflict while it is being built.
	SwapGeneration(ctx context.Context, force bool, by crm.Actor) (Replay, error)
	// RollBack makes the generation before the live one live again; crm.ErrNotFound when there is none.
	RollBack(ctx context.Context, by crm.Actor) (crm.Generation, error)
	// GenerationStates lists all generations, oldest first.
	GenerationStates(ctx context.Context, portal crm.PortalID) ([]GenerationState, error)
	// VerifyIndex compares the live index of a portal with the store and, with mend, makes it agree.
	VerifyIndex(ctx context.Context, portal crm.PortalID, mend bool, by crm.Actor) (Verified, error)
}

type reindexBody struct {
	ChangedOnly   bool `json:"changed_only"`
	NewGeneration bool `json:"new_generation"`
	Swap          bool `json:"swap"`
	Force         bool `json:"force"`
	Rollback      bool `json:"rollback"`
}

type generationJSON struct {
	Name        string  `json:"name"`
	State       string  `json:"state"`
	Live        bool    `json:"live"`
	Embedder    string  `json:"embedder"`
	Fingerprint string  `json:"fingerprint"`
	Dimension   int     `json:"dimension"`
	Done        int     `json:"done"`
	Total       int     `json:"total"`
	LastError   *string `json:"last_error"`
}

type replayJSON struct {
	From      string  `json:"from"`
	To        string  `json:"to"`
	Known     int     `json:"known_questions"`
	FromMRR   float64 `json:"from_mrr"`
	ToMRR     float64 `json:"to_mrr"`
	Recent    int     `json:"recent_questions"`
	Agreement float64 `json:"agreement"`
	Worse     bool    `json:"worse"`
	Swapped   bool    `json:"swapped"`
}

// reindex checks everything against HubSpot, or builds, swaps or rolls back a generation.
func (s *server) reindex(c *gin.Context) {
	var body reindexBody
	err := readJSON(c, &body)
	if err == nil {
		err = body.check()
	}
	if err != nil {
		s.fail(c, fmt.Errorf("reindex: %w", err))
		return
	}
	who := callerOf(c)
	ctx, cancel, err := patient(c)
	if err != nil {
		s.fail(c, err)
		return
	}
	defer cancel()
	switch {
	case body.NewGeneration:
		g, err := s.Generations.BuildGeneration(ctx, who.Actor())
		s.answer(c, http.StatusAccepted, generationJSON{Name: g.Name, State: "building", Embedder: g.Embedder, Fingerprint: g.Fingerprint, Dimension: g.Dimension}, err, "build a generation")
	case body.Swap:
		r, err := s.Generations.SwapGeneration(ctx, body.Force, who.Actor())
		s.answer(c, http.StatusOK, replayJSON(r), err, "swap generations")
	case body.Rollback:
		g, err := s.Generations.RollBack(ctx, who.Actor())
		s.answer(c, http.StatusOK, generationJSON{Name: g.Name, State: "live", Live: true, Embedder: g.Embedder, Fingerprint: g.Fingerprint, Dimension: g.Dimension}, err, "roll back")
	default:
		err := s.Generations.Reindex(ctx, Reindex{Portal: who.portal, Changed: body.ChangedOnly, By: who.Actor()})
		s.answer(c, http.StatusAccepted, startedJSON{State: "queued"}, err, "reindex")
	}
}

// answer replies with the value, or with the error.
func (s *server) answer(c *gin.Context, status int, value any, err error, what string) {
	if err != nil {
		s.fail(c, fmt.Errorf("%s: %w", what, err))
		return
	}
	s.reply(c, status, value)
}

func (b reindexBody) check() error {
	n := 0
	for _, set := range []bool{b.ChangedOnly, b.NewGeneration, b.Swap, b.Rollback} {
		if set {
			n++
		}
	}
	switch {
	case n > 1:
		return fmt.Errorf("changed_only, new_generation, swap and rollback exclude each other: %w", crm.ErrInvalid)
	case b.Force && !b.Swap:
		return fmt.Errorf("force belongs to swap: %w", crm.ErrInvalid)
	}
	return nil
}

// generations lists the generations of the index and how far each is.
func (s *server) generations(c *gin.Context) {
	if q := queryOf(c); q.err != nil {
		s.fail(c, q.err)
		return
	}
	all, err := s.Generations.GenerationStates(c.Request.Context(), portalOf(c))
	if err != nil {
		s.fail(c, fmt.Errorf("generations: %w", err))
		return
	}
	s.reply(c, http.StatusOK, pageOf("reindex", all, "", func(g GenerationState) generationJSON {
		return generationJSON{g.Name, g.State, g.Live, g.Embedder, g.Fingerprint, g.Dimension, g.Done, g.Total, textOrNull(g.LastError)}
	}))
}

// verifyIndex compares the index with the store and, if asked to, mends it.
func (s *server) verifyIndex(c *gin.Context) {
	var body struct {
		Mend bool `json:"mend"`
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
	who := callerOf(c)
	v, err := s.Generations.VerifyIndex(ctx, who.portal, body.Mend, who.Actor())
	s.answer(c, http.StatusOK, v, err, "verify the index")
}
