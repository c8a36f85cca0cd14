package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/contextd/contextd/internal/evals/retrieval"
	goldens "github.com/contextd/contextd/internal/evals/workflows"
	"github.com/contextd/contextd/internal/model"
	"github.com/contextd/contextd/prompts"
)

// evalWorkflowOptions are the flags of contextd eval workflows.
type evalWorkflowOptions struct {
	evalOptions
	names     []string
	version   int
	providers []string
	only      []string
	cases     bool
}

func (p *program) evalWorkflowsCommand() *cobra.Command {
	var o evalWorkflowOptions
	cmd := &cobra.Command{
		Use:   "workflows",
		Short: "Measure workflows on their golden cases",
		Long: `Measure workflows on their golden cases: each goes through the engine with its passages as the whole history of an account.

  supported  share of the claims shown whose quotes stand in the texts; anything but 1 fails the gate
  coverage   share of the expected facts that are said
  clean      share of the cases that say nothing forbidden, and no number outside its range
  cut        share of the model's claims without support: nobody sees them
  dropped, abstained, failed   share of the cases that came to nothing: after the model was asked, before it, and because its answer stayed unusable
  order      share of pairs of cases with different known outcomes whose numbers are in that order (ties half): the area under the ROC curve

Without --provider the built-in writer is measured, and beside it the models of the configuration. --gate exits 6 when a figure is lower than accepted; --accept writes them.`,
		Example: "  contextd eval workflows\n  contextd eval workflows --workflow lead_score --provider ollama/qwen3:8b --cases",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out, err := p.output(cmd)
			if err != nil {
				return err
			}
			switch {
			case o.gate && o.accept:
				return usagef("--gate and --accept contradict each other: leave one out")
			case (o.gate || o.accept) && len(o.only) > 0:
				return usagef("--case leaves cases out, and figures are accepted of all of them: leave --gate and --accept out, or --case")
			case o.version != 0 && len(o.names) != 1:
				return usagef("--prompt is a version of one workflow: name it with --workflow")
			}
			if o.config, err = p.config(cmd, nil); err != nil {
				return err
			}
			return evalWorkflows(cmd.Context(), out, o)
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&o.names, "workflow", nil, "only these workflows")
	f.IntVar(&o.version, "prompt", 0, "another `VERSION` of its prompt than the one in workflow.yaml")
	f.StringArrayVar(&o.providers, "provider", nil, "builtin, or `PROVIDER/MODEL[@URL]` such as ollama/qwen3:8b; may be given several times")
	f.StringArrayVar(&o.only, "case", nil, "only the case of this `NAME`, as --cases shows it; may be given several times")
	f.BoolVar(&o.cases, "cases", false, "show each case with what is missing")
	f.BoolVar(&o.gate, "gate", false, "fail when a figure is lower than accepted")
	f.BoolVar(&o.accept, "accept", false, "accept the figures")
	f.StringVar(&o.accepted, "accepted", "internal/evals/workflows/accepted.tsv", "`FILE` with the accepted figures")
	f.Float64Var(&o.tolerance, "tolerance", .0001, "by how much a figure may be lower than accepted")
	return cmd
}

// evalWriter finds the model that writes for a workflow.
type evalWriter func(w prompts.Workflow) model.Completer

func evalWorkflows(ctx context.Context, out *output, o evalWorkflowOptions) (err error) {
	all, err := prompts.Open(o.config.Prompts.Dir)
	if err == nil {
		all, err = o.chosen(all)
	}
	if err != nil {
		return err
	}
	providers, done, err := evalProviders(o.config, o.providers)
	if err != nil {
		return err
	}
	defer done()
	var reports []goldens.Figures
	for _, writes := range providers {
		for _, w := range all {
			m := writes(w)
			f, err := goldens.Trial{Model: m, Only: o.only}.Measure(ctx, w)
			if err != nil {
				return fmt.Errorf("measure with %s: %w", m.Name(), err)
			}
			if !slices.ContainsFunc(reports, func(r goldens.Figures) bool { return r.Workflow == f.Workflow && r.Model == f.Model }) {
				reports = append(reports, f)
			}
		}
	}
	if err := showFigures(out, reports, o.cases); err != nil {
		return err
	}
	return settleWorkflows(out, o, reports)
}

