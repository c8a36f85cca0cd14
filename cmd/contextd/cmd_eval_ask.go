package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/evals/retrieval"
	"github.com/contextd/contextd/retriever"
)

// evalWeighing says with which weights a question is answered: the same for all of a set, or some per fold.
type evalWeighing func(question int) *retriever.Weights

// evalRanker says which retriever answers a question.
type evalRanker func(question int) *retriever.Retriever

// ranker is a back end with weights: one retriever for all questions with the same ones.
func (w *evalWorld) ranker(back int, fusion retriever.Fusion, weigh evalWeighing) evalRanker {
	by := map[*retriever.Weights]*retriever.Retriever{}
	for i := range w.set.Questions {
		if weights := weigh(i); by[weights] == nil {
			by[weights] = w.retriever(back, fusion, weights)
		}
	}
	return func(question int) *retriever.Retriever { return by[weigh(question)] }
}

// evalAnswer is what one question brought back.
type evalAnswer struct {
	ranking    []retrieval.Ranked // documents, best first
	found      []crm.Passage      // the same as passages, for explaining
	packed     []string           // documents within packedWords, as the retriever packs them
	coverage   float64            // of the packed passages
	answerable float64
	took       time.Duration // of the ranking, without packing
}

// packedWords is the budget of the packed passages: as that of B500.
const packedWords = 500

// askAll asks every question of the set, those of one account one after the other, so that the caches of the parts behave as they do for a customer.
func (w *evalWorld) askAll(ctx context.Context, o evalOptions, ranker evalRanker) ([]evalAnswer, error) {
	out := make([]evalAnswer, len(w.set.Questions))
	err := w.each(ctx, func(ctx context.Context, i int) (err error) {
		out[i], err = w.ask(ctx, o, ranker(i), &w.set.Questions[i])
		return err
	})
	return out, err
}

// each calls do for every question, in parallel and in the order of the accounts; the first error ends it.
func (w *evalWorld) each(ctx context.Context, do func(ctx context.Context, question int) error) error {
	order := make([]int, len(w.set.Questions))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return w.account(&w.set.Questions[a]).Compare(w.account(&w.set.Questions[b]))
	})
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(order) {
					return
				}
				if err := do(ctx, order[i]); err != nil {
					cancel(fmt.Errorf("question %s: %w", w.set.Questions[order[i]].ID, err))
				}
			}
		})
	}
	workers.Wait()
	return context.Cause(ctx)
}

func (w *evalWorld) account(q *retrieval.Question) crm.Ref { return w.accounts[q.Account] }

// question is the retriever's form of one. Sets do not say when they ask: the day after the account's last document.
func (w *evalWorld) question(q *retrieval.Question) crm.Question {
	now := w.asked[q.Account]
	if now.IsZero() {
		now = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) // nothing there has a time: any moment, but always the same
	}
	return crm.Question{Filter: crm.Filter{Portal: evalPortal, Account: w.account(q)}, Text: q.Text, History: q.History, Now: now.AddDate(0, 0, 1)}
}

func (w *evalWorld) ask(ctx context.Context, o evalOptions, r *retriever.Retriever, q *retrieval.Question) (evalAnswer, error) {
	asked := w.question(q)
	asked.Limit = o.limit
	began := time.Now()
	found, err := r.Retrieve(ctx, asked)
	if err != nil {
		return evalAnswer{}, err
	}
	a := evalAnswer{took: time.Since(began), found: found.Passages}
	seen := map[string]bool{}
	for _, p := range found.Passages {
		ids, err := w.documents(p)
		if err != nil {
			return a, err
		}
		for _, id := range ids {
			if !seen[id] {
				seen[id] = true
				a.ranking = append(a.ranking, retrieval.Ranked{Document: id, Score: p.Score})
			}
		}
	}
	packed, err := w.pack(ctx, r, asked, found.Passages)
	if err != nil {
		return a, err
	}
	a.coverage, a.answerable = packed.Coverage, packed.Answerable
	for _, p := range packed.Passages {
		ids, err := w.documents(p)
		if err != nil {
			return a, err
		}
		a.packed = append(a.packed, ids...)
	}
	return a, nil
}

// documents are those of the set that a passage stands for.
func (w *evalWorld) documents(p crm.Passage) ([]string, error) {
	if spans, ok := w.spans[p.Activity]; ok {
		return retrieval.Hits(spans, p.Start, p.End), nil
	}
	if d, ok := w.document[p.Chunk]; ok {
		return []string{d}, nil
	}
	return nil, fmt.Errorf("chunk %s of %s was never put in", p.Chunk, p.Activity)
}

var errTooLong = errors.New("the packed passages do not shrink with their budget")

// pack asks for as much as fits into packedWords. The retriever's budget is in tokens: it begins with as many as that many words of the best passages have, and is lowered
// until the words are kept.
func (w *evalWorld) pack(ctx context.Context, r *retriever.Retriever, q crm.Question, best []crm.Passage) (crm.Context, error) {
	tokens, words := 2, 1
	for _, p := range best {
		tokens += retriever.Tokens(p.Text)
		words += retrieval.Words(p.Text)
	}
	q.Limit = 0
	for q.Budget = packedWords * tokens / words; q.Budget > 0; {
		packed, err := r.Retrieve(ctx, q)
		if err != nil {
			return packed, err
		}
		words := 0
		for _, p := range packed.Passages {
			words += retrieval.Words(p.Text)
		}
		if words <= packedWords {
			return packed, nil
		}
		q.Budget = min(q.Budget*packedWords/words, q.Budget*99/100)
	}
	return crm.Context{}, errTooLong
}
