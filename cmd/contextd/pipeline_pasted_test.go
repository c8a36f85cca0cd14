package main

import (
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/hubspot/hubsim"
)

// TestPastedMail: mails that somebody pastes into a note are quoted under the name of who wrote them, in five languages, and never as the colleague's own words.
func TestPastedMail(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, nil)
	company, contact, _ := p.account()
	heads := map[string]string{
		"Erin Walsh":   "From: Erin Walsh <erin@harborline.example>\nSent: Tuesday, March 3, 2026 9:14 AM\nTo: Dana\nSubject: Contract\n\nThe board approved the budget of 41,000 euros for the year.",
		"Jonas Brandt": "Von: Jonas Brandt <jonas@harborline.example>\nGesendet: Dienstag, 3. März 2026 09:14\nAn: Dana\nBetreff: Vertrag\n\nDer Vorstand hat das Budget von 42.000 Euro genehmigt.",
		"Corine Aubry": "De : Corine Aubry <corine@harborline.example>\nEnvoyé : mardi 3 mars 2026 09:14\nÀ : Dana\nObjet : Contrat\n\nLa direction a validé le budget de 43 000 euros.",
		"Marta Gil":    "El mar, 3 mar 2026 a las 9:14, Marta Gil <marta@harborline.example> escribió:\n\nEl consejo ha aprobado el presupuesto de 44.000 euros.",
		"田中 花子":        "差出人: 田中 花子 <tanaka@harborline.example>\n送信日時: 2026年3月3日 9:14\n宛先: Dana\n件名: 予算\n\n取締役会は45,000ユーロの予算を承認しました。",
	}
	for _, mail := range heads {
		p.create("notes", map[string]any{"hs_note_body": "<p>Copied in for the record.</p><p>" + strings.ReplaceAll(strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace(mail), "\n", "<br>") + "</p>",
			"hs_timestamp": time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)}, company, contact)
	}
	p.settle()
	d, err := p.s.engine.DryRun(t.Context(), "account_summary", p.ref(company), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for writer, mail := range heads {
		lines := strings.Split(mail, "\n")
		said := lines[len(lines)-1]
		found := false
		for _, passage := range d.Passages {
			if strings.Contains(passage.Text, said) {
				found = true
				if passage.Person != writer || passage.Direction != "in" || strings.Contains(passage.Text, "9:14") || strings.Contains(passage.Text, "Copied in") {
					t.Errorf("%q stands under %q (%s): %q", said, passage.Person, passage.Direction, passage.Text)
				}
			}
		}
		if !found {
			t.Errorf("%q is in no passage", said)
		}
	}
	for _, c := range d.Proposal.Claims {
		for _, e := range c.Evidence {
			for writer, mail := range heads {
				if strings.HasSuffix(mail, e.Quote) && e.Person != writer {
					t.Errorf("%q is said to be of %s", e.Quote, e.Person)
				}
			}
		}
	}
}
