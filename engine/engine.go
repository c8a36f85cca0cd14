package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/contextd/contextd/internal/calibration"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/prompts"
)

// Engine runs workflows for subjects. All fields but Version, Spending, Proofs, Decided, Definitions, Outside, Zone, MaxTokens, Usage and Log are required. It is safe for concurrent use.
type Engine struct {
	Workflows []prompts.Workflow
	Retriever Retriever
	Models    map[string]Model // by workflow, else by the class of model that it asks for; "" is the one for all others
	History   History
	Proposals Proposals
	Spending  Spending                                                                          // nil: nobody counts what failed and dry runs cost
	Version   func(context.Context, crm.PortalID, string) (int, error)                          // of a workflow's prompt that runs in a portal, 0 for the folder's own; nil: that everywhere
	Policy    func(crm.PortalID) Policy                                                         // as it is now
	Proofs    func(context.Context, crm.PortalID, calibration.Group) (calibration.Proof, error) // what outcomes prove about a field; nil: nothing, so a budget lets nothing through
	Decided   func(context.Context, crm.PortalID, string, time.Time) ([]crm.Outcome, error)     // the newest outcomes of a workflow before a moment, in any order, bounded; nil: nothing is known of its past
	Enabled   func(crm.PortalID) error                                                          // nil, or why writing is stopped (crm.ErrStopped)
	Now       func() time.Time
	Zone      func(crm.PortalID) *time.Location // nil: UTC; in it relative dates are resolved
	MaxTokens int                               // of an answer; 0: the model's default
	Usage     []string                          // properties of companies that measure usage
	Log       *slog.Logger                      // nil: silent

	Definitions Definitions                    // nil: nobody looks whether HubSpot would take a value
	Pasted      func(text string) []crm.Pasted // whose messages somebody has put into a text (see indexer.Pasted); nil: all words are the author's
	Outside     Outside                        // nil: no source beside HubSpot is asked

	deciding sync.Mutex // held from counting what caps are about until the decision is stored
}

// Consider runs the workflow of each claim for its subject ("workflow:type/id") and stores what it proposes: one error per claim, nil when it is settled. A run that
// comes to nothing is stored as a dropped proposal with its reason. crm.ErrInvalid (no such workflow, an answer that stays unusable after one repair) is a dead
// letter; a subject that is gone is dropped, too; errors of models and stores come back as they are. The same claim (by Seq) proposes once, however often
// it runs, and asks a model at most twice each time.
func (e *Engine) Consider(ctx context.Context, claims []crm.Claim) []error {
	errs := make([]error, len(claims))
	for i, c := range claims {
		errs[i] = e.consider(ctx, c)
	}
	return errs
}

func (e *Engine) consider(ctx context.Context, claim crm.Claim) (err error) {
	name, subject, err := ParseConsiderKey(claim.Portal, claim.Key)
	if err != nil {
		return err
	}
	w, err := e.workflow(ctx, name, subject)
	if err != nil {
		return err
	}
	id := proposalID(w.Name, w.Version, subject, claim.Seq)
	switch _, err := e.Proposals.Proposal(ctx, claim.Portal, id); {
	case err == nil:
		return nil // this very run was stored before its claim could be finished
	case !errors.Is(err, crm.ErrNotFound):
		return fmt.Errorf("consider %s: %w", claim.Key, err)
	}
	r := e.newRun(w, subject, claim, time.Time{})
	r.store = true
	defer r.release()
	defer func() { err = r.settleCalls(ctx, err) }()
	switch err := r.do(ctx); {
	case errors.Is(err, crm.ErrNotFound): // it was deleted meanwhile; what still waits for a person about it is superseded by this
		r.proposal.Verdict, r.proposal.State = crm.Drop, crm.Dropped
		r.proposal.Reasons = append(r.proposal.Reasons, "the subject is no longer there")
	case err != nil:
		return fmt.Errorf("consider %s: %w", claim.Key, err)
	}
	added, err := e.Proposals.Propose(ctx, r.proposal, Raw{Prompt: r.prompt, Reply: r.reply, Answers: r.answersKept(), Calls: r.calls, Passages: r.shownChunks(), Inputs: r.inputs})
	if err != nil {
		return fmt.Errorf("consider %s: %w", claim.Key, err)
	}
	r.calls = nil // stored with the run
	e.log().Info("considered", "portal", claim.Portal, "workflow", w.Name, "subject", subject.Path(), "proposal", id, "verdict", r.proposal.Verdict.String(), "added", added)
	return nil
}

