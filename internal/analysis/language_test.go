package analysis

import (
	"strings"
	"testing"
)

func TestLanguage(t *testing.T) {
	for text, want := range map[string]string{
		"Thanks for the call, we will send the offer to you on Friday.":             "en",
		"Danke für das Gespräch, wir schicken Ihnen das Angebot am Freitag.":        "de",
		"Merci pour votre appel, nous vous envoyons une offre dans la semaine.":     "fr",
		"Gracias por la llamada, le enviamos la oferta para que la vea con nos.":    "es",
		"Grazie per la chiamata, abbiamo anche una offerta che non è del tutto.":    "it",
		"Obrigado pela chamada, não temos uma proposta mas está com você em dia.":   "pt",
		"Bedankt voor het gesprek, wij sturen het aanbod en wat u nog nodig heeft.": "nl",
		"Tack för samtalet, vi skickar offerten till er på fredag och hör av oss.":  "sv",
		"Tak for samtalen, vi sender jer et tilbud på fredag og hører gerne noget.": "da",
		"Takk for samtalen, vi sender dere et tilbud på fredag og hva mer dere må.": "no",
		"Kiitos puhelusta, lähetämme tarjouksen perjantaina ja se on voimassa.":     "fi",
		"Dziękuję za rozmowę, nie wiem czy to jest oferta dla nas, ale już mamy.":   "pl",
		"お電話ありがとうございました。見積書を送ります。":                                                  "ja",
		"请把报价单发给我们，谢谢。":                                                             "zh", "견적서를 보내 주세요.": "ko", "Пришлите, пожалуйста, предложение.": "ru", "Надішліть, будь ласка, пропозицію.": "uk",
		// questions are short
		"What did Dana say about the price?": "en", "Who decides at Larkfield?": "en", "When is the renewal due?": "en",
		"Was hat Frau Voss zum Preis gesagt?": "de", "Wer entscheidet über die Verlängerung?": "de", "Warum haben sie gekündigt?": "de",
		"Qui décide du budget chez Larkfield ?": "fr", "Pourquoi ont-ils résilié ?": "fr", "Quel est le prix du contrat ?": "fr",
		"¿Quién decide el presupuesto?": "es", "¿Qué dijo sobre el precio?": "es", "¿Cuándo termina el contrato?": "es",
		"価格について何と言いましたか。": "ja", "契約はいつ終わりますか": "ja",
		"Chi decide il prezzo della licenza?": "it", "Quem decide o preço? Não sei.": "pt",
		"Rechnungsstellung Auftragsabwicklung Zahlungserinnerung Preisanpassung": "de", "the offer and Angebot nicht und": "",
		"Dana: That sounds fun!": "en", "Im Mai kommen sie.": "de", "Plan w Berlin": "", strings.Repeat("Hon. Dana Whitfield Priya Marbach Orlova\n\n", 40): "",
		"ok": "", "4711": "", "": "", "Larkfield GmbH, North Pier Ltd.": "", "Dana Whitfield": "", "\xff\xfe\xfd": "",
	} {
		if got := Language(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func TestLanguageOfNamesWithFewWords(t *testing.T) {
	names := strings.Repeat("Whitfield Marbach Orlova Santini Kowalczyk Berger ", 30)
	if got := Language(names + "and the"); got != "" {
		t.Errorf("a list of names is %q", got)
	}
	if got := Language(strings.Repeat("x", languageBytes) + " the and of with you"); got != "" {
		t.Errorf("what stands behind the limit was read: %q", got)
	}
}

func BenchmarkLanguage(b *testing.B) {
	for name, text := range map[string]string{
		"question": "What did Dana say about the price?",
		"mail":     strings.Repeat("Thanks for the call, we will send the offer to you on Friday. ", 12),
		"german":   strings.Repeat("Danke für das Gespräch, wir schicken Ihnen das Angebot am Freitag. ", 12),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				Language(text)
			}
		})
	}
}
