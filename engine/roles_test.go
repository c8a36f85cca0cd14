package engine

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// TestOtherHolder: a newer sentence that names somebody else for the same role contradicts; about another role, another one's, with a doubt or as a question it does not.
func TestOtherHolder(t *testing.T) {
	people := []string{"Mira Kovac", "Dana Whitlock"}
	for _, c := range []struct{ name, old, newer, why string }{
		{"new contact", "Our contact is Mira Kovac.", "Our new contact is Hanna Vogel.", "Hanna Vogel instead of Mira Kovac"},
		{"name first", "Mira Kovac is our contact.", "From Monday Hanna Vogel is our contact.", "Hanna Vogel instead of Mira Kovac"},
		{"name first, then last", "Our project manager is Mira Kovac.", "Hanna Vogel takes over as project lead.", "Hanna Vogel instead"},
		{"has taken over", "The project lead is Mira Kovac.", "Hanna Vogel has taken over as the project lead.", "Hanna Vogel instead"},
		{"will be", "Their CFO is Mira Kovac.", "Our CFO will be Hanna Vogel.", "Hanna Vogel instead"},
		{"colon", "Contact: Mira Kovac.", "New contact: Hanna Vogel", "Hanna Vogel instead"},
		{"same qualifier", "Our contact for billing is Mira Kovac.", "Our contact for billing is now Hanna Vogel.", "Hanna Vogel instead"},
		{"german", "Unsere Ansprechpartnerin ist Frau Kovac.", "Unser neuer Ansprechpartner ist Herr Vogel.", "Vogel instead of Kovac"},
		{"german names", "Projektleiterin ist Mira Kovac.", "Hanna Vogel wird unsere neue Projektleiterin.", "Hanna Vogel instead"},
		{"french", "Notre interlocutrice est Mira Kovac.", "Notre nouvelle interlocutrice est désormais Claire Fabre.", "Claire Fabre instead"},
		{"spanish", "Nuestro contacto es Mira Kovac.", "Nuestro nuevo contacto es Lucía Ferrer.", "Lucía Ferrer instead"},
		{"company", "Our supplier is OpsDesk.", "Our supplier is now Routewise.", "Routewise instead of OpsDesk"},
		{"no longer", "Our contact is Mira Kovac.", "Mira Kovac is no longer our contact.", "no more"},
		{"nicht mehr", "Projektleiterin ist Mira Kovac.", "Mira Kovac ist nicht mehr unsere Projektleiterin.", "no more"},
		{"replaced", "Our CFO is Mira Kovac.", "Hanna Vogel replaces Mira Kovac.", "no more"},
		{"taken over from", "Our contact is Mira Kovac.", "Hanna Vogel takes over from Mira Kovac next week.", "no more"},
		{"left", "Our contact is Mira Kovac.", "Mira Kovac has left the company.", "no more"},

		{"the same name", "Our contact is Mira Kovac.", "Our new contact is Mira Kovac.", ""},
		{"part of the name", "Our contact is Mira.", "Our contact is Ms Kovac.", ""},
		{"another role", "Our contact is Mira Kovac.", "Our CFO is Hanna Vogel.", ""},
		{"another qualifier", "Our contact for billing is Mira Kovac.", "Our contact for training is Hanna Vogel.", ""},
		{"a qualifier more", "Our contact is Mira Kovac.", "Our technical contact is Hanna Vogel.", ""},
		{"theirs and yours", "Our contact is Mira Kovac.", "Your new contact is Hanna Vogel.", ""},
		{"one of several", "Our contact is Mira Kovac.", "Hanna Vogel is a contact of mine.", ""},
		{"both", "Our contact is Mira Kovac.", "Our contact is Hanna Vogel, and Mira Kovac is our contact too.", ""},
		{"a question", "Our contact is Mira Kovac.", "Is our new contact Hanna Vogel?", ""},
		{"a doubt", "Our contact is Mira Kovac.", "Maybe our new contact is Hanna Vogel.", ""},
		{"the past", "Our contact is Mira Kovac.", "Our contact was Hanna Vogel.", ""},
		{"no name", "Our contact is Mira Kovac.", "Our new contact is very friendly.", ""},
		{"a day is no name", "Our contact is Mira Kovac.", "Our contact is Monday to Friday at his desk.", ""},
		{"a german noun is no name", "Unsere Ansprechpartnerin ist Frau Kovac.", "Der Ansprechpartner ist Kunde seit drei Jahren.", ""},
		{"left something", "Our contact is Mira Kovac.", "Mira Kovac has left the slides on the table.", ""},
		{"somebody else left", "Our contact is Mira Kovac.", "Dana Whitlock has left the company.", ""},
		{"replaces a thing", "Our contact is Mira Kovac.", "Routewise replaces OpsDesk in Cork.", ""},
		{"no role at all", "Mira Kovac wants 140 seats.", "Hanna Vogel wants 140 seats.", ""},
	} {
		at := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
		src := Source{Passage: crm.Passage{Time: at.AddDate(0, 0, 2), Text: c.newer, End: len(c.newer)}, Stored: c.newer}
		got := against(Judged{ClaimText: crm.ClaimText{Text: c.old, Evidence: []crm.Evidence{{Time: at}}}}, []Source{src}, people)
		if c.why == "" && len(got) > 0 || c.why != "" && (len(got) != 1 || !strings.Contains(got[0].Why, c.why)) {
			t.Errorf("%s: %+v, want %q (%+v, %+v)", c.name, got, c.why, holdings(lex(normalise(c.old).text)), holdings(lex(normalise(c.newer).text)))
		}
	}
}

