package indexer

import (
	"context"
	"errors"
	"fmt"
	"math/bits"

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

// move gives activities whose text is unchanged to their new accounts, without embedding. What the vector store does not have is embedded after all.
func (x *Indexer) move(ctx context.Context, jobs []*job) {
	for _, j := range open(jobs) {
		if j.todo != relink || len(j.kept.Chunks) == 0 {
			continue
		}
		err := x.Vectors.Relink(ctx, j.ref, j.kept.Accounts)
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

// embedAll fills the vectors of all chunks that need one, of the whole batch in as few calls as possible. Activities without an account are not searchable and
// cost nothing.
func (x *Indexer) embedAll(ctx context.Context, jobs []*job) {
	var texts []string
	at := map[string]int{} // equal texts are embedded once
	for _, j := range open(jobs) {
		if j.todo != embed || len(j.kept.Accounts) == 0 {
			continue
		}
		for _, c := range j.kept.Chunks {
			t := EmbedText(c)
			if _, ok := at[t]; !ok {
				at[t] = len(texts)
				texts = append(texts, t)
			}
		}
	}
	if len(texts) == 0 {
		return
	}
	run := &embedding{x: x, texts: texts, vectors: make([][]float32, len(texts)), errs: make([]error, len(texts))}
	most := x.EmbedTexts
	if most <= 0 {
		most = 256
	}
	for from := 0; from < len(texts); from += most {
		run.part(ctx, from, min(from+most, len(texts)))
	}
	for _, j := range open(jobs) {
		if j.todo == embed && len(j.kept.Accounts) > 0 {
			j.take(run, at, x.Embedder.Dimension())
		}
	}
}

// take copies the vectors of one activity's chunks; an unusable one fails the activity, for good.
func (j *job) take(run *embedding, at map[string]int, dim int) {
	for i := range j.kept.Chunks {
		c := &j.kept.Chunks[i]
		n := at[EmbedText(*c)]
		if run.errs[n] != nil {
			j.err = fmt.Errorf("embed: %w", run.errs[n])
			return
		}
		if !crm.ValidVector(run.vectors[n], dim) {
			j.err = fmt.Errorf("embed chunk %d: a vector that is not %d finite numbers: %w", c.Pos, dim, crm.ErrInvalid)
			return
		}
		c.Vector = run.vectors[n]
	}
}

// embedding is one run over many texts.
type embedding struct {
	x        *Indexer
	texts    []string
	vectors  [][]float32
	errs     []error
	answered bool
	failures int
	outage   error
}

// part embeds texts[from:to]. A refused batch is halved until the text that the embedder cannot take stands alone; when no half is answered at all, the embedder is
// down and the rest is not asked.
func (e *embedding) part(ctx context.Context, from, to int) {
	if e.outage != nil {
		e.refuse(from, to, e.outage)
		return
	}
	vectors, usage, err := e.x.Embedder.Embed(ctx, crm.EmbedDocument, e.texts[from:to])
	if e.x.Used != nil {
		e.x.Used(usage)
	}
	if err == nil && len(vectors) != to-from {
		err = fmt.Errorf("%d vectors for %d texts: %w", len(vectors), to-from, crm.ErrInvalid)
	}
	if err == nil {
		e.answered = true
		copy(e.vectors[from:to], vectors)
		return
	}
	e.failures++
	if ctx.Err() != nil || e.down(err) {
		e.outage = err
	}
	if to-from == 1 || e.outage != nil {
		e.refuse(from, to, err)
		return
	}
	middle := from + (to-from)/2
	e.part(ctx, from, middle)
	e.part(ctx, middle, to)
}

func (e *embedding) refuse(from, to int, err error) {
	for i := from; i < to; i++ {
		e.errs[i] = err
	}
}

// down tells an outage from a text that cannot be embedded: the embedder says when to come back or that it may not be used, did not answer in time, or has failed more often
// than halving down to one bad text takes.
func (e *embedding) down(err error) bool {
	var later *crm.RetryAfter
	var slow interface{ Timeout() bool }
	switch {
	case errors.As(err, &later), errors.Is(err, crm.ErrForbidden):
		return true
	case errors.As(err, &slow) && slow.Timeout():
		return true
	}
	return !e.answered && e.failures > bits.Len(uint(len(e.texts)))+1
}
