// Package engine runs workflows: it reads a subject, retrieves its account's history, renders the prompt, asks the model, checks every claim against the stored
// text, lets the gate decide and hands what may be written to the applier. The gate and the checks are pure functions.
package engine

import (
	"context"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
)

// Retriever answers questions inside one account.
type Retriever interface {
	Retrieve(ctx context.Context, q crm.Question) (crm.Context, error)
}

// Model is the chat model of a workflow.
type Model = model.Completer

// History is what a run reads from the store: never HubSpot itself.
type History interface {
	// Activity is the current version of an activity with its text; crm.ErrNotFound when it is not kept or deleted.
	Activity(ctx context.Context, ref crm.Ref) (crm.Stored, error)
	// ActivityAt is an activity with the text that was known at that moment, also of one that was changed or deleted since; crm.ErrNotFound when nothing was known of it.
	ActivityAt(ctx context.Context, ref crm.Ref, known time.Time) (crm.Stored, error)
	// Text is one version's text, also a superseded one; crm.ErrNotFound when it was erased.
	Text(ctx context.Context, ref crm.Ref, version string) (string, error)
	// Record is a record as last read; crm.ErrNotFound when unknown or deleted.
	Record(ctx context.Context, ref crm.Ref) (crm.Record, error)
	// RecordsOf lists the records of a type that belong to an account now, newest first, deleted ones left out.
	RecordsOf(ctx context.Context, account crm.Ref, typ crm.ObjectType) ([]crm.Record, error)
	// Account is the account of a record: itself for a company, its present company for the others, a contact itself when it has none.
	Account(ctx context.Context, record crm.Ref) (crm.Ref, error)
	// Timeline lists an account's or record's activities, newest first, without text, ours included and flagged.
	Timeline(ctx context.Context, record crm.Ref, since time.Time, limit int) ([]crm.Stored, error)
	// Heard says when somebody was last heard about a record, and on which days before; zero when nobody ever was.
	Heard(ctx context.Context, h crm.Hearing) (crm.Heard, error)
	// Known is crm.Stored.Seq of the newest text that an account has; 0 when it has none.
	Known(ctx context.Context, account crm.Ref) (int64, error)
}

// Proposals keeps what runs propose and what becomes of it. Each method is one transaction that also writes its audit entries.
type Proposals interface {
	// Propose stores a decided proposal; changes with verdict Apply get an effect and an ApplyWork mark in the same transaction. An older pending proposal of the same
	// portal, workflow and subject is superseded, unless this one confirms what was suggested before. added is false when this very proposal (by id) is already stored, or an equal fingerprint was rejected before.
	Propose(ctx context.Context, p crm.Proposal, raw Raw) (added bool, err error)
	// Proposal by id; crm.ErrNotFound.
	Proposal(ctx context.Context, portal crm.PortalID, id string) (crm.Proposal, error)
	// Latest is the newest proposal of a workflow about a subject that has a change in one of the states, made before a moment (zero: at any time); crm.ErrNotFound. Erased words are
	// not in it.
	Latest(ctx context.Context, subject crm.Ref, workflow string, before time.Time, states ...crm.State) (crm.Proposal, error)
	// OpenTasks lists the tasks of ours about a subject that were written and, as far as is known, neither completed nor deleted.
	OpenTasks(ctx context.Context, subject crm.Ref) ([]crm.Ref, error)
	// Decide approves or rejects pending changes of a proposal: all of them when changes is empty. seen is the ETag that the person was shown; crm.ErrConflict when
	// the proposal has moved. Approving creates effects and marks in the same transaction; every decision is an outcome and an audit entry.
	Decide(ctx context.Context, d Decision) (crm.Proposal, error)
	// Undo puts back what applied changes replaced (all of them when changes is empty), an effect each, with its outcome. crm.ErrConflict when the suggestion has moved, or
	// a named change is not applied or was written longer ago than crm.UndoFor; crm.ErrInvalid for an unknown change.
	Undo(ctx context.Context, portal crm.PortalID, id string, changes []string, by crm.Actor, seen string) (crm.Proposal, error)
	// Overruled reports whether people had the last word where this change of the proposal would write: the newest write there gave way to theirs,
	// was undone, or another value than the one written stands there now (the change's Before); and nobody has released the place since.
	Overruled(ctx context.Context, p crm.Proposal, c crm.Change) (bool, error)
	// Failed is why the newest write to where this change of the proposal would write came to nothing, "" when it did not: HubSpot says no word beforehand about an
	// administrator's rules between properties or those of a pipeline's stages, and the next write will meet them again.
	Failed(ctx context.Context, p crm.Proposal, c crm.Change) (string, error)
	// WrittenAlone counts the writes that the gate let through without a person in the time before now, undoing left out: those about one record, or all of the portal (zero).
	WrittenAlone(ctx context.Context, portal crm.PortalID, record crm.Ref, within time.Duration) (int, error)
}

