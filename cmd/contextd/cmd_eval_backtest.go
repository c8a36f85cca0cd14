package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/evals/backtest"
	"github.com/contextd/contextd/internal/evals/retrieval"
	"github.com/contextd/contextd/prompts"
)

// evalBacktestOptions are the flags of contextd eval backtest.
type evalBacktestOptions struct {
	evalOptions
	workflow string
	days     []int
	own      bool
	deals    bool
	portal   crm.PortalID
}

func (p *program) evalBacktestCommand() *cobra.Command {
	var o evalBacktestOptions
	cmd := &cobra.Command{
		Use:   "backtest --workflow NAME [--as-of-days N …]",
		Short: "Measure a score of deals against how they ended",
		Long: `Measure a score of deals against how they ended: the workflow is run for every closed deal as of some days before it was closed, with nothing later in sight, by when it happened and by
when it became known. When a deal was closed says the history of its stage; deals without one are left out and counted.

  order   share of pairs of a won and a lost deal whose scores are in that order, ties half (the area under the ROC curve), with its 95 % interval
  brier   mean squared distance of the score, as a share of 100, from the outcome: 0 is perfect

Beside the workflow stand what needs no model: the probability of the deal's stage as of then, how lately anybody was heard (recency), and the share of won deals as a constant guess (prior).
All are measured on the deals that the workflow scored. How many deals are too few to prove much is said.

Without --own the demo portal is measured, whose deals and histories are made up: that shows that nothing leaks and what can be told from its texts, not how good the score is elsewhere.
--gate exits 6 when a figure of the workflow is lower than accepted; --accept writes them.`,
		Example: "  contextd eval backtest --workflow deal_score\n  contextd eval backtest --workflow deal_score --own --as-of-days 60 --as-of-days 30 -o json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out, err := p.output(cmd)
			if err != nil {
				return err
			}
			if err := o.checkBacktest(); err != nil {
				return err
			}
			cfg, err := p.config(cmd, nil)
			if err != nil {
				return err
			}
			if o.config = cfg; o.own {
				if err := cfg.NeedHubSpot(false); err != nil {
					return err
				}
				selected, err := cfg.Selected()
				if err != nil {
					return err
				}
				o.portal = selected.PortalID
			}
			return evalBacktest(cmd.Context(), out, o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.workflow, "workflow", "deal_score", "`NAME` of the workflow: one of deals that writes a number")
	f.IntSliceVar(&o.days, "as-of-days", []int{30, 14, 7}, "so many days before a deal was closed; may be given several times")
	f.BoolVar(&o.own, "own", false, "the closed deals of the configured portal; its data directory must not be in use")
	f.BoolVar(&o.deals, "deals", false, "show each deal with its score")
	f.BoolVar(&o.gate, "gate", false, "fail when a figure is lower than accepted")
	f.BoolVar(&o.accept, "accept", false, "accept the figures")
	f.StringVar(&o.accepted, "accepted", "internal/evals/backtest/accepted.tsv", "`FILE` with the accepted figures")
	f.Float64Var(&o.tolerance, "tolerance", .005, "by how much a figure may be lower than accepted")
	return cmd
}

func (o *evalBacktestOptions) checkBacktest() error {
	switch {
	case o.gate && o.accept:
		return usagef("--gate and --accept contradict each other: leave one out")
	case o.own && (o.gate || o.accept):
		return usagef("--gate and --accept are for the demo portal, which everybody has: leave them out, or leave out --own")
	case len(o.days) == 0 || slices.Min(o.days) < 1:
		return usagef("--as-of-days %v: give days before the close, 1 or more", o.days)
	}
	slices.SortFunc(o.days, func(a, b int) int { return b - a })
	o.days = slices.Compact(o.days)
	return nil
}

// backtestReport is what one way to score reached at one distance from the close.
type backtestReport struct {
	Workflow string   `json:"workflow"`
	Days     int      `json:"as_of_days"`
	Score    string   `json:"score"` // the workflow's name, stage, recency or prior
	Model    string   `json:"model,omitempty"`
	Deals    int      `json:"deals"`
	Won      int      `json:"won"`
	Lost     int      `json:"lost"`
	LeftOut  int      `json:"left_out"` // the run came to nothing, or the deal did not exist yet
	Order    *float64 `json:"order"`
	Low      *float64 `json:"low"` // of the 95 % interval
	High     *float64 `json:"high"`
	Brier    *float64 `json:"brier"`
	TooFew   string   `json:"too_few,omitempty"`

	Each []backtestDeal `json:"each,omitempty"`
}

type backtestDeal struct {
	Deal    string    `json:"deal"`
	Name    string    `json:"name"`
	AsOf    time.Time `json:"as_of"`
	Won     bool      `json:"won"`
	Score   *float64  `json:"score"`             // nil: it came to nothing
	Factors []string  `json:"factors,omitempty"` // each once, with + or - before it
	Why     string    `json:"why,omitempty"`     // it came to nothing
}

func evalBacktest(ctx context.Context, out *output, o evalBacktestOptions) (err error) {
	s, portal, end, err := o.history(ctx)
	defer func() {
		if e := end(); e != nil {
			fmt.Fprintf(out.Stderr, "contextd: clean up: %v\n", e)
		}
	}()
	if err != nil {
		return err
	}
	b, err := newBacktest(ctx, s, portal, o.workflow)
	if err != nil {
		return err
	}
	if b.undated > 0 {
		out.Say("%d closed deals are left out: the history of their stage does not say when they were closed", b.undated)
	}
	var reports []backtestReport
	for _, days := range o.days {
		r, err := b.measure(ctx, days, o.deals)
		if err != nil {
			return err
		}
		reports = append(reports, r...)
	}
	if out.Format == formatLines {
		err = printList(out, nil, reports, nil)
	} else {
		err = out.Value(map[string]any{"items": reports}, func(w io.Writer) { showBacktest(w, reports) })
	}
	if err != nil {
		return err
	}
	return settleFigures(out, o.evalOptions, backtestFigures(b.workflow, reports))
}

// history opens the data that is measured: the demo portal's in a place of its own, or that of the configuration. end is never nil.
func (o evalBacktestOptions) history(ctx context.Context) (s *service, portal crm.PortalID, end func() error, err error) {
	if !o.own {
		s, sim, end, err := readDemo(ctx)
		if err != nil {
			return nil, 0, end, err
		}
		return s, sim.Options().Portal, end, nil
	}
	nothing := func() error { return nil }
	if s, err = openService(ctx, o.config, slog.New(slog.DiscardHandler), "", nil); err != nil {
		return nil, 0, nothing, whoHolds(err)
	}
	return s, o.portal, s.close, nil
}

// backtestFigures are those that are accepted and gated: what the workflow does.
func backtestFigures(w prompts.Workflow, reports []backtestReport) retrieval.Accepted {
	got := retrieval.Accepted{}
	for _, r := range reports {
		if r.Score != w.Name || r.Order == nil {
			continue
		}
		at := retrieval.Figure{Set: "demo", Mode: fmt.Sprintf("%s@%d/%dd", w.Name, w.Version, r.Days), BackEnd: "engine", Embedder: r.Model}
		for name, v := range map[string]float64{"order": *r.Order, "1-brier": 1 - *r.Brier} {
			at.Measure = name
			got[at] = v
		}
	}
	return got
}

// showBacktest writes the figures for people.
func showBacktest(w io.Writer, reports []backtestReport) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "DAYS BEFORE\tSCORE\tDEALS\tWON\tLOST\tLEFT OUT\tORDER\t95 %\tBRIER")
	number := func(v *float64) string {
		if v == nil {
			return "-"
		}
		return fmt.Sprintf("%.4f", *v)
	}
	for _, r := range reports {
		between := "-"
		if r.Low != nil {
			between = fmt.Sprintf("%.2f–%.2f", *r.Low, *r.High)
		}
		fmt.Fprintf(t, "%d\t%s\t%d\t%d\t%d\t%d\t%s\t%s\t%s\n", r.Days, r.Score, r.Deals, r.Won, r.Lost, r.LeftOut, number(r.Order), between, number(r.Brier))
	}
	t.Flush() // into memory: cannot fail
	for _, r := range reports {
		if r.TooFew != "" {
			fmt.Fprintf(w, "%d days before, %s: %s\n", r.Days, r.Score, r.TooFew)
		}
	}
	for _, r := range reports {
		showBacktestDeals(w, r)
	}
}

