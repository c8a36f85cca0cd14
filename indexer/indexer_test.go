package indexer

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

var (
	pier  = crm.Ref{Portal: 1, Type: crm.Companies, ID: "10"}
	field = crm.Ref{Portal: 1, Type: crm.Companies, ID: "11"}
	dana  = crm.Ref{Portal: 1, Type: crm.Contacts, ID: "7"}
	may   = time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)
)

func noteRef(n int) crm.Ref {
	return crm.Ref{Portal: 1, Type: crm.Notes, ID: fmt.Sprint(900 + n)}
}

func claimOf(r crm.Ref) crm.Claim {
	return crm.Claim{Portal: r.Portal, Kind: crm.IndexWork, Key: r.Path(), Seq: 1}
}

// noted is a world with n notes of Dana, who works at North Pier.
func noted(n int) (*world, []crm.Claim) {
	w := newWorld()
	w.records[pier] = crm.Record{Ref: pier, Name: "North Pier"}
	w.records[field] = crm.Record{Ref: field, Name: "Larkfield"}
	w.records[dana] = crm.Record{Ref: dana, Name: "Dana Whitfield"}
	w.members[dana] = []crm.Membership{{Member: dana, Account: pier, Primary: true}}
	var claims []crm.Claim
	for i := range n {
		r := noteRef(i)
		w.activities[r] = crm.Activity{Ref: r, Time: may, Created: may, Body: fmt.Sprintf("<p>Note %d about the renewal.</p>", i), Format: crm.HTML, Links: crm.Links{Contacts: []crm.Ref{dana}}}
		claims = append(claims, claimOf(r))
	}
	return w, claims
}

