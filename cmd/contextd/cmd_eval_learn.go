package main

import (
	"context"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/contextd/contextd/internal/evals/retrieval"
	"github.com/contextd/contextd/retriever"
)

// mostCandidates bounds what is learned from one question: the best by the weights set by hand, beside all relevant ones. Those far below teach nothing and fill the memory.
const mostCandidates = 200

// evalLesson is what one question teaches; Query has no candidates where it teaches nothing.
type evalLesson []retrieval.Query // one per shape of item

// lessons asks every question that has an answer for its candidates.
func (w *evalWorld) lessons(ctx context.Context, o evalOptions) ([]evalLesson, error) {
	r := w.retriever(0, retriever.Learned, retriever.PriorWeights())
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
	return retrieval.Fit(trainings(worlds, lessons, skip, only), evalPrior(evalClass(o)), o.lambda)
}

// trainings are the lessons that are not skipped, by set.
func trainings(worlds []*evalWorld, lessons [][]evalLesson, skip func(world, question int) bool, only map[string]bool) (sets []retrieval.Training) {
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
	return sets
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

// evalWeighings says, per set, who weighs: the weights that are there, or, by the protocol, weights that were learned without the question's fold, on the first back end.
func evalWeighings(ctx context.Context, out *output, o evalOptions, worlds []*evalWorld) ([]evalWeighing, error) {
	weighings := make([]evalWeighing, len(worlds))
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
			if weighings[i], err = foldWeighing(ctx, out, o, worlds, lessons, i); err != nil {
				return nil, fmt.Errorf("set %s: %w", worlds[i].set.Name, err)
			}
		}
		return weighings, nil
	}
	weights, err := evalWeights(o)
	if err != nil {
		return nil, err
	}
	for i := range worlds {
		weighings[i] = func(int) *retriever.Weights { return weights }
	}
	return weighings, nil
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

// foldWeighing learns, for every fold of a set, from all sets without that fold.
func foldWeighing(ctx context.Context, out *output, o evalOptions, worlds []*evalWorld, lessons [][]evalLesson, set int) (evalWeighing, error) {
	w := worlds[set]
	shapes := map[string]bool{}
	for _, lesson := range lessons[set] {
		for _, q := range lesson {
			shapes[q.Shape] = true
		}
	}
	by := make([]*retriever.Weights, len(w.set.Questions))
	for _, fold := range retrieval.Folds(w.set) {
		apart := func(world, question int) bool { return world == set && fold.Test[question] }
		learned, err := learn(o, worlds, lessons, apart, shapes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", fold.Name, err)
		}
		weights := withLearned(retriever.PriorWeights(), evalClass(o), learned)
		if len(w.labels(o)) > 0 {
			if weights, err = learnAnswer(ctx, o, worlds, weights, apart); err != nil {
				return nil, fmt.Errorf("%s: %w", fold.Name, err)
			}
		}
		for i := range fold.Test {
			by[i] = weights
		}
		out.Say("%s: learned without %s (%d questions)", w.set.Name, fold.Name, len(fold.Test))
	}
	return func(question int) *retriever.Weights { return by[question] }, nil
}
