package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/contextd/contextd/internal/crm"
)

// moves says of each factor how it stands to the suggestion before: new, stronger or weaker by how much speaks for it. What was said then and counts no more is added
// as gone, if its source still says it: what was erased since does not come back.
func (r *run) moves(ctx context.Context) error {
	if r.w.Compare == "" {
		return nil
	}
	last, err := r.latest(ctx, crm.Pending, crm.Approved, crm.Applied)
	if err != nil || last.ID == "" {
		return err
	}
	before := map[string][]crm.ClaimText{}
	for _, c := range last.Claims {
		if c.Supported && c.Factor != "" && c.Moved != crm.MovedGone {
			before[c.Factor] = append(before[c.Factor], c)
		}
	}
	now := map[string]int{}
	for _, j := range r.judged {
		if j.Supported && j.Field == r.w.Compare {
			now[j.Factor]++
		}
	}
	for i := range r.judged {
		if j := &r.judged[i]; j.Supported && j.Field == r.w.Compare && j.Factor != "" {
			j.Moved = movedFrom(len(before[j.Factor]), now[j.Factor])
			r.proposal.Claims[i].Moved = j.Moved
		}
	}
	r.proposal.Previous = last.ID
	for _, c := range last.Claims { // in their order then
		if !c.Supported || c.Factor == "" || c.Moved == crm.MovedGone || now[c.Factor] > 0 {
			continue
		}
		still, err := r.stillStands(ctx, c)
		if err != nil {
			return err
		}
		if still {
			c.Moved = crm.MovedGone
			r.judged = append(r.judged, Judged{ClaimText: c, Field: r.w.Compare, Overlap: 1})
			r.proposal.Claims = append(r.proposal.Claims, c)
		}
	}
	return nil
}

func movedFrom(before, now int) string {
	switch {
	case before == 0:
		return crm.MovedNew
	case now > before:
		return crm.MovedStronger
	case now < before:
		return crm.MovedWeaker
	}
	return ""
}

// stillStands verifies the evidence of an earlier statement again.
func (r *run) stillStands(ctx context.Context, c crm.ClaimText) (bool, error) {
	for _, e := range c.Evidence {
		if e.Source != "" { // of the day when it was asked
			continue
		}
		if !e.Record.IsZero() {
			rec, err := r.History.Record(ctx, e.Record)
			if errors.Is(err, crm.ErrNotFound) {
				return false, nil
			}
			if err != nil {
				return false, fmt.Errorf("read %s again: %w", e.Record.Path(), err)
			}
			if !rec.Held(e.Property, e.Quote, e.Time) {
				return false, nil
			}
			continue
		}
		text, err := r.History.Text(ctx, e.Activity, e.Version)
		if errors.Is(err, crm.ErrNotFound) {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("read %s again: %w", e.Activity.Path(), err)
		}
		if e.Start < 0 || e.End > len(text) || e.Start >= e.End || text[e.Start:e.End] != e.Quote {
			return false, nil
		}
	}
	return len(c.Evidence) > 0, nil
}
