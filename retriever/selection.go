package retriever

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// selection is a question with its candidates, scored.
type selection struct {
	of       slot
	account  *account  // nil when the candidates come from the back end alone
	past     *crm.Past // that the account is of; nil: the present
	question *question
	scale    float32 // of a difference of scores in log odds: learned scores are log odds, the others about 0 to 1
	evidence *evidence
	by       *[shapeCount]dot // by the index of the shape; nil where the fusion is not learned
	ranked   []ranked         // in no order
	focus    []ranked         // in reading order, not among ranked
	found    []foundHit
	stems    []string // of the question, where there is no account
}

// ranked is one candidate: an index into the account's chunks, or into found.
type ranked struct {
	chunk int32
	score float32
}

func (s *selection) id(c ranked) string {
	if s.account == nil {
		return s.found[c.chunk].id
	}
	return s.account.chunk(c.chunk).ID
}

// linear is the weights as arrays.
type linear map[Class]*[shapeCount]dot

type dot struct {
	offset  float32
	weights [featureCount]float32
}

// unlearned is the scale of scores between 0 and 1: about what learning finds for BM25 alone.
const unlearned = 6

func (r *Retriever) answerWeights() *answerDot {
	r.weights()
	return &r.answer
}

func (r *Retriever) weights() linear {
	r.once.Do(func() {
		w := r.Weights
		if w == nil {
			w = DefaultWeights()
		}
		r.linear = linear{}
		r.answer.offset = w.Answer.Offset
		copy(r.answer.weights[:], w.Answer.Vector(AnswerFeatureNames()))
		for _, class := range Classes() {
			r.linear[class] = &[shapeCount]dot{}
			for at, shape := range Shapes() {
				l := w.Linear[class][shape]
				d := &r.linear[class][at]
				if l != nil {
					d.offset = float32(l.Offset)
				}
				for i, x := range l.Vector(FeatureNames()) {
					d.weights[i] = float32(x)
				}
			}
		}
	})
	return r.linear
}

// classOf tells which weights an embedder's vectors go with.
func classOf(embedder string) Class {
	switch {
	case embedder == "":
		return Lexical
	case strings.HasPrefix(embedder, "builtin"):
		return WordVectors
	}
	return Transformer
}

// score gathers the evidence and scores every candidate with it.
func (r *Retriever) score(s *selection, q crm.Question, near Near) {
	a, e := s.account, s.evidence

	e.gather(a, s.question, q.Filter)
	if r.Fusion == Learned {
		e.relate(a, s.question)
		e.meaning(a, s.question)
	}
	e.near(a, near)
	var focus []bool
	if !q.Focus.IsZero() {
		focus = make([]bool, len(a.shapes))
		s.focusOn(q, focus)
	}
	s.scale = unlearned
	switch r.Fusion {
	case Convex:
		s.convex(cmp.Or(r.DenseShare, defaultDenseShare), focus)
	case RRF:
		s.reciprocal(focus)
	default:
		s.scale = 1
		s.by = r.weights()[classOf(near.Embedder)]
		s.learned(cmp.Or(r.Depth, defaultDepth), focus)
	}
}

// focusOn takes the chunks of the focus out of the ranking. The window is for what surrounds the focus, not for what the question is about.
func (s *selection) focusOn(q crm.Question, focus []bool) {
	reach := q.Filter
	reach.Since = time.Time{}
	for i := range s.account.at {
		c := s.account.chunk(int32(i))
		if c.Activity == q.Focus && reach.Matches(c.Facets()) {
			s.focus = append(s.focus, ranked{chunk: int32(i)})
			focus[i] = true
		}
	}
	slices.SortFunc(s.focus, func(x, y ranked) int {
		return cmp.Compare(s.account.chunk(x.chunk).Pos, s.account.chunk(y.chunk).Pos)
	})
}

// learned scores by the linear function.
func (s *selection) learned(depth int, focus []bool) {
	a, e := s.account, s.evidence
	e.scores(a, s.question, s.by)
	marked := e.consider(a, depth)
	s.ranked = e.ranked[:0]
	for i, x := range e.score {
		if e.in[i] && (focus == nil || !focus[i]) && (marked == nil || marked[i]) {
			s.ranked = append(s.ranked, ranked{int32(i), x})
		}
	}
	e.ranked = s.ranked
}
