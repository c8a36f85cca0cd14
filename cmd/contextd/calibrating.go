package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/contextd/contextd/engine"
	"github.com/contextd/contextd/internal/calibration"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/prompts"
)

// calibrating turns what people decided into what may be written without them. Every decision marks its field; the handler works the outcomes off, and once a day and at the
// start all fields are marked, because the configuration may have changed.
type calibrating struct{ s *service }

const calibrateEvery = 24 * time.Hour

func (c *calibrating) run(ctx context.Context) error {
	return periodically(ctx, 0, calibrateEvery, func() {
		if err := c.markAll(ctx); err != nil && !errors.Is(err, context.Canceled) {
			c.s.log.Warn("fields could not be marked for calibration; it is tried again", "cause", err)
		}
	})
}

// markAll marks every field that is under an error budget.
func (c *calibrating) markAll(ctx context.Context) error {
	var marks []crm.Mark
	for _, portal := range c.s.portals {
		if c.s.policies[portal].Budget.Wrong == 0 {
			continue
		}
		for _, f := range c.fields(portal, "") {
			marks = append(marks, crm.Mark{Portal: portal, Kind: crm.CalibrateWork, Key: crm.CalibrateKey(f.workflow, f.name), Lane: crm.BackfillLane})
		}
	}
	if len(marks) == 0 {
		return nil
	}
	return c.s.db.Mark(ctx, marks, crm.Claim{})
}

// calibrated is one field of a workflow in a portal, as policy and workflow set it up.
type calibrated struct {
	portal         crm.PortalID
	workflow, name string
	group          calibration.Group
}

// fields lists those of a workflow, "" for all, that the gate decides about.
func (c *calibrating) fields(portal crm.PortalID, workflow string) (out []calibrated) {
	for _, w := range c.s.workflows {
		if workflow != "" && w.Name != workflow {
			continue
		}
		for _, ch := range w.Changes {
			g := engine.GroupOf(c.s.policies[portal], w, ch)
			f := calibrated{portal, w.Name, g.Fields[0], g}
			if !slices.ContainsFunc(out, func(o calibrated) bool { return o.workflow == f.workflow && o.name == f.name }) && !dropped(ch) {
				out = append(out, f)
			}
		}
	}
	return out
}

func dropped(c prompts.Change) bool { return c.Verdict != nil && *c.Verdict == crm.Drop }

// field is one by its names; crm.ErrNotFound, and crm.ErrConflict without an error budget.
func (c *calibrating) field(portal crm.PortalID, workflow, name string) (calibrated, error) {
	for _, f := range c.fields(portal, workflow) {
		if workflow != "" && f.name == name {
			if f.group.Budget.Wrong == 0 {
				return f, fmt.Errorf("there is no error budget: set gate.error_budget: %w", crm.ErrConflict)
			}
			return f, nil
		}
	}
	return calibrated{}, fmt.Errorf("no workflow %q writes %q: %w", workflow, name, crm.ErrNotFound)
}

// work is the handler of crm.CalibrateWork.
func (c *calibrating) work(ctx context.Context, claims []crm.Claim) []error {
	out := make([]error, len(claims))
	for i, claim := range claims {
		workflow, name, _ := strings.Cut(claim.Key, ":")
		f, err := c.field(claim.Portal, workflow, name)
		switch {
		case errors.Is(err, crm.ErrNotFound), errors.Is(err, crm.ErrConflict): // of a workflow that is gone, or without a budget: nothing is learned, and all outcomes are kept
		case err != nil:
			out[i] = err
		default:
			out[i] = c.advance(ctx, f, crm.System("calibration"))
		}
	}
	return out
}

// known is what is stored about a field.
type known struct {
	row   crm.Calibration
	state calibration.State
	fits  []calibration.Fit
}

func (c *calibrating) known(ctx context.Context, f calibrated) (k known, err error) {
	if k.row, err = c.s.db.Calibration(ctx, f.portal, f.workflow, f.name); err != nil {
		return k, err
	}
	if k.row.Rev > 0 {
		if err = json.Unmarshal([]byte(k.row.State), &k.state); err != nil {
			return k, fmt.Errorf("calibration of %s.%s: %w", f.workflow, f.name, err)
		}
	}
	rows, err := c.s.db.Fits(ctx, f.portal, f.workflow, f.name)
	if err != nil {
		return k, err
	}
	for _, r := range rows {
		fit, err := fitOf(r)
		if err != nil {
			return k, err
		}
		k.fits = append(k.fits, fit)
	}
	return k, nil
}

func fitOf(r crm.CalibrationFit) (f calibration.Fit, err error) {
	if err = json.Unmarshal([]byte(r.Body), &f); err != nil {
		return f, fmt.Errorf("fit %d: %w", r.Version, err)
	}
	return f, nil
}

