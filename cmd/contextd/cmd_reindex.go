package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"

	"github.com/spf13/cobra"
)

// reindexOrder is what POST /reindex takes.
type reindexOrder struct {
	ChangedOnly   bool `json:"changed_only,omitempty"`
	NewGeneration bool `json:"new_generation,omitempty"`
	Swap          bool `json:"swap,omitempty"`
	Force         bool `json:"force,omitempty"`
	Rollback      bool `json:"rollback,omitempty"`
}

// generationView is what the command reads of a generation.
type generationView struct {
	Name      string `json:"name"`
	State     string `json:"state"`
	Embedder  string `json:"embedder"`
	Dimension int    `json:"dimension"`
	Done      int    `json:"done"`
	Total     int    `json:"total"`
	LastError string `json:"last_error"`
}

// replayView is how a built generation compares with the live one.
type replayView struct {
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

func (p *program) reindexCommand() *cobra.Command {
	var o reindexOrder
	var state bool
	cmd := &cobra.Command{
		Use:   "reindex",
		Short: "Check everything against HubSpot, or build the index anew for another embedder or chunker",
		Long: "Check everything that is indexed against HubSpot: with --changed-only what is unchanged costs nothing, else everything is made anew.\n" +
			"--new-generation builds a second index beside the first for the configured embedder and this version's chunker, while the first one answers; it goes on where it was interrupted.\n" +
			"--swap asks both the same questions and lets the new one answer when it is not worse; --rollback goes back to the one before.",
		Example: "  contextd reindex --changed-only\n  contextd reindex --new-generation --swap\n  contextd reindex --rollback",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case o.ChangedOnly && (o.NewGeneration || o.Swap), o.Rollback && (o.ChangedOnly || o.NewGeneration || o.Swap), state && o != (reindexOrder{}):
				return usagef("--changed-only, --new-generation [--swap], --rollback and --state exclude each other")
			case o.Force && !o.Swap:
				return usagef("--force belongs to --swap")
			}
			return p.withClient(cmd, func(ctx context.Context, c *apiClient, out *output) error {
				switch {
				case state:
					return generationStates(ctx, c, out)
				case o.Rollback:
					return rollBack(ctx, c, out)
				case o.NewGeneration || o.Swap:
					return newGeneration(ctx, c, out, o)
				}
				if _, _, err := c.do(ctx, call{method: http.MethodPost, path: "/reindex", body: o}, nil); err != nil {
					return err
				}
				return watchIndex(ctx, c, out, indexOrder{}, nil)
			})
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.ChangedOnly, "changed-only", false, "spend nothing on what is unchanged")
	f.BoolVar(&o.NewGeneration, "new-generation", false, "build a second index for the configured embedder")
	f.BoolVar(&o.Swap, "swap", false, "let the built generation answer when it is not worse")
	f.BoolVar(&o.Force, "force", false, "swap even when it is worse")
	f.BoolVar(&o.Rollback, "rollback", false, "let the generation before answer again")
	f.BoolVar(&state, "state", false, "list the generations and do nothing")
	return cmd
}

// newGeneration builds (unless only a swap is asked for), watches, and swaps if asked to.
func newGeneration(ctx context.Context, c *apiClient, out *output, o reindexOrder) error {
	if o.NewGeneration {
		var g generationView
		if _, _, err := c.do(ctx, call{method: http.MethodPost, path: "/reindex", body: reindexOrder{NewGeneration: true}}, &g); err != nil {
			return err
		}
		if err := watchBuild(ctx, c, out, g.Name); err != nil {
			return err
		}
		if !o.Swap {
			out.Say("generation %s is built; contextd reindex --swap lets it answer", g.Name)
			return generationStates(ctx, c, out)
		}
	}
	var r replayView
	if _, _, err := c.do(ctx, call{method: http.MethodPost, path: "/reindex", body: reindexOrder{Swap: true, Force: o.Force}}, &r); err != nil {
		return err
	}
	err := out.Value(r, func(w io.Writer) {
		fmt.Fprintf(w, "%d questions with a known answer: MRR %.3f on %s, %.3f on %s\n%d recent questions: the answers agree to %s\n", r.Known, r.FromMRR, r.From, r.ToMRR, r.To,
			r.Recent, percent(r.Agreement))
		if r.Swapped {
			fmt.Fprintf(w, "%s answers now; contextd reindex --rollback goes back to %s\n", r.To, r.From)
		}
	})
	if err == nil && !r.Swapped {
		err = withExit(exitEvaluation, fmt.Errorf("generation %s is worse than %s and was not swapped: --force swaps it nevertheless", r.To, r.From))
	}
	return err
}

