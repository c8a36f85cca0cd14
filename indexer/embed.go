package indexer

import (
	"context"
	"errors"
	"fmt"
	"math/bits"

	"github.com/contextd/contextd/internal/crm"
)

// maker is what makes vectors: all of one activity's come from one maker.
type maker struct {
	fingerprint string
	windows     bool
	chunker     int // that its generation belongs to; 0: the indexer's own
}

func (x *Indexer) maker() maker {
	m := maker{fingerprint: x.Embedder.Fingerprint()}
	if w, ok := x.Embedder.(Windowed); ok {
		m.windows = w.Windows()
	}
	if c, ok := x.Embedder.(Chunked); ok {
		m.chunker = c.Chunker()
	}
	return m
}

// embedAll fills the vectors of all chunks that need one, of the whole batch in as few calls as possible. Activities without an account are not searchable and
// cost nothing.
func (x *Indexer) embedAll(ctx context.Context, jobs []*job) {
	var texts []string
	at := map[string]int{} // equal texts are embedded once
	add := func(t string) int {
		n, ok := at[t]
		if !ok {
			n = len(texts)
			at[t] = n
			texts = append(texts, t)
		}
		return n
	}
	wanted, payers := map[*job]numbers{}, map[crm.PortalID]int{}
	for _, j := range open(jobs) {
		if j.todo != embed || len(j.kept.Accounts) == 0 || len(j.kept.Chunks) == 0 {
			continue
		}
		payers[j.ref.Portal] += len(j.kept.Document.Text)
		var n numbers
		for _, c := range j.kept.Chunks {
			n.items = append(n.items, add(EmbedText(c)))
		}
		if j.maker.windows {
			for _, t := range WindowTexts(j.kept.Chunks) {
				n.windows = append(n.windows, add(t))
			}
		}
		wanted[j] = n
	}
	if len(texts) == 0 {
		return
	}
	run := &embedding{x: x, texts: texts, vectors: make([][]float32, len(texts)), errs: make([]error, len(texts))}
	most := x.EmbedTexts
	if most <= 0 {
		most = 256
	}
	ctx = crm.WithPayers(ctx, payers)
	for from := 0; from < len(texts); from += most {
		run.part(ctx, from, min(from+most, len(texts)))
	}
	now := x.maker()
	for j, n := range wanted {
		if j.maker != now {
			j.err = fmt.Errorf("embed: %q took the place of %q meanwhile: %w", now.fingerprint, j.maker.fingerprint, crm.ErrTemporary)
			continue
		}
		j.take(run, n, x.Embedder.Dimension())
	}
}

// numbers are the places of an activity's texts among all texts of a run; windows is empty without windows.
type numbers struct{ items, windows []int }

// take copies the vectors of one activity's chunks; an unusable one fails the activity, for good.
func (j *job) take(run *embedding, n numbers, dim int) {
	for i := range j.kept.Chunks {
		c := &j.kept.Chunks[i]
		if c.Vector, j.err = run.vector(n.items[i], dim); j.err == nil && len(n.windows) > 0 {
			c.Window, j.err = run.vector(n.windows[i], dim)
		}
		if j.err != nil {
			j.err = fmt.Errorf("embed chunk %d: %w", c.Pos, j.err)
			return
		}
	}
	j.kept.Embedder = j.maker.fingerprint
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

// vector is that of the n-th text.
func (e *embedding) vector(n, dim int) ([]float32, error) {
	if e.errs[n] != nil {
		return nil, e.errs[n]
	}
	if !crm.ValidVector(e.vectors[n], dim) {
		return nil, fmt.Errorf("a vector that is not %d finite numbers: %w", dim, crm.ErrInvalid)
	}
	return e.vectors[n], nil
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
