package engine

import "strings"

// Words by which people say that they are not sure, and phrases for it. A question asks and asserts nothing: "could you …?" is no doubt.
var (
	hedgeWords = wordSet(`might maybe perhaps possibly probably likely unlikely hopefully presumably apparently allegedly tentatively potentially unsure uncertain
		vielleicht möglicherweise eventuell evtl wahrscheinlich vermutlich könnte könnten dürfte dürften hoffentlich angeblich womöglich voraussichtlich
		peut-être probablement éventuellement possiblement apparemment vraisemblablement pourrait pourraient pourrions
		quizás quizá probablemente posiblemente supuestamente seguramente acaso podría podrían podríamos`)
	hedgePhrases = []string{"i think", "we think", "i guess", "i believe", "we believe", "i suppose", "i hope", "we hope", "not sure", "as far as i know", "could be", "may be", "can't promise", "it looks like",
		"ich glaube", "glaube ich", "ich denke", "wir denken", "denke ich", "ich vermute", "nicht sicher", "unter umständen", "kann sein", "ich hoffe", "wir hoffen", "soviel ich weiß",
		"sans doute", "peut - être", "je crois", "je pense", "nous pensons", "j'espère", "il se peut", "pas sûr", "pas sûre", "on verra",
		"tal vez", "a lo mejor", "creo que", "supongo que", "espero que", "puede que", "puede ser", "no estoy seguro", "no estoy segura"}
	ifWords   = wordSet("if unless falls sofern")
	ifPhrases = []string{"provided that", "es sei denn", "à condition", "sous réserve", "a condición", "siempre que"}
	// An "if" behind these asks, and sets no condition.
	askWords = wordSet(`ask asks asked asking know knows see check checks wonder wondering sure tell question find out as even`)

	// Words that keep a doubt or a condition in a statement of another wording.
	softWords = wordSet(`may could would should consider considers considering think thinks thought believe believes expect expects expected hope hopes plan plans planned planning estimate estimates estimated
		possible possibility chance potential whether doubt doubts unclear open discuss discusses ask asks question seem seems appear appears suggests idea intends wants try tries uncertain assume assumes guess guesses
		glaubt denkt hofft erwartet plant möglich möglichkeit ob offen unklar vermutet rechnet überlegt erwägt soll sollte sollten würde würden fragt schätzt meint
		croit pense espère envisage possible prévoit devrait serait souhaite demande estime suppose
		cree piensa espera considera posible prevé debería sería quiere pregunta estima supone`)
	conditionWords = wordSet(`if unless when once provided subject depends depending condition conditional until till without long assuming case
		wenn falls sofern sobald solange ohne bedingung vorausgesetzt bis nur bei erst
		si s'il s'ils s'elle quand lorsque condition sous dès sans
		cuando siempre condición sin hasta caso`)
)

// hedgeOf is the word or phrase by which a clause is said with doubt or on a condition, "" when it is said plainly. condition tells which of the two.
func hedgeOf(tokens []token) (word string, condition bool) {
	for i, t := range tokens {
		if hedgeWords[t.lower] {
			return t.lower, false
		}
		if t.lower == "may" && t.text == "may" && i > 0 && i+1 < len(tokens) && tokens[i+1].kind == wordToken {
			return t.lower, false
		}
		if ifWords[t.lower] && (i == 0 || !askWords[tokens[i-1].lower]) {
			return t.lower, true
		}
	}
	var b strings.Builder
	for _, t := range tokens {
		b.WriteString(" " + t.lower)
	}
	near := b.String() + " "
	for _, p := range hedgePhrases {
		if strings.Contains(near, " "+p+" ") {
			return p, false
		}
	}
	for _, p := range ifPhrases {
		if strings.Contains(near, " "+p+" ") {
			return p, true
		}
	}
	return "", false
}

// softened: the statement keeps a doubt or condition, in whatever words; where it is nearly the quote itself, in one of the words for it.
func softened(tokens []token, condition, near bool) bool {
	if !near && (holdsAny(tokens, softWords) || condition && holdsAny(tokens, conditionWords)) {
		return true
	}
	word, is := hedgeOf(tokens)
	return word != "" || is || near && condition && holdsAny(tokens, conditionWords)
}

// doubtDropped compares each sentence of the statement with the sentences of the quotes that it follows: what was said with a doubt or on a condition may not be claimed flatly.
func (s said) doubtDropped() string {
	quotes := clausesOf(s.text, true)
	near := s.near()
	for _, c := range clausesOf(s.unled(), true) {
		best, _ := alike(c, quotes)
		for _, q := range best {
			if q.asks {
				continue
			}
			if word, condition := hedgeOf(q.tokens); word != "" && !softened(s.tokens, condition, near) {
				return "the quote is less certain (“" + word + "”)"
			}
		}
	}
	return ""
}

// leavesOutDoubt: "maybe we renew" does not support "we renew". It gives the word that the quote leaves out of its clause, "" also where the whole is a question.
func leavesOutDoubt(text string, start, end int) string {
	quote := strings.TrimRight(text[start:end], " )\"”“»")
	i := strings.IndexAny(text[end:], ".!?\n")
	if strings.HasSuffix(quote, "?") || !strings.HasSuffix(quote, ".") && !strings.HasSuffix(quote, "!") && i >= 0 && text[end+i] == '?' {
		return ""
	}
	word, _ := hedgeOf(lex(besideWith(text, start, end)))
	return word
}
