package retriever

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Fusion is how the parts of a candidate's score come together.
type Fusion int

// The fusions. The other two stand for comparison.
const (
	Learned Fusion = iota // a linear function of all features, with weights that were learned
	Convex                // BM25 and cosine, each scaled by its best, weighted by DenseShare
	RRF                   // reciprocal ranks of BM25 and cosine (k = 60)
)

// Retriever answers questions inside one account. Its fields are set once; it is safe for concurrent use. The zero numbers are the defaults named beside them.
type Retriever struct {
	Postings   Postings
	Bodies     Bodies
	Dense      Dense            // nil: no dense arm
	Past       Past             // nil: a question as of a past moment finds what is the present text still
	Matcher    Matcher          // for whole portals and accounts too large to hold; nil: those are errors
	Static     Static           // nil: no word vectors
	Statistics Statistics       // nil: rare is what is rare in the account
	Names      Names            // nil: only speakers are known by name
	Weights    *Weights         // nil: the embedded ones
	Fusion     Fusion           // Learned
	DenseShare float64          // weight of the dense arm in Convex: 0.2 (a weak embedder must not drown the keyword arm)
	Depth      int              // candidates taken from each arm of an account that has more than Small chunks: 400
	Now        func() time.Time // time.Now

	once    sync.Once
	linear  linear
	answer  answerDot
	cache   cache
	scratch sync.Pool // of *evidence
}

const (
	defaultLimit = 10
	defaultDepth = 400
	// Small accounts have all their chunks ranked.
	Small = 2000
)

// Retrieve returns the passages that answer the question: by score when only a limit is given, in chronological order when they are packed to a budget. The
// chunks of the focus come first in both selections. An account that is not known, or has no text, is an empty answer; an invalid filter is crm.ErrInvalid.
func (r *Retriever) Retrieve(ctx context.Context, q crm.Question) (crm.Context, error) {
	if !q.Valid() {
		return crm.Context{}, fmt.Errorf("retrieve: the question names no portal and account: %w", crm.ErrInvalid)
	}
	out, err := r.retrieve(ctx, q)
	if err != nil {
		return crm.Context{}, fmt.Errorf("retrieve from %s: %w", scope(q.Filter), err)
	}
	return out, nil
}

func scope(f crm.Filter) string {
	if f.Wide {
		return "portal " + f.Portal.String()
	}
	return f.Account.String()
}

func (r *Retriever) retrieve(ctx context.Context, q crm.Question) (crm.Context, error) {
	s, err := r.rank(ctx, q)
	if err != nil {
		return crm.Context{}, err
	}
	defer r.release(s)
	c, err := r.choose(ctx, q, s)
	if err != nil {
		return crm.Context{}, err
	}
	out := crm.Context{Passages: c.passages, Left: len(s.focus) + len(s.ranked) - len(c.passages), Coverage: s.coverage(c)}
	out.Answerable = s.answerable(r.answerWeights(), out.Coverage)
	if q.Budget > 0 {
		slices.SortStableFunc(out.Passages, chronological)
	}
	for i := range out.Passages {
		out.Passages[i].ID = "P" + strconv.Itoa(i+1)
	}
	out.Unused = s.unused(q, c)
	return out, nil
}

// Candidates are all chunks of the account that the ranker would consider, with their features, best first: what weights are learned from. It is for accounts that are
// held in memory; for others crm.ErrTooLarge.
func (r *Retriever) Candidates(ctx context.Context, q crm.Question) ([]Candidate, error) {
	if !q.Valid() || q.Wide {
		return nil, fmt.Errorf("candidates: the question names no portal and account: %w", crm.ErrInvalid)
	}
	s, err := r.rank(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("candidates of %s: %w", q.Account, err)
	}
	defer r.release(s)
	if s.account == nil {
		return nil, fmt.Errorf("candidates of %s: %w", q.Account, crm.ErrTooLarge)
	}
	out := make([]Candidate, 0, len(s.ranked))
	var row [featureCount]float32
	for _, c := range s.ranked {
		s.evidence.row(s.account, s.question, c.chunk, &row)
		features := make([]float64, featureCount)
		for i, x := range row {
			features[i] = float64(x)
		}
		out = append(out, Candidate{Chunk: s.id(c), Shape: Shapes()[s.account.shapes[c.chunk]], Features: features, Score: float64(c.score)})
	}
	slices.SortFunc(out, func(a, b Candidate) int { return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Chunk, b.Chunk)) })
	return out, nil
}

// now is the moment that relative dates count from.
func (r *Retriever) now(q crm.Question) time.Time {
	switch {
	case !q.Now.IsZero():
		return q.Now
	case !q.AsOf.IsZero():
		return q.AsOf
	case r.Now != nil:
		return r.Now()
	}
	return time.Now()
}

// release gives the arrays of a selection back.
func (r *Retriever) release(s *selection) {
	if s.evidence != nil {
		r.scratch.Put(s.evidence)
	}
}

// rank reads the account and scores its candidates.
func (r *Retriever) rank(ctx context.Context, q crm.Question) (*selection, error) {
	if q.Wide {
		return r.wide(ctx, q)
	}
	p, past, err := r.known(ctx, q)
	if errors.Is(err, crm.ErrTooLarge) && r.Matcher != nil {
		return r.wide(ctx, q)
	}
	if err != nil {
		return nil, err
	}
	stats, err := r.statistics(ctx, q.Portal)
	if err != nil {
		return nil, err
	}
	of := slot{q.Account, past != nil}
	a := r.cache.get(of, p, r.Static)
	names, err := r.names(ctx, q)
	if err != nil {
		return nil, err
	}
	s := &selection{of: of, account: a, past: past, question: a.ask(q, r.now(q), stats, names)}
	var near Near
	if r.Dense != nil && q.Text != "" {
		if near, err = r.near(ctx, q, past, r.depth(a)); err != nil {
			return nil, err
		}
	}
	s.evidence, _ = r.scratch.Get().(*evidence)
	if s.evidence == nil {
		s.evidence = &evidence{}
	}
	r.score(s, q, near)
	return s, nil
}

// depth is how many hits the dense arm is asked for.
func (r *Retriever) depth(a *account) int {
	if len(a.at) <= Small {
		return max(1, len(a.at))
	}
	return cmp.Or(r.Depth, defaultDepth)
}

func (r *Retriever) statistics(ctx context.Context, portal crm.PortalID) (statistics, error) {
	if r.Statistics == nil {
		return nil, nil
	}
	s, err := r.Statistics.Statistics(ctx, portal)
	if err != nil {
		return nil, fmt.Errorf("word statistics: %w", err)
	}
	return s, nil
}

func (r *Retriever) names(ctx context.Context, q crm.Question) ([]Name, error) {
	if r.Names == nil || q.Text == "" {
		return nil, nil
	}
	names, err := r.Names.Names(ctx, q.Account)
	if err != nil {
		return nil, fmt.Errorf("names: %w", err)
	}
	return names, nil
}
