package vectortest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

// talk makes a note of one chunk that says these words.
func talk(id int, text string, accounts ...crm.Ref) crm.Kept {
	return said(activity(note(id), 1, start, accounts...), strings.Fields(text))
}

func match(t *testing.T, x Index, terms string, f crm.Filter, n int) []crm.Hit {
	t.Helper()
	hits, err := x.Match(t.Context(), strings.Fields(terms), f, n)
	check(t, err)
	for i := 1; i < len(hits); i++ {
		if compare(hits[i-1], hits[i]) >= 0 {
			t.Errorf("%q: hits %d and %d are out of order: %v, %v", terms, i-1, i, hits[i-1], hits[i])
		}
	}
	for _, h := range hits {
		if !(h.Score > 0) {
			t.Errorf("%q: %s scores %v", terms, h.Chunk, h.Score)
		}
	}
	return hits
}

// first compares the beginning of the answer with the notes that must stand there.
func first(t *testing.T, x Index, terms string, f crm.Filter, notes ...int) {
	t.Helper()
	hits := match(t, x, terms, f, 100)
	for i, n := range notes {
		if id, _ := chunkID(note(n), "", 0); i >= len(hits) || hits[i].Chunk != id {
			t.Errorf("%q: place %d of %d is not note %d", terms, i+1, len(hits), n)
		}
	}
}

func keywords(t *testing.T, s *space) {
	filler := strings.Repeat("the meet with team about plan ", 4)
	check(t, s.x.Replace(t.Context(), []crm.Kept{
		talk(1, "renew contract price now", acme),
		talk(2, "contract "+strings.Repeat("renew ", 8)+filler, acme), talk(3, "renew "+filler+filler+filler, acme),
		talk(4, "invoic late "+filler, acme), talk(5, "meet team", bolt), talk(6, "secur questionnair sent "+filler, bolt),
		talk(7, filler, acme), talk(8, "price "+filler+filler+filler, acme), talk(9, "plan plan plan", bolt),
	}))
	f := wide(1)
	first(t, s.x, "renew contract price", f, 1)      // all three, in a short text
	first(t, s.x, "renew", f, 2)                     // more often
	first(t, s.x, "price", f, 1, 8)                  // a short text before a long one
	first(t, s.x, "plan questionnair", f, 6)         // the rare word weighs more
	first(t, s.x, "unheard invoic of", f, 4)         // unknown words do no harm
	first(t, s.x, "renew", in(acme), 2)              // inside an account
	first(t, s.x, "questionnair renew", in(bolt), 6) // its own chunks only
	for _, none := range []string{"", "unheard", "unheard of", "renewal"} {
		if hits := match(t, s.x, none, f, 10); len(hits) != 0 {
			t.Errorf("%q finds %v", none, hits)
		}
	}
	if once, twice := match(t, s.x, "renew price", f, 10), match(t, s.x, "renew price price price", f, 10); !slices.Equal(once, twice) {
		t.Errorf("a word that is asked thrice counts more than once: %v, %v", once, twice)
	}
	if got := len(match(t, s.x, "renew", f, 100)); got != 3 {
		t.Errorf("a word of 3 chunks finds %d", got)
	}
	if got := len(match(t, s.x, "renew", f, 2)); got != 2 {
		t.Errorf("asked for 2, have %d", got)
	}
}

// portalStatistics has a word that is rare in one portal and common in the other: each must weigh it by its own count.
func portalStatistics(t *testing.T, s *space) {
	var batch []crm.Kept
	for i := range 60 {
		here, there := "alpha", "beta"
		if i == 0 {
			here, there = "beta", "alpha"
		}
		other := said(activity(abroad(note(100+i)), 1, start, abroad(acme)), strings.Fields(there))
		batch = append(batch, talk(100+i, here, acme), other)
	}
	check(t, s.x.Replace(t.Context(), batch))
	// In the first portal "beta" is rare: note 100, which has only it, stands before those with "alpha" only. In the second it is the other way round.
	first(t, s.x, "alpha beta", wide(1), 100)
	hits := match(t, s.x, "alpha beta", wide(2), 100)
	rare, _ := chunkID(abroad(note(100)), "", 0)
	if len(hits) != 60 || hits[0].Chunk != rare {
		t.Errorf("the second portal weighs words by another's count: %d hits, first %v", len(hits), hits[:min(3, len(hits))])
	}
	before := match(t, s.x, "alpha beta", wide(1), 100)
	var more []crm.Kept
	for i := range 100 {
		more = append(more, said(activity(abroad(note(500+i)), 1, start, abroad(acme)), []string{"beta", "gamma"}))
	}
	check(t, s.x.Replace(t.Context(), more))
	if after := match(t, s.x, "alpha beta", wide(1), 100); !slices.Equal(ids(before), ids(after)) {
		t.Error("another portal's chunks changed the order of this one")
	}
}

// keywordScope asks for few hits where the best of the portal are out of the filter.
func keywordScope(t *testing.T, s *space) {
	var batch []crm.Kept
	for i := range 200 {
		batch = append(batch, talk(1000+i, "renew renew renew", bolt))
	}
	for i := range 4 {
		batch = append(batch, talk(i, "renew and a long text about other things "+fmt.Sprint(i), acme))
	}
	check(t, s.x.Replace(t.Context(), batch))
	if got := match(t, s.x, "renew", in(acme), 10); len(got) != 4 {
		t.Errorf("an account with 4 of 204 answers %d: the filter comes before the limit", len(got))
	}
	if got := match(t, s.x, "renew", in(bolt), 7); len(got) != 7 {
		t.Errorf("asked for 7 of 200, have %d", len(got))
	}
	if got := match(t, s.x, "renew", wide(1), 1000); len(got) != 204 {
		t.Errorf("the portal has 204, found %d", len(got))
	}
}

// keywordWrites looks for words after every kind of write.
func keywordWrites(t *testing.T, s *space) {
	ctx := t.Context()
	found := func(when, terms string, f crm.Filter, want int) {
		t.Helper()
		if got := len(match(t, s.x, terms, f, 100)); got != want {
			t.Errorf("%s: %q has %d hits, want %d", when, terms, got, want)
		}
	}
	check(t, s.x.Replace(ctx, []crm.Kept{talk(1, "old words", acme), talk(2, "old other", acme)}))
	found("stored", "old", wide(1), 2)
	check(t, s.x.Replace(ctx, []crm.Kept{talk(1, "new words", acme)}))
	found("replaced", "old", wide(1), 1)
	found("replaced", "new", in(acme), 1)
	check(t, s.x.Relink(ctx, note(1), []crm.Ref{bolt}, nil))
	found("moved", "new", in(acme), 0)
	found("moved", "new", in(bolt), 1)
	check(t, s.x.Replace(ctx, []crm.Kept{activity(note(1), 1, start, bolt)}))
	found("without terms", "new words", wide(1), 0)
	holds(t, s.x, "without terms", in(bolt), activity(note(1), 1, start, bolt))
	check(t, s.x.Replace(ctx, []crm.Kept{activity(note(2), 0, start)}))
	found("removed", "old other", wide(1), 0)
	check(t, s.x.Replace(ctx, []crm.Kept{talk(2, "old again", acme)}))
	found("stored again", "old again", wide(1), 1)
}
