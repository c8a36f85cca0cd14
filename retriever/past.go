package retriever

import (
	"context"

	"github.com/contextd/contextd/internal/crm"
)

// known is the account that a question is asked of: as it is, or as it was known before the question's moment (then past is not nil).
func (r *Retriever) known(ctx context.Context, q crm.Question) (p *crm.Postings, past *crm.Past, err error) {
	if q.AsOf.IsZero() || r.Past == nil {
		p, err = r.Postings.Postings(ctx, q.Account)
		return p, nil, err
	}
	if past, err = r.Past.At(ctx, q.Account, q.AsOf); err != nil {
		return nil, nil, err
	}
	return past.Postings, past, nil
}

// near asks the dense arm, and has it look at what is beside the index, too.
func (r *Retriever) near(ctx context.Context, q crm.Question, past *crm.Past, n int) (Near, error) {
	if past == nil || len(past.Earlier) == 0 {
		return r.Dense.Near(ctx, q.Text, q.Filter, n)
	}
	return r.Past.Near(ctx, q.Text, q.Filter, n, past.Earlier)
}

// split takes the bodies that come with the past out of what is to be read.
func (s *selection) split(ids []string) (read []string, have []crm.Passage) {
	if s.past == nil || len(s.past.Bodies) == 0 {
		return ids, nil
	}
	for _, id := range ids {
		if b, ok := s.past.Bodies[id]; ok {
			have = append(have, b)
		} else {
			read = append(read, id)
		}
	}
	return read, have
}