// TestPlantedHolders plants newer sentences that name somebody else for each role in four languages, beside such that only look like it, and counts.
func TestPlantedHolders(t *testing.T) {
	found, planted, alarms, harmless := 0, 0, 0, 0
	at := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	for _, l := range []struct{ roles, older, newer, other []string }{
		{[]string{"contact", "CEO", "CFO", "project manager", "account manager", "managing director", "supplier", "decision maker", "head of procurement", "IT manager", "point of contact"},
			[]string{"Our ROLE is Mira Kovac.", "Mira Kovac is our ROLE.", "The ROLE for Cork is Mira Kovac."},
			[]string{"Our new ROLE is Hanna Vogel.", "Hanna Vogel is our new ROLE.", "Hanna Vogel takes over as ROLE.", "From March Hanna Vogel will be our ROLE.", "Hanna Vogel replaces Mira Kovac.", "Mira Kovac is no longer our ROLE."},
			[]string{"Your new ROLE is Hanna Vogel.", "Is Hanna Vogel our new ROLE?", "Perhaps Hanna Vogel is our new ROLE.", "Our deputy ROLE is Hanna Vogel.", "Our ROLE was Hanna Vogel.", "Our ROLE is still Mira Kovac.", "Hanna Vogel met our ROLE.",
				"Hanna Vogel is not our ROLE.", "Hanna Vogel wants to talk to our ROLE."}},
		{[]string{"Ansprechpartnerin", "Projektleiterin", "Geschäftsführerin", "Einkaufsleiterin"}, []string{"Unsere ROLE ist Mira Kovac.", "Mira Kovac ist unsere ROLE."},
			[]string{"Unsere neue ROLE ist Hanna Vogel.", "Hanna Vogel ist jetzt unsere ROLE.", "Hanna Vogel wird unsere neue ROLE.", "Mira Kovac ist nicht mehr unsere ROLE.", "Hanna Vogel ersetzt Mira Kovac."},
			[]string{"Ihre neue ROLE ist Hanna Vogel.", "Ist Hanna Vogel unsere ROLE?", "Vielleicht ist Hanna Vogel unsere ROLE.", "Unsere ROLE war Hanna Vogel.", "Die ROLE ist Freitag wieder da.", "Hanna Vogel hat unsere ROLE getroffen."}},
		{[]string{"interlocutrice", "directrice générale", "directrice financière"}, []string{"Notre ROLE est Mira Kovac.", "Mira Kovac est notre ROLE."},
			[]string{"Notre nouvelle ROLE est Claire Fabre.", "Claire Fabre est désormais notre ROLE.", "Claire Fabre remplace Mira Kovac."},
			[]string{"Votre nouvelle ROLE est Claire Fabre.", "Claire Fabre est-elle notre ROLE ?", "Notre ROLE était Claire Fabre.", "Claire Fabre connaît notre ROLE."}},
		{[]string{"interlocutora", "directora general", "jefa de proyecto"}, []string{"Nuestra ROLE es Mira Kovac.", "Mira Kovac es nuestra ROLE."},
			[]string{"Nuestra nueva ROLE es Lucía Ferrer.", "Lucía Ferrer es ahora nuestra ROLE.", "Lucía Ferrer sustituye a Mira Kovac.", "Mira Kovac ya no es nuestra ROLE."},
			[]string{"¿Es Lucía Ferrer nuestra ROLE?", "Quizás Lucía Ferrer es nuestra ROLE.", "Nuestra ROLE era Lucía Ferrer.", "Lucía Ferrer conoce a nuestra ROLE."}},
	} {
		for _, role := range l.roles {
			for _, older := range l.older {
				against := func(newer string) []crm.Contradiction {
					newer = strings.ReplaceAll(newer, "ROLE", role)
					if strings.Contains(older, " for Cork") {
						newer = strings.Replace(newer, role, role+" for Cork", 1)
					}
					src := Source{Passage: crm.Passage{Time: at.AddDate(0, 0, 2), Text: newer, End: len(newer)}, Stored: newer}
					return against(Judged{ClaimText: crm.ClaimText{Text: strings.ReplaceAll(older, "ROLE", role), Evidence: []crm.Evidence{{Time: at}}}}, []Source{src}, []string{"Mira Kovac", "Hanna Vogel"})
				}
				for _, newer := range l.newer {
					planted++
					if len(against(newer)) > 0 {
						found++
					} else if *showMissed {
						t.Logf("%s: %q by %q is missed", role, older, newer)
					}
				}
				for _, newer := range l.other {
					harmless++
					if got := against(newer); len(got) > 0 {
						alarms++
						t.Logf("%s: %q by %q: %s", role, older, newer, got[0].Why)
					}
				}
			}
		}
	}
	line, err := json.Marshal(map[string]any{"planted_holders": planted, "found": found, "harmless": harmless, "alarms": alarms})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(string(line))
	if float64(found) < 0.95*float64(planted) || alarms > 0 {
		t.Errorf("%d of %d are found, %d false alarms in %d", found, planted, alarms, harmless)
	}
}

// TestNoContradictionOfTheDemo: no true claim of the demo portal is contradicted by what its account says later.
func TestNoContradictionOfTheDemo(t *testing.T) {
	set := planted(t)
	compared := 0
	for _, s := range slices.Concat(set.verbatim, set.others) {
		scope := set.scope(s)
		j := Judge(s, scope)
		var newer []Source
		var people []string
		for _, src := range scope.Sources {
			people = append(people, src.speakers()...)
			if src.Time.After(newestOf(j.Evidence)) {
				newer = append(newer, src)
			}
		}
		if !j.Supported {
			continue
		}
		compared += len(newer)
		for _, c := range against(j, newer, people) {
			t.Errorf("%q by %q: %s", s.Text, c.Quote, c.Why)
		}
	}
	if compared < 500 {
		t.Errorf("only %d pairs of a claim and a newer passage", compared)
	}
}
