package past

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"time"
	"weak"

	"github.com/contextd/contextd/internal/crm"
)

// account is one state of an account: nothing of it changes but what is known of its past. Whoever made the present postings decides how long they live: nothing here points
// at them, and when they are forgotten everywhere else, as after an erasure, the account is forgotten as well.
type account struct {
	ref     crm.Ref
	present weak.Pointer[crm.Postings]
	cleanup runtime.Cleanup // for when they are no more

	mu      sync.Mutex
	listed  bool
	earlier []crm.Standing
	since   map[crm.Ref]time.Time // when the present text of an activity became known
	cuts    map[crm.Standing]*cut
	views   []view // used last first

	counted int // bytes, guarded by Accounts.mu
}

// view is the account of all moments after from, up to and with to: nothing became known in between. Zero ends are open.
type view struct {
	from, to time.Time
	past     crm.Past // without Present, and without Postings where these are the same
	cuts     []*cut   // that it took, also those that had not begun
	bytes    int
}

// of is the view as it is handed out, while the caller holds the present postings.
func (v *view) of(present *crm.Postings) *crm.Past {
	out := v.past
	out.Present = present
	if out.Postings == nil {
		out.Postings = present
	}
	return &out
}

func (v view) holds(asOf time.Time) bool {
	return (v.from.IsZero() || v.from.Before(asOf)) && (v.to.IsZero() || !v.to.Before(asOf))
}

// between narrows the stretch around asOf to what lies on its side of a moment when something changed.
func (v *view) between(asOf, moment time.Time) {
	switch {
	case moment.IsZero():
	case moment.Before(asOf):
		if v.from.IsZero() || v.from.Before(moment) {
			v.from = moment
		}
	case v.to.IsZero() || moment.Before(v.to):
		v.to = moment
	}
}

// list reads, once, which texts stood when.
func (a *account) list(ctx context.Context, texts Texts, present *crm.Postings) (err error) {
	if a.listed {
		return nil
	}
	if a.earlier, err = texts.Earlier(ctx, a.ref); err != nil {
		return err
	}
	a.since, a.cuts = map[crm.Ref]time.Time{}, map[crm.Standing]*cut{}
	for i := range present.Chunks {
		c := &present.Chunks[i]
		a.since[c.Activity] = c.Created
	}
	a.listed = true
	return nil
}

// view assembles the account as of a moment.
func (a *account) view(ctx context.Context, texts Texts, present *crm.Postings, asOf time.Time) (view, error) {
	v := view{}
	kept := 0
	for i := range present.Chunks {
		c := &present.Chunks[i]
		v.between(asOf, c.Time)
		v.between(asOf, c.Created)
		if known(c.Time, c.Created, asOf) {
			kept++
		}
	}
	standing := a.standing(asOf, &v)
	if len(standing) > MostTexts {
		return v, fmt.Errorf("more than %d texts that stood then and were superseded since: %w", MostTexts, crm.ErrTooLarge)
	}
	cuts, err := a.divide(ctx, texts, standing)
	if err != nil {
		return v, err
	}
	chunks := 0
	v.cuts = slices.Clone(cuts)
	cuts = slices.DeleteFunc(cuts, func(c *cut) bool {
		first := &c.chunks[0]
		v.between(asOf, first.Time)
		if known(first.Time, first.Created, asOf) {
			chunks += len(c.chunks)
			return false
		}
		return true
	})
	if kept+chunks > MostChunks {
		return v, fmt.Errorf("more than %d chunks: %w", MostChunks, crm.ErrTooLarge)
	}
	if len(cuts) > 0 || kept < len(present.Chunks) {
		v.past, v.bytes = assemble(present, kept, cuts, asOf)
	}
	v.bytes += 8 * len(v.cuts)
	return v, nil
}

// add puts a view before the others. The ones that were not used for longest go, and with them the texts that no view has any more.
func (a *account) add(v view) {
	a.views = append([]view{v}, a.views[:min(len(a.views), mostViews-1)]...)
	used := map[*cut]bool{nil: true} // that a text has no chunks is worth remembering, and takes nothing
	for i := range a.views {
		for _, c := range a.views[i].cuts {
			used[c] = true
		}
	}
	maps.DeleteFunc(a.cuts, func(_ crm.Standing, c *cut) bool { return !used[c] })
}

// known is what crm.Filter.AsOf asks of a chunk.
func known(at, created, asOf time.Time) bool {
	return !at.IsZero() && at.Before(asOf) && created.Before(asOf)
}

// standing are the texts that stood at a moment, of each activity the last one. The present text goes before them: an activity that was deleted and came back with its
// text has both.
func (a *account) standing(asOf time.Time, v *view) (out []crm.Standing) {
	for _, s := range a.earlier {
		v.between(asOf, s.From)
		v.between(asOf, s.To)
		if created, ok := a.since[s.Activity]; !s.At(asOf) || ok && created.Before(asOf) {
			continue
		}
		if n := len(out); n > 0 && out[n-1].Activity == s.Activity {
			out = out[:n-1]
		}
		out = append(out, s)
	}
	return out
}

// bytes is about what is held of the account beside its present postings.
func (a *account) bytes() int {
	const perStanding, perEntry = 200, 100
	sum := len(a.earlier)*perStanding + len(a.since)*perEntry + len(a.cuts)*perStanding
	for _, c := range a.cuts {
		if c != nil {
			sum += c.bytes
		}
	}
	for _, v := range a.views {
		sum += v.bytes
	}
	return sum
}
