package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/contextd/contextd/internal/evals/retrieval"
	"github.com/contextd/contextd/retriever"
)

// evalOptions are the flags of contextd eval; each subcommand has its part of them.
type evalOptions struct {
	sets                         []string
	vectors                      []string
	embedder, cache              string
	fusion, mode, folds, weights string
	run, base, accepted, goals   string
	splits, categories, without  []string
	explain                      int
	gate, accept                 bool
	tolerance, agree, lambda     float64
	out                          string
	limit                        int
	backs                        []evalPlace
	selection                    retrieval.Selection
	fused                        retriever.Fusion
	config                       Config // of it only the vector store's key is used: eval names its parts itself
}

func (p *program) evalCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "eval",
		Short:   "Measure search and workflows, and learn the weights of search",
		Example: "  contextd eval retrieval --set sets/locomo --run out.tsv\n  contextd eval fit --set sets/locomo --set sets/qmsum --out weights.json",
	}
	return group(cmd, p.evalRetrievalCommand(), p.evalFitCommand(), p.evalSimilarCommand(), p.evalWorkflowsCommand(), p.evalBacktestCommand())
}

func (p *program) evalRetrievalCommand() *cobra.Command {
	var o evalOptions
	cmd := &cobra.Command{
		Use:   "retrieval --set DIR [--set DIR …]",
		Short: "Measure search on evaluation sets",
		Long: `Measure search on evaluation sets: corpus.jsonl, queries.jsonl, qrels.tsv and meta.json each. Every set gets a store and a generation of its own, which are removed at the end.

Mode chunks takes each document as one chunk of its session's activity, so that figures compare with published ones; mode pipeline sends the text through normaliser and chunker, and
a passage stands for the documents that it overlaps by at least half of the shorter of the two.
With --folds protocol the weights are learned from all sets but the part that is scored (one account, or a fifth of the accounts or questions), so that nothing is scored on what was
learned from. --gate exits 6 when a figure is lower than accepted or than its goal; --accept writes them.
With several sets, the files of --run and --base carry the set's name: OUT.tsv becomes OUT.locomo.tsv. With several back ends, weights are learned once, on the first one, every
question is asked on each of them, and --gate exits 6, too, when their nDCG@10 differ by more than --agree; the runs of all but the first carry the back end's name.`,
		Example: "  contextd eval retrieval --set sets/locomo --run out.tsv --base before.tsv\n  contextd eval retrieval --set sets/qmsum --folds protocol --vectors qdrant://localhost:6334 --embedder ollama/all-minilm",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out, err := p.output(cmd)
			if err != nil {
				return err
			}
			if err := p.evalOptions(cmd, &o); err != nil {
				return err
			}
			switch {
			case cmd.Flags().Changed("lambda") && o.folds != "protocol":
				return usagef("--lambda belongs to --folds protocol: add it, or leave --lambda out")
			case cmd.Flags().Changed("tolerance") && !o.gate:
				return usagef("--tolerance belongs to --gate: add it, or leave --tolerance out")
			case cmd.Flags().Changed("agree") && !(o.gate && len(o.backs) > 1):
				return usagef("--agree belongs to --gate and several --vectors: add them, or leave --agree out")
			}
			return evalRetrieval(cmd.Context(), out, o)
		},
	}
	f := cmd.Flags()
	o.common(cmd)
	o.learning(cmd)
	f.StringVar(&o.fusion, "fusion", "l3", "how scores come together: l3 (learned), convex or rrf")
	f.StringVar(&o.mode, "mode", "chunks", "chunks or pipeline")
	f.StringVar(&o.folds, "folds", "none", "none, or protocol: learn without what is scored")
	f.StringVar(&o.weights, "weights", "", "weights `FILE` instead of the built-in ones")
	f.StringVar(&o.run, "run", "", "write the answers to this `FILE`: query, document, rank, score")
	f.StringVar(&o.base, "base", "", "show the difference from the answers in this `FILE`")
	f.StringSliceVar(&o.splits, "split", nil, "only questions of these splits")
	f.StringSliceVar(&o.categories, "cat", nil, "only questions of these categories")
	f.StringSliceVar(&o.without, "not-cat", []string{"adversarial"}, "without questions of these categories")
	f.IntVar(&o.explain, "explain", 0, "show the `N` questions with the lowest nDCG@10 and what their scores are made of")
	f.IntVar(&o.limit, "depth", 60, "passages that are asked for")
	f.BoolVar(&o.gate, "gate", false, "fail when a figure is lower than accepted")
	f.BoolVar(&o.accept, "accept", false, "accept the figures")
	f.StringVar(&o.accepted, "accepted", "internal/evals/retrieval/accepted.tsv", "`FILE` with the accepted figures")
	f.Float64Var(&o.tolerance, "tolerance", .005, "by how much a figure may be lower than accepted")
	f.StringVar(&o.goals, "goals", "", "`FILE` with figures below which the gate is not passed, whatever was accepted")
	f.Float64Var(&o.agree, "agree", .01, "by how much nDCG@10 may differ from one back end to the other")
	return cmd
}

