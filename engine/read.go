package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// read loads the subject, the record that the proposal is shown on, its account, and the activity in question.
func (r *run) read(ctx context.Context) error {
	if r.subject.Type.IsActivity() {
		return r.readActivity(ctx)
	}
	rec, err := r.History.Record(ctx, r.subject)
	if err != nil {
		return fmt.Errorf("read subject: %w", err)
	}
	rec = r.known(rec)
	r.setRecord(rec)
	if err := r.require(rec); err != nil {
		return err
	}
	switch r.account, err = r.History.Account(ctx, rec.Ref); {
	case errors.Is(err, crm.ErrNotFound):
		return nothing("the record belongs to no account")
	case err != nil:
		return fmt.Errorf("account of the subject: %w", err)
	}
	r.links = rec.Links.Add(rec.Ref).Add(r.account)
	if err := r.nameAccount(ctx); err != nil {
		return err
	}
	return r.readFocus(ctx)
}

// activity reads an activity as it is, or as it was known before the moment that the run is about.
func (r *run) activity(ctx context.Context, ref crm.Ref) (crm.Stored, error) {
	if r.asOf.IsZero() {
		return r.History.Activity(ctx, ref)
	}
	return r.History.ActivityAt(ctx, ref, r.asOf.Add(-time.Nanosecond))
}

func (r *run) readActivity(ctx context.Context) error {
	a, err := r.activity(ctx, r.subject)
	if err != nil {
		return fmt.Errorf("read subject: %w", err)
	}
	if a.Ours {
		return nothing("contextd wrote this itself")
	}
	if a.Generated {
		return nothing("a machine wrote this: it is no evidence")
	}
	if len(a.Accounts) == 0 || a.Accounts[0].Portal != r.subject.Portal {
		return nothing("the activity belongs to no account")
	}
	r.focus, r.account, r.owner = a, a.Accounts[0], a.OwnerID
	r.links = a.Links.Add(r.account)
	rec, err := r.History.Record(ctx, r.account)
	if errors.Is(err, crm.ErrNotFound) {
		rec = crm.Record{Ref: r.account} // known by its activities only; conditions see an empty record
	} else if err != nil {
		return fmt.Errorf("read account: %w", err)
	}
	rec = r.known(rec)
	r.setRecord(rec)
	r.proposal.Account, r.accountTitle = r.account, rec.Name
	return r.require(rec)
}

func (r *run) setRecord(rec crm.Record) {
	r.record = rec
	r.proposal.Record, r.proposal.RecordName = rec.Ref, rec.Name
	if r.owner == "" {
		r.owner = rec.Properties["hubspot_owner_id"]
	}
}

// nameAccount looks up the account's name, which a claim may say without a quote; the record's own name stays what people are shown.
func (r *run) nameAccount(ctx context.Context) error {
	r.proposal.Account = r.account
	if r.account == r.record.Ref {
		r.accountTitle = r.record.Name
		return nil
	}
	rec, err := r.History.Record(ctx, r.account)
	if err != nil && !errors.Is(err, crm.ErrNotFound) {
		return fmt.Errorf("read account: %w", err)
	}
	r.accountTitle = r.known(rec).Name
	return nil
}

// require tests the workflow's conditions on the subject's record. A run of the past does not ask for what is not known of then.
func (r *run) require(rec crm.Record) error {
	for _, c := range r.w.Require {
		if len(c.Types) > 0 && !slices.Contains(c.Types, r.subject.Type) || !r.asOf.IsZero() && rec.Properties[c.Property] == "" {
			continue
		}
		c.Types = nil
		if !holds(c, rec) {
			return nothing("skipped: %s", c.Why)
		}
	}
	return nil
}

// focusDepth is how many of a record's newest activities are looked through for the one in question.
const focusDepth = 100

// readFocus finds the newest activity of the record that the workflow answers to.
func (r *run) readFocus(ctx context.Context) error {
	if !r.w.Retrieve.Focus {
		return nil
	}
	line, err := r.History.Timeline(ctx, r.record.Ref, time.Time{}, focusDepth)
	if err != nil {
		return fmt.Errorf("timeline of the subject: %w", err)
	}
	for _, a := range line {
		if !r.fits(a) {
			continue
		}
		switch a, err = r.activity(ctx, a.Ref); {
		case errors.Is(err, crm.ErrNotFound):
			continue
		case err != nil:
			return fmt.Errorf("read %s: %w", a.Ref.Path(), err)
		}
		r.focus = a
		if !slices.Contains(a.Accounts, r.account) {
			// The record is of one company and the newest word on it came from another, such as a partner who writes for their customer. The memory that
			// answers is that of the one who wrote; the two never mix.
			r.account = a.Accounts[0]
			if err := r.nameAccount(ctx); err != nil {
				return err
			}
		}
		if a.OwnerID != "" {
			r.owner = a.OwnerID
		}
		r.links = addAll(r.links, a.Links.Contacts)
		return nil
	}
	return nothing("there is no activity to work from")
}

func (r *run) fits(a crm.Stored) bool {
	re := r.w.Retrieve
	return !a.Ours && !a.Generated && a.DeletedAt == nil && a.Ref.Portal == r.subject.Portal &&
		(len(re.FocusKinds) == 0 || slices.Contains(re.FocusKinds, a.Ref.Type.Kind())) &&
		(re.FocusDirection == "" || re.FocusDirection == a.Direction) &&
		(r.asOf.IsZero() || a.Time.Before(r.asOf) && a.Created.Before(r.asOf)) &&
		len(a.Accounts) > 0 && (r.subject != r.account || slices.Contains(a.Accounts, r.account))
}

func addAll(l crm.Links, refs []crm.Ref) crm.Links {
	for _, x := range refs {
		l = l.Add(x)
	}
	return l
}
