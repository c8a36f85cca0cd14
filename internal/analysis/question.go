package analysis

import (
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/contextd/contextd/internal/crm"
)

// questionVerbs are words that ask, or that say how something was said, besides the function words: they are in every question and in no answer.
var questionVerbs = map[string][]string{
	"en": strings.Fields(`what when where who whom whose which how why does did do is are was were will would could should can may might shall must say says said saying tell
		tells told talk talks talked talking discuss discusses discussed discussing discussion mention mentions mentioned speak spoke spoken think thinks thought describe
		described describes explain explained explains think feel feels felt opinion opinions ask asked asks regarding concerning according during being having
		done doing get got gets give gave given make made makes know knows known happen happened happens there their they them theirs it its he she his her hers him me my mine
		you your yours we our ours us i am be been has have had the a an and or but if of at by for with about against between into through before after above below to from up
		down in out on off over under again then once here all any both each few more most other some such no nor not only own same so than too very just that this these those
		as until while because dont doesnt didnt isnt arent wasnt werent wont wouldnt cant couldnt shouldnt ive im id ill youre theyre whats whos kind kinds type types many much
		please summarize summarise summary list find show anything something someone anyone also still ever yet`),
	"de": strings.Fields(`was wann wo wer wen wem wessen welche welcher welches welchen welchem wie warum wieso weshalb womit worüber wofür wozu worum wohin woher sagte sagen
		sagt gesagt meinte meinen meint gemeint erwähnt erwähnte erwähnen besprochen besprach besprechen bespricht gesprochen sprach sprechen spricht geredet erzählt erzählte
		erzählen denkt dachte denken gedacht hält hielt findet erklärt erklärte erklären beschreibt beschrieben geht ging gibt gab gegeben hat haben hatte hatten habe ist sind
		war waren wird werden wurde wurden worden soll sollte sollen kann können konnte könnte muss müssen musste darf dürfen will wollen wollte bezüglich laut während ob
		jemand etwas irgendwas irgendein alle alles diese dieser dieses diesen jener sein seine seinen seiner ihren ihrem ihrer ihres uns euch dich dir du er man mal denn doch
		dann dort hier damit dabei dazu davon dafür darüber dessen deren gegen ohne unter zwischen beim ins ans im weil zusammenfassung zeige zeigen nenne finde`),
	"fr": strings.Fields(`qui que quoi quand où comment pourquoi combien quel quelle quels quelles lequel laquelle lesquels dit dire disent disait disaient parlé parle parler
		parlait parlent discuté discute discuter discutent mentionné mentionne mentionner évoqué évoque évoquer pense penser pensait pensent expliqué explique expliquer
		décrit décrire raconté est sont était étaient été être avait avaient a ont avoir eu fait faire font faut peut pouvoir peuvent pouvait doit doivent devoir va vont
		concernant propos selon pendant durant quelqu'un quelque quelques chose tout tous toute toutes c'est ça cela ceci celui celle ceux j je tu me te se lui leur eux y en d l
		qu s n m t c jusqu si donc alors là ici sous entre vers chez résumé résume montre trouve liste`),
	"es": strings.Fields(`qué quién quiénes cuándo dónde cómo cuál cuáles cuánto cuánta cuántos cuántas por porqué dijo dice decir dicho dijeron dicen habló hablar habla hablaron
		hablado discutió discutir discutieron discutido mencionó mencionar mencionaron mencionado comentó comentar comentaron comentado piensa pensar pensó opina opinión opinar
		explicó explicar explicado describió describir es son era eran fue fueron ser sido está están estaba estaban estar ha han había habían haber hay hizo hacer hace hecho
		puede pueden podía poder debe deben deber va van ir iba según sobre acerca respecto durante alguien algo algún alguna algunos algunas todo toda todos todas eso esa ese
		esos esas esto aquel yo tú él ella ellos ellas le les lo la los las mi tu sus tus entre hacia sin resumen muestra encuentra lista`),
	"ja": strings.Fields(`何 誰 何が 何を 何で 何時 何の 何に 何か 何と 誰が 誰を 誰に 誰と 誰の 言い 言っ 言う 話し 話さ 話を 教え 思い 思っ 思う 述べ 事は 事を 時に 彼は 彼女 彼の 女は 女の 私は 私の
		方法 理由 説明 について`),
}

var questionSets = sync.OnceValue(questionWords)

func questionWords() map[string]map[string]bool {
	out := map[string]map[string]bool{}
	for _, lists := range []map[string][]string{functionWords, questionVerbs} {
		for lang, words := range lists {
			if out[lang] == nil {
				out[lang] = map[string]bool{}
			}
			for _, w := range words {
				for _, t := range crm.Terms(w) {
					out[lang][t] = true
				}
			}
		}
	}
	out[""] = out["en"]
	return out
}

// QuestionWords reports whether a word (as crm.Terms gives it, unstemmed) means nothing in a question of this language: function words, words that ask, and verbs of
// saying and thinking, for en, de, fr, es and ja; function words alone for the other languages of Language. Without a language English is meant. It is for questions
// only: a chunk keeps all of its words. In Japanese every pair of two hiragana is grammar, and so is one that leads to a word that asks.
func QuestionWords(word, language string) bool {
	if questionSets()[language][word] {
		return true
	}
	if language != "ja" {
		return false
	}
	first, size := utf8.DecodeRuneInString(word)
	second, rest := utf8.DecodeRuneInString(word[size:])
	return size+rest == len(word) && hiragana(first) && (rest == 0 || hiragana(second) || strings.ContainsRune("何誰言話思", second))
}

func hiragana(r rune) bool { return r >= 0x3041 && r <= 0x309F }
