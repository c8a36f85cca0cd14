package store

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

// spelled are the chunks of postings with their words written out, and what says where they were read left out.
func spelled(p *crm.Postings) []string {
	var out []string
	for _, c := range p.Chunks {
		var words []string
		for _, w := range p.Sequence[c.From:c.To] {
			words = append(words, p.Words[w])
		}
		c.From, c.To, c.Read = 0, 0, 0
		out = append(out, fmt.Sprint(c, words))
	}
	return out
}

// assembledAnew reads an account as if nobody had asked for it before.
func assembledAnew(t *testing.T, db *DB, of crm.Ref) *crm.Postings {
	t.Helper()
	var a *assembled
	err := db.r.read(t.Context(), func(v *view) (err error) {
		a, err = v.postings(accountCut{account: of}, 50_000, func() uint64 { return 0 })
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return a.p
}

// TestPatchedPostings: whatever is kept, moved, removed and erased, an account that is patched says what one says that is read as a whole; words keep their ids until
// something is erased, and what is read again says so.
func TestPatchedPostings(t *testing.T) {
	db := openFor(t, t.TempDir(), Options{})
	rng := rand.New(rand.NewPCG(1, 2))
	accounts := []crm.Ref{account("1"), account("2")}
	before := map[crm.Ref]*crm.Postings{}
	patched := 0
	for step := range 150 {
		var batch []crm.Kept
		for range 1 + rng.IntN(3) {
			var lines []string
			for range rng.IntN(4) {
				lines = append(lines, fmt.Sprintf("word%d of%d text%d", rng.IntN(30), rng.IntN(300), rng.IntN(5)))
			}
			of := [][]crm.Ref{{accounts[0]}, {accounts[1]}, accounts, nil}[rng.IntN(4)]
			types := []crm.ObjectType{crm.Calls, crm.Notes, crm.Emails}
			batch = append(batch, activityOf(crm.Ref{Portal: 1, Type: types[rng.IntN(3)], ID: fmt.Sprint(100 + rng.IntN(12))}, strings.Join(lines, "\n"), of...))
		}
		var err error
		erased := false
		switch ref := batch[0].Activity.Ref; {
		case step%10 == 9:
			err = db.Gone(t.Context(), []crm.Ref{ref}, crm.Claim{})
			batch = batch[:1]
		case step%40 == 20:
			_, err = db.Erase(t.Context(), ref, crm.System("test"))
			erased = true
		default:
			err = db.Keep(t.Context(), batch)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, of := range accounts {
			p, err := db.Postings(t.Context(), of)
			if err != nil {
				t.Fatal(err)
			}
			if have, want := spelled(p), spelled(assembledAnew(t, db, of)); !slices.Equal(have, want) {
				t.Fatalf("step %d, %s:\nhave %s\nwant %s", step, of, strings.Join(have, "\n"), strings.Join(want, "\n"))
			}
			if old := before[of]; old != nil && old != p && !erased && len(old.Words) > 0 {
				patched++
				if !slices.Equal(old.Words, p.Words[:len(old.Words)]) {
					t.Fatalf("step %d: words have other ids", step)
				}
				sameReading(t, old, p, batch)
			}
			before[of] = p
		}
	}
	if patched < 50 {
		t.Errorf("%d accounts were patched, the test is about those", patched)
	}
}

// sameReading: what was not written is not read again, and what was written is.
func sameReading(t *testing.T, old, p *crm.Postings, batch []crm.Kept) {
	t.Helper()
	read := map[uint64]bool{}
	for _, c := range old.Chunks {
		read[c.Read] = true
	}
	for _, c := range p.Chunks {
		written := slices.ContainsFunc(batch, func(k crm.Kept) bool { return k.Activity.Ref == c.Activity })
		if written && read[c.Read] || c.Read == 0 {
			t.Fatalf("%s was written and has the reading %d of before", c.Activity, c.Read)
		}
	}
}

// TestErasedWordsLeaveMemory: not even as words that no text has.
func TestErasedWordsLeaveMemory(t *testing.T) {
	db := openFor(t, t.TempDir(), Options{})
	secret := activityOf(crm.Ref{Portal: 1, Type: crm.Notes, ID: "7"}, "the canary sings", account("1"))
	keepAll(t, db, []crm.Kept{secret, activityOf(crm.Ref{Portal: 1, Type: crm.Notes, ID: "8"}, "another text", account("1"))})
	words := func() []string {
		p, err := db.Postings(t.Context(), account("1"))
		if err != nil {
			t.Fatal(err)
		}
		return p.Words
	}
	if !slices.Contains(words(), "canary") {
		t.Fatal("it is not there to begin with")
	}
	if _, err := db.Erase(t.Context(), secret.Activity.Ref, crm.System("test")); err != nil {
		t.Fatal(err)
	}
	if db.postings.entries[accountCut{account: account("1")}] != nil {
		t.Error("the account is in memory")
	}
	if slices.Contains(words(), "canary") {
		t.Error("the word is in memory")
	}
}

// TestPostingsUnderWrites: everybody who asks after a commit sees it, whatever else is being read and written; run with -race.
func TestPostingsUnderWrites(t *testing.T) {
	db := openFor(t, t.TempDir(), Options{})
	var all sync.WaitGroup
	for w := range 3 {
		all.Go(func() {
			for i := range 60 {
				ref := crm.Ref{Portal: 1, Type: crm.Notes, ID: fmt.Sprint(100*(w+1) + i%7)}
				if err := db.Keep(t.Context(), []crm.Kept{activityOf(ref, fmt.Sprintf("text%d of%d", i, w), account("1"))}); err != nil {
					t.Error(err)
					return
				}
				p, err := db.Postings(t.Context(), account("1"))
				if err != nil || !slices.ContainsFunc(spelled(p), func(s string) bool { return strings.HasSuffix(s, fmt.Sprintf("[text%d of%d]", i, w)) }) {
					t.Errorf("writer %d does not see text %d: %v", w, i, err)
					return
				}
			}
		})
	}
	all.Wait()
	p, err := db.Postings(t.Context(), account("1"))
	if err != nil || !slices.Equal(spelled(p), spelled(assembledAnew(t, db, account("1")))) {
		t.Errorf("at the end: %v", err)
	}
}
