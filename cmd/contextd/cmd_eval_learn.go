package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/contextd/contextd/internal/evals/retrieval"
	"github.com/contextd/contextd/retriever"
)

// mostCandidates bounds what is learned from one question: the best by the weights set by hand, beside all relevant ones. Those far below teach nothing and fill the memory.
const mostCandidates = 200

// evalLesson is what one question teaches; Query has no candidates where it teaches nothing.
type evalLesson []retrieval.Query // one per shape of item

// lessons asks every question that has an answer for its candidates.
func (w *evalWorld) lessons(ctx context.Context, o evalOptions) ([]evalLesson, error) {
	r := w.retriever(retriever.Learned, retriever.PriorWeights())
	out := make([]evalLesson, len(w.set.Questions))
	err := w.each(ctx, func(ctx context.Context, i int) error {
		q := &w.set.Questions[i]
		relevant := w.set.Relevant[q.ID]
		if len(relevant) == 0 || slices.Contains(o.without, q.Category) {
			return nil
		}
		candidates, err := r.Candidates(ctx, w.question(q))
		if err != nil {
			return err
		}
		shapes := map[retriever.Shape]*retrieval.Query{}
		for n, c := range candidates {
			good := relevant[w.document[c.Chunk]]
			if n >= mostCandidates && !good {
				continue
			}
			l := shapes[c.Shape]
			if l == nil {
				l = &retrieval.Query{Account: q.Account, Shape: string(c.Shape)}
				shapes[c.Shape] = l
			}
			l.Candidates, l.Relevant = append(l.Candidates, c.Features), append(l.Relevant, good)
		}
		for _, shape := range slices.Sorted(maps.Keys(shapes)) {
			if l := shapes[shape]; slices.Contains(l.Relevant, true) && slices.Contains(l.Relevant, false) {
				out[i] = append(out[i], *l)
			}
		}
		return nil
	})
	return out, err
}

// evalClass is the class of weights that an embedder's vectors go with.
func evalClass(o evalOptions) retriever.Class {
	switch {
	case o.embedder == "none":
		return retriever.Lexical
	case strings.HasPrefix(o.embedder, "builtin"):
		return retriever.WordVectors
	}
	return retriever.Transformer
}

// evalPrior is the hand-set weights of a class as arrays.
func evalPrior(class retriever.Class) map[string][]float64 {
	out := map[string][]float64{}
	for shape, l := range retriever.PriorWeights().Linear[class] {
		out[string(shape)] = l.Vector(retriever.FeatureNames())
	}
	return out
}

// learn fits the weights of one class on all lessons but those of the questions that skip names, by world. Shapes that only has nothing of need not be learned.
func learn(o evalOptions, worlds []*evalWorld, lessons [][]evalLesson, skip func(world, question int) bool, only map[string]bool) (map[string][]float64, error) {
	var sets []retrieval.Training
	for i, w := range worlds {
		t := retrieval.Training{Set: w.set.Name}
		for j, lesson := range lessons[i] {
			if skip(i, j) {
				continue
			}
			for _, q := range lesson {
				if only == nil || only[q.Shape] {
					t.Queries = append(t.Queries, q)
				}
			}
		}
		sets = append(sets, t)
	}
	return retrieval.Fit(sets, evalPrior(evalClass(o)), o.lambda)
}

// withLearned are the weights set by hand with what was learned in their place.
func withLearned(base *retriever.Weights, class retriever.Class, learned map[string][]float64) *retriever.Weights {
	out := *base
	out.Linear = map[retriever.Class]map[retriever.Shape]*retriever.Linear{}
	for c, shapes := range base.Linear {
		out.Linear[c] = maps.Clone(shapes)
	}
	names := retriever.FeatureNames()
	for shape, vector := range learned {
		l := &retriever.Linear{Weights: map[string]float64{}}
		for i, x := range vector {
			if x = math.Round(x*1e4) / 1e4; x != 0 {
				l.Weights[names[i]] = x
			}
		}
		out.Linear[class][retriever.Shape(shape)] = l
	}
	return &out
}

