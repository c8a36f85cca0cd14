package indexer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

// converge does what was decided: vectors first, the store last of all, so that a crash in between is seen by the next run as undone.
func (x *Indexer) converge(ctx context.Context, jobs []*job) {
	x.removeGone(ctx, jobs)
	x.move(ctx, jobs)
	x.embedAll(ctx, jobs)
	replace := needing(jobs, embed)
	if len(replace) == 0 {
		return
	}
	done := x.Vectors.Hold()
	defer done()
	inHalves(replace, func(part []*job) error { return x.Vectors.Replace(ctx, keptOf(part)) }, "replace vectors")
	x.keep(ctx, open(replace))
}

// keep tells the store; the caller holds the index since before it wrote there.
func (x *Indexer) keep(ctx context.Context, jobs []*job) {
	inHalves(jobs, func(part []*job) error { return x.Texts.Keep(ctx, keptOf(part)) }, "keep")
}

// needing are the jobs that have not failed and need one of these.
func needing(jobs []*job, any ...todo) (out []*job) {
	for _, j := range open(jobs) {
		if slices.Contains(any, j.todo) {
			out = append(out, j)
		}
	}
	return out
}

// removeGone takes deleted activities out. Vectors go even when the store knows nothing: a crash before the first Keep may have left them.
func (x *Indexer) removeGone(ctx context.Context, jobs []*job) {
	gone := needing(jobs, remove)
	if len(gone) == 0 {
		return
	}
	for _, j := range gone {
		j.kept = crm.Kept{Activity: crm.Activity{Ref: j.ref}}
	}
	done := x.Vectors.Hold()
	defer done()
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

// move gives activities whose text is unchanged to their new accounts and people, without embedding, and keeps them with those of which the index needs nothing at all.
// What the vector store does not have is embedded after all. Where another generation took the live one's place, its chunks may be of another chunker: all is decided anew.
func (x *Indexer) move(ctx context.Context, jobs []*job) {
	placed := needing(jobs, relink, keepOnly)
	if len(placed) == 0 {
		return
	}
	done := x.Vectors.Hold()
	defer done()
	now := x.maker()
	for _, j := range placed {
		if j.maker != now {
			j.err = fmt.Errorf("place: %q took the place of %q meanwhile: %w", now.fingerprint, j.maker.fingerprint, crm.ErrTemporary)
			continue
		}
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
	x.keep(ctx, needing(placed, relink, keepOnly))
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
