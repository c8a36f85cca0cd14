package engine

import (
	"regexp"
	"strings"
)

// flagCue is a sign that a text speaks to software instead of people. Cues only ever lower autonomy: a flagged run goes to a person. That no cue is found proves
// nothing: what may be written is limited by the allow-list and the checks, whatever a text says.
type flagCue struct {
	name string
	form func() *regexp.Regexp
}

var flagCues = []flagCue{
	{"asks to ignore instructions", expression(`(?i)\b(ignor\w*|disregard\w*|forget|override|overrule|bypass\w*|skip)\b.{0,40}\b(previous|prior|above|earlier|preceding|all|any|your|other|system|safety)\b.{0,30}\b(instruction\w*|prompt\w*|rule\w*|direction\w*|guideline\w*|message\w*|polic\w*|filter\w*|command\w*)`)},
	{"asks to ignore instructions", expression(`(?i)\b(ignorier\w*|vergiss|vergessen sie|missachte\w*)\b.{0,40}\b(anweisung\w*|vorgaben|regeln|instruktion\w*|prompt\w*)`)},
	{"asks to ignore instructions", expression(`(?i)\b(ignore[zr]?|oublie[zr]?|ne tenez pas compte)\b.{0,40}\b(instructions?|consignes?|règles?)`)},
	{"asks to ignore instructions", expression(`(?i)\b(ignor[ae]n?|olvid[ae]n?)\b.{0,40}\b(instrucciones|indicaciones|reglas)`)},
	{"speaks to a machine", expression(`(?i)\b(as an?|you are an?|you're an?|dear|attention|note (to|for) (the|any|all)|hello,?|hey,?|to the|message (to|for) (the|any))\s+(helpful |friendly |automated |email )*(((ai|a\.i\.|llm|language model|chatbot|copilot|crm (bot|assistant|software)|automated (system|assistant|summar\w+))\b)|assistant[,:.!])`)},
	{"speaks to a machine", expression(`(?i)\b(an die ki|hinweis (an|für) (die|das|den) (ki|sprachmodell|assistent\w*)|als ki|du bist ein\w* (ki|assistent\w*)|à l'(ia|assistant)|en tant qu'ia|tu es une? (ia|assistant\w*)|a la ia|como ia|eres una? (ia|asistente))\b`)},
	{"speaks of its prompt", expression(`(?i)\b(system prompt|systemprompt|developer message|your (prompt|instructions|training|programming)|new instructions?:|end of (the )?(email|context|document|passage|data)s?\b.{0,40}\b(instruction|system|user)|jailbreak|prompt injection|deine (anweisungen|instruktionen)|tes instructions|tus instrucciones)\b`)},
	{"plays a role marker", expression(`(?i)(<\|?(im_start|im_end|system|user|assistant|endoftext|end_of_turn|start_of_turn)\|?>|\[/?inst\]|<<sys>>|(^|\n)\s*(#+\s*)?(system|assistant)\s*:\s|</?(system|instructions?|context|document|passages?)>)`)},
	{"asks for a score", expression(`(?i)\b(score|rate|rank|grade|classify|mark|set|treat|qualify)\b.{0,30}\b(this|the|our|my|me|us|as|to|it)\b.{0,25}\b(lead|contact|account|company|score|hot|100|highest|top|maximum|qualified|priority)\b`)},
	{"asks for a score", expression(`(?i)\b(lead.?score|confidence)\b.{0,25}(=|:|\bto\b|\bauf\b|\bà\b|\ba\b)\s*(100|1\.0|9\d|max\w*)`)},
	{"asks for a score", expression(`(?i)\b(bewerte\w*|stufe\w*|setze?)\b.{0,40}\b(lead|kontakt|score|punkt\w*)\b.{0,40}(100|höchst\w*|maximal\w*)|\b(note[zr]?|classe[zr]?|attribue[zr]?)\b.{0,40}\b(prospect|lead|score)\b|\b(califica\w*|puntúa\w*|clasifica\w*)\b.{0,40}\b(lead|contacto|prospecto)\b`)},
	{"tells what to write", expression(`(?i)\b(in|when|while|for|(write|writing|prepare|create|make)) (your|the|any|a) (summary|summaries|reply|replies|answer|response|output|note)s?\b.{0,60}\b(write|include|say|state|mention|recommend|always|must|do not|don't|never)\b`)},
	{"tells what to write", expression(`(?i)\b(respond|reply|answer|output|return|print) (only|exactly|solely|with only|with exactly|in json)\b|\bdo not (mention|reveal|tell|summari[sz]e|include) (this|that|these|any)\b`)},
	{"asks for a tool", expression(`(?i)\b(call|use|invoke|run|execute|trigger)\b.{0,20}\b(send_?email|the (send|email|write|update|delete|http|search) (tool|function|api)|function call|tool call|api call)\b|\bsend_?email\s*[({]|"?(to|recipient)"?\s*[:=]\s*"?[\w.+-]+@[\w.-]+"?\s*,\s*"?(body|subject)`)},
	{"asks to hand out secrets", expression(`(?i)\b(send|forward|reveal|print|show|leak|exfiltrate|share|email|include)\b.{0,40}\b(api.?keys?|passwords?|credentials|access tokens?|secrets?|all (contacts|customers|emails|records|data)|conversation history|chat history)\b.{0,60}(@|https?://|\bto\b)`)},
}

// Flags lists, without repeats, what in a text looks like instructions to software. nil means that no cue was found.
func Flags(text string) []string {
	var out []string
	seen := map[string]bool{}
	add := func(name string) {
		if !seen[name] {
			seen[name] = true
			out = append(out, name)
		}
	}
	if strings.Count(strings.Map(keepHidden, text), "") > 4 { // up to three may come from a mail client
		add("holds hidden text")
	}
	visible := strings.Map(dropHidden, text)
	for _, c := range flagCues {
		if c.form().MatchString(visible) {
			add(c.name)
		}
	}
	return out
}

func keepHidden(r rune) rune {
	if hiddenRune(r) && r != 0xFEFF && r != 0x200C && r != 0x200D {
		return r
	}
	return -1
}

func dropHidden(r rune) rune {
	if hiddenRune(r) {
		return -1
	}
	return r
}
