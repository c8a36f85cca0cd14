package indexer

import (
	"context"
	"errors"
	"fmt"

	"github.com/contextd/contextd/internal/crm"
)

// converge does what was decided: vectors first, the store last of all, so that a crash in between is seen by the next run as undone.
func (x *Indexer) converge(ctx context.Context, jobs []*job) {
	x.removeGone(ctx, jobs)
	x.move(ctx, jobs)
	x.embedAll(ctx, jobs)
	var replace, keep []*job
	for _, j := range open(jobs) {
		if j.todo == embed {
			replace = append(replace, j)
		}
	}
	inHalves(replace, func(part []*job) error { return x.Vectors.Replace(ctx, keptOf(part)) }, "replace vectors")
	for _, j := range open(jobs) {
		if j.todo == embed || j.todo == relink || j.todo == keepOnly {
			keep = append(keep, j)
		}
	}
	inHalves(keep, func(part []*job) error { return x.Texts.Keep(ctx, keptOf(part)) }, "keep")
}

// removeGone takes deleted activities out. Vectors go even when the store knows nothing: a crash before the first Keep may have left them.
func (x *Indexer) removeGone(ctx context.Context, jobs []*job) {
	var gone []*job
	for _, j := range open(jobs) {
		if j.todo == remove {
			j.kept = crm.Kept{Activity: crm.Activity{Ref: j.ref}}
			gone = append(gone, j)
		}
	}
	inHalves(gone, func(part []*job) error { return x.Vectors.Replace(ctx, keptOf(part)) }, "remove vectors")
	for _, j := range open(gone) {
		if !j.known {
			continue
		}
		if err := x.Texts.Gone(ctx, []crm.Ref{j.ref}, j.claim); err != nil {
			j.err = fmt.Errorf("forget: %w", err)
		}
	}
}

// move gives activities whose text is unchanged to their new accounts and people, without embedding. What the vector store does not have is embedded after all.
func (x *Indexer) move(ctx context.Context, jobs []*job) {
	for _, j := range open(jobs) {
		if j.todo != relink || len(j.kept.Chunks) == 0 {
			continue
		}
		err := x.Vectors.Relink(ctx, j.ref, j.kept.Accounts, peopleOf(j.kept.Activity.Links))
		switch {
		case errors.Is(err, crm.ErrNotFound):
			j.todo = embed
		case err != nil:
			j.err = fmt.Errorf("relink: %w", err)
		}
	}
}

func keptOf(jobs []*job) []crm.Kept {
	out := make([]crm.Kept, len(jobs))
	for i, j := range jobs {
		out[i] = j.kept
	}
	return out
}

// inHalves applies do to all jobs at once. When the batch is refused it is divided until the guilty ones stand alone; an outage fails all that are left.
func inHalves(jobs []*job, do func([]*job) error, what string) {
	if len(jobs) == 0 {
		return
	}
	err := do(jobs)
	switch {
	case err == nil:
	case len(jobs) == 1 || !errors.Is(err, crm.ErrInvalid):
		fail(jobs, fmt.Errorf("%s: %w", what, err))
	default:
		inHalves(jobs[:len(jobs)/2], do, what)
		inHalves(jobs[len(jobs)/2:], do, what)
	}
}
