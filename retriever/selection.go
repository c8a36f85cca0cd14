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
	account  *account  // nil when the candidates come from the back end alone
	past     *crm.Past // that the account is of; nil: the present
	question *question
	scale    float32 // of a difference of scores in log odds: learned scores are log odds, the others about 0 to 1
	evidence *evidence
	by       map[Shape]*dot // nil where the fusion is not learned
	ranked   []ranked       // in no order
	focus    []ranked       // in reading order, not among ranked
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
	return s.account.chunks[c.chunk].ID
}

// linear is the weights as arrays.
type linear map[Class]map[Shape]*dot

type dot struct {
	offset  float32
	weights [featureCount]float32
}

// of sums in four strands, which do not wait for each other.
func (d *dot) of(row *[featureCount]float32) float32 {
	var s [4]float32
	i := 0
	for ; i+4 <= featureCount; i += 4 {
		w, x := d.weights[i:i+4:i+4], row[i:i+4:i+4]
		s[0] += w[0] * x[0]
		s[1] += w[1] * x[1]
		s[2] += w[2] * x[2]
		s[3] += w[3] * x[3]
	}
	for ; i < featureCount; i++ {
		s[0] += d.weights[i] * row[i]
	}
	return d.offset + (s[0] + s[1]) + (s[2] + s[3])
}

// unlearned is the scale of scores between 0 and 1: about what learning finds for BM25 alone.
const unlearned = 6

func (r *Retriever) answerWeights() *Linear {
	r.weights()
	return r.answer
}

func (r *Retriever) weights() linear {
	r.once.Do(func() {
		w := r.Weights
		if w == nil {
			w = DefaultWeights()
		}
		r.linear, r.answer = linear{}, &w.Answer
		for _, class := range Classes() {
			r.linear[class] = map[Shape]*dot{}
			for _, shape := range Shapes() {
				l := w.Linear[class][shape]
				d := &dot{}
				if l != nil {
					d.offset = float32(l.Offset)
				}
				for i, x := range l.Vector(FeatureNames()) {
					d.weights[i] = float32(x)
				}
				r.linear[class][shape] = d
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
		e.meaning(a, s.question, r.Static)
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
		s.learned(s.by, cmp.Or(r.Depth, defaultDepth), focus)
	}
}

// focusOn takes the chunks of the focus out of the ranking. The window is for what surrounds the focus, not for what the question is about.
func (s *selection) focusOn(q crm.Question, focus []bool) {
	reach := q.Filter
	reach.Since = time.Time{}
	for i := range s.account.chunks {
		c := &s.account.chunks[i]
		if c.Activity == q.Focus && reach.Matches(c.Facets()) {
			s.focus = append(s.focus, ranked{chunk: int32(i)})
			focus[i] = true
		}
	}
	slices.SortFunc(s.focus, func(x, y ranked) int {
		return cmp.Compare(s.account.chunks[x.chunk].Pos, s.account.chunks[y.chunk].Pos)
	})
}

// learned scores by the linear function.
func (s *selection) learned(by map[Shape]*dot, depth int, focus []bool) {
	a, e := s.account, s.evidence
	var of [3]*dot
	for i, shape := range Shapes() {
		of[i] = by[shape]
	}
	s.ranked = make([]ranked, 0, min(len(a.chunks), Small))
	var row [featureCount]float32
	for i := range e.consider(a, depth) {
		if focus != nil && focus[i] || !e.in[i] {
			continue
		}
		e.row(a, s.question, i, &row)
		s.ranked = append(s.ranked, ranked{i, of[a.shapes[i]].of(&row)})
	}
}