// watchBuild shows how far a generation is until it is built or given up.
func watchBuild(ctx context.Context, c *apiClient, out *output, name string) error {
	bars := newProgress(out)
	defer bars.close()
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		var all page[generationView]
		if _, _, err := c.do(ctx, call{method: http.MethodGet, path: "/reindex"}, &all); err != nil {
			return err
		}
		i := slices.IndexFunc(all.Items, func(g item[generationView]) bool { return g.Read.Name == name })
		if i < 0 {
			return fmt.Errorf("generation %s is gone", name)
		}
		g := all.Items[i].Read
		bars.count(name, g.Done, g.Total)
		switch g.State {
		case "built", "live", "kept":
			return nil
		case "failed":
			return fmt.Errorf("building %s was given up: %s: mend the cause, then contextd work redrive build:%s", name, oneLine(g.LastError), name)
		}
		if err := wait(ctx, pause); err != nil {
			return err
		}
	}
}

func rollBack(ctx context.Context, c *apiClient, out *output) error {
	var g item[generationView]
	if _, _, err := c.do(ctx, call{method: http.MethodPost, path: "/reindex", body: reindexOrder{Rollback: true}}, &g); err != nil {
		return err
	}
	return out.Value(g, func(w io.Writer) { fmt.Fprintf(w, "%s answers again\n", g.Read.Name) })
}

func generationStates(ctx context.Context, c *apiClient, out *output) error {
	var all page[generationView]
	if _, _, err := c.do(ctx, call{method: http.MethodGet, path: "/reindex"}, &all); err != nil {
		return err
	}
	return printList(out, all, all.Items, []column[item[generationView]]{
		{"GENERATION", func(g item[generationView]) string { return g.Read.Name }},
		{"STATE", func(g item[generationView]) string { return g.Read.State }},
		{"ACTIVITIES", func(g item[generationView]) string { return fmt.Sprintf("%d of %d", g.Read.Done, g.Read.Total) }},
		{"DIMENSION", func(g item[generationView]) string { return strconv.Itoa(g.Read.Dimension) }},
		{"EMBEDDER", func(g item[generationView]) string { return g.Read.Embedder }},
		{"ERROR", func(g item[generationView]) string { return shorten(g.Read.LastError, 60) }},
	})
}

func (p *program) verifyCommand() *cobra.Command {
	var mend bool
	cmd := &cobra.Command{
		Use:     "verify",
		Short:   "Prove that the index holds what the store says, and mend it",
		Example: "  contextd index verify\n  contextd index verify --mend",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.withClient(cmd, func(ctx context.Context, c *apiClient, out *output) error {
				var v item[struct{ Same, Missing, Stale, Moved, Orphans, Mended int }]
				if _, _, err := c.do(ctx, call{method: http.MethodPost, path: "/index/verify", body: map[string]bool{"mend": mend}}, &v); err != nil {
					return err
				}
				r := v.Read
				err := out.Value(v, func(w io.Writer) {
					fmt.Fprintf(w, "%d activities agree; missing %d, stale %d, moved %d, orphans %d; mended %d\n", r.Same, r.Missing, r.Stale, r.Moved, r.Orphans, r.Mended)
				})
				if differ := r.Missing + r.Stale + r.Moved + r.Orphans; err == nil && differ > r.Mended {
					err = withExit(exitPartial, fmt.Errorf("the index differs from the store in %d activities: contextd index verify --mend makes it agree", differ))
				}
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&mend, "mend", false, "make the index agree with the store")
	return cmd
}