// workflow finds one by name, with the version of its prompt that is live in the subject's portal, and checks that it takes such subjects.
func (e *Engine) workflow(ctx context.Context, name string, subject crm.Ref) (prompts.Workflow, error) {
	for _, w := range e.Workflows {
		if w.Name != name {
			continue
		}
		for _, t := range w.Subjects {
			if t == subject.Type {
				return e.live(ctx, w, subject.Portal)
			}
		}
		return w, fmt.Errorf("workflow %s does not take %s: %w", name, subject.Type, crm.ErrInvalid)
	}
	return prompts.Workflow{}, fmt.Errorf("workflow %q does not exist: %w", name, crm.ErrInvalid)
}

// live is the workflow with the version that runs in a portal. One whose file is gone is not replaced by another: nobody decided on that.
func (e *Engine) live(ctx context.Context, w prompts.Workflow, portal crm.PortalID) (prompts.Workflow, error) {
	if e.Version == nil {
		return w, nil
	}
	number, err := e.Version(ctx, portal, w.Name)
	if err != nil || number == 0 {
		return w, err
	}
	at, err := w.At(number)
	if err != nil { // not crm.ErrNotFound: the subject is there
		return w, fmt.Errorf("version %d of %s is live and its file is gone: bring it back, or roll back: %w", number, w.Name, crm.ErrInvalid)
	}
	return at, nil
}

func (e *Engine) model(w prompts.Workflow) (Model, error) {
	for _, key := range []string{w.Name, w.Model, ""} {
		if m := e.Models[key]; m != nil {
			return m, nil
		}
	}
	return nil, fmt.Errorf("workflow %s has no model: %w", w.Name, crm.ErrInvalid)
}

func (e *Engine) log() *slog.Logger {
	if e.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return e.Log
}

// Dry is a whole run that was not stored. Suggestion and the rest are as they would have been, but that nothing is written.
type Dry struct {
	Proposal crm.Proposal
	Passages []crm.Passage
	Prompt   string
	Reply    string
	Checks   []Check
}

// DryRun runs a workflow for a subject as of a moment (zero: now) and stores nothing. Errors as those of Consider. With ErrUnusable comes what there is, the
// answer too, and a dropped proposal that says why: whoever writes a workflow wants to see it.
func (e *Engine) DryRun(ctx context.Context, workflow string, subject crm.Ref, asOf time.Time) (Dry, error) {
	w, err := e.workflow(ctx, workflow, subject)
	if err != nil {
		return Dry{}, fmt.Errorf("dry run: %w", err)
	}
	r := e.newRun(w, subject, crm.Claim{Portal: subject.Portal, Kind: crm.ConsiderWork, Key: ConsiderKey(workflow, subject)}, asOf)
	err = r.settleCalls(ctx, r.do(ctx))
	d := Dry{Proposal: r.proposal, Passages: r.passages, Prompt: r.prompt, Reply: r.reply, Checks: r.checks}
	if errors.Is(err, ErrUnusable) {
		d.Proposal.State, d.Proposal.Verdict, d.Proposal.Confidence = crm.Dropped, crm.Drop, 0
		d.Proposal.Reasons = append(d.Proposal.Reasons, strings.TrimSuffix(err.Error(), ": "+ErrUnusable.Error())+"; a run that is stored ends as a dead letter here")
	}
	if err != nil {
		return d, fmt.Errorf("dry run %s: %w", ConsiderKey(workflow, subject), err)
	}
	return d, nil
}
