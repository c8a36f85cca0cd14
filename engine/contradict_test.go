package engine

import (
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

func TestContradictedBy(t *testing.T) {
	at := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	for _, c := range []struct{ name, old, newer, why string }{
		{"another price", "The price for technicians in Dublin is 36 EUR.", "The price for technicians in Dublin is 38 EUR.", "38 instead of 36"},
		{"another count", "The Dublin branch rollout has 140 technicians.", "Our Dublin branch rollout now has 131 technicians.", "131 instead of 140"},
		{"german", "Die Einführung in Leipzig umfasst 48 Monteure.", "Die Einführung in Leipzig umfasst jetzt 52 Monteure.", "52 instead of 48"},
		{"another date", "The board decides about the contract on 26 November.", "The board decides about the contract on 14 January 2027.", "14 January 2027"},
		{"moved", "The committee meeting about pricing is on 3 December.", "Committee meeting moved to 10 December.", "10 December"},
		{"the opposite", "The works council approves the scheduling pilot.", "The works council does not approve the scheduling pilot.", "opposite"},
		{"the same", "The price for technicians in Dublin is 36 EUR.", "For Dublin technicians the price is 36 EUR.", ""},
		{"both values", "The price for technicians in Dublin is 36 EUR.", "The price for technicians in Dublin is 36 EUR, list is 38 EUR.", ""},
		{"another currency is another thing", "The price for technicians in Dublin is 36 EUR.", "The price for technicians in Dublin is 38 %.", ""},
		{"something else", "The board decides about the contract on 26 November.", "The dispatcher training takes place on 14 January 2027.", ""},
		{"a question", "The price for technicians in Dublin is 36 EUR.", "Is the price for technicians in Dublin 38 EUR?", ""},
		{"a doubt", "The price for technicians in Dublin is 36 EUR.", "Maybe the price for technicians in Dublin is 38 EUR.", ""},
		{"the same date", "The board decides about the contract on 26 November.", "The board decides about the contract next Thursday.", ""},
	} {
		got := wordingOf(normalise(c.old).text, at.AddDate(0, 0, -2)).contradictedBy(wordingOf(normalise(c.newer).text, at))
		if c.why == "" && got != "" || c.why != "" && !strings.Contains(got, c.why) {
			t.Errorf("%s: %q, want %q", c.name, got, c.why)
		}
	}
}

func TestSentences(t *testing.T) {
	const text = "Mira Kovac: We need it. By Friday, please!\nDana: Is it 3.5? Yes."
	var got []string
	for _, s := range sentences(text) {
		got = append(got, text[s[0]:s[1]])
	}
	if want := "We need it.|By Friday, please!|Is it 3.5?|Yes."; strings.Join(got, "|") != want {
		t.Errorf("%q", got)
	}
}

// TestContradictedRun: newer words that say otherwise are stored with the claim and leave the decision to a person, whether the run had them or had to ask.
func TestContradictedRun(t *testing.T) {
	for name, hidden := range map[string]bool{"among the passages": false, "asked for": true} {
		w := newWorld()
		w.activity(ref(crm.Emails, 70), "Mira Kovac", crm.Incoming, noon.Add(-time.Hour), "The board approved 52,000 EUR a year for this contract.")
		w.activity(ref(crm.Emails, 71), "Mira Kovac", crm.Incoming, noon.Add(-30*time.Hour), "The board approved 48,000 EUR a year for this contract.")
		if hidden {
			w.aside = ref(crm.Emails, 70)
		}
		p := consider(t, engineOf(t, w, quoter()), w, "call_summary", ref(crm.Calls, 12))
		var found []crm.Contradiction
		for _, c := range p.Claims {
			if strings.HasPrefix(c.Text, "The board approved 48,000 EUR") {
				found = c.Contradictions
			} else if len(c.Contradictions) > 0 && !strings.Contains(c.Text, "48,000") {
				t.Errorf("%s: a false alarm on %q: %v", name, c.Text, c.Contradictions)
			}
		}
		if len(found) != 1 || found[0].Activity != ref(crm.Emails, 70) || !strings.Contains(found[0].Why, "52,000 instead of 48,000") || found[0].Quote != "The board approved 52,000 EUR a year for this contract." {
			t.Errorf("%s: %+v", name, found)
		}
		if p.Verdict != crm.Review || p.Features["contradicted"] == 0 || !strings.Contains(strings.Join(p.Changes[0].Reasons, "\n"), "contradict") {
			t.Errorf("%s: %v %v %v", name, p.Verdict, p.Features, p.Changes[0].Reasons)
		}
	}
}
