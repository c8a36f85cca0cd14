package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/engine"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/evals/backtest"
	"github.com/contextd/contextd/prompts"
)

// backtested runs a workflow of deals as of moments before they were closed.
type backtested struct {
	s        *service
	workflow prompts.Workflow
	field    string // of the answer: the number
	stages   map[string]backtestStage
	deals    []closedDeal
	undated  int // closed deals whose history does not say when
}

// backtestStage is what a portal says of a stage.
type backtestStage struct {
	probability float64 // below 0: nothing
	closed      bool
}

type closedDeal struct {
	record crm.Record
	won    bool
	closed time.Time
}

func newBacktest(ctx context.Context, s *service, portal crm.PortalID, workflow string) (*backtested, error) {
	b := &backtested{s: s, stages: map[string]backtestStage{}}
	at := slices.IndexFunc(s.workflows, func(w prompts.Workflow) bool { return w.Name == workflow })
	if at < 0 {
		return nil, usagef("--workflow: %q is not a workflow", workflow)
	}
	b.workflow = s.workflows[at]
	for _, c := range b.workflow.Changes {
		if c.Kind == crm.PropertyKind && c.Type == "number" && c.Value != "" && b.field == "" {
			b.field = c.Value
		}
	}
	if b.field == "" || !slices.Contains(b.workflow.Subjects, crm.Deals) {
		return nil, usagef("--workflow: %s is no score of deals: want a workflow about deals that writes a number", workflow)
	}
	pipelines, err := s.clients[portal].Pipelines(ctx, crm.Deals)
	if err != nil {
		return nil, fmt.Errorf("the stages of deals: %w", err)
	}
	for _, p := range pipelines {
		for _, stage := range p.Stages {
			b.stages[stage.ID] = backtestStage{stage.Probability, stage.Closed}
		}
	}
	return b, b.find(ctx, portal)
}

// find lists the closed deals of all accounts.
func (b *backtested) find(ctx context.Context, portal crm.PortalID) error {
	accounts, err := b.s.db.Accounts(ctx, portal)
	if err != nil {
		return err
	}
	seen := map[crm.Ref]bool{}
	for _, account := range accounts {
		records, err := b.s.db.RecordsOf(ctx, account, crm.Deals)
		if err != nil {
			return fmt.Errorf("deals of %s: %w", account.Path(), err)
		}
		for _, rec := range records {
			stage := b.stages[rec.Properties["dealstage"]]
			if seen[rec.Ref] || !stage.closed {
				continue
			}
			seen[rec.Ref] = true
			at := b.closedAt(rec)
			if at.IsZero() {
				b.undated++
				continue
			}
			b.deals = append(b.deals, closedDeal{rec, stage.probability >= 1, at})
		}
	}
	slices.SortFunc(b.deals, func(x, y closedDeal) int { return x.record.Ref.Compare(y.record.Ref) })
	return nil
}

// closedAt is when the deal left its last open stage; zero when its history knows none, as that of a deal which was imported as closed.
func (b *backtested) closedAt(rec crm.Record) time.Time {
	var at time.Time
	for _, v := range rec.History["dealstage"] { // newest first
		if stage, known := b.stages[v.Value]; known && !stage.closed {
			return at
		}
		at = v.At
	}
	return time.Time{}
}

