package analysis

import (
	"slices"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

func TestWhatIsLeftOfAQuestion(t *testing.T) {
	for _, c := range []struct {
		lang, text string
		want       []string
	}{
		{"en", "What did Dana say about the price of the renewal?", []string{"dana", "price", "renewal"}},
		{"en", "When does Priya's contract end, and who didn't discuss it?", []string{"priya", "contract", "end"}},
		{"en", "Where would they have mentioned the July budget?", []string{"july", "budget"}},
		{"de", "Was hat Frau Voss über die Verlängerung gesagt?", []string{"voss", "verlangerung"}},
		{"de", "Wann möchten sie den Vertrag kündigen?", []string{"mochten", "vertrag", "kundigen"}},
		{"fr", "Qu'est-ce que Dana a dit à propos du prix de l'offre ?", []string{"dana", "prix", "offre"}},
		{"es", "¿Qué dijo Dana sobre el precio de la renovación?", []string{"dana", "precio", "renovacion"}},
		{"ja", "契約の価格について何と言いましたか", []string{"契約", "約の", "の価", "価格", "格に"}},
		{"it", "Quando è la riunione con Dana?", []string{"riunione", "dana"}},
		{"", "What about the price?", []string{"price"}},
		{"xx", "What about the price?", []string{"what", "about", "the", "price"}},
	} {
		var got []string
		for _, w := range crm.Terms(c.text) {
			if !QuestionWords(w, c.lang) {
				got = append(got, w)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s %q: %q, want %q", c.lang, c.text, got, c.want)
		}
	}
}
