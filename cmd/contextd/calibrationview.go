package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/contextd/contextd/internal/calibration"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/web"
)

// CalibratedFields implements web.Calibration.
func (c *calibrating) CalibratedFields(ctx context.Context, portal crm.PortalID, workflow string) ([]web.CalibratedField, error) {
	fields := c.fields(portal, workflow)
	if len(fields) == 0 {
		return nil, fmt.Errorf("workflow %q does not exist: %w", workflow, crm.ErrNotFound)
	}
	out := []web.CalibratedField{}
	for _, f := range fields {
		v, err := c.view(ctx, f)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// FitField implements web.Calibration.
func (c *calibrating) FitField(ctx context.Context, portal crm.PortalID, workflow, name string, by crm.Actor) (web.CalibratedField, error) {
	f, err := c.field(portal, workflow, name)
	if err == nil {
		err = again(func() error { return c.advance(ctx, f, by) })
	}
	if err != nil {
		return web.CalibratedField{}, err
	}
	return c.view(ctx, f)
}

// RollBackField implements web.Calibration.
func (c *calibrating) RollBackField(ctx context.Context, portal crm.PortalID, workflow, name string, version int, by crm.Actor) (web.CalibratedField, error) {
	none := web.CalibratedField{}
	f, err := c.field(portal, workflow, name)
	if err != nil {
		return none, err
	}
	first, err := c.known(ctx, f)
	if err != nil {
		return none, err
	}
	if version < 0 {
		version = first.state.Before(f.group, first.fits)
	}
	err = again(func() error {
		k, err := c.known(ctx, f)
		if err != nil {
			return err
		}
		if k.state.Live != first.state.Live {
			return errRefused{fmt.Errorf("version %d came into force meanwhile: look again", k.state.Live)}
		}
		if err := k.state.RollBack(f.group, k.fits, version); err != nil {
			return errRefused{err}
		}
		return c.keep(ctx, f, k.row, k.state, nil, []crm.AuditEntry{f.entry("calibration.rolled_back", by, k.state, calibration.Fit{}, fmt.Sprintf("from version %d", first.state.Live))})
	})
	if refused := (errRefused{}); errors.As(err, &refused) {
		err = fmt.Errorf("%w: %w", refused.error, crm.ErrConflict)
	}
	if err != nil {
		return none, fmt.Errorf("roll back %s.%s: %w", workflow, name, err)
	}
	return c.view(ctx, f)
}

// errRefused is a rollback that trying again does not help.
type errRefused struct{ error }

// again tries what a decision that came in at the same moment may have kept from being stored.
func again(do func() error) (err error) {
	for range 5 {
		if err = do(); !errors.Is(err, crm.ErrConflict) {
			return err
		}
	}
	return err
}

// view is a field as it is shown. The reliability is that of the curve which holds now, on the outcomes that it was not learned from.
func (c *calibrating) view(ctx context.Context, f calibrated) (web.CalibratedField, error) {
	k, err := c.known(ctx, f)
	if err != nil {
		return web.CalibratedField{}, err
	}
	all, err := c.outcomes(ctx, f, k.state.From)
	if err != nil {
		return web.CalibratedField{}, err
	}
	var live calibration.Fit
	for _, fit := range k.fits {
		if fit.Version == k.state.Live {
			live = fit
		}
	}
	sum := calibration.Sum(f.group, k.state, live, calibration.Past{Outcomes: all})
	v := web.CalibratedField{Workflow: f.workflow, Field: f.name, Budget: web.CalibrationBudget(f.group.Budget), Threshold: sum.Threshold, Outcomes: sum.Outcomes, Wrong: sum.Wrong, Looks: sum.Looks,
		Fitted: sum.Fitted, Reliability: shownReliability(sum.Reliability), Fits: []web.CalibrationFit{}}
	if f.group.Budget.Wrong != 0 {
		v.Open, v.Why, v.Version, v.Needed, v.NextLevel = sum.Proof.Open, sum.Proof.Why, sum.Proof.Version, sum.Needed, sum.NextLevel
	} else {
		v.Why = "there is no error budget (gate.error_budget): the fixed threshold on the conservative prior decides"
	}
	for _, fit := range slices.Backward(k.fits) {
		one := web.CalibrationFit{Version: fit.Version, At: fit.At.UTC(), Outcomes: fit.Outcomes, Budget: web.CalibrationBudget(fit.Budget), Level: fit.Level, Fitted: fit.Fitted, Open: fit.Open,
			Threshold: fit.Threshold, InForce: sum.Proof.Open && fit.Version == k.state.Live, TakenBack: slices.Contains(k.state.TakenBack, fit.Version)}
		if t, ok := fit.Decisive(); ok {
			one.Tested, one.Wrong, one.Most = t.Count, t.Wrong, t.Most
		}
		v.Fits = append(v.Fits, one)
	}
	return v, nil
}

func shownReliability(r calibration.Reliability) web.Reliability {
	out := web.Reliability{Count: r.Count, Brier: r.Brier, Bins: []web.ReliabilityBin{}}
	for _, b := range r.Bins {
		out.Bins = append(out.Bins, web.ReliabilityBin(b))
	}
	return out
}
