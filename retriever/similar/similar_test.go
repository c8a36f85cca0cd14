package similar

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Filler keeps words of the cases rare: what a portal talks about all day.
func (w *world) filler() {
	for i := range 90 {
		w.tell(company(fmt.Sprint(100+i%8)), fmt.Sprintf("We had a call with them about the product and they will come back to us on week %d.", i))
	}
}

const (
	council  = "The works council demands that location tracking stays switched off before anybody signs. "
	council2 = "Their works council wants a written promise that location tracking is never switched on. "
	outage   = "Two outages in a fortnight and the warehouse stood still, they threaten to cancel. "
	outage2  = "After the second outage the warehouse manager threatens to leave, an apology is not enough. "
)

func stories(t *testing.T) *world {
	w := newWorld(t)
	w.filler()
	w.tell(company("1"), council, "Price is fine with everybody.")
	w.tell(company("2"), council2, "They ask about the price again.")
	w.tell(company("3"), outage, "The invoice is on hold.")
	w.tell(company("4"), outage2, "Nobody pays the invoice.")
	return w
}

func terms(p crm.Profile) string {
	var out []string
	for _, t := range p.Terms {
		out = append(out, t.Term)
	}
	return strings.Join(out, " ")
}

func (w *world) build(a crm.Ref, asOf time.Time, known crm.Profile) crm.Profile {
	w.Helper()
	f := w.finder()
	_, e := f.Live()
	p, err := f.Build(w.Context(), e, a, asOf, known)
	if err != nil {
		w.Fatal(err)
	}
	return p
}

func TestProfileLeavesNamesOut(t *testing.T) {
	w := stories(t)
	w.members[company("1")] = []crm.Member{{Ref: company("1"), Name: "Harborline Lifts"}, {Ref: crm.Ref{Portal: 7, Type: crm.Contacts, ID: "1"}, Name: "Mira Kovac"},
		{Ref: crm.Ref{Portal: 7, Type: crm.Deals, ID: "1"}, Name: "Enterprise renewal"}}
	w.tell(company("1"), "Mira told Harborline in November that 140 seats are in the renewal.")
	w.told[company("1")][0].speaker = "Dana Whitlock"
	w.tell(company("1"), "Dana promised a renewal offer on Tuesday.")
	p := w.build(company("1"), time.Time{}, crm.Profile{})
	got := " " + terms(p) + " "
	for _, name := range []string{"mira", "kovac", "harborlin", "harborline", "dana", "whitlock", "140"} {
		if strings.Contains(got, " "+name+" ") {
			t.Errorf("%q is in the profile: %s", name, got)
		}
	}
	for _, word := range []string{"council", "renew", "track"} {
		if !strings.Contains(got, " "+word) {
			t.Errorf("%q is not in the profile: %s", word, got)
		}
	}
	for _, text := range w.embedded {
		if strings.Contains(text, "Mira") || strings.Contains(text, "Dana") {
			t.Errorf("embedded with names: %q", text)
		}
	}
	length := 0.0
	for _, x := range p.Terms {
		length += float64(x.Weight) * float64(x.Weight)
	}
	if math.Abs(length-1) > 1e-4 || !slices.IsSortedFunc(p.Terms, func(a, b crm.TermWeight) int { return strings.Compare(a.Term, b.Term) }) {
		t.Errorf("terms of length %v: %s", length, terms(p))
	}
}

func weightOf(p crm.Profile, term string) float64 {
	for _, t := range p.Terms {
		if t.Term == term {
			return float64(t.Weight)
		}
	}
	return 0
}

func TestProfileWeighs(t *testing.T) {
	w := newWorld(t)
	w.filler()
	a := company("1")
	for i, text := range []string{"An earthquake.", "A flood.", "A product."} {
		at := day0.AddDate(4*i, 0, 0)
		w.told[a] = append(w.told[a], told{text: text, language: "en", at: at, learned: at})
	}
	p := w.build(a, time.Time{}, crm.Profile{})
	old, recent, common := weightOf(p, "earthquak"), weightOf(p, "flood"), weightOf(p, "product")
	if !(recent > 2*old) || old == 0 {
		t.Errorf("what is four years older weighs %.3f, not less than half of %.3f", old, recent)
	}
	if common >= old {
		t.Errorf("a word that all accounts use weighs %.3f, a rare one %.3f", common, old)
	}
}