func ok(t *testing.T, errs []error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func TestIndexingTwiceCostsNothing(t *testing.T) {
	w, claims := noted(20)
	var triggered []string
	x := w.indexer()
	x.Triggers = func(a crm.Activity, _ crm.Document, _ []crm.Record, lane crm.Lane) []crm.Mark {
		triggered = append(triggered, fmt.Sprintf("%s %s", a.Ref.ID, lane))
		return []crm.Mark{{Portal: 1, Kind: crm.ConsiderWork, Key: "call_summary:" + a.Ref.Path()}}
	}
	ok(t, x.Activities(t.Context(), claims))
	if w.count("embed") != 1 || len(w.vectors) != 20 || len(w.kept) != 20 || len(w.marked) != 20 {
		t.Fatalf("%d calls, %d in the vector store, %d kept, %d triggers", w.count("embed"), len(w.vectors), len(w.kept), len(w.marked))
	}
	if k := w.kept[noteRef(3)]; k.Chunks[0].Header != "North Pier · 2026-05-04 · note" || !slices.Equal(k.Accounts, []crm.Ref{pier}) || k.Terms[0][0].Term != "note" || k.Activity.Body != "" {
		t.Errorf("kept %+v", k)
	}
	w.log = nil
	ok(t, x.Activities(t.Context(), claims))
	if len(w.log) != 0 || len(triggered) != 20 || triggered[0] != "900 live" {
		t.Errorf("the second run did %v, triggered %d times, first %q", w.log, len(triggered), triggered[0])
	}
}

func TestKeepIsLastAndACrashBeforeItIsRepaired(t *testing.T) {
	w, claims := noted(1)
	w.keepErr = crm.ErrTemporary
	if errs := w.indexer().Activities(t.Context(), claims); !errors.Is(errs[0], crm.ErrTemporary) {
		t.Fatalf("have %v", errs)
	}
	if len(w.vectors) != 1 || len(w.kept) != 0 {
		t.Fatal("vectors must be replaced before the store is told")
	}
	w.keepErr, w.log = nil, nil
	ok(t, w.indexer().Activities(t.Context(), claims))
	if want := []string{"embed 1", "replace notes/900 1", "keep notes/900"}; !slices.Equal(w.log, want) {
		t.Errorf("the next run did %v, want %v", w.log, want)
	}
}

func TestGone(t *testing.T) {
	w, claims := noted(2)
	ok(t, w.indexer().Activities(t.Context(), claims))
	delete(w.activities, noteRef(0))
	ok(t, w.indexer().Activities(t.Context(), claims))
	if len(w.vectors) != 1 || len(w.kept) != 1 || w.count("gone") != 1 {
		t.Errorf("%d in the vector store, %d kept, %v", len(w.vectors), len(w.kept), w.log)
	}
	delete(w.kept, noteRef(1)) // a crash before the first Keep, and then the activity went
	delete(w.activities, noteRef(1))
	ok(t, w.indexer().Activities(t.Context(), claims))
	if len(w.vectors) != 0 {
		t.Error("vectors that the store does not know of stay")
	}
}

func TestMovesWithoutEmbedding(t *testing.T) {
	w, claims := noted(3)
	ok(t, w.indexer().Activities(t.Context(), claims))
	a := w.activities[noteRef(1)]
	a.Links.Companies = []crm.Ref{field}
	w.activities[noteRef(1)] = a
	w.log = nil
	ok(t, w.indexer().Activities(t.Context(), claims))
	if !slices.Equal(w.vectors[noteRef(1)].Accounts, []crm.Ref{field}) || !slices.Equal(w.kept[noteRef(1)].Accounts, []crm.Ref{field}) || w.count("embed") != 0 {
		t.Errorf("did %v", w.log)
	}
	if len(w.kept[noteRef(1)].Chunks) == 0 {
		t.Error("Keep replaces the chunks, so they must be there")
	}
	delete(w.vectors, noteRef(1)) // the vector store lost it
	a.Links.Companies = []crm.Ref{pier}
	w.activities[noteRef(1)] = a
	ok(t, w.indexer().Activities(t.Context(), claims))
	if w.count("embed") != 1 || len(w.vectors) != 3 {
		t.Errorf("did %v", w.log)
	}
}

func TestMetadataAloneIsKeptWithoutEmbedding(t *testing.T) {
	w, claims := noted(1)
	ok(t, w.indexer().Activities(t.Context(), claims))
	a := w.activities[noteRef(0)]
	a.Status, a.Modified = "COMPLETED", may
	w.activities[noteRef(0)] = a
	w.log = nil
	ok(t, w.indexer().Activities(t.Context(), claims))
	if want := []string{"keep notes/900"}; !slices.Equal(w.log, want) {
		t.Errorf("did %v, want %v", w.log, want)
	}
}

func TestMembershipChangeMovesActivities(t *testing.T) {
	w, claims := noted(2)
	x := w.indexer()
	x.RecordTriggers = func(rec crm.Record, before *crm.Record, lane crm.Lane) []crm.Mark {
		return []crm.Mark{{Portal: 1, Kind: crm.ConsiderWork, Key: fmt.Sprintf("lead_score:%s:%t", rec.Ref.Path(), before == nil), Lane: lane}}
	}
	ok(t, x.Activities(t.Context(), claims))
	if w.marked[0].Key != "lead_score:contacts/7:true" {
		t.Errorf("marks %v: a record that an activity brought is new", w.marked)
	}
	w.members[dana] = []crm.Membership{{Member: dana, Account: field, Primary: true}}
	w.marked = nil
	ok(t, x.Records(t.Context(), []crm.Claim{{Portal: 1, Kind: crm.RecordWork, Key: dana.Path(), Lane: crm.ReviewLane}}))
	var keys []string
	for _, m := range w.marked {
		keys = append(keys, fmt.Sprint(m.Kind, " ", m.Key, " ", m.Lane))
	}
	slices.Sort(keys)
	if want := []string{"consider lead_score:contacts/7:false review", "index notes/900 review", "index notes/901 review"}; !slices.Equal(keys, want) {
		t.Fatalf("marks %v, want %v", keys, want)
	}
	w.log = nil
	ok(t, x.Activities(t.Context(), claims))
	if w.count("embed") != 0 || !slices.Equal(w.vectors[noteRef(0)].Accounts, []crm.Ref{field}) {
		t.Errorf("did %v", w.log)
	}
}

func TestRecordsThatAreGoneOrAbsurd(t *testing.T) {
	w, _ := noted(0)
	errs := w.indexer().Records(t.Context(), []crm.Claim{{Portal: 1, Key: "contacts/404"}, {Portal: 1, Key: "notes/1"}, {Portal: 1, Key: "contacts/7"}})
	if errs[0] != nil || !errors.Is(errs[1], crm.ErrInvalid) || errs[2] != nil || w.count("record gone contacts/404") != 1 || w.count("keep record contacts/7") != 1 {
		t.Errorf("errors %v, did %v", errs, w.log)
	}
}

func TestPoisonFailsAlone(t *testing.T) {
	w, claims := noted(16)
	claims = append(claims, crm.Claim{Portal: 1, Key: "notes/x"}, crm.Claim{Portal: 1, Key: "contacts/7"})
	w.badText = "Note 5 "
	w.embedErr = func(texts []string) error {
		if strings.Contains(strings.Join(texts, ""), "Note 11 ") {
			return errRefused
		}
		return nil
	}
	x := w.indexer()
	x.Triggers = func(a crm.Activity, _ crm.Document, _ []crm.Record, _ crm.Lane) []crm.Mark {
		if a.Ref == noteRef(2) {
			panic("poison")
		}
		return nil
	}
	errs := x.Activities(t.Context(), claims)
	for i, err := range errs {
		switch {
		case i == 2 || i == 5 || i >= 16:
			if !errors.Is(err, crm.ErrInvalid) {
				t.Errorf("claim %d: %v, want invalid", i, err)
			}
		case i == 11:
			if !errors.Is(err, errRefused) {
				t.Errorf("claim %d: %v, want the embedder's refusal", i, err)
			}
		case err != nil:
			t.Errorf("claim %d: %v", i, err)
		}
	}
	if w.count("refused") != 0 {
		t.Error("an unusable vector reached the vector store")
	}
	if len(w.kept) != 13 {
		t.Errorf("%d of 13 neighbours were kept", len(w.kept))
	}
}

// TestWhatTheCRMFailsOnFailsAlone: of a batch, only what the CRM could not read is to be read again, and it is not taken for gone.
func TestWhatTheCRMFailsOnFailsAlone(t *testing.T) {
	w, claims := noted(6)
	ok(t, w.indexer().Activities(t.Context(), claims))
	w.unread = map[crm.Ref]error{noteRef(1): crm.ErrTemporary, noteRef(4): crm.ErrInvalid}
	delete(w.activities, noteRef(2))
	for i, err := range w.indexer().Activities(t.Context(), claims) {
		if want := w.unread[noteRef(i)]; !errors.Is(err, want) || (want == nil) != (err == nil) {
			t.Errorf("activity %d: %v, want %v", i, err, want)
		}
	}
	if len(w.kept) != 5 || w.count("gone") != 1 {
		t.Errorf("%d kept, did %v", len(w.kept), w.log)
	}

	w, claims = noted(2) // and a linked record that could not be read holds up only what is on it
	a := w.activities[noteRef(1)]
	a.Links.Companies = []crm.Ref{field}
	w.activities[noteRef(1)] = a
	delete(w.stored, pier)
	delete(w.stored, field)
	w.unread = map[crm.Ref]error{field: crm.ErrTemporary}
	errs := w.indexer().Activities(t.Context(), claims)
	if errs[0] != nil || !errors.Is(errs[1], crm.ErrTemporary) || len(w.kept) != 1 || w.stored[field] {
		t.Errorf("%v, %d kept, did %v", errs, len(w.kept), w.log)
	}

	w, _ = noted(0)
	w.unread = map[crm.Ref]error{field: crm.ErrTemporary}
	errs = w.indexer().Records(t.Context(), []crm.Claim{{Portal: pier.Portal, Kind: crm.RecordWork, Key: pier.Path()}, {Portal: field.Portal, Kind: crm.RecordWork, Key: field.Path()}})
	if errs[0] != nil || !errors.Is(errs[1], crm.ErrTemporary) || w.count("gone "+field.Path()) != 0 {
		t.Errorf("records: %v, did %v", errs, w.log)
	}
}

func TestAnOutageOfTheEmbedderIsNotAskedForEveryText(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		most int
	}{
		"refused":     {errRefused, 10},
		"retry after": {&crm.RetryAfter{At: may, Err: errRefused}, 1},
		"forbidden":   {crm.ErrForbidden, 1},
	} {
		w, claims := noted(64)
		w.embedErr = func([]string) error { return c.err }
		for i, err := range w.indexer().Activities(t.Context(), claims) {
			if !errors.Is(err, c.err) {
				t.Fatalf("%s: claim %d: %v", name, i, err)
			}
		}
		if n := w.count("embed"); n > c.most {
			t.Errorf("%s: %d calls, want at most %d", name, n, c.most)
		}
	}
}

