package web

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

// PromptVersion is one version of a workflow's prompt and where it stands in a portal.
type PromptVersion struct {
	Workflow    string
	Version     int
	SHA256      string
	Origin      string // the directory that it was read from, "" for a built-in one
	State       string // draft, evaluated (as it is now, with the model that would write), or live
	Text        string // of the file; empty in lists
	Model       string // that would write
	Evaluations []crm.PromptEvaluation
	Live        *crm.PromptLive // who made it live; nil for others, and for one that nobody promoted
}

// Promotion is what became of the wish to make a version live. Worse says why it was refused, in the figures.
type Promotion struct {
	Promoted bool
	Worse    []string
	Got      *crm.PromptEvaluation // nil: it has not been evaluated
	Live     *crm.PromptEvaluation
	Now      PromptVersion
}

// Prompts governs the versions of prompts. Workflow and version as in a path: crm.ErrNotFound for others.
type Prompts interface {
	// PromptVersions lists all versions of all workflows, without texts.
	PromptVersions(ctx context.Context, portal crm.PortalID) ([]PromptVersion, error)
	// PromptVersion is one with its text.
	PromptVersion(ctx context.Context, portal crm.PortalID, workflow string, version int) (PromptVersion, error)
	// EvaluatePrompt runs the golden cases with the model that would write, and records the figures; those of the live version, too, where there are none.
	EvaluatePrompt(ctx context.Context, portal crm.PortalID, workflow string, version int, by crm.Actor) (PromptVersion, error)
	// PromotePrompt makes a version live that has been evaluated and is not worse than the live one. crm.ErrConflict when it is live already.
	PromotePrompt(ctx context.Context, portal crm.PortalID, workflow string, version int, by crm.Actor) (Promotion, error)
	// RollBackPrompt makes the version before live again; crm.ErrConflict when none was promoted.
	RollBackPrompt(ctx context.Context, portal crm.PortalID, workflow string, by crm.Actor) (PromptVersion, error)
}

type evaluationJSON struct {
	Model    string             `json:"model"`
	Cases    int                `json:"cases"`
	Measures map[string]float64 `json:"measures"`
	Current  bool               `json:"current"` // of the version as it is now
	At       time.Time          `json:"at"`
	By       string             `json:"by"`
}

type promptJSON struct {
	Workflow    string           `json:"workflow"`
	Version     int              `json:"version"`
	State       string           `json:"state"`
	SHA256      string           `json:"sha256"`
	Origin      *string          `json:"origin"`
	Model       string           `json:"model"`
	Evaluations []evaluationJSON `json:"evaluations"`
	PromotedAt  *time.Time       `json:"promoted_at"`
	PromotedBy  *string          `json:"promoted_by"`
	Text        *string          `json:"text,omitempty"`
}

type promotionJSON struct {
	Promoted bool            `json:"promoted"`
	Worse    []string        `json:"worse"`
	Got      *evaluationJSON `json:"got"`
	Live     *evaluationJSON `json:"live"`
	Prompt   promptJSON      `json:"prompt"`
}

func showEvaluation(e crm.PromptEvaluation, sha string) evaluationJSON {
	return evaluationJSON{e.Model, e.Cases, e.Measures, e.SHA256 == sha, e.At.UTC(), e.By.String()}
}

func showPrompt(p PromptVersion) promptJSON {
	out := promptJSON{Workflow: p.Workflow, Version: p.Version, State: p.State, SHA256: p.SHA256, Origin: textOrNull(p.Origin), Model: p.Model, Evaluations: []evaluationJSON{}, Text: textOrNull(p.Text)}
	for _, e := range p.Evaluations {
		out.Evaluations = append(out.Evaluations, showEvaluation(e, p.SHA256))
	}
	if p.Live != nil {
		out.PromotedAt, out.PromotedBy = utc(p.Live.At), textOrNull(p.Live.By.String())
	}
	return out
}

// listPrompts lists every version of every workflow's prompt.
func (s *server) listPrompts(c *gin.Context) {
	if q := queryOf(c); q.err != nil {
		s.fail(c, q.err)
		return
	}
	all, err := s.Prompts.PromptVersions(c.Request.Context(), portalOf(c))
	if err != nil {
		s.fail(c, fmt.Errorf("list prompts: %w", err))
		return
	}
	s.reply(c, http.StatusOK, pageOf("prompts", all, "", showPrompt))
}

// promptOf reads workflow and version from the path.
func promptOf(c *gin.Context) (workflow string, version int, err error) {
	if version, err = strconv.Atoi(c.Param("version")); err != nil || version < 1 {
		return "", 0, fmt.Errorf("version %q: want a number from 1: %w", c.Param("version"), crm.ErrInvalid)
	}
	return c.Param("workflow"), version, nil
}

func (s *server) showPromptVersion(c *gin.Context) {
	workflow, version, err := promptOf(c)
	if q := queryOf(c); err == nil {
		err = q.err
	}
	if err != nil {
		s.fail(c, err)
		return
	}
	p, err := s.Prompts.PromptVersion(c.Request.Context(), portalOf(c), workflow, version)
	s.answer(c, http.StatusOK, showPrompt(p), err, "show prompt")
}

// evaluatePrompt runs the golden cases now: the answer waits for the model.
func (s *server) evaluatePrompt(c *gin.Context) {
	workflow, version, err := promptOf(c)
	if err == nil {
		err = readJSON(c, &struct{}{})
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
	who := callerOf(c)
	p, err := s.Prompts.EvaluatePrompt(ctx, who.portal, workflow, version, who.Actor())
	s.answer(c, http.StatusOK, showPrompt(p), err, "evaluate prompt")
}

// promotePrompt answers 200 also when the version is refused because of its figures: promoted says which.
func (s *server) promotePrompt(c *gin.Context) {
	workflow, version, err := promptOf(c)
	if err == nil {
		err = readJSON(c, &struct{}{})
	}
	if err != nil {
		s.fail(c, err)
		return
	}
	who := callerOf(c)
	p, err := s.Prompts.PromotePrompt(c.Request.Context(), who.portal, workflow, version, who.Actor())
	out := promotionJSON{Promoted: p.Promoted, Worse: list(p.Worse), Prompt: showPrompt(p.Now)}
	for from, to := range map[*crm.PromptEvaluation]**evaluationJSON{p.Got: &out.Got, p.Live: &out.Live} {
		if from != nil {
			e := showEvaluation(*from, from.SHA256)
			*to = &e
		}
	}
	s.answer(c, http.StatusOK, out, err, "promote prompt")
}

func (s *server) rollBackPrompt(c *gin.Context) {
	if err := readJSON(c, &struct{}{}); err != nil {
		s.fail(c, err)
		return
	}
	who := callerOf(c)
	p, err := s.Prompts.RollBackPrompt(c.Request.Context(), who.portal, c.Param("workflow"), who.Actor())
	s.answer(c, http.StatusOK, showPrompt(p), err, "roll back prompt")
}