// chosen are the workflows that the flags name, with the version asked for.
func (o evalWorkflowOptions) chosen(all []prompts.Workflow) ([]prompts.Workflow, error) {
	var names []string
	for _, w := range all {
		names = append(names, w.Name)
	}
	for _, n := range o.names {
		if !slices.Contains(names, n) {
			return nil, usagef("--workflow: %q is not a workflow: there are %s", n, strings.Join(names, ", "))
		}
	}
	if len(o.names) > 0 {
		all = slices.DeleteFunc(all, func(w prompts.Workflow) bool { return !slices.Contains(o.names, w.Name) })
	}
	if o.version != 0 {
		w, err := all[0].At(o.version)
		if err != nil {
			return nil, usagef("--prompt %d: %v", o.version, err)
		}
		all[0] = w
	}
	return o.having(all)
}

// having are the workflows that have one of the cases that the flags name.
func (o evalWorkflowOptions) having(all []prompts.Workflow) ([]prompts.Workflow, error) {
	if len(o.only) == 0 {
		return all, nil
	}
	has := func(w prompts.Workflow, names ...string) bool {
		return slices.ContainsFunc(w.Golden(), func(g prompts.Golden) bool { return slices.Contains(names, g.Name) })
	}
	for _, name := range o.only {
		if !slices.ContainsFunc(all, func(w prompts.Workflow) bool { return has(w, name) }) {
			return nil, usagef("--case: no case is called %q: see --cases", name)
		}
	}
	return slices.DeleteFunc(all, func(w prompts.Workflow) bool { return !has(w, o.only...) }), nil
}

// evalProviders are who is measured: those named, else the built-in writer and beside it, where another one is configured, those of the configuration as a run would choose them.
func evalProviders(cfg Config, named []string) (out []evalWriter, done func(), err error) {
	var open []writer
	done = func() {
		for _, w := range open {
			w.Close()
		}
	}
	only := func(w writer, m ModelConfig) evalWriter {
		open = append(open, w)
		c := cfg.Privacy.told(w, m)
		return func(prompts.Workflow) model.Completer { return c }
	}
	for _, name := range named {
		m, err := evalModel(cfg, name)
		if err != nil {
			return nil, done, err
		}
		w, err := makeWriter(m)
		if err != nil {
			return nil, done, err
		}
		out = append(out, only(w, m))
	}
	if len(named) > 0 {
		return out, done, nil
	}
	out = append(out, only(localWriter{}, ModelConfig{Provider: "builtin"}))
	if cfg.Model.Provider == "builtin" && len(cfg.Models) == 0 {
		return out, done, nil
	}
	all, err := writers(cfg)
	if err != nil {
		return nil, done, err
	}
	for _, w := range all {
		open = append(open, w)
	}
	told := map[string]model.Completer{}
	for _, m := range append([]ModelConfig{cfg.Model}, cfg.Models...) {
		for _, use := range m.uses() {
			told[use] = cfg.Privacy.told(all[use], m)
		}
	}
	return append(out, func(w prompts.Workflow) model.Completer {
		for _, key := range []string{w.Name, w.Model} {
			if m := told[key]; m != nil {
				return m
			}
		}
		return told[""]
	}), done, nil
}

// evalModel reads builtin or PROVIDER/MODEL[@URL]. The key is that of the configuration's model of the same provider.
func evalModel(cfg Config, name string) (ModelConfig, error) {
	if name == "builtin" {
		return ModelConfig{Provider: "builtin"}, nil
	}
	provider, rest, ok := strings.Cut(name, "/")
	if !ok || !slices.Contains([]string{"ollama", "openai", "anthropic"}, provider) {
		return ModelConfig{}, usagef("--provider %q: want builtin, ollama/MODEL[@URL], openai/MODEL[@URL] or anthropic/MODEL", name)
	}
	m := ModelConfig{Provider: provider}
	m.Model, m.BaseURL, _ = strings.Cut(rest, "@")
	for _, c := range append([]ModelConfig{cfg.Model}, cfg.Models...) {
		if c.Provider == provider && m.APIKey == "" {
			m.APIKey = c.APIKey
		}
	}
	return m, nil
}

