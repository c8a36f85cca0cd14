package retriever

import (
	"context"
	"fmt"
	"math"

	"github.com/contextd/contextd/internal/crm"
)

// What answerability is judged by, before any passage is read.
const (
	aClarity = iota
	aMatch
	aSoft
	aCoverage
	aWindow
	aNear
	aUnknown
	answerFeatureCount
)

// AnswerFeatureNames names what answerability is judged by.
func AnswerFeatureNames() []string {
	names := [answerFeatureCount]string{
		aClarity:  "clarity",         // how much the best candidates stand out: 1 - entropy of the scores' softmax / log of its size
		aMatch:    "match",           // best BM25 / idf mass of the question
		aSoft:     "soft",            // best soft match
		aCoverage: "coverage",        // of the first candidate
		aWindow:   "window_coverage", // of it and what surrounds it
		aNear:     "near",            // of its words near each other
		aUnknown:  "unknown",         // share of the question's idf mass that the account does not know
	}
	return names[:]
}

// fewest is how many candidates clarity supposes: where there are fewer, the missing ones count as items that nothing speaks for. A lone note is not an answer for being alone.
const fewest = 50

// AnswerFeatures are what Context.Answerable is made of for a question, aligned to AnswerFeatureNames: what its weights are learned from. It is for accounts that are held in
// memory; for others crm.ErrTooLarge.
func (r *Retriever) AnswerFeatures(ctx context.Context, q crm.Question) ([]float64, error) {
	if !q.Valid() || q.Wide {
		return nil, fmt.Errorf("answer features: the question names no portal and account: %w", crm.ErrInvalid)
	}
	s, err := r.rank(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("answer features of %s: %w", q.Account, err)
	}
	defer r.release(s)
	if s.by == nil {
		return nil, fmt.Errorf("answer features of %s: %w", q.Account, crm.ErrTooLarge)
	}
	f := s.answerFeatures()
	return f[:], nil
}

// answerFeatures looks at the candidates; all zero when there are none or the question has no words.
func (s *selection) answerFeatures() (f [answerFeatureCount]float64) {
	q, e := s.question, s.evidence
	if len(s.ranked) == 0 || q.mass == 0 {
		return f
	}
	top := s.ranked[0]
	for _, c := range s.ranked {
		if c.score > top.score || (c.score == top.score && s.id(c) < s.id(top)) {
			top = c
		}
	}
	var row [featureCount]float32
	e.row(s.account, q, top.chunk, &row)
	f[aClarity] = s.clarity(top)
	f[aMatch] = float64(e.bestBM25 / q.mass)
	f[aSoft] = float64(best(e.softOwn))
	f[aCoverage], f[aWindow], f[aNear] = float64(row[fCoverage]), float64(row[fCoverage]+row[fWindowCoverage]), float64(row[fNear])
	for _, t := range q.terms {
		if len(t.stems) == 0 {
			f[aUnknown] += float64(t.idf / q.mass)
		}
	}
	return f
}

// clarity is 1 when one candidate has all the probability, 0 when it is spread evenly.
func (s *selection) clarity(top ranked) float64 {
	d := &s.by[s.account.shapes[top.chunk]]
	n := max(len(s.ranked), fewest)
	total, weighted := 0.0, 0.0
	add := func(score float32, times float64) {
		x := float64(score - top.score)
		p := times * math.Exp(x)
		total += p
		weighted += p * x
	}
	for _, c := range s.ranked {
		if top.score-c.score < 12 {
			add(c.score, 1)
		}
	}
	if missing := n - len(s.ranked); missing > 0 {
		add(min(top.score, d.offset+d.weights[fStatement]), float64(missing))
	}
	return 1 - (math.Log(total)-weighted/total)/math.Log(float64(n))
}

// answerDot is the weights of answerability as an array.
type answerDot struct {
	offset  float64
	weights [answerFeatureCount]float64
}

// answerable is the probability that the account answers the question, by the learned logistic function; without learned scores, the coverage.
func (s *selection) answerable(l *answerDot, coverage float64) float64 {
	if s.by == nil {
		return coverage
	}
	f := s.answerFeatures()
	if f == ([answerFeatureCount]float64{}) {
		return 0
	}
	x := l.offset
	for i, w := range l.weights {
		x += w * f[i]
	}
	return 1 / (1 + math.Exp(-x))
}
