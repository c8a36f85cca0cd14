package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/contextd/contextd/internal/evals/retrieval"
	"github.com/contextd/contextd/retriever"
)

func (p *program) evalFitCommand() *cobra.Command {
	o := evalOptions{fusion: "l3", mode: "chunks", folds: "none", limit: 60}
	cmd := &cobra.Command{
		Use:   "fit --set DIR [--set DIR …] [--out weights.json]",
		Short: "Learn the weights of search from evaluation sets",
		Long: `Learn the weights of search from evaluation sets: a listwise softmax loss, the sets weighted equally, pulled towards the weights set by hand. The figures printed for each set are those
with the weights set by hand and those with weights that were learned without what is scored. --out keeps what was learned on everything, in place of this class of embedder in the weights
that it holds already, or in those that are built in.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out, err := p.output(cmd)
			if err != nil {
				return err
			}
			if err := p.evalOptions(cmd, &o); err != nil {
				return err
			}
			if len(o.backs) > 1 {
				return usagef("--vectors: weights are learned on one back end: name one")
			}
			return evalFit(cmd.Context(), out, o)
		},
	}
	o.common(cmd)
	o.learning(cmd)
	cmd.Flags().StringVar(&o.out, "out", "", "write the weights to this `FILE`")
	cmd.Flags().StringSliceVar(&o.without, "not-cat", []string{"adversarial"}, "without questions of these categories")
	return cmd
}

// evalFit prints the figures before and after, then learns from everything.
func evalFit(ctx context.Context, out *output, o evalOptions) error {
	worlds, err := evalWorlds(ctx, out, o)
	defer func() { closeWorlds(out, worlds) }()
	if err != nil {
		return err
	}
	lessons := make([][]evalLesson, len(worlds))
	for i, w := range worlds {
		if lessons[i], err = w.lessons(ctx, o); err != nil {
			return fmt.Errorf("set %s: %w", w.set.Name, err)
		}
	}
	type figures struct {
		Set       string  `json:"set"`
		Questions int     `json:"questions"`
		Before    float64 `json:"before"` // nDCG@10 of the weights set by hand
		After     float64 `json:"after"`  // of weights that were learned without what is scored
		Recall    float64 `json:"recall"` // R@10 of these
	}
	var all []figures
	for i, w := range worlds {
		after, err := foldWeighing(ctx, out, o, worlds, lessons, i)
		if err != nil {
			return fmt.Errorf("set %s: %w", w.set.Name, err)
		}
		prior := retriever.PriorWeights()
		f := figures{Set: w.set.Name}
		for _, weigh := range []evalWeighing{func(int) *retriever.Weights { return prior }, after} {
			answers, err := w.askAll(ctx, o, w.ranker(0, retriever.Learned, weigh))
			if err != nil {
				return fmt.Errorf("set %s: %w", w.set.Name, err)
			}
			e := retrieval.Evaluate(w.set, w.runOf(answers), o.selection)
			f.Questions, f.Before, f.After, f.Recall = len(e.Questions), f.After, e.Mean[retrieval.NDCG10], e.Mean[retrieval.R10]
		}
		all = append(all, f)
	}
	err = printList(out, map[string]any{"items": all}, all, []column[figures]{
		{"SET", func(f figures) string { return f.Set }}, {"QUESTIONS", func(f figures) string { return fmt.Sprint(f.Questions) }},
		{"NDCG@10 BEFORE", func(f figures) string { return fmt.Sprintf("%.4f", f.Before) }}, {"AFTER", func(f figures) string { return fmt.Sprintf("%.4f", f.After) }},
		{"R@10 AFTER", func(f figures) string { return fmt.Sprintf("%.4f", f.Recall) }}})
	if err != nil || o.out == "" {
		return err
	}
	everything := func(int, int) bool { return false }
	learned, err := learn(o, worlds, lessons, everything, nil)
	if err != nil {
		return err
	}
	return writeWeights(ctx, o, worlds, trainings(worlds, lessons, everything, nil), learned)
}

func writeWeights(ctx context.Context, o evalOptions, worlds []*evalWorld, sets []retrieval.Training, learned map[string][]float64) error {
	base := retriever.DefaultWeights()
	if raw, err := os.ReadFile(o.out); err == nil {
		if base, err = retriever.ParseWeights(raw); err != nil {
			return fmt.Errorf("--out %s: %w", o.out, err)
		}
	} else if !os.IsNotExist(err) {
		return err
	}
	w, err := learnAnswer(ctx, o, worlds, withLearned(base, evalClass(o), learned), func(int, int) bool { return false })
	if err != nil {
		return err
	}
	for shape, vector := range learned {
		w.Linear[evalClass(o)][retriever.Shape(shape)].Offset = math.Round(retrieval.Offset(sets, shape, vector)*1e3) / 1e3
	}
	var names []string
	for _, x := range worlds {
		names = append(names, x.set.Name)
	}
	w.Note = "learned on " + strings.Join(names, ", ")
	raw, err := json.MarshalIndent(w, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(o.out, append(raw, '\n'), 0o644) //nolint:gosec // the operator names the file
}