// common are the flags of all subcommands.
func (o *evalOptions) common(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&o.sets, "set", nil, "`DIR` with an evaluation set; may be given several times")
	f.StringArrayVar(&o.vectors, "vectors", []string{"flat:"}, "vector back end: flat:, qdrant://HOST:PORT or postgres://…, or `NAME=URL` to call it so; may be given several times to retrieval")
	f.StringVar(&o.embedder, "embedder", "builtin", "builtin, builtin/MODEL, ollama/MODEL[@URL], openai/MODEL@URL (a server without a key), or none for no dense arm")
	f.StringVar(&o.cache, "embed-cache", "", "keep vectors by text in this `FILE`")
}

// learning are the flags of those that learn.
func (o *evalOptions) learning(cmd *cobra.Command) {
	cmd.Flags().Float64Var(&o.lambda, "lambda", retrieval.DefaultLambda, "pull of learned weights towards those set by hand")
}

// evalOptions completes and checks the options.
func (p *program) evalOptions(cmd *cobra.Command, o *evalOptions) (err error) {
	if err := o.check(); err != nil {
		return err
	}
	o.config, err = p.config(cmd, nil)
	return err
}

// check refuses what cannot be meant; it completes the options.
func (o *evalOptions) check() (err error) {
	fusions := map[string]retriever.Fusion{"l3": retriever.Learned, "convex": retriever.Convex, "rrf": retriever.RRF}
	fused, known := fusions[o.fusion]
	switch {
	case len(o.sets) == 0:
		return usagef("no set: --set DIR: name a directory with corpus.jsonl, queries.jsonl and qrels.tsv")
	case !known:
		return usagef("--fusion %q: use l3, convex or rrf", o.fusion)
	case o.mode != "chunks" && o.mode != "pipeline":
		return usagef("--mode %q: use chunks or pipeline", o.mode)
	case o.folds != "none" && o.folds != "protocol":
		return usagef("--folds %q: use none or protocol", o.folds)
	case o.folds == "protocol" && (o.weights != "" || o.fusion != "l3"):
		return usagef("--folds protocol learns the weights of l3 itself: leave out --weights and --fusion")
	case o.gate && o.accept:
		return usagef("--gate and --accept contradict each other: leave one out")
	case o.limit < 1:
		return usagef("--depth %d: give a positive number", o.limit)
	case o.explain < 0:
		return usagef("--explain %d: give a positive number of questions", o.explain)
	case !(o.lambda >= 0):
		return usagef("--lambda %v: give 0 or more", o.lambda)
	}
	if o.backs, err = evalPlaces(o.vectors, o.embedder); err != nil {
		return err
	}
	o.fused = fused
	o.selection = retrieval.Selection{Splits: o.splits, Categories: o.categories, Without: o.without}
	return nil
}

// ofSet is the file of one set: the name itself with one set, else with the set's name before its ending.
func (o *evalOptions) ofSet(file, set string) string {
	if len(o.sets) == 1 {
		return file
	}
	return marked(file, set)
}

// marked is a file's name with a mark before its ending; "" stays "".
func marked(file, mark string) string {
	if file == "" {
		return ""
	}
	end := filepath.Ext(file)
	return strings.TrimSuffix(file, end) + "." + mark + end
}

// evalRetrieval measures every set on every back end.
func evalRetrieval(ctx context.Context, out *output, o evalOptions) error {
	worlds, err := evalWorlds(ctx, out, o)
	defer func() { closeWorlds(out, worlds) }()
	if err != nil {
		return err
	}
	weights, err := evalWeighings(ctx, out, o, worlds)
	if err != nil {
		return err
	}
	var reports []evalReport
	for i, w := range worlds {
		for k := range o.backs {
			answers, err := w.askAll(ctx, o, w.ranker(k, o.fused, weights[i]))
			if err != nil {
				return fmt.Errorf("set %s, %s: %w", w.set.Name, o.backs[k].name, err)
			}
			r, err := evalReportOf(o, k, w, answers)
			if err != nil {
				return fmt.Errorf("set %s, %s: %w", w.set.Name, o.backs[k].name, err)
			}
			reports = append(reports, r)
		}
	}
	apart := agreements(reports)
	if out.Format == formatLines {
		err = printList(out, nil, reports, nil)
	} else {
		err = out.Value(map[string]any{"items": reports, "agreement": apart}, func(w io.Writer) {
			showReports(w, reports)
			showAgreements(w, apart)
		})
	}
	if err != nil {
		return err
	}
	return settle(out, o, reports, apart)
}
