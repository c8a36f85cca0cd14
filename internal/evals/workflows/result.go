package workflows

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/engine"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
	"github.com/contextd/contextd/prompts"
)

// Result is what became of one case.
type Result struct {
	Case      string             `json:"case"`
	State     string             `json:"state"`           // made, dropped, abstained (without asking a model) or failed (the answer stayed unusable)
	Why       string             `json:"why,omitempty"`   // of all but made
	Right     bool               `json:"right,omitempty"` // it came to nothing, which the case allows
	Claims    int                `json:"claims"`          // that the model made
	Cut       int                `json:"cut"`             // of them without support
	Shown     int                `json:"shown"`           // that the changes stand on
	Proved    int                `json:"proved"`          // of them whose every quote stands in the case's texts, looked up again
	Expected  int                `json:"expected"`        // facts that the case asks for
	Missing   []string           `json:"missing"`
	Forbidden []string           `json:"forbidden"` // what the case rules out and the run says, and numbers outside their range
	Numbers   map[string]float64 `json:"numbers,omitempty"`
}

// The states of a result.
const (
	made      = "made"
	dropped   = "dropped"
	abstained = "abstained"
	failed    = "failed"
)

// counted notes whether a model was asked.
type counted struct {
	model.Completer
	asked int
}

// Complete implements model.Completer.
func (c *counted) Complete(ctx context.Context, r model.Request) (model.Response, error) {
	c.asked++
	return c.Completer.Complete(ctx, r)
}

// run sends one case through the engine. An error is one of the model's provider: nothing was measured then.
func (t Trial) run(ctx context.Context, w prompts.Workflow, g prompts.Golden) (Result, error) {
	r := Result{Case: g.Name, State: made, Missing: []string{}, Forbidden: []string{}, Numbers: map[string]float64{}}
	h, err := newHistory(g, cmp.Or(t.Portal, 1))
	if err != nil {
		return r, err
	}
	ask := &counted{Completer: t.Model}
	e := engine.Engine{Workflows: []prompts.Workflow{w}, Retriever: h, Models: map[string]engine.Model{"": ask}, History: h, Proposals: kept{history: h},
		Policy: func(crm.PortalID) engine.Policy { return engine.Policy{Write: true, Mode: crm.GateOn} }, Now: func() time.Time { return h.now }, Spending: t.Spending, Usage: g.Usage}
	d, err := e.DryRun(ctx, w.Name, h.subject, time.Time{})
	switch {
	case errors.Is(err, crm.ErrInvalid) && ctx.Err() == nil:
		r.State, r.Why = failed, err.Error()
	case err != nil:
		return r, err
	case len(d.Proposal.Changes) == 0 && ask.asked == 0:
		r.State, r.Why = abstained, strings.Join(d.Proposal.Reasons, "; ")
	case len(d.Proposal.Changes) == 0:
		r.State, r.Why = dropped, strings.Join(d.Proposal.Reasons, "; ")
	}
	r.count(d.Proposal, h)
	if g.Thin {
		if r.Right = r.State == abstained && strings.Contains(r.Why, engine.TooThin); !r.Right {
			r.Forbidden = append(r.Forbidden, "an answer: the evidence is too thin for one")
		}
		return r, nil
	}
	if r.Right = g.Nothing && (r.State == dropped || r.State == abstained); r.Right {
		return r, nil
	}
	r.compare(g, said(d))
	return r, nil
}

// count looks at the claims: those of the model, and those that a person would be shown, whose quotes are looked up once more without the engine's help.
func (r *Result) count(p crm.Proposal, h *history) {
	r.Claims = len(p.Claims)
	for _, c := range p.Claims {
		if !c.Supported {
			r.Cut++
		}
	}
	shown := map[int]bool{}
	for _, c := range p.Changes {
		for _, i := range c.Claims {
			shown[i] = true
		}
	}
	r.Shown = len(shown)
	for i := range shown {
		if c := p.Claims[i]; c.Supported && len(c.Evidence) > 0 && !slices.ContainsFunc(c.Evidence, func(e crm.Evidence) bool { return !h.holds(e) }) {
			r.Proved++
		}
	}
}

func (h *history) holds(e crm.Evidence) bool {
	if r, ok := h.records[e.Record]; ok {
		return r.Held(e.Property, e.Quote, e.Time)
	}
	for _, a := range h.activities {
		if a.Ref == e.Activity && a.Document.Version == e.Version {
			return e.Start >= 0 && e.Start < e.End && e.End <= len(a.Document.Text) && a.Document.Text[e.Start:e.End] == e.Quote
		}
	}
	return false
}

// said are the fields of the answer as far as they would reach a person: supported claims, and scalars when the run came to something.
func said(d engine.Dry) map[string]any {
	out := map[string]any{}
	var answer map[string]any
	if len(d.Proposal.Changes) == 0 || json.Unmarshal([]byte(d.Reply), &answer) != nil {
		return out
	}
	supported := map[string]bool{}
	for _, c := range d.Proposal.Claims {
		supported[c.Text] = c.Supported
	}
	for name, v := range answer {
		list, is := v.([]any)
		if !is {
			out[name] = v
			continue
		}
		texts := []string{}
		for _, c := range list {
			if claim, ok := c.(map[string]any); ok && supported[fmt.Sprint(claim["text"])] {
				texts = append(texts, fmt.Sprint(claim["text"]))
			}
		}
		out[name] = texts
	}
	return out
}

func holds(v any, want string) bool {
	switch x := v.(type) {
	case string:
		return strings.Contains(x, want)
	case []string:
		return slices.ContainsFunc(x, func(s string) bool { return strings.Contains(s, want) })
	}
	return false
}

// compare says what the case expected and is not there, and what is there and must not be.
func (r *Result) compare(g prompts.Golden, said map[string]any) {
	for field, wants := range g.Must {
		for _, want := range wants {
			r.Expected++
			if !holds(said[field], want) {
				r.Missing = append(r.Missing, field+": "+want)
			}
		}
	}
	for field, bans := range g.MustNot {
		for _, ban := range bans {
			if holds(said[field], ban) {
				r.Forbidden = append(r.Forbidden, field+": "+ban)
			}
		}
	}
	for field, v := range said {
		n, is := v.(float64)
		if !is {
			continue
		}
		r.Numbers[field] = n
		if bounds, bounded := g.Range[field]; bounded && (n < bounds[0] || n > bounds[1]) {
			r.Forbidden = append(r.Forbidden, fmt.Sprintf("%s: %g is outside %g to %g", field, n, bounds[0], bounds[1]))
		}
	}
	slices.Sort(r.Missing)
	slices.Sort(r.Forbidden)
}
