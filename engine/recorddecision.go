package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// RecordDecisions carries out what people decide in HubSpot about everything that waits on a record. All fields but Log are required.
type RecordDecisions struct {
	Store  RecordDecisionStore
	Review func(ctx context.Context, d Decision) (crm.Proposal, error)       // Reviewer.Decide
	May    func(portal crm.PortalID, user string, approve bool) (why string) // "": this HubSpot user may decide; else why not
	Log    *slog.Logger                                                      // nil: silent
}

// RecordDecisionStore is what RecordDecisions needs of the store.
type RecordDecisionStore interface {
	// Waiting lists the pending suggestions of a record, oldest first.
	Waiting(ctx context.Context, record crm.Ref) ([]crm.Proposal, error)
	// CloseDecision records the end of it and empties the property in HubSpot; doing so twice is doing it once.
	CloseDecision(ctx context.Context, d crm.RecordDecision, decided []string, refused string) error
	// Comment adds a remark to a suggestion.
	Comment(ctx context.Context, portal crm.PortalID, id, text string, by crm.Actor, seen string) (crm.Proposal, error)
}

// reasonInHubSpot is the reason of a rejection there: the property has no room for another.
const reasonInHubSpot = "other"

// Work carries out the decisions that the claims' keys name: one error per claim. What was suggested after the person decided is not decided, because nobody had seen it. A
// suggestion that is not decided (that one, or a person changed the record meanwhile, or writing is off) keeps waiting with a remark that says why, and the others are decided all
// the same.
func (r *RecordDecisions) Work(ctx context.Context, claims []crm.Claim) []error {
	errs := make([]error, len(claims))
	for i, c := range claims {
		d, err := crm.ParseRecordDecision(c.Portal, c.Key)
		if err == nil {
			err = r.carryOut(ctx, d)
		}
		if err != nil {
			errs[i] = fmt.Errorf("decide in HubSpot, %s: %w", c.Key, err)
		}
	}
	return errs
}

func (r *RecordDecisions) carryOut(ctx context.Context, d crm.RecordDecision) error {
	if why := r.May(d.Record.Portal, d.User, d.Approve); why != "" {
		if r.Log != nil {
			r.Log.Warn("a decision in HubSpot was refused", "portal", d.Record.Portal, "record", d.Record.Path(), "user", d.User, "cause", why)
		}
		return r.Store.CloseDecision(ctx, d, nil, why)
	}
	waiting, err := r.Store.Waiting(ctx, d.Record)
	if err != nil {
		return err
	}
	var decided []string
	by := crm.Actor{Kind: crm.HubSpotActor, ID: d.User}
	for _, p := range waiting {
		if !p.CreatedAt.Before(d.At) {
			if err := r.remark(ctx, d, p, "it was suggested only at "+p.CreatedAt.UTC().Format(time.RFC3339)+", after that choice at "+d.At.UTC().Format(time.RFC3339)+": choose again"); err != nil {
				return err
			}
			continue
		}
		word := Decision{Portal: p.Portal, Proposal: p.ID, Approve: d.Approve, Actor: by, Seen: p.ETag(), Comment: "decided on the record in HubSpot"}
		if !d.Approve {
			word.Reason = reasonInHubSpot
		}
		switch _, err := r.Review(ctx, word); {
		case err == nil:
			decided = append(decided, p.ID)
		case errors.Is(err, crm.ErrConflict), errors.Is(err, crm.ErrInvalid), errors.Is(err, crm.ErrForbidden), errors.Is(err, crm.ErrStopped):
			if err := r.remark(ctx, d, p, err.Error()); err != nil {
				return err
			}
		default:
			return err
		}
	}
	return r.Store.CloseDecision(ctx, d, decided, "")
}

// remark says on a suggestion why a choice in HubSpot was not carried out; one that has moved meanwhile needs none.
func (r *RecordDecisions) remark(ctx context.Context, d crm.RecordDecision, p crm.Proposal, why string) error {
	_, err := r.Store.Comment(ctx, p.Portal, p.ID, "Chosen in HubSpot: "+d.Value()+". It was not carried out: "+why, crm.Actor{Kind: crm.HubSpotActor, ID: d.User}, p.ETag())
	if errors.Is(err, crm.ErrConflict) {
		return nil
	}
	return err
}
