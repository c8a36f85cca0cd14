package indexer

import (
	"strings"
	"testing"
)

// TestPasted: whose words a note holds that somebody has put mails into, by the headers of mail programs in five languages.
func TestPasted(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string // name, address and first words of each
	}{
		"nothing pasted": {"Called Mira. She said: we pay in May.\nFrom what I hear, to be honest, the date is open.", nil},
		"en block": {"Mira wrote today, see below. I think we win this.\n\nFrom: Mira Kovac <mira@harborline.example>\nSent: Tuesday, March 3, 2026 9:14 AM\nTo: Dana Whitlock\nSubject: Budget\n\nThe budget is cut by 20 %.",
			[]string{"Mira Kovac|mira@harborline.example|The budget is"}},
		"en attribution": {"for the record:\n\nOn Tue, Mar 3, 2026 at 9:14 AM, Mira Kovac <mira@harborline.example> wrote:\n\nThe budget is cut.\n\nOn Mon, Mar 2, 2026 at 5:00 PM, Dana Whitlock <dana@fieldnote.example> wrote:\n\nWhat about the budget?",
			[]string{"Mira Kovac|mira@harborline.example|The budget is", "Dana Whitlock|dana@fieldnote.example|What about the"}},
		"en marked":      {"On 3 March 2026 at 9:14, Mira Kovac <mira@harborline.example> wrote:\n> The budget is cut.\n> > Is the budget there?\nI will call her.", []string{"Mira Kovac|mira@harborline.example|> The budget", "||> > Is"}},
		"marks alone":    {"From her mail:\n> we pay in May\nGood news.", []string{"||> we pay"}},
		"de block":       {"Kam gerade rein:\n\nVon: Jonas Brandt <j.brandt@torwerk.example>\nGesendet: Dienstag, 3. März 2026 09:14\nAn: Olga Brandt\nBetreff: Budget\n\nDas Budget ist gestrichen.", []string{"Jonas Brandt|j.brandt@torwerk.example|Das Budget ist"}},
		"de attribution": {"Am 03.03.2026 um 09:14 schrieb Jonas Brandt <j.brandt@torwerk.example>:\n\nDas Budget ist gestrichen.", []string{"Jonas Brandt|j.brandt@torwerk.example|Das Budget ist"}},
		"fr block":       {"Reçu ce matin.\n\nDe : Corinne Aubert <c.aubert@valmy.example>\nEnvoyé : mardi 3 mars 2026 09:14\nÀ : Inès Fabre\nObjet : Budget\n\nLe budget est coupé.", []string{"Corinne Aubert|c.aubert@valmy.example|Le budget est"}},
		"fr attribution": {"Le mar. 3 mars 2026 à 09:14, Corinne Aubert <c.aubert@valmy.example> a écrit :\n\nLe budget est coupé.", []string{"Corinne Aubert|c.aubert@valmy.example|Le budget est"}},
		"es block":       {"Llegó hoy.\n\nDe: Marta Gil <marta@montejar.example>\nEnviado: martes, 3 de marzo de 2026 9:14\nPara: Inès Fabre\nAsunto: Presupuesto\n\nEl presupuesto está recortado.", []string{"Marta Gil|marta@montejar.example|El presupuesto está"}},
		"es attribution": {"El mar, 3 mar 2026 a las 9:14, Marta Gil (<marta@montejar.example>) escribió:\n\nEl presupuesto está recortado.", []string{"Marta Gil|marta@montejar.example|El presupuesto está"}},
		"ja block":       {"今朝のメールです。\n\n差出人: 田中 花子 <tanaka@example.jp>\n送信日時: 2026年3月3日 9:14\n宛先: Dana\n件名: 予算\n\n予算は削減されました。", []string{"田中 花子|tanaka@example.jp|予算は削減されました。"}},
		"ja attribution": {"2026年3月3日(火) 9:14 田中花子 <tanaka@example.jp>:\n\n予算は削減されました。", []string{"田中花子|tanaka@example.jp|予算は削減されました。"}},
		"one line":       {"From: Mira Kovac <mira@harborline.example> Sent: 3 March 2026 To: Dana Subject: Budget\nThe budget is cut.", []string{"Mira Kovac|mira@harborline.example|The budget is"}},
		"forwarded":      {"---------- Forwarded message ---------\nFrom: Mira Kovac <mira@harborline.example>\nDate: Tue, 3 Mar 2026 at 09:14\nSubject: Budget\nTo: <dana@fieldnote.example>\n\nThe budget is cut.", []string{"Mira Kovac|mira@harborline.example|The budget is"}},
	} {
		at := 0
		var got []string
		for _, p := range Pasted(c.text) {
			if p.Start < at || p.Content < p.Start || p.End < p.Content || p.End > len(c.text) {
				t.Errorf("%s: %+v after %d of %d", name, p, at, len(c.text))
				continue
			}
			at = p.End
			words := strings.Fields(c.text[p.Content:p.End])
			got = append(got, p.Name+"|"+p.Email+"|"+strings.Join(words[:min(3, len(words))], " "))
		}
		if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
			t.Errorf("%s:\n%q\nwant\n%q", name, got, c.want)
		}
	}
}

func FuzzPasted(f *testing.F) {
	f.Add("a\n\nFrom: M <m@x.example>\nSent: 3 March 2026\nSubject: b\n\n> c\n>> d\ne")
	f.Fuzz(func(t *testing.T, text string) {
		at := 0
		for _, p := range Pasted(text) {
			if p.Start < at || p.Content < p.Start || p.End < p.Content || p.End > len(text) {
				t.Fatalf("%+v after %d of %d", p, at, len(text))
			}
			at = p.End
		}
	})
}
