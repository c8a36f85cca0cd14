package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

// RunRequest asks for one run of a workflow.
type RunRequest struct {
	Portal   crm.PortalID
	Workflow string
	Subject  crm.Ref
	AsOf     time.Time // zero: now
	By       crm.Actor
}

// Run is one run as callers see it. State is queued, running, done or dead.
type Run struct {
	ID          string
	Workflow    string
	Subject     crm.Ref
	State       string
	Suggestions []string
	Error       string
}

// RunCheck is what one deterministic check said of one claim.
type RunCheck struct {
	Claim string `json:"claim"`
	Check string `json:"check"`
	OK    bool   `json:"ok"`
	Why   string `json:"why"`
}

// DryRun is a whole run of which nothing was stored.
type DryRun struct {
	Proposal   crm.Proposal
	Passages   []crm.Passage
	PromptText string
	Reply      string
	Checks     []RunCheck
}

// Runs starts workflows by hand. An unknown workflow or a subject it does not take is crm.ErrInvalid; an unknown subject crm.ErrNotFound.
type Runs interface {
	// StartRun queues a run durably and returns its id.
	StartRun(ctx context.Context, r RunRequest) (id string, err error)
	// DryRun runs at once, calls the model and stores nothing.
	DryRun(ctx context.Context, r RunRequest) (DryRun, error)
	// Run by id; crm.ErrNotFound, also for another portal's.
	Run(ctx context.Context, portal crm.PortalID, id string) (Run, error)
}

// longTime is how long an answer that waits for a model or for HubSpot may take.
const longTime = 5 * time.Minute

// patient lifts the listener's 30 s, which are for answers that wait for nobody, to longTime; ctx ends a little before. A writer without deadlines has none to lift.
func patient(c *gin.Context) (ctx context.Context, cancel context.CancelFunc, err error) {
	if err := http.NewResponseController(c.Writer).SetWriteDeadline(time.Now().Add(longTime)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return nil, nil, fmt.Errorf("extend the time of an answer: %w", err)
	}
	ctx, cancel = context.WithTimeout(c.Request.Context(), longTime-5*time.Second)
	return ctx, cancel, nil
}

type runBody struct {
	Workflow string     `json:"workflow"`
	Subject  string     `json:"subject"`
	DryRun   bool       `json:"dry_run"`
	AsOf     *time.Time `json:"as_of"`
}

// startRun queues one run of a workflow (202), or shows a whole run that stores nothing (200).
func (s *server) startRun(c *gin.Context) {
	var body runBody
	if err := readJSON(c, &body); err != nil {
		s.fail(c, err)
		return
	}
	who := callerOf(c)
	request := RunRequest{Portal: who.portal, Workflow: body.Workflow, By: who.Actor()}
	var err error
	if body.Workflow == "" {
		err = fmt.Errorf("name a workflow: %w", crm.ErrInvalid)
	} else {
		request.Subject, err = crm.ParsePath(who.portal, body.Subject)
	}
	if err != nil {
		s.fail(c, err)
		return
	}
	if body.AsOf != nil {
		request.AsOf = body.AsOf.UTC()
	}
	if body.DryRun {
		s.dryRun(c, request)
		return
	}
	id, err := s.Runs.StartRun(c.Request.Context(), request)
	if err != nil {
		s.fail(c, fmt.Errorf("start %s of %s: %w", request.Workflow, request.Subject.Path(), err))
		return
	}
	c.Header("Location", "/api/v1/runs/"+id)
	s.reply(c, http.StatusAccepted, gin.H{"run": id})
}

type dryRunJSON struct {
	suggestionJSON
	Passages   []passageJSON `json:"passages"`
	PromptText string        `json:"prompt_text"`
	Reply      string        `json:"reply"`
	Checks     []RunCheck    `json:"checks"`
}

func (s *server) dryRun(c *gin.Context, request RunRequest) {
	ctx, cancel, err := patient(c)
	if err != nil {
		s.fail(c, err)
		return
	}
	defer cancel()
	run, err := s.Runs.DryRun(ctx, request)
	if err != nil {
		s.fail(c, fmt.Errorf("dry run of %s for %s: %w", request.Workflow, request.Subject.Path(), err))
		return
	}
	s.reply(c, http.StatusOK, dryRunJSON{showSuggestion(run.Proposal), each(run.Passages, showPassage), run.PromptText, run.Reply, list(run.Checks)})
}

type runJSON struct {
	ID          string   `json:"id"`
	Workflow    string   `json:"workflow"`
	Subject     string   `json:"subject"`
	State       string   `json:"state"`
	Suggestions []string `json:"suggestions"`
	Error       *string  `json:"error"`
}

func (s *server) showRun(c *gin.Context) {
	if q := queryOf(c); q.err != nil {
		s.fail(c, q.err)
		return
	}
	r, err := s.Runs.Run(c.Request.Context(), portalOf(c), c.Param("id"))
	if err != nil {
		s.fail(c, fmt.Errorf("run %q: %w", c.Param("id"), err))
		return
	}
	s.reply(c, http.StatusOK, runJSON{r.ID, r.Workflow, pathOf(r.Subject), r.State, list(r.Suggestions), textOrNull(r.Error)})
}