func TestOursAndUnlinkedCostNothing(t *testing.T) {
	w, claims := noted(2)
	a, b := w.activities[noteRef(0)], w.activities[noteRef(1)]
	a.Ours = true
	b.Links = crm.Links{}
	w.activities[noteRef(0)], w.activities[noteRef(1)] = a, b
	ok(t, w.indexer().Activities(t.Context(), claims))
	if w.count("embed") != 0 || len(w.vectors) != 0 || len(w.kept) != 2 {
		t.Errorf("did %v", w.log)
	}
	if n := len(w.kept[noteRef(0)].Chunks); n != 0 {
		t.Errorf("what contextd wrote has %d chunks", n)
	}
	b.Links.Contacts = []crm.Ref{dana}
	w.activities[noteRef(1)] = b
	ok(t, w.indexer().Activities(t.Context(), claims))
	if w.count("embed") != 1 || len(w.vectors) != 1 {
		t.Errorf("the unlinked one got an account, did %v", w.log)
	}
}

// Another embedder fills a generation of its own: what is unchanged costs nothing here, what changes is made with the one that is live.
func TestAnotherEmbedderCostsNothingAndTriggersNothing(t *testing.T) {
	w, claims := noted(2)
	ok(t, w.indexer().Activities(t.Context(), claims))
	w.fingerprint = "fake/5"
	x := w.indexer()
	x.Triggers = func(crm.Activity, crm.Document, []crm.Record, crm.Lane) []crm.Mark {
		t.Error("triggered, but no text changed")
		return nil
	}
	w.log = nil
	ok(t, x.Activities(t.Context(), claims))
	if w.count("embed")+w.count("keep") != 0 {
		t.Errorf("did %v", w.log)
	}
	x.Triggers = func(crm.Activity, crm.Document, []crm.Record, crm.Lane) []crm.Mark {
		return []crm.Mark{{Portal: 1, Kind: crm.ConsiderWork, Key: "k"}}
	}
	a := w.activities[noteRef(0)]
	a.Body = "<p>Edited.</p>"
	w.activities[noteRef(0)] = a
	ok(t, x.Activities(t.Context(), claims))
	if len(w.marked) != 1 {
		t.Errorf("%d triggers for one edited note", len(w.marked))
	}
}
