package builtin

import "sync"

// Function words that tell the four languages of the built-in cues apart; words that two of them share are left out.
var functionWords = sync.OnceValue(func() map[string]map[string]bool {
	return map[string]map[string]bool{
		"en": words("the and is are was you your we our have has this that with for not will would can please it they what when be from"),
		"de": words("der die das und ist sind wir sie ich nicht mit fur auf ein eine einen dem den von zu bei auch noch wenn wie haben wird werden uns ihre ihnen kann bitte"),
		"fr": words("le les des et est sont nous vous je ne pas avec pour sur une du au aux que qui dans mais votre notre c il elle ce cette avez merci bonjour"),
		"es": words("el los las y es son nosotros usted yo con para una del al que por pero su nuestro hola gracias lo se hay esta este muy como cuando puede tenemos"),
	}
})

// languages in the order in which a tie is decided.
var languages = []string{"en", "de", "fr", "es"}

// detect guesses the language of terms: that with the most function words, "en" when there are none.
func detect(terms []string) string {
	best, most := "en", 0
	for _, l := range languages {
		n := 0
		for _, t := range terms {
			if functionWords()[l][t] {
				n++
			}
		}
		if n > most {
			best, most = l, n
		}
	}
	return best
}

// stopWord reports whether a term says nothing of what a text is about.
func stopWord(t string) bool {
	for _, l := range languages {
		if functionWords()[l][t] {
			return true
		}
	}
	return len(t) < 2 || questionWords[t]
}

var questionWords = words(`i me my he she them us do does did dont if there or to of in on at by an as so how who where which why could should shall may might let know tell get got just also any
some no yes hi hello dear thanks thank regards sie du euch ob wer wo wann was warum welche konnen konnten gibt es hat im am zum zur aus nach bis oder aber danke hallo guten tag
la un en de d l qu on si ou quand comment combien quel quelle y a pouvez peut est-ce nos mi me te le si no cual cuanto cuando donde quien`)
