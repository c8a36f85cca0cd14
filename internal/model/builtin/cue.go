package builtin

import (
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// cue is one compiled cue of a plan: terms in a row. "word*" is the beginning of a term, "#" a number from ten upwards, in digits or words. "!phrase" rules a
// sentence out.
type cue struct {
	terms []string
	veto  bool
}

// compile reads the cues of one language, those in English where the plan has none for it.
func compile(cues map[string][]string, language string) []cue {
	list, ok := cues[language]
	if !ok {
		list = cues["en"]
	}
	out := make([]cue, 0, len(list))
	for _, text := range list {
		c := cue{veto: strings.HasPrefix(text, "!")}
		for word := range strings.FieldsSeq(strings.TrimPrefix(text, "!")) {
			stem := strings.TrimSuffix(word, "*")
			if word == "#" || stem == "" {
				c.terms = append(c.terms, word)
				continue
			}
			terms := crm.Terms(stem)
			if len(terms) > 0 && stem != word {
				terms[len(terms)-1] += "*"
			}
			c.terms = append(c.terms, terms...)
		}
		if len(c.terms) > 0 {
			out = append(out, c)
		}
	}
	return out
}

// match lists which cues stand in a sentence, by index; none when a veto does.
func match(cues []cue, terms []string) []int {
	var out []int
	for i, c := range cues {
		if !c.in(terms) {
			continue
		}
		if c.veto {
			return nil
		}
		out = append(out, i)
	}
	return out
}

func (c cue) in(terms []string) bool {
	for at := 0; at+len(c.terms) <= len(terms); at++ {
		hit := true
		for j, want := range c.terms {
			if !termIs(want, terms[at+j]) {
				hit = false
				break
			}
		}
		if hit {
			return true
		}
	}
	return false
}

func termIs(want, term string) bool {
	if want == "#" {
		return isNumber(term)
	}
	if stem, ok := strings.CutSuffix(want, "*"); ok {
		return strings.HasPrefix(term, stem)
	}
	return want == term
}

// isNumber knows numbers of two digits and more, and the number words from ten upwards of four languages.
func isNumber(term string) bool {
	digits := 0
	for _, r := range term {
		if r >= '0' && r <= '9' {
			digits++
		} else if r != '.' && r != ',' && r != 'k' {
			return numberWords[term]
		}
	}
	return digits >= 2
}

var numberWords = words(`ten twelve fifteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand zehn zwolf zwanzig dreissig vierzig funfzig sechzig siebzig
achtzig neunzig hundert tausend dix douze quinze vingt trente quarante cinquante soixante cent mille diez doce quince veinte treinta cuarenta cincuenta sesenta setenta ochenta
noventa cien ciento mil`)

func words(s string) map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq(s) {
		out[w] = true
	}
	return out
}
