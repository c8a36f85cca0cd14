package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/contextd/contextd/internal/evals/retrieval"
	"github.com/contextd/contextd/retriever"
)

// labels says which questions of the set have an answer, by index: those of the categories ANSWERABLE and UNANSWERABLE. In a set that only marks the latter, every question with a
// gold document has one. Half-answerable ones, and all of a set without unanswerable ones, have no label.
func (w *evalWorld) labels(o evalOptions) map[int]bool {
	in := func(category string) bool {
		return slices.ContainsFunc(w.set.Questions, func(q retrieval.Question) bool { return q.Category == category })
	}
	out := map[int]bool{}
	if !in("UNANSWERABLE") {
		return out
	}
	marked := in("ANSWERABLE")
	for i, q := range w.set.Questions {
		switch {
		case q.Category == "UNANSWERABLE":
			out[i] = false
		case q.Category == "ANSWERABLE", !marked && len(w.set.Relevant[q.ID]) > 0 && !slices.Contains(o.without, q.Category):
			out[i] = true
		}
	}
	return out
}

// learnAnswer learns, with a ranker's own figures, which questions can be answered, from all labelled questions but those that skip names; weights without any stay as they are.
func learnAnswer(ctx context.Context, o evalOptions, worlds []*evalWorld, weights *retriever.Weights, skip func(world, question int) bool) (*retriever.Weights, error) {
	var all []retrieval.Answered
	for i, w := range worlds {
		labels := w.labels(o)
		if len(labels) == 0 {
			continue
		}
		r := w.retriever(0, retriever.Learned, weights)
		features := make([][]float64, len(w.set.Questions))
		var mu sync.Mutex
		err := w.each(ctx, func(ctx context.Context, q int) error {
			if _, labelled := labels[q]; !labelled || skip(i, q) {
				return nil
			}
			f, err := r.AnswerFeatures(ctx, w.question(&w.set.Questions[q]))
			mu.Lock()
			defer mu.Unlock()
			features[q] = f
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("set %s: %w", w.set.Name, err)
		}
		for q, f := range features {
			if f != nil {
				all = append(all, retrieval.Answered{Features: f, Answerable: labels[q]})
			}
		}
	}
	if len(all) == 0 {
		return weights, nil
	}
	offset, vector, err := retrieval.FitAnswer(all, o.lambda)
	if err != nil {
		return nil, err
	}
	out := *weights
	out.Answer = retriever.Linear{Offset: math.Round(offset*1e4) / 1e4, Weights: map[string]float64{}}
	for i, name := range retriever.AnswerFeatureNames() {
		if x := math.Round(vector[i]*1e4) / 1e4; x != 0 {
			out.Answer.Weights[name] = x
		}
	}
	return &out, nil
}
