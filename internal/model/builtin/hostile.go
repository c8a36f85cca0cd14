package builtin

import "strings"

// Phrases that speak to a machine and not to a person, in the form of crm.Terms. A sentence with one of them is never selected, whatever else it says. The list keeps
// obvious attempts out of the notes; safety does not rest on it: the writer executes nothing, and the engine's checks and gate come after it.
var machinePhrases = []string{
	"ignore previous", "ignore all", "ignore any", "ignore your", "ignore the above", "ignore prior", "disregard previous", "disregard all", "disregard your", "forget previous",
	"forget your", "forget all", "previous instructions", "prior instructions", "earlier instructions", "new instructions", "system prompt", "system message", "as an ai", "ai assistant",
	"ai system", "ai model", "language model", "note to ai", "to the ai", "the assistant", "dear assistant", "assistant must", "if you are an ai", "you are now", "you are an assistant",
	"you are a helpful", "developer mode", "jailbreak", "score this", "score me", "lead score", "ai_lead_score", "set the score", "rate this lead", "rate this contact",
	"mark this lead", "highest score", "score of 100", "score to 100", "score 100", "prompt injection", "automated system", "automated assistant", "automatic system",
	"crm assistant", "chatbot", "llm", "summarizer", "instructions to the", "instruction to the", "respond only with", "output the", "print the", "reveal the", "do not mention", "without review",
	"ignoriere", "ignorieren sie alle", "vorherigen anweisungen", "bisherigen anweisungen", "fruheren anweisungen", "ki assistent", "kunstliche intelligenz soll", "sprachmodell", "als ki", "an die ki",
	"bewerte diesen", "bewerten sie diesen", "hochste punktzahl", "ignorez", "ignore les", "instructions precedentes", "instructions anterieures", "assistant ia", "modele de langage", "a l ia",
	"attribue", "attribuez le score", "note maximale", "ignora las", "ignore las", "instrucciones anteriores", "instrucciones previas", "asistente de ia", "modelo de lenguaje", "a la ia", "puntuacion maxima",
	"asigna", "asigne la puntuacion",
}

// trusted leaves out what speaks to the machine: from the first such sentence of a passage to the last one, since orders come in lists, and whatever follows in
// the same paragraph. In a conversation only the turn with the order goes; the others did not say it.
func trusted(list []sentence) []sentence {
	first, last := -1, -1
	for i := range list {
		if hostile(&list[i]) {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if first < 0 {
		return list
	}
	if spoken(list[0].passage.Kind) {
		return otherTurns(list)
	}
	for last+1 < len(list) && !strings.Contains(list[last].passage.Text[list[last].end:list[last+1].start], "\n") {
		last++
	}
	return append(list[:first:first], list[last+1:]...)
}

func otherTurns(list []sentence) []sentence {
	bad := map[int]bool{}
	turn := make([]int, len(list))
	n := 0
	for i := range list {
		if list[i].first {
			n++
		}
		turn[i] = n
		bad[n] = bad[n] || hostile(&list[i])
	}
	var out []sentence
	for i := range list {
		if !bad[turn[i]] {
			out = append(out, list[i])
		}
	}
	return out
}

// hostile reports whether a sentence speaks to the machine, or is hidden in markup or encoded.
func hostile(s *sentence) bool {
	text := " " + strings.Join(s.terms, " ") + " "
	for _, p := range machinePhrases {
		if strings.Contains(text, " "+p+" ") {
			return true
		}
	}
	body := s.quote()
	for _, mark := range []string{"<|", "|>", "[INST]", "</", "<!--", "```", "###", "\u200b", "\u200c", "\u2060", "\u202e"} {
		if strings.Contains(body, mark) {
			return true
		}
	}
	for word := range strings.FieldsSeq(body) {
		if len(word) > 120 {
			return true
		}
	}
	return false
}