// Spending is told what calls to models cost whose run is not stored.
type Spending interface {
	// Spend records what calls cost; one that was recorded before counts once.
	Spend(ctx context.Context, calls []crm.ModelCall) error
}

// Outside is a source of facts about companies beside HubSpot.
type Outside interface {
	// Company asks what the source says of a company; crm.ErrNotFound when it does not know it. Any other error: nobody can say. It has a deadline of its own.
	Company(ctx context.Context, q crm.OutsideQuestion) (crm.OutsideAnswer, error)
}

// Raw is the erasable text of a run, kept under its hash: the rendered prompt and the model's reply. Its calls are recorded and their usable answers kept, in one transaction.
type Raw = crm.Raw

// Decision is a person's word on a suggestion.
type Decision = crm.Decision

// Effects is the applier's side of the store. A Begin with a new fence makes every older holder's Settle fail with crm.ErrConflict. The place of an effect is the
// property that it writes, or its workflow's note about its subject.
type Effects interface {
	Effect(ctx context.Context, portal crm.PortalID, id string) (crm.Effect, error)
	// Newer reports whether a later decision writes to the same place, and whether a request of one has left already.
	Newer(ctx context.Context, e crm.Effect) (found, sent bool, err error)
	// Sent lists the texts that may stand at the place of a note or task without a person having edited them since: those that were sent there, and those of a person
	// that an earlier effect gave way to. Newest first, bounded.
	Sent(ctx context.Context, e crm.Effect) ([]string, error)
	// Begin records that a request is about to leave: state sending, fence, deadline, and the object if it is known. It commits before the request is sent. crm.RetryAfter while an
	// earlier effect's request to the same place may still arrive, or what it did then has not been looked at.
	Begin(ctx context.Context, e crm.Effect) error
	// Settle records the end (verified, conflict, failed, superseded) or the uncertainty (unknown) with its receipt, moves the change's and the suggestion's state, and audits. A
	// conflict keeps what stands there instead (the receipt's After) and marks the workflow dirty again, so that a new suggestion follows. An end with a deadline has the effect
	// handed out once more behind it, because an earlier request of it can arrive until then: what came of that is settled once more, or Looked.
	Settle(ctx context.Context, e crm.Effect, r crm.Receipt) error
	// Looked ends that look: nothing came of an earlier request, or nothing that matters, and none can arrive any more.
	Looked(ctx context.Context, e crm.Effect) error
}

// Writer is the only way to HubSpot's write endpoints. Every method is safe to repeat. Errors: crm.ErrUnknown when the request may or may not have been applied;
// crm.ErrTemporary when it certainly was not; crm.ErrInvalid when HubSpot refuses the value; crm.ErrForbidden for a missing scope or a field outside the allow-list.
type Writer interface {
	// Current reads the target property with its newest change: value, when, and whether an integration (and which) or a person made it.
	Current(ctx context.Context, target crm.Ref, property string) (Current, error)
	// Standing reads several properties of one object at once; crm.ErrNotFound when it is gone.
	Standing(ctx context.Context, target crm.Ref, properties []string) (map[string]Current, error)
	// Archived is Standing of a note or task that lies in HubSpot's recycle bin; crm.ErrNotFound when it does not.
	Archived(ctx context.Context, target crm.Ref, properties []string) (map[string]Current, error)
	// Recognise keeps that this app (its id in HubSpot) is our own: what it changes is no person's.
	Recognise(ctx context.Context, portal crm.PortalID, app string) error
	// SetProperty writes an absolute value and nothing else.
	SetProperty(ctx context.Context, target crm.Ref, property, value string) error
	// UpsertActivity writes a note or task of ours by its unique key and returns it; associations are added idempotently. No properties: it is only associated.
	UpsertActivity(ctx context.Context, portal crm.PortalID, typ crm.ObjectType, key string, properties map[string]string, links []crm.Ref) (crm.Ref, error)
	// ArchiveActivity moves a note or task of ours with this key to HubSpot's recycle bin; nil when it is gone already. crm.ErrForbidden when it has another key.
	ArchiveActivity(ctx context.Context, ref crm.Ref, key string) error
	// UniqueKeys reports whether HubSpot itself keeps a second note or task with one key from existing: repeating UpsertActivity is then harmless even while an earlier
	// request is on its way.
	UniqueKeys(ctx context.Context, portal crm.PortalID, typ crm.ObjectType) (bool, error)
	// FindActivity looks for our note or task by key near the given records; crm.ErrNotFound. It settles unknown outcomes.
	FindActivity(ctx context.Context, portal crm.PortalID, typ crm.ObjectType, key string, links []crm.Ref) (ref crm.Ref, properties map[string]string, err error)
}

// Current is a property as HubSpot has it now; see crm.Current.
type Current = crm.Current