func showBacktestDeals(w io.Writer, r backtestReport) {
	if len(r.Each) == 0 {
		return
	}
	each := slices.Clone(r.Each)
	slices.SortStableFunc(each, func(a, b backtestDeal) int { return cmp.Compare(scoreOr(b.Score, -1), scoreOr(a.Score, -1)) })
	fmt.Fprintf(w, "\n%d days before, %s\n", r.Days, r.Score)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, d := range each {
		score, ended := "-", "lost"
		if d.Score != nil {
			score = fmt.Sprintf("%.0f", *d.Score)
		}
		if d.Won {
			ended = "won"
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s\t%s\n", score, ended, d.Deal, printable(d.Name), d.AsOf.Format(time.DateOnly), printable(cmp.Or(d.Why, strings.Join(d.Factors, " "))))
	}
	t.Flush() // into memory: cannot fail
}

func scoreOr(v *float64, otherwise float64) float64 {
	if v == nil {
		return otherwise
	}
	return *v
}

// reportOf measures samples; probable says that their scores are probabilities.
func reportOf(r backtestReport, samples []backtest.Sample, probable bool) backtestReport {
	r.Deals = len(samples)
	r.Won, r.Lost = backtest.Count(samples)
	if order, ok := backtest.Order(samples); ok {
		low, high := backtest.Interval(order, r.Won, r.Lost)
		r.Order, r.Low, r.High = &order, &low, &high
	}
	if probable && len(samples) > 0 {
		b := backtest.Brier(samples)
		r.Brier = &b
	}
	return r
}
