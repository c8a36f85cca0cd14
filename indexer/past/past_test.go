package past_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/contextd/contextd/indexer/past"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model/builtin"
)

// counted counts what the store is asked for.
type counted struct {
	past.Texts
	mu           sync.Mutex
	lists, texts int
}

func (c *counted) Earlier(ctx context.Context, account crm.Ref) ([]crm.Standing, error) {
	c.mu.Lock()
	c.lists++
	c.mu.Unlock()
	return c.Texts.Earlier(ctx, account)
}

func (c *counted) Superseded(ctx context.Context, p crm.PortalID, want []crm.Standing) ([]crm.Stored, error) {
	c.mu.Lock()
	c.texts += len(want)
	c.mu.Unlock()
	return c.Texts.Superseded(ctx, p, want)
}

func (w *world) is(what string, got []string, want ...string) {
	w.Helper()
	if !slices.Equal(got, want) {
		w.Errorf("%s: found %q, want %q", what, got, want)
	}
}

// TestTheTextThatStoodThen: edited, emptied, deleted, restored, erased: each moment finds what stood.
func TestTheTextThatStoodThen(t *testing.T) {
	w := newWorld(t, builtin.Embedder{})
	began := w.at
	w.say(1, "The budget is 40,000 euros.")
	w.say(2, "The renewal is in May.")
	w.say(3, "The depot is in Cork.")
	first := w.at
	w.pass()
	w.say(1, "The budget is 48,000 euros.")
	w.say(2, "")
	deleted := w.activities[note(3)]
	delete(w.activities, note(3))
	w.read(note(3))
	second := w.at
	w.pass()
	w.say(1, "The budget is 40,000 euros.") // back again
	ask := "budget renewal depot"
	w.is("before anything", w.asOf(began, ask))
	w.is("first", w.asOf(first, ask), "The budget is 40,000 euros.", "The depot is in Cork.", "The renewal is in May.")
	w.is("second", w.asOf(second, ask), "The budget is 48,000 euros.")
	w.is("now", w.asOf(w.at, ask), "The budget is 40,000 euros.")
	w.activities[note(3)] = deleted
	w.write(note(3), "The depot is in Galway.", "", true) // restored with another text
	w.read(note(3))
	w.is("second, when the depot had gone", w.asOf(second, ask), "The budget is 48,000 euros.")
	w.is("first, when it was in Cork", w.asOf(first, "depot"), "The budget is 40,000 euros.", "The depot is in Cork.", "The renewal is in May.")
	for _, n := range []int{1, 3} {
		_, err := w.db.Erase(t.Context(), note(n), crm.System("test"))
		w.no(err)
	}
	w.is("erased", w.asOf(first, ask), "The renewal is in May.")
	w.is("erased, too", w.asOf(second, ask))
}

// TestEachActivityOnce: one that was deleted and came back with its text is not there twice; what lies ahead of a moment is not there at all, in no version.
func TestEachActivityOnce(t *testing.T) {
	w := newWorld(t, builtin.Embedder{})
	w.say(1, "The budget is 40,000 euros.")
	w.write(note(2), "We meet about the budget.", "", true)
	a := w.activities[note(2)]
	a.Time = w.at.AddDate(0, 1, 0)
	w.activities[note(2)] = a
	w.read(note(2))
	w.say(3, "A note.")
	first := w.at
	w.pass()
	kept := w.activities[note(1)]
	delete(w.activities, note(1))
	w.read(note(1))
	w.activities[note(1)] = kept
	w.read(note(1))
	w.write(note(2), "We meet about the offer.", "", true)
	w.read(note(2))
	w.say(3, "Another note.")
	chunks := func(asOf time.Time) (out []string) {
		p, err := w.past.At(t.Context(), company, asOf)
		w.no(err)
		for _, c := range p.Postings.Chunks {
			out = append(out, c.Activity.ID)
		}
		return out
	}
	w.is("then", chunks(first), "1", "3")
	w.is("now", chunks(w.at), "1", "3")
	w.is("when it is past", chunks(w.at.AddDate(0, 2, 0)), "1", "2", "3")
}

