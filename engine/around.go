package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/prompts"
)

// surroundings are the records that a prompt may show; zero where there is none, or the workflow does not ask for it.
type surroundings struct {
	person, company, deal, ticket crm.Record

	summary prompts.Summary
}

// readAround reads what the workflow's payload asks for: nothing of a record that is not of the account that the run is about, nor of one made after its moment.
func (r *run) readAround(ctx context.Context) (err error) {
	want := r.w.Payload.Wants
	if want(crm.Contacts) {
		if r.around.person, err = r.newest(ctx, r.persons(), anyRecord); err != nil {
			return err
		}
	}
	if want(crm.Companies) && r.account.Type == crm.Companies {
		if r.around.company, err = r.newest(ctx, []crm.Ref{r.account}, anyRecord); err != nil {
			return err
		}
	}
	if want(crm.Deals) {
		if r.around.deal, err = r.newest(ctx, r.deals(), openDeal); err != nil {
			return err
		}
	}
	if want(crm.Tickets) && r.subject.Type == crm.Tickets {
		r.around.ticket = r.record
	}
	return r.readSummary(ctx)
}

// readSummary reads what was last written of the account, by the workflow that the payload names, as far as it was let through. What it says has been checked then; it is
// shown, and never evidence.
func (r *run) readSummary(ctx context.Context) error {
	if r.w.Payload.Summary == "" {
		return nil
	}
	last, err := r.Proposals.Latest(ctx, r.account, r.w.Payload.Summary, r.asOf, crm.Approved, crm.Applied)
	if errors.Is(err, crm.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("last summary: %w", err)
	}
	r.around.summary.Date = dateShown(last.CreatedAt)
	through := map[int]bool{}
	for _, c := range last.Changes {
		for _, i := range c.Claims {
			through[i] = through[i] || c.State == crm.Approved || c.State == crm.Applied
		}
	}
	for i, c := range last.Claims {
		if text := oneLine(c.Text); through[i] && c.Supported && text != "" {
			r.around.summary.Lines = append(r.around.summary.Lines, text)
		}
	}
	return nil
}

// persons are the contacts who may be the person in question: the subject, else who wrote or spoke in the activity that it is about.
func (r *run) persons() []crm.Ref {
	if r.subject.Type == crm.Contacts {
		return []crm.Ref{r.subject}
	}
	for _, p := range r.focus.People {
		if !p.Ours && p.Ref.Type == crm.Contacts && (p.Role == "from" || p.Role == "speaker") {
			return []crm.Ref{p.Ref}
		}
	}
	return nil
}

// deals are those that may be the deal in question: the subject, else those that it is on.
func (r *run) deals() []crm.Ref {
	switch {
	case r.subject.Type == crm.Deals:
		return []crm.Ref{r.subject}
	case r.subject.Type.IsActivity():
		return r.focus.Links.Deals
	}
	return r.record.Links.Deals
}

func anyRecord(crm.Record) bool { return true }

func openDeal(d crm.Record) bool {
	p := d.Properties
	return p["hs_is_closed"] != "true" && p["dealstage"] != "closedwon" && p["dealstage"] != "closedlost"
}

// newest reads records and keeps the one that was made last. The subject itself needs to pass no test.
func (r *run) newest(ctx context.Context, refs []crm.Ref, fits func(crm.Record) bool) (crm.Record, error) {
	var best crm.Record
	for _, ref := range refs {
		if ref == r.record.Ref && ref == r.subject {
			return r.record, nil
		}
		rec, err := r.ofAccount(ctx, ref)
		if errors.Is(err, crm.ErrNotFound) {
			continue
		}
		if err != nil {
			return best, err
		}
		if fits(rec) && (best.Ref.IsZero() || rec.Created.After(best.Created)) {
			best = rec
		}
	}
	return best, nil
}

// ofAccount reads a record of the account that the run is about; crm.ErrNotFound for any other, and for one that was not there at the run's moment.
func (r *run) ofAccount(ctx context.Context, ref crm.Ref) (crm.Record, error) {
	if ref.Portal != r.subject.Portal {
		return crm.Record{}, crm.ErrNotFound
	}
	if ref != r.account {
		account, err := r.History.Account(ctx, ref)
		if err != nil {
			return crm.Record{}, fmt.Errorf("account of %s: %w", ref.Path(), err)
		}
		if account != r.account {
			return crm.Record{}, crm.ErrNotFound
		}
	}
	rec, err := r.History.Record(ctx, ref)
	if err != nil {
		return crm.Record{}, fmt.Errorf("read %s: %w", ref.Path(), err)
	}
	if !r.asOf.IsZero() && !rec.Created.Before(r.asOf) {
		return crm.Record{}, crm.ErrNotFound
	}
	return r.known(rec), nil
}
