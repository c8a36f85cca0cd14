package spend

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
)

// Writer is a chat model whose answers are kept and counted. Completer, Ledger and Now are required.
type Writer struct {
	model.Completer
	// Identity names what would answer now, beside what a request says: provider, address, model with its digest, temperature. nil, or an error: nothing is taken from the
	// cache or kept (the model says itself what is wrong with it).
	Identity func(ctx context.Context) (string, error)
	Price    Price
	Purse    *Purse
	Ledger   Ledger
	Answers  Answers       // nil: no cache
	KeepFor  time.Duration // how old an answer from the cache may be
	Now      func() time.Time
}

// Complete answers from the cache, or asks. What the answer cost, and what is to be kept of it, is in its Call, which the caller stores with the run: until then what was
// set aside stays so. A failed call is recorded here.
func (w *Writer) Complete(ctx context.Context, r model.Request) (model.Response, error) {
	call := crm.ModelCall{Portal: r.Subject.Portal, Day: crm.Day(w.Now()), Task: crm.ChatTask, Workflow: r.Workflow, Model: w.Name(), Sources: slices.Clone(r.Sources)}
	if r.Repair {
		call.Task = crm.RepairTask
	}
	if err := w.lookUp(ctx, r, &call); err == nil {
		return model.Response{Text: call.Answer, Model: call.Answers, Finish: model.Stop, Usage: call.Usage, Call: &call}, nil
	} else if !errors.Is(err, crm.ErrNotFound) {
		return model.Response{}, fmt.Errorf("%s: %w", w.Name(), err)
	}
	if !w.Price.Free() {
		call.ID, call.Most = rand.Text(), w.Price.Most(r)
		if err := w.Purse.reserve(ctx, w.Ledger, call); err != nil {
			return model.Response{}, w.failed(ctx, call, false, fmt.Errorf("%s: %w", w.Name(), err))
		}
	}
	ctx, _ = crm.WithRequests(ctx)
	got, err := w.Completer.Complete(ctx, r)
	call.Requests, _ = crm.RequestsOf(ctx)
	if err != nil {
		return got, w.failed(ctx, call, charged(err), err)
	}
	w.count(&call, &got)
	call.Answer, call.Answers = slices.Clone(got.Text), got.Model
	got.Call = &call
	return got, nil
}

// lookUp finds the answer in the cache; crm.ErrNotFound. It leaves the key in the call.
func (w *Writer) lookUp(ctx context.Context, r model.Request, call *crm.ModelCall) error {
	if w.Answers == nil || w.Identity == nil || w.KeepFor <= 0 || len(r.Sources) == 0 {
		return crm.ErrNotFound
	}
	identity, err := w.Identity(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", err, crm.ErrNotFound)
	}
	if call.Key, err = keyOf(identity, r); err != nil {
		return err
	}
	kept, err := w.Answers.Answer(ctx, call.Portal, call.Key, w.Now().Add(-w.KeepFor))
	if err != nil {
		return err
	}
	call.Answer, call.Answers, call.Saved = kept.Body, kept.Model, kept.Usage.InputTokens+kept.Usage.OutputTokens
	call.Usage = crm.Usage{FromCache: 1}
	return nil
}

// count prices an answer. A server that does not say what it read is taken to have read all that it can have.
func (w *Writer) count(call *crm.ModelCall, got *model.Response) {
	u := got.Usage
	switch {
	case w.Price.Unknown:
		u.Unpriced = 1
	case u.InputTokens == 0 && u.OutputTokens == 0:
		call.Cost, call.Unsure = call.Most, call.Most > 0
	default:
		call.Cost = w.Price.Of(u)
	}
	u.CostUSD = call.Cost.Float()
	call.Usage, got.Usage = u, u
}

// recording bounds how long a failed call waits for the ledger.
const recording = 10 * time.Second

// failed records a call that brought no answer, and returns its cause. The run has failed, and perhaps its context with it: the money is recorded all the same, or set free.
func (w *Writer) failed(ctx context.Context, call crm.ModelCall, paid bool, cause error) error {
	if call.ID == "" {
		return cause
	}
	if paid {
		call.Cost, call.Unsure = call.Most, true
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recording)
	defer cancel()
	if err := w.Ledger.Spend(ctx, []crm.ModelCall{call}); err != nil {
		return errors.Join(cause, fmt.Errorf("what was set aside for the call stays so until the next start: %w", err))
	}
	return cause
}
