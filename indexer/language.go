package indexer

import (
	"strings"
	"unicode"
)

// stopWords are frequent short words that tell eight languages apart; shared ones vote for all.
var stopWords = map[string][]string{
	"en": strings.Fields("the and of to is in that it for you we with on this are be have not our your will was they would can i as at but or from if has"),
	"de": strings.Fields("der die das und ist nicht wir sie mit für auf ein eine den dem zu von im es ich bei auch noch wird sind haben kann aber oder als wie uns ihre werden"),
	"fr": strings.Fields("le la les et est de des un une pour que nous vous dans pas avec sur du au il ce qui je sont plus notre votre être avons par mais"),
	"es": strings.Fields("el la los las y es de que en un una por con para no se del al nos su lo como más pero está hay le sus muy esta tenemos"),
	"it": strings.Fields("il la di e che è un una per non con del della le si sono da nel ci in i gli al alla come più anche questo abbiamo ma lo"),
	"pt": strings.Fields("o a os as de que e é um uma para não com do da em se no na por mais mas nos como está seu você ao são temos foi"),
	"nl": strings.Fields("de het een en van is dat niet wij we met voor op te in zijn er aan ook nog maar hebben kan jullie u om bij naar wordt deze ik"),
	"pl": strings.Fields("i w nie na z do się jest to że o jak po za ale od czy dla są przez już tylko być może oraz który które pan pani mamy"),
}

var stopIndex = indexStops()

func indexStops() map[string][]string {
	out := map[string][]string{}
	for lang, words := range stopWords {
		for _, w := range words {
			out[w] = append(out[w], lang)
		}
	}
	return out
}

// Limits of the guess: it reads the first part of a text, and says nothing of a shorter one or a close race.
const (
	languageBytes = 8 << 10
	minStops      = 3
)

// language guesses en, de, fr, es, it, pt, nl or pl by their stop words, ja, zh, ko or ru by their script; "" when unsure.
func language(text string) string {
	if len(text) > languageBytes {
		text = text[:languageBytes]
	}
	if l := scriptLanguage(text); l != "" {
		return l
	}
	votes := map[string]float64{}
	hits := 0
	for word := range strings.FieldsFuncSeq(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) }) {
		langs := stopIndex[word]
		if len(langs) > 0 {
			hits++
		}
		for _, l := range langs {
			votes[l] += 1 / float64(len(langs))
		}
	}
	best, second, name := 0.0, 0.0, ""
	for _, l := range []string{"en", "de", "fr", "es", "it", "pt", "nl", "pl"} {
		switch v := votes[l]; {
		case v > best:
			best, second, name = v, best, l
		case v > second:
			second = v
		}
	}
	if hits < minStops || best < 1.2*second {
		return ""
	}
	return name
}

// scriptLanguage decides by script where that is enough.
func scriptLanguage(text string) string {
	var letters, kana, han, hangul, cyrillic int
	for _, r := range text {
		if !unicode.IsLetter(r) {
			continue
		}
		letters++
		switch {
		case r < 0x400:
		case unicode.In(r, unicode.Hiragana, unicode.Katakana):
			kana++
		case unicode.Is(unicode.Han, r):
			han++
		case unicode.Is(unicode.Hangul, r):
			hangul++
		case unicode.Is(unicode.Cyrillic, r):
			cyrillic++
		}
	}
	switch half := letters / 2; {
	case letters < 6:
	case kana > 0 && kana+han > half:
		return "ja"
	case hangul > half:
		return "ko"
	case han > half:
		return "zh"
	case cyrillic > half:
		return "ru"
	}
	return ""
}
