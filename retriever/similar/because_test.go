package similar

import (
	"slices"
	"strings"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

func TestSentences(t *testing.T) {
	for text, want := range map[string][]string{
		"One here. Two there! Three?\nFour":                 {"One here.", "Two there!", "Three?", "Four"},
		"  spaces  \n\n  around  ":                          {"spaces", "around"},
		"Am 3. Mai kommt Hr. Lohr, z. B. früh. Dann nicht.": {"Am 3. Mai kommt Hr. Lohr, z. B. früh.", "Dann nicht."},
		"¿Cuándo? ¡Ya! Mañana.":                             {"¿Cuándo?", "¡Ya!", "Mañana."},
		"C'est fini. L'offre est là.":                       {"C'est fini.", "L'offre est là."},
		"価格が高い。契約しない！":                                      {"価格が高い。", "契約しない！"},
		"Version 4.18.2 costs 3.5 euros. Good.":             {"Version 4.18.2 costs 3.5 euros.", "Good."},
		"":                                                  nil,
	} {
		var got []string
		for start, end := range sentences(text) {
			got = append(got, text[start:end])
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	long := strings.Repeat("word ", 300)
	for start, end := range sentences(long) {
		if end-start > maxQuote+10 {
			t.Errorf("a quote of %d bytes", end-start)
		}
	}
}

func TestReasons(t *testing.T) {
	w := stories(t)
	w.members[company("2")] = []crm.Member{{Ref: company("2"), Name: "Kessler"}}
	w.refresh()
	got := w.similar(crm.SimilarQuestion{Account: company("1"), Limit: 1})[0]
	if got.Name != "Kessler" || len(got.Because) != 2 {
		t.Fatalf("%+v", got)
	}
	mine, theirs := got.Because[0], got.Because[1]
	if mine.Quote != strings.TrimSpace(council) || theirs.Quote != strings.TrimSpace(council2) || mine.Account != company("1") || theirs.Account != company("2") {
		t.Errorf("%+v", got.Because)
	}
	if mine.Start != 100 || mine.End != 100+len(mine.Quote) {
		t.Errorf("%+v", mine)
	}
	for _, word := range []string{"council", "locat", "track"} {
		if !slices.Contains(mine.Words, word) {
			t.Errorf("%q is not among %v", word, mine.Words)
		}
	}
}

// No reason is better than a silly one.
func TestNoReasons(t *testing.T) {
	for name, c := range map[string][2]string{
		"one common word":     {"Sixty people started on the roof.", "It is eight people on a boat."},
		"too short":           {"Council: location tracking.", council2},
		"another meaning":     {"Freezers killed batteries everywhere on six northern depots during renovation, apparently.", "Nobody understands why our colleagues bought freezers instead of chargers and batteries yesterday."},
		"a template":          {council + "", strings.Replace(council, "demands", "asks", 1)},
		"two common words":    {"They talk about the product in a call.", "A call about our product came back."},
		"a date":              {"It all ends on Tuesday, the first of February.", "Nobody begins on a Tuesday in February."},
		"in another language": {"The works council demands locations.", "¡Works council locations demands, señor!"},
	} {
		w := newWorld(t)
		w.filler()
		w.tell(company("1"), c[0])
		w.tell(company("2"), c[1])
		if name == "in another language" {
			w.told[company("2")][0].language = "es"
		}
		w.refresh()
		for _, n := range w.similar(crm.SimilarQuestion{Account: company("1"), Limit: 50}) {
			if n.Account == company("2") && len(n.Because) > 0 {
				t.Errorf("%s: %q and %q because of %v", name, n.Because[0].Quote, n.Because[1].Quote, n.Because[0].Words)
			}
		}
	}
}

// The same is not said twice.
func TestReasonsDoNotRepeat(t *testing.T) {
	w := stories(t)
	w.tell(company("1"), "Once more: the works council demands that location tracking stays switched off, before anybody signs anything.")
	w.tell(company("1"), "The freezer at minus twenty empties the battery of every phone.")
	w.tell(company("2"), "Inside the freezer the battery is dead after minutes, and so is the phone.")
	w.refresh()
	got := w.similar(crm.SimilarQuestion{Account: company("1"), Limit: 1})[0]
	about := map[string]int{}
	for _, b := range got.Because {
		for _, topic := range []string{"council", "freezer"} {
			if strings.Contains(b.Quote, topic) {
				about[topic]++
			}
		}
	}
	if about["council"] != 2 || about["freezer"] != 2 {
		t.Errorf("%+v", got.Because)
	}
}

// The words of a pair must be rare, and rare together; a long one that makes much of the likeness is enough by itself.
func TestMatch(t *testing.T) {
	part := func(weight float32, terms string) (out []crm.TermWeight) {
		for _, t := range strings.Fields(terms) {
			out = append(out, crm.TermWeight{Term: t, Weight: weight})
		}
		return out
	}
	for name, c := range map[string]struct {
		chunks float64
		shared []crm.TermWeight
		rare   []float64 // of each shared term
		want   int       // words
	}{
		"two rare words":                {1000, part(.05, "a b"), []float64{4.2, 4.2}, 2},
		"not rare together":             {1000, part(.05, "a b"), []float64{4, 4}, 0},
		"three, rare together":          {1000, part(.05, "a b c"), []float64{3.2, 3.2, 3.2}, 3},
		"one of them common":            {1000, part(.05, "a b"), []float64{9, 3}, 0},
		"a small portal":                {50, part(.05, "a b"), []float64{3.3, 3.3}, 2},
		"a small portal, common":        {50, part(.05, "a b"), []float64{2.5, 4.2}, 0},
		"a large portal":                {1e9, part(.05, "a b"), []float64{5, 5.1}, 2},
		"a long word that makes much":   {1000, part(.1, "vereinbar"), []float64{4}, 1},
		"a long word that makes little": {1000, part(.05, "vereinbar"), []float64{6}, 0},
		"a short word that makes much":  {1000, part(.3, "eat"), []float64{6}, 0},
	} {
		own := &sketch{home: "en", chunks: map[string]float64{"en": c.chunks}, rare: map[string]float64{}}
		a, b := &sentence{passage: &crm.Passage{Language: "en"}, length: 9, terms: []string{"other", "words", "zero"}}, &sentence{passage: &crm.Passage{Language: "en"}, length: 9, terms: []string{"things", "unlike", "yes"}}
		for i, s := range c.shared {
			own.rare[s.Term] = c.rare[i]
			a.terms, b.terms = append(a.terms, s.Term), append(b.terms, s.Term)
		}
		slices.Sort(a.terms)
		slices.Sort(b.terms)
		if p, ok := match(a, b, c.shared, own); ok != (c.want > 0) || ok && (len(p.words) != c.want || p.score <= 0) {
			t.Errorf("%s: %v %v", name, p.words, ok)
		}
	}
}