// evalRankers says, per set, who answers: the weights that are there, or, by the protocol, weights that were learned without the question's fold.
func evalRankers(ctx context.Context, out *output, o evalOptions, worlds []*evalWorld) ([]evalRanker, error) {
	rankers := make([]evalRanker, len(worlds))
	if o.folds == "protocol" {
		lessons := make([][]evalLesson, len(worlds))
		for i, w := range worlds {
			var err error
			if lessons[i], err = w.lessons(ctx, o); err != nil {
				return nil, fmt.Errorf("set %s: %w", w.set.Name, err)
			}
		}
		for i := range worlds {
			var err error
			if rankers[i], err = foldRanker(out, o, worlds, lessons, i); err != nil {
				return nil, fmt.Errorf("set %s: %w", worlds[i].set.Name, err)
			}
		}
		return rankers, nil
	}
	weights, err := evalWeights(o)
	if err != nil {
		return nil, err
	}
	for i, w := range worlds {
		r := w.retriever(o.fused, weights)
		rankers[i] = func(int) *retriever.Retriever { return r }
	}
	return rankers, nil
}

func evalWeights(o evalOptions) (*retriever.Weights, error) {
	if o.weights == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(o.weights)
	if err != nil {
		return nil, err
	}
	w, err := retriever.ParseWeights(raw)
	if err != nil {
		return nil, fmt.Errorf("--weights %s: %w", o.weights, err)
	}
	return w, nil
}

// foldRanker learns, for every fold of a set, from all sets without that fold.
func foldRanker(out *output, o evalOptions, worlds []*evalWorld, lessons [][]evalLesson, set int) (evalRanker, error) {
	w := worlds[set]
	shapes := map[string]bool{}
	for _, lesson := range lessons[set] {
		for _, q := range lesson {
			shapes[q.Shape] = true
		}
	}
	by := make([]*retriever.Retriever, len(w.set.Questions))
	for _, fold := range retrieval.Folds(w.set) {
		learned, err := learn(o, worlds, lessons, func(world, question int) bool { return world == set && fold.Test[question] }, shapes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", fold.Name, err)
		}
		r := w.retriever(retriever.Learned, withLearned(retriever.PriorWeights(), evalClass(o), learned))
		for i := range fold.Test {
			by[i] = r
		}
		out.Say("%s: learned without %s (%d questions)", w.set.Name, fold.Name, len(fold.Test))
	}
	return func(question int) *retriever.Retriever { return by[question] }, nil
}

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
			if err := o.check(); err != nil {
				return err
			}
			return evalFit(cmd.Context(), out, o)
		},
	}
	o.common(cmd)
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
		after, err := foldRanker(out, o, worlds, lessons, i)
		if err != nil {
			return fmt.Errorf("set %s: %w", w.set.Name, err)
		}
		prior := w.retriever(retriever.Learned, retriever.PriorWeights())
		f := figures{Set: w.set.Name}
		for _, r := range []evalRanker{func(int) *retriever.Retriever { return prior }, after} {
			answers, err := w.askAll(ctx, o, r)
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
	learned, err := learn(o, worlds, lessons, func(int, int) bool { return false }, nil)
	if err != nil {
		return err
	}
	return writeWeights(o, worlds, learned)
}

func writeWeights(o evalOptions, worlds []*evalWorld, learned map[string][]float64) error {
	base := retriever.DefaultWeights()
	if raw, err := os.ReadFile(o.out); err == nil {
		if base, err = retriever.ParseWeights(raw); err != nil {
			return fmt.Errorf("--out %s: %w", o.out, err)
		}
	} else if !os.IsNotExist(err) {
		return err
	}
	w := withLearned(base, evalClass(o), learned)
	var names []string
	for _, x := range worlds {
		names = append(names, x.set.Name)
	}
	w.Note = "learned on " + strings.Join(names, ", ")
	raw, err := json.MarshalIndent(w, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(o.out, append(raw, '\n'), 0o644)
}