// A history in two languages meets one that is all in the other.
func TestProfileStemsByTheLanguageOfThePassage(t *testing.T) {
	w := newWorld(t)
	w.filler()
	w.tell(company("1"), "The whole file is about the boat crews and the weather window.", "The boat crews are content.")
	w.told[company("1")] = append(w.told[company("1")], told{text: "Die Betriebsräte verlangen Vereinbarungen.", language: "de", at: day0, learned: day0})
	w.told[company("2")] = []told{{text: "Der Betriebsrat verlangt eine Vereinbarung.", language: "de", at: day0, learned: day0}}
	a, b := w.build(company("1"), time.Time{}, crm.Profile{}), w.build(company("2"), time.Time{}, crm.Profile{})
	if weightOf(a, "vereinbar") == 0 || weightOf(b, "vereinbar") == 0 {
		t.Errorf("%s\n%s", terms(a), terms(b))
	}
}

// Words of a language that few accounts speak are not telling for that alone.
func TestProfileComparesRarityWithinALanguage(t *testing.T) {
	w := newWorld(t)
	w.filler()
	for i := range 10 {
		at := day0.AddDate(0, 0, i)
		w.told[company("1")] = append(w.told[company("1")], told{text: fmt.Sprintf("Die Woche war gut, und die Ware %c kam.", 'a'+i), language: "de", at: at, learned: at})
	}
	w.tell(company("2"), "A fortnight of earthquakes.")
	sketch, err := w.finder().sketch(t.Context(), company("1"), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if got := sketch.rare["woch"]; got > .5 {
		t.Errorf("a word of every German passage is one in e to the %.2f", got)
	}
	if got := sketch.rare["war"] + sketch.rare["gut"]; got > 1 {
		t.Errorf("so are two others: %.2f", got)
	}
}

func TestProfileAsOf(t *testing.T) {
	w := stories(t)
	later := day0.AddDate(0, 0, 30)
	w.facts[company("1")] = crm.AccountFacts{Industry: "STEEL", Employees: 50, Outcome: crm.OutcomeWon, Amount: 9}
	w.told[company("1")] = append(w.told[company("1")], told{text: "An earthquake.", language: "en", at: later, learned: later},
		told{text: "A flood that we learned of late.", language: "en", at: day0, learned: later})
	p := w.build(company("1"), day0.AddDate(0, 0, 20), crm.Profile{})
	if weightOf(p, "earthquak") > 0 || weightOf(p, "flood") > 0 || weightOf(p, "council") == 0 {
		t.Errorf("as of earlier: %s", terms(p))
	}
	for _, text := range w.embedded {
		if strings.Contains(text, "earthquake") || strings.Contains(text, "flood") {
			t.Errorf("embedded %q", text)
		}
	}
	if p.Outcome != crm.OutcomeOpen || p.Amount != 0 || p.Chunks != 2 {
		t.Errorf("%+v", p)
	}
	if now := w.build(company("1"), time.Time{}, crm.Profile{}); weightOf(now, "earthquak") == 0 || now.Outcome != crm.OutcomeWon {
		t.Errorf("now: %+v", now)
	}
}

func TestProfileTakesTheVectorOver(t *testing.T) {
	w := stories(t)
	first := w.build(company("1"), time.Time{}, crm.Profile{})
	w.embedded = nil
	again := w.build(company("1"), time.Time{}, first)
	if len(w.embedded) > 0 {
		t.Errorf("embedded again: %q", w.embedded)
	}
	if !slices.Equal(first.Vector, again.Vector) || !slices.Equal(first.Terms, again.Terms) || first.Digest != again.Digest {
		t.Error("the same account has another profile")
	}
	w.tell(company("9"), "One.", "Two words.", "Here are three.", "And now there are six.", "A sentence of any length that is not too long.", "Another one, with a comma.")
	for i := range 30 {
		w.tell(company("9"), strings.Repeat("Another one of them has come to us. ", i%7+1)+fmt.Sprint(i))
	}
	long := w.build(company("9"), time.Time{}, crm.Profile{})
	for range 30 { // sums of floats depend on their order, and a store may answer in any
		if fresh := w.build(company("9"), time.Time{}, crm.Profile{}); !slices.Equal(fresh.Vector, long.Vector) {
			t.Fatal("the vector depends on something that changes")
		}
	}
	w.tell(company("1"), "An earthquake.")
	w.embedded = nil
	if w.build(company("1"), time.Time{}, first); len(w.embedded) == 0 {
		t.Error("a changed account keeps its vector")
	}
	if p := w.build(company("404"), time.Time{}, crm.Profile{}); len(p.Terms) > 0 || p.Vector != nil {
		t.Errorf("an account without text: %+v", p)
	}
}

func TestSimilarFindsTheSituation(t *testing.T) {
	w := stories(t)
	w.refresh()
	for a, want := range map[string]string{"1": "2", "2": "1", "3": "4", "4": "3"} {
		got := w.similar(crm.SimilarQuestion{Account: company(a), Limit: 3})
		if len(got) != 3 || got[0].Account.ID != want {
			t.Errorf("like %s: %s, want %s first", a, ids(got), want)
		}
		if slices.ContainsFunc(got, func(n crm.Neighbour) bool { return n.Account.ID == a }) {
			t.Errorf("%s is like itself", a)
		}
		for _, n := range got {
			if sum := n.Parts["words"] + n.Parts["meaning"] + n.Parts["facts"]; math.Abs(sum-n.Score) > 1e-9 {
				t.Errorf("parts %v make %v, not %v", n.Parts, sum, n.Score)
			}
		}
	}
}

func TestSimilarFilters(t *testing.T) {
	w := stories(t)
	w.facts[company("1")] = crm.AccountFacts{Industry: "STEEL", Employees: 100}
	w.facts[company("2")] = crm.AccountFacts{Industry: "STEEL", Employees: 299, Outcome: crm.OutcomeWon, Amount: 5, CycleDays: 3}
	w.facts[company("3")] = crm.AccountFacts{Industry: "MILK", Employees: 34, Outcome: crm.OutcomeWon}
	w.facts[company("4")] = crm.AccountFacts{Industry: "STEEL", Employees: 301, Outcome: crm.OutcomeLost}
	w.refresh()
	for name, c := range map[string]struct {
		q    crm.SimilarQuestion
		want string
	}{
		"won":           {crm.SimilarQuestion{ProfileFilter: crm.ProfileFilter{Outcomes: []string{crm.OutcomeWon}}}, "2 3"},
		"same industry": {crm.SimilarQuestion{SameIndustry: true}, "2 4"},
		"another one":   {crm.SimilarQuestion{SameIndustry: true, ProfileFilter: crm.ProfileFilter{Industry: "MILK"}}, ""},
		"same size":     {crm.SimilarQuestion{SameSize: true}, "2 3"},
		"size and more": {crm.SimilarQuestion{SameSize: true, ProfileFilter: crm.ProfileFilter{MinEmployees: 200}}, "2"},
		"one":           {crm.SimilarQuestion{Limit: 1}, "2"},
	} {
		c.q.Account = company("1")
		if got := w.similar(c.q); ids(got) != c.want {
			t.Errorf("%s: %q, want %q", name, ids(got), c.want)
		}
	}
	if got := w.similar(crm.SimilarQuestion{Account: company("100"), SameSize: true}); len(got) > 0 {
		t.Errorf("the size of an account of unknown size: %s", ids(got))
	}
	if got := w.similar(crm.SimilarQuestion{Account: company("1"), Limit: 1})[0]; got.Outcome != crm.OutcomeWon || got.Amount != 5 || got.CycleDays != 3 {
		t.Errorf("%+v", got)
	}
}

// At an earlier moment nothing of what became of the others may be seen, nor filtered by.
func TestSimilarAsOf(t *testing.T) {
	w := stories(t)
	w.facts[company("2")] = crm.AccountFacts{Outcome: crm.OutcomeWon, Amount: 5}
	later := day0.AddDate(0, 0, 30)
	w.told[company("4")] = []told{{text: outage2, language: "en", at: later, learned: later}}
	w.refresh()
	before := w.asOf
	asOf := day0.AddDate(0, 0, 20)
	got := w.similar(crm.SimilarQuestion{Account: company("1"), AsOf: asOf, Limit: 50})
	if len(got) == 0 || got[0].Account != company("2") || got[0].Outcome != crm.OutcomeOpen || got[0].Amount != 0 {
		t.Errorf("%+v", got)
	}
	if strings.Contains(" "+ids(got)+" ", " 4 ") {
		t.Error("an account that had no history yet is a neighbour")
	}
	for _, at := range w.asOf[len(before):] {
		if !at.Equal(asOf) {
			t.Errorf("facts of %v were asked for", at)
		}
	}
	won := crm.SimilarQuestion{ProfileFilter: crm.ProfileFilter{Outcomes: []string{crm.OutcomeWon}}, Account: company("1"), AsOf: asOf}
	if got := w.similar(won); len(got) > 0 {
		t.Errorf("won later: %s", ids(got))
	}
	won.Outcomes = []string{crm.OutcomeOpen}
	if got := w.similar(won); len(got) == 0 || got[0].Account != company("2") {
		t.Errorf("open then: %s", ids(got))
	}
}

func TestSimilarNeverLeavesThePortal(t *testing.T) {
	w := stories(t)
	foreign := crm.Ref{Portal: 8, Type: crm.Companies, ID: "1"}
	w.tell(foreign, council)
	w.refresh()
	for _, n := range w.similar(crm.SimilarQuestion{Account: company("1"), Limit: 50}) {
		if n.Account.Portal != 7 {
			t.Errorf("%s is a neighbour", n.Account)
		}
	}
	w.foreign = foreign // a back end that does not keep portals apart
	if _, err := w.finder().Similar(t.Context(), crm.SimilarQuestion{ProfileFilter: crm.ProfileFilter{Portal: 7}, Account: company("1")}); !errors.Is(err, crm.ErrForbidden) {
		t.Errorf("a foreign account was let through: %v", err)
	}
	for _, q := range []crm.SimilarQuestion{{}, {Account: company("1")}, {ProfileFilter: crm.ProfileFilter{Portal: 7}}, {ProfileFilter: crm.ProfileFilter{Portal: 7}, Account: foreign}} {
		if _, err := w.finder().Similar(t.Context(), q); !errors.Is(err, crm.ErrInvalid) {
			t.Errorf("%+v: %v", q, err)
		}
	}
}

func TestRefresh(t *testing.T) {
	w := stories(t)
	w.refresh()
	before := w.profiles[company("1")]
	w.embedded = nil
	w.refresh()
	if len(w.embedded) > 0 {
		t.Errorf("nothing has changed, but %d texts were embedded", len(w.embedded))
	}
	w.told[company("1")] = nil
	w.tell(company("1"), outage)
	w.refresh(company("1"))
	if after := w.profiles[company("1")]; after.Digest == before.Digest || weightOf(after, "council") > 0 || weightOf(after, "outag") == 0 {
		t.Errorf("%s", terms(after))
	}
	if got := w.similar(crm.SimilarQuestion{Account: company("1"), Limit: 2}); !strings.Contains(ids(got), "3") {
		t.Errorf("after the change: %s", ids(got))
	}
	delete(w.told, company("2")) // all of it was erased
	w.refresh(company("2"))
	if p := w.profiles[company("2")]; len(p.Terms) > 0 || p.Vector != nil || p.Chunks != 0 {
		t.Errorf("what was erased is still in the profile: %+v", p)
	}
	if got := w.similar(crm.SimilarQuestion{Account: company("3"), Limit: 50}); strings.Contains(" "+ids(got)+" ", " 2 ") {
		t.Errorf("an account without text is a neighbour: %s", ids(got))
	}
	w.told[company("4")] = []told{{text: "too large"}}
	w.refresh(company("4"), company("1"))
	if p := w.profiles[company("4")]; len(p.Terms) > 0 || len(w.profiles[company("1")].Terms) == 0 {
		t.Errorf("an account that is too large to hold keeps a profile that nobody can renew: %+v", p)
	}
}

func TestPlane(t *testing.T) {
	w := stories(t)
	w.refresh()
	all := w.similar(crm.SimilarQuestion{Account: company("1"), Limit: 50})
	again := w.similar(crm.SimilarQuestion{Account: company("1"), Limit: 50})
	spread := map[[2]float64]bool{}
	for i, n := range all {
		if math.IsNaN(n.X) || math.IsNaN(n.Y) || n.X != again[i].X || n.Y != again[i].Y {
			t.Errorf("%s is at %v, %v", n.Account, n.X, n.Y)
		}
		spread[[2]float64{n.X, n.Y}] = true
	}
	if len(spread) < 3 {
		t.Errorf("%d accounts stand at %d places", len(all), len(spread))
	}
	own := w.profiles[company("1")]
	if got := plane(own, []candidate{{profile: own, words: dotTerms(own.Terms, own.Terms)}}); math.Hypot(got[0][0], got[0][1]) > 1e-3 {
		t.Errorf("an account that says the same stands at %v", got)
	}
	if got := plane(own, nil); len(got) != 0 {
		t.Error(got)
	}
}

// What all accounts talk about says nothing of two of them.
func TestMeaningIsMeasuredFromTheMiddle(t *testing.T) {
	unit := func(v ...float32) []float32 {
		return mean([][]float32{v})
	}
	own := crm.Profile{Vector: unit(10, 3, 0, 0)}
	var all []candidate
	for i, v := range [][]float32{unit(10, 1, 0, 0), unit(10, 0, 0, 0), unit(10, 0, 1, 0), unit(10, 0, 0, 1), unit(10, 0, -1, -1), unit(7, 3, 3, 0)} {
		all = append(all, candidate{profile: crm.Profile{Account: company(fmt.Sprint(i)), Vector: v}, meaning: dot(own.Vector, v)})
	}
	rank(own, all)
	if all[0].profile.Account.ID != "0" || all[0].parts["meaning_cosine"] > .95 {
		t.Errorf("%s first, at %.3f", all[0].profile.Account, all[0].parts["meaning_cosine"])
	}
	if far := all[len(all)-1]; far.parts["meaning_cosine"] > 0 {
		t.Errorf("the furthest is at %.3f", far.parts["meaning_cosine"])
	}
	none := []candidate{{profile: crm.Profile{Account: company("1")}}, {profile: crm.Profile{Account: company("2"), Vector: unit(1, 0, 0, 0)}, meaning: .5}}
	if rank(own, none); none[0].profile.Account.ID != "2" {
		t.Error("an account without a vector is nearest")
	}
}