// measure scores every closed deal as of some days before it was closed, in each way.
func (b *backtested) measure(ctx context.Context, days int, each bool) ([]backtestReport, error) {
	head := backtestReport{Workflow: b.workflow.Name, Days: days}
	var scores, stages, recency, prior []backtest.Sample
	var list []backtestDeal
	for _, d := range b.deals {
		asOf := d.closed.AddDate(0, 0, -days)
		got, name, err := b.score(ctx, d.record.Ref, asOf)
		if err != nil {
			return nil, fmt.Errorf("%s as of %s: %w", d.record.Ref.Path(), asOf.Format(time.RFC3339), err)
		}
		got.Name, got.Won, head.Model = d.record.Name, d.won, name
		list = append(list, got)
		if got.Score == nil {
			head.LeftOut++
			continue
		}
		heard, err := b.heard(ctx, d.record, asOf)
		if err != nil {
			return nil, err
		}
		scores = append(scores, backtest.Sample{Score: *got.Score / 100, Won: d.won})
		stages = append(stages, backtest.Sample{Score: b.likely(d.record.Before(asOf)), Won: d.won})
		recency = append(recency, backtest.Sample{Score: heard, Won: d.won})
	}
	won, lost := backtest.Count(scores)
	for _, s := range scores {
		prior = append(prior, backtest.Sample{Score: float64(won) / float64(max(won+lost, 1)), Won: s.Won})
	}
	var out []backtestReport
	for _, way := range []struct {
		name     string
		samples  []backtest.Sample
		probable bool
	}{{b.workflow.Name, scores, true}, {"stage", stages, true}, {"recency", recency, false}, {"prior", prior, true}} {
		r := head
		if r.Score = way.name; way.name != b.workflow.Name {
			r.Model = ""
		}
		out = append(out, reportOf(r, way.samples, way.probable))
	}
	out[0].TooFew = backtest.TooFew(scoreOr(out[0].Order, 0), won, lost)
	if each {
		out[0].Each = list
	}
	return out, nil
}

// score runs the workflow as of a moment. What it quotes must be older than the moment.
func (b *backtested) score(ctx context.Context, deal crm.Ref, asOf time.Time) (out backtestDeal, model string, err error) {
	out = backtestDeal{Deal: deal.Path(), AsOf: asOf}
	d, err := b.s.engine.DryRun(ctx, b.workflow.Name, deal, asOf)
	if err != nil {
		return out, "", err
	}
	if err := seenLater(d, asOf); err != nil {
		return out, "", err
	}
	for _, c := range d.Proposal.Claims {
		name := map[string]string{"raises": "+", "lowers": "-"}[c.Effect] + strings.ReplaceAll(c.Factor, " ", "_")
		if c.Supported && !slices.Contains(out.Factors, name) {
			out.Factors = append(out.Factors, name)
		}
	}
	if len(out.Factors) == 0 {
		out.Why = strings.Join(d.Proposal.Reasons, "; ")
		return out, d.Proposal.Model, nil
	}
	var answer map[string]any
	if err := json.Unmarshal([]byte(d.Reply), &answer); err != nil {
		return out, "", fmt.Errorf("the answer: %w", err)
	}
	n, is := answer[b.field].(float64)
	if !is {
		return out, "", fmt.Errorf("the answer has no number %q", b.field)
	}
	out.Score = &n
	return out, d.Proposal.Model, nil
}

// seenLater refuses a run that read or quoted what was not there yet.
func seenLater(d engine.Dry, asOf time.Time) error {
	for _, p := range d.Passages {
		if !p.Time.Before(asOf) {
			return fmt.Errorf("the run has read %s of %s, which is later: this is a defect of contextd", p.Activity.Path(), p.Time.Format(time.RFC3339))
		}
	}
	for _, c := range d.Proposal.Claims {
		for _, e := range c.Evidence {
			if !e.Time.Before(asOf) {
				return fmt.Errorf("the run quotes %q of %s, which is later: this is a defect of contextd", e.Quote, e.Time.Format(time.RFC3339))
			}
		}
	}
	return nil
}

// likely is the probability that the portal gives to the stage of a deal; one half where it gives none.
func (b *backtested) likely(was crm.Record) float64 {
	if stage, known := b.stages[was.Properties["dealstage"]]; known && stage.probability >= 0 {
		return stage.probability
	}
	return .5
}

// heard is how lately something was exchanged about a deal: days, negated.
func (b *backtested) heard(ctx context.Context, deal crm.Record, asOf time.Time) (float64, error) {
	last := deal.Created
	account, err := b.s.db.Account(ctx, deal.Ref)
	if err != nil && !errors.Is(err, crm.ErrNotFound) {
		return 0, err
	}
	if err == nil {
		heard, err := b.s.db.Heard(ctx, crm.Hearing{Record: deal.Ref, Account: account, Until: asOf, AsOf: asOf})
		if err != nil {
			return 0, err
		}
		if heard.Last.Time.After(last) {
			last = heard.Last.Time
		}
	}
	return -asOf.Sub(last).Hours() / 24, nil
}
