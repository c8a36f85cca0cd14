package analysis

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/contextd/contextd/internal/crm"
)

func traitNames(t crm.Traits) string {
	var out []string
	for i, name := range []string{"number", "time", "name", "asks"} {
		if t.Has(1 << i) {
			out = append(out, name)
		}
	}
	return strings.Join(out, " ")
}

func TestTraits(t *testing.T) {
	for _, c := range []struct{ lang, text, want string }{
		{"en", "We pay too much.", ""},
		{"en", "We pay 48,000 a year.", "number"},
		{"en", "They have twelve seats.", "number"},
		{"en", "One of them left.", ""},
		{"en", "They signed yesterday.", "time"},
		{"en", "Let us meet next week.", "time"},
		{"en", "The week was good.", ""},
		{"en", "It starts at 10:30.", "number time"},
		{"en", "Call me at 3 pm.", "number time"},
		{"en", "Signed on 2026-05-04.", "number time"},
		{"en", "Renewal in Q3.", "number time"},
		{"en", "It grew since 2019.", "number time"},
		{"en", "You may go. May I go, too?", "asks"},
		{"en", "We march on.", ""},
		{"en", "The renewal is in May.", "time"},
		{"en", "Due 4 May.", "number time"},
		{"en", "We met Dana there.", "name"},
		{"en", "Dana left.", ""},
		{"en", "Dana: Yes, that is fine.", ""},
		{"en", "So I think I'm done.", ""},
		{"en", "Good. Then we go.", ""},
		{"en", "I asked J. Voss.", "name"},
		{"en", "On Tuesday we go.", "time"},
		{"en", "Good morning!", ""},
		{"en", "They came this morning.", "time"},
		{"en", "Is the price fixed?", "asks"},
		{"en", "Is it fixed? And for how long? I wonder.", "asks"},
		{"en", "Is it fixed? I do not know. We shall see.", ""},
		{"en", "Version 3.2.1 of it", "number"},
		{"de", "Wir zahlen das Angebot mit dem Rabatt.", ""},
		{"de", "Wir zahlen zwölf Prozent mehr.", "number"},
		{"de", "Das war gestern.", "time"},
		{"de", "Am 3. März kommen sie.", "number time"},
		{"de", "Um 15 Uhr rufe ich an.", "number time"},
		{"de", "Wir sehen uns nächste Woche.", "time"},
		{"de", "Ich sprach mit Herrn Voss.", "name"},
		{"de", "Ich sprach mit Dana Whitfield.", "name"},
		{"de", "Ich sprach mit Dr. Voss.", "name"},
		{"de", "Wir verglichen Preise, Mengen und Termine.", ""},
		{"en", "We met Mr. Voss", "name"},
		{"de", "Guten Morgen, wie geht es Ihnen?", "time asks"},
		{"fr", "Nous payons trop.", ""},
		{"fr", "Nous avons douze postes.", "number"},
		{"fr", "C'était hier.", "time"},
		{"fr", "La semaine prochaine, peut-être.", "time"},
		{"fr", "Le mois d'avril.", "time"},
		{"fr", "À 15h30, d'accord.", "number time"},
		{"fr", "J'ai vu Dana là-bas.", "name"},
		{"fr", "Qui décide ?", "asks"},
		{"es", "Pagamos demasiado.", ""},
		{"es", "Tenemos doce puestos.", "number"},
		{"es", "Fue el martes.", "time"},
		{"es", "Firmaron el mes pasado.", "time"},
		{"es", "Hablé con Dana allí.", "name"},
		{"es", "¿Quién decide?", "asks"},
		{"es", "Me dijo: ¿Quieres?", "asks"},
		{"ja", "一緒に統一します。", ""},
		{"ja", "三つの案があります。", "number"},
		{"ja", "十二社と話しました。", "number"},
		{"ja", "昨日話しました。", "time"},
		{"ja", "来週の火曜日です。", "time"},
		{"ja", "５月３日に会います。", "number time"},
		{"ja", "田中さんが決めます。", "name"},
		{"ja", "皆さんで決めます。", ""},
		{"ja", "株式会社北桟橋です。", "name"},
		{"ja", "価格はいくらですか。", "asks"},
		{"ja", "価格はいくら？", "asks"},
		{"", "We met Dana on Tuesday at 10:30.", "number time name"},
		{"pl", "Spotkanie 12.05.2026 o 10:30.", "number time"},
	} {
		if got := traitNames(Traits(c.text, c.lang)); got != c.want {
			t.Errorf("%s %q: %q, want %q", c.lang, c.text, got, c.want)
		}
	}
}

// TestTraitsOfAnything: nothing panics, and what a text has, it has with the same text in front of it as a sentence of its own.
func TestTraitsOfAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, lang := rapid.String().Draw(t, "text"), rapid.SampledFrom([]string{"en", "de", "fr", "es", "ja", "", "xx"}).Draw(t, "lang")
		got := Traits(text, lang)
		if more := Traits("Ok.\n"+text, lang); more&got&(crm.HasNumber) != got&crm.HasNumber {
			t.Fatalf("%q: %s, behind a sentence %s", text, traitNames(got), traitNames(more))
		}
		if Traits(text, lang) != got {
			t.Fatal("not the same twice")
		}
		Language(text)
	})
}

func BenchmarkTraits(b *testing.B) {
	for name, c := range map[string][2]string{
		"en": {strings.Repeat("thanks for the call, we will send the offer to you as agreed. ", 12), "en"},
		"ja": {strings.Repeat("お電話ありがとうございました。見積書を送ります。", 12), "ja"},
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(c[0])))
			b.ReportAllocs()
			for b.Loop() {
				Traits(c[0], c[1])
			}
		})
	}
}