// outcomes reads those of a field's workflow behind a number.
func (c *calibrating) outcomes(ctx context.Context, f calibrated, after int64) (all []crm.Outcome, err error) {
	for {
		page, next, err := c.s.db.Outcomes(ctx, f.portal, f.workflow, after, 1000)
		if err != nil || len(page) == 0 {
			return all, err
		}
		all, after = append(all, page...), next
	}
}

// past reads what happened to a field since it was last worked off; all that counts only when it must be read.
func (c *calibrating) past(ctx context.Context, f calibrated, s calibration.State) (p calibration.Past, err error) {
	p.Whole = func() ([]crm.Outcome, error) { return c.outcomes(ctx, f, s.From) }
	if p.Outcomes, err = c.outcomes(ctx, f, max(s.Seen, s.From)); err != nil || s.Live == 0 {
		return p, err
	}
	writes, err := c.s.db.WrittenAloneSince(ctx, f.portal, f.workflow, f.name, s.Since, s.Watch.Frozen)
	for _, w := range writes {
		p.Written = append(p.Written, calibration.Write(w))
	}
	return p, err
}

// advance works off what came in about a field. Whoever else has changed it meanwhile goes first: the work is tried again.
func (c *calibrating) advance(ctx context.Context, f calibrated, by crm.Actor) error {
	k, err := c.known(ctx, f)
	if err != nil {
		return err
	}
	past, err := c.past(ctx, f, k.state)
	if err != nil {
		return err
	}
	state, events, err := calibration.Advance(f.group, k.state, k.fits, past, c.s.now().UTC())
	if err != nil {
		return fmt.Errorf("calibrate %s.%s: %w", f.workflow, f.name, err)
	}
	var made []crm.CalibrationFit
	var entries []crm.AuditEntry
	for _, e := range events {
		if e.Action == calibration.Fitted {
			body, err := json.Marshal(e.Fit)
			if err != nil {
				return fmt.Errorf("fit of %s.%s: %w", f.workflow, f.name, err)
			}
			made = append(made, crm.CalibrationFit{Version: e.Fit.Version, At: e.Fit.At, Body: string(body)})
		}
		entries = append(entries, f.entry(e.Action, by, state, e.Fit, e.Why))
		c.s.log.Info("calibration", "event", e.Action, "portal", f.portal, "workflow", f.workflow, "field", f.name, "fit", e.Fit.Version, "in_force", state.Live, "why", e.Why)
	}
	return c.keep(ctx, f, k.row, state, made, entries)
}

func (c *calibrating) keep(ctx context.Context, f calibrated, row crm.Calibration, s calibration.State, made []crm.CalibrationFit, entries []crm.AuditEntry) error {
	text, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("calibration of %s.%s: %w", f.workflow, f.name, err)
	}
	if row.State == string(text) {
		return nil
	}
	row.State = string(text)
	return c.s.db.KeepCalibration(ctx, row, made, entries)
}

// entry is what the audit keeps of an event.
func (f calibrated) entry(action string, by crm.Actor, s calibration.State, fit calibration.Fit, why string) crm.AuditEntry {
	ids := map[string]string{"workflow": f.workflow, "field": f.name, "in_force": strconv.Itoa(s.Live), "budget": strconv.FormatFloat(f.group.Budget.Wrong, 'g', -1, 64)}
	if fit.Version > 0 {
		ids["fit"], ids["outcomes"], ids["threshold"] = strconv.Itoa(fit.Version), strconv.Itoa(fit.Outcomes), strconv.FormatFloat(fit.Threshold, 'g', -1, 64)
	}
	if why != "" {
		ids["why"] = why
	}
	return crm.AuditEntry{Action: action, Actors: []crm.Actor{by}, IDs: ids, Hashes: map[string]string{}}
}

// trackOf is how many of a workflow's newest decisions say how reliable its fields and sources are.
const trackOf = 300

// before is engine.Engine.Decided.
func (c *calibrating) before(ctx context.Context, portal crm.PortalID, workflow string, at time.Time) ([]crm.Outcome, error) {
	return c.s.db.DecidedBefore(ctx, portal, workflow, at, trackOf)
}

// proof is engine.Engine.Proofs: what is stored at this moment, so that a field that was closed writes nothing from then on.
func (c *calibrating) proof(ctx context.Context, portal crm.PortalID, g calibration.Group) (calibration.Proof, error) {
	row, err := c.s.db.Calibration(ctx, portal, g.Workflow, g.Fields[0])
	if err != nil {
		return calibration.Proof{}, err
	}
	var s calibration.State
	if row.Rev > 0 {
		if err := json.Unmarshal([]byte(row.State), &s); err != nil {
			return calibration.Proof{}, fmt.Errorf("calibration of %s.%s: %w", g.Workflow, g.Fields[0], err)
		}
	}
	var live calibration.Fit
	if s.Live != 0 {
		r, err := c.s.db.Fit(ctx, portal, g.Workflow, g.Fields[0], s.Live)
		if err != nil {
			return calibration.Proof{}, err
		}
		if live, err = fitOf(r); err != nil {
			return calibration.Proof{}, err
		}
	}
	return s.Proof(g, live), nil
}
