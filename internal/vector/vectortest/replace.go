package vectortest

import (
	"errors"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

func replace(t *testing.T, s *space) {
	ctx, other := t.Context(), activity(note(5), 2, start, acme)
	check(t, s.x.Replace(ctx, []crm.Kept{activity(note(1), 5, start, acme, bolt), other}))
	holds(t, s.x, "stored", in(bolt), activity(note(1), 5, start, bolt)) // fills whatever caches there are
	second := activity(note(1), 2, start, acme)
	for _, when := range []string{"replaced", "replaced again"} {
		check(t, s.x.Replace(ctx, []crm.Kept{second}))
		holds(t, s.x, when, in(acme), second, other)
		holds(t, s.x, when, in(bolt))
		holds(t, s.x, when, wide(1), second, other)
	}
	renewed := activity(note(1), 3, start, bolt)
	for i := range renewed.Chunks {
		renewed.Chunks[i].ID, _ = chunkID(note(1), "a new text", i)
	}
	check(t, s.x.Replace(ctx, []crm.Kept{renewed}))
	holds(t, s.x, "new text elsewhere", wide(1), renewed, other)
	holds(t, s.x, "new text elsewhere", in(bolt), renewed, other)
	check(t, s.x.Replace(ctx, []crm.Kept{activity(note(1), 0, start, bolt)}))
	holds(t, s.x, "no chunks: removed", wide(1), other)
	check(t, s.x.Replace(ctx, []crm.Kept{activity(note(5), 2, start)}))
	holds(t, s.x, "no accounts: removed", wide(1))
	if err := s.x.Relink(ctx, note(5), []crm.Ref{acme}, nil); !errors.Is(err, crm.ErrNotFound) {
		t.Errorf("an activity without accounts was stored: relink says %v", err)
	}
	check(t, s.x.Replace(ctx, []crm.Kept{activity(note(404), 0, start)})) // removing what is not there
	check(t, s.x.Replace(ctx, nil))
}

// batches has one activity twice in a batch, accounts and people twice in an activity, and more activities than a back end sends at a time.
func batches(t *testing.T, s *space) {
	ctx, last := t.Context(), activity(note(1), 2, start, bolt)
	check(t, s.x.Replace(ctx, []crm.Kept{activity(note(1), 4, start, acme), activity(note(2), 1, start, acme), last}))
	holds(t, s.x, "twice in a batch: the last one counts", wide(1), last, activity(note(2), 1, start, acme))
	check(t, s.x.Replace(ctx, []crm.Kept{activity(note(2), 0, start), last, activity(note(1), 0, start)}))
	holds(t, s.x, "stored and removed in a batch", wide(1))
	double := each(activity(note(3), 2, start, acme, bolt, acme), func(c *crm.Chunk) { c.People = []crm.Ref{ann, ann} })
	check(t, s.x.Replace(ctx, []crm.Kept{double}))
	holds(t, s.x, "an account twice", in(acme), double)
	holds(t, s.x, "an account twice", wide(1), double)
	holds(t, s.x, "a person twice", crm.Filter{Portal: 1, Wide: true, People: []crm.Ref{ann, ben, ann}}, double)
	var many world
	for i := range 700 {
		many = append(many, activity(note(100+i), 1, start, acme))
	}
	check(t, s.x.Replace(ctx, many))
	holds(t, s.x, "a large batch", in(acme), append(many, double)...)
}

func stale(t *testing.T, s *space) {
	at := func(n int, modified time.Time) crm.Kept {
		k := activity(note(1), n, start, acme)
		k.Activity.Modified = modified
		return k
	}
	for _, step := range []struct {
		name string
		put  crm.Kept
		want int
	}{
		{"first", at(2, start.Add(time.Hour)), 2},
		{"older", at(5, start.Add(time.Hour-time.Millisecond)), 2},
		{"an older removal", at(0, start), 2},
		{"the same time", at(3, start.Add(time.Hour)), 3},
		{"newer", at(4, start.Add(2*time.Hour)), 4},
		{"no time", at(1, time.Time{}), 1},
		{"after one without time", at(2, start), 2},
		{"a newer removal", at(0, start.Add(3*time.Hour)), 0},
		{"after a removal", at(2, start), 2},
		{"a removal without time", at(0, time.Time{}), 0},
	} {
		check(t, s.x.Replace(t.Context(), []crm.Kept{step.put, activity(note(2), 1, start, acme)}))
		if got := count(t, s.x, in(acme)); got != step.want+1 {
			t.Errorf("%s: %d chunks, want %d and 1 of another activity", step.name, got, step.want)
		}
	}
	check(t, s.x.Replace(t.Context(), []crm.Kept{at(3, start.Add(time.Hour)), at(1, start)}))
	if got := count(t, s.x, in(acme)); got != 4 {
		t.Errorf("an older version behind a newer one in a batch: %d chunks, want 4", got)
	}
}

func relink(t *testing.T, s *space) {
	ctx, stays := t.Context(), activity(note(2), 1, start, acme)
	k := each(activity(note(1), 3, start, acme), func(c *crm.Chunk) { c.People = []crm.Ref{ann} })
	people := func(p crm.Ref) crm.Filter { return crm.Filter{Portal: 1, Wide: true, People: []crm.Ref{p}} }
	check(t, s.x.Replace(ctx, []crm.Kept{k, stays}))
	holds(t, s.x, "stored", in(acme), k, stays)
	holds(t, s.x, "stored", people(ann), k, stays)
	move := func(when string, accounts, people_ []crm.Ref) {
		t.Helper()
		check(t, s.x.Relink(ctx, note(1), accounts, people_))
		k.Accounts = accounts
		each(k, func(c *crm.Chunk) { c.People = people_ })
		for _, f := range []crm.Filter{in(acme), in(bolt), people(ann), people(ben), wide(1)} {
			holds(t, s.x, when, f, k, stays)
		}
	}
	move("moved", []crm.Ref{bolt}, []crm.Ref{ann})
	move("moved again", []crm.Ref{bolt}, []crm.Ref{ann})
	move("other people", []crm.Ref{bolt}, []crm.Ref{ben})
	move("in two accounts, with two people", []crm.Ref{acme, bolt}, []crm.Ref{ann, ben})
	move("nobody", []crm.Ref{acme}, nil)
	if err := s.x.Relink(ctx, note(1), []crm.Ref{abroad(acme)}, nil); !errors.Is(err, crm.ErrInvalid) {
		t.Errorf("an account of another portal: %v, want invalid", err)
	}
	if err := s.x.Relink(ctx, note(1), []crm.Ref{acme}, []crm.Ref{abroad(ann)}); !errors.Is(err, crm.ErrInvalid) {
		t.Errorf("a person of another portal: %v, want invalid", err)
	}
	holds(t, s.x, "a refused move", in(acme), k, stays)
	check(t, s.x.Relink(ctx, note(1), nil, []crm.Ref{ann}))
	holds(t, s.x, "no accounts: removed", wide(1), stays)
	for _, ref := range []crm.Ref{note(1), note(77), abroad(note(2)), {Portal: 1, Type: crm.Calls, ID: "2"}} {
		if err := s.x.Relink(ctx, ref, []crm.Ref{{Portal: ref.Portal, Type: crm.Companies, ID: "10"}}, nil); !errors.Is(err, crm.ErrNotFound) {
			t.Errorf("relinking %s, which is not there: %v, want not found", ref, err)
		}
	}
}