// figuresPage is a list as every other one.
type figuresPage struct {
	Items []goldens.Figures `json:"items"`
	Next  *string           `json:"next"`
}

func showFigures(out *output, reports []goldens.Figures, cases bool) error {
	return out.Value(figuresPage{reports, nil}, func(w io.Writer) {
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "WORKFLOW\tMODEL\tCASES\tSUPPORTED\tCOVERAGE\tCLEAN\tCUT\tDROPPED\tABSTAINED\tFAILED\tORDER")
		for _, f := range reports {
			order := "-"
			if f.Order != nil {
				order = fmt.Sprintf("%.4f", *f.Order)
			}
			fmt.Fprintf(t, "%s@%d\t%s\t%d\t%.4f\t%.4f\t%.4f\t%.4f\t%.4f\t%.4f\t%.4f\t%s\n", f.Workflow, f.Version, f.Model, f.Cases, f.Supported, f.Coverage, f.Clean, f.Cut, f.Dropped, f.Abstained, f.Failed, order)
		}
		if err := t.Flush(); err != nil || !cases {
			return // the writer below keeps its error
		}
		for _, f := range reports {
			fmt.Fprintf(w, "\n%s@%d, %s\n", f.Workflow, f.Version, f.Model)
			for _, r := range f.Results {
				fmt.Fprintf(w, "  %-9s %s\n", r.State, r.Case)
				for _, line := range slices.Concat(prefixed("missing ", r.Missing), prefixed("must not be there: ", r.Forbidden)) {
					fmt.Fprintf(w, "            %s\n", printable(line))
				}
				if r.Why != "" {
					fmt.Fprintf(w, "            %s\n", printable(r.Why))
				}
			}
		}
	})
}

func prefixed(prefix string, list []string) []string {
	out := slices.Clone(list)
	for i := range out {
		out[i] = prefix + out[i]
	}
	return out
}

// settleWorkflows accepts the figures, or compares them with the accepted ones. What is shown without support passes no gate, and neither does a workflow whose figures with
// the built-in writer nobody has accepted.
func settleWorkflows(out *output, o evalWorkflowOptions, reports []goldens.Figures) error {
	got := retrieval.Accepted{}
	var errs []error
	for _, f := range reports {
		for name, v := range f.Measures() {
			got[figureOf(f, name)] = v
		}
		if !(f.Supported >= 1) {
			errs = append(errs, fmt.Errorf("%s@%d with %s: %.4f of the claims shown stand on their quotes, not all", f.Workflow, f.Version, f.Model, f.Supported))
		}
	}
	if !o.gate && !o.accept {
		return nil
	}
	if o.accept && len(errs) > 0 {
		return withExit(exitEvaluation, errors.Join(errs...))
	}
	if o.gate {
		accepted, err := retrieval.ReadAccepted(o.accepted)
		if err != nil {
			return err
		}
		for _, f := range reports {
			if _, known := accepted[figureOf(f, "coverage")]; !known && strings.HasPrefix(f.Model, "builtin/") {
				errs = append(errs, fmt.Errorf("%s@%d has no accepted figures: run contextd eval workflows --accept", f.Workflow, f.Version))
			}
		}
	}
	errs = append(errs, settleFigures(out, o.evalOptions, got))
	return withExit(exitEvaluation, errors.Join(errs...))
}

func figureOf(f goldens.Figures, measure string) retrieval.Figure {
	return retrieval.Figure{Set: f.Workflow, Mode: fmt.Sprintf("prompt@%d", f.Version), BackEnd: "engine", Embedder: f.Model, Measure: measure}
}