// TestTheFocusHasItsTextOfThen: whole, first, and within the budget; what was not known then is explained as such.
func TestTheFocusHasItsTextOfThen(t *testing.T) {
	w := newWorld(t, builtin.Embedder{})
	w.say(1, "Hello everybody.")
	w.say(2, "The budget is 40,000 euros.")
	then := w.at
	w.pass()
	w.say(1, "Hello nobody, the budget was cut.")
	w.say(3, "The budget was cut to 30,000 euros.")
	c := w.ask(crm.Question{Text: "budget", Focus: note(1), Budget: 40, Filter: crm.Filter{AsOf: then}, Why: []crm.Ref{note(1), note(3), note(4)}})
	if len(c.Passages) != 2 || c.Passages[0].Text != "Hello everybody." || c.Left != 0 || c.Coverage != 1 {
		t.Errorf("%+v", c)
	}
	if len(c.Unused) != 2 || !strings.HasPrefix(c.Unused[0].Reason, "later than 2026-03-02") || !strings.HasPrefix(c.Unused[1].Reason, "not in this account") {
		t.Errorf("%+v", c.Unused)
	}
	w.say(4, "The budget has no owner.")
	w.activities[note(4)] = crm.Activity{}
	a := w.activities[note(2)]
	a.Body, a.Modified, a.Links.Companies = "The budget is 50,000 euros.", w.at, nil
	a.Links.Contacts = []crm.Ref{{Portal: portal, Type: crm.Contacts, ID: "9"}} // and moves to somebody else
	w.activities[note(2)] = a
	w.read(note(2))
	w.is("an activity belongs to its present accounts", w.asOf(then, "budget"), "Hello everybody.")
}

// TestWorkIsDoneOnce for each state of the account and each stretch of time in which the same was known, and not at all where nothing was superseded.
func TestWorkIsDoneOnce(t *testing.T) {
	w := newWorld(t, builtin.Embedder{})
	store := &counted{Texts: w.db}
	w.past.Texts = store
	w.say(1, "one")
	w.say(2, "two")
	then := w.at
	at := func(asOf time.Time) *crm.Past {
		t.Helper()
		p, err := w.past.At(t.Context(), company, asOf)
		w.no(err)
		return p
	}
	if p := at(then); p.Postings != p.Present || len(p.Earlier) != 0 {
		t.Error("an account of which everything was known is another one")
	}
	w.pass()
	w.pass()
	w.say(1, "one more")
	first := at(then)
	if p := at(then.Add(time.Second)); p.Postings != first.Postings || p.Postings == p.Present || len(p.Earlier) != 1 {
		t.Error("nothing became known in a second, and the account is another one")
	}
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if p, err := w.past.At(t.Context(), company, then); err != nil || p.Postings != first.Postings {
				t.Errorf("%p %v, want %p", p, err, first)
			}
		})
	}
	wait.Wait()
	if at(w.at).Postings == first.Postings || len(at(w.at).Earlier) != 0 {
		t.Error("the present text is not known now")
	}
	if store.lists != 2 || store.texts != 1 {
		t.Errorf("%d lists and %d texts were read", store.lists, store.texts)
	}
	w.say(2, "two more")
	if p := at(then); p.Postings == first.Postings || len(p.Earlier) != 2 {
		t.Error("a changed account has its old past")
	}
}

// many says that an account had more texts than can be held.
type many struct{ past.Texts }

func (many) Earlier(context.Context, crm.Ref) ([]crm.Standing, error) {
	out := make([]crm.Standing, past.MostTexts+1)
	for i := range out {
		out[i] = crm.Standing{Activity: note(100_000 + i), From: day0, To: day0.Add(time.Hour)}
	}
	return out, nil
}

func TestTooManyEarlierTexts(t *testing.T) {
	w := newWorld(t, builtin.Embedder{})
	w.say(1, "one")
	w.past.Texts = many{w.db}
	if _, err := w.past.At(t.Context(), company, day0.Add(time.Minute)); !errors.Is(err, crm.ErrTooLarge) {
		t.Errorf("%v", err)
	}
	if p, err := w.past.At(t.Context(), company, day0.Add(2*time.Hour)); err != nil || len(p.Earlier) != 0 {
		t.Errorf("%+v %v", p, err)
	}
	w.search.Matcher = w.set // such an account is searched by the back end
	w.is("by the back end", w.asOf(day0.Add(time.Minute), "one"), "one")
}

// failing is a store that cannot list what there was earlier.
type failing struct{ past.Texts }

func (failing) Earlier(context.Context, crm.Ref) ([]crm.Standing, error) {
	return nil, crm.ErrTemporary
}
