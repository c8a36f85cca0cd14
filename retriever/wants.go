package retriever

import (
	"slices"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// wants says what an answer must have: a number after "how many", a time after "when", a name after "who", "where" and "which".
func wants(words []string) crm.Traits {
	var t crm.Traits
	for i, w := range words {
		next := ""
		if i+1 < len(words) {
			next = words[i+1]
		}
		switch {
		case w == "how" && slices.Contains([]string{"many", "much", "long", "old", "often", "big", "large", "far", "high"}, next),
			slices.Contains([]string{"wieviel", "wieviele", "combien", "cuanto", "cuantos", "cuanta", "cuantas", "quanto", "quanti", "quante"}, w),
			w == "wie" && slices.Contains([]string{"viel", "viele", "lange", "hoch", "gross", "oft"}, next):
			t |= crm.HasNumber
			if next == "long" || next == "lange" || next == "often" {
				t |= crm.HasTime
			}
		case slices.Contains([]string{"when", "wann", "quand", "cuando", "quando"}, w):
			t |= crm.HasTime
		case slices.Contains([]string{"who", "whom", "whose", "where", "which", "wer", "wem", "wo", "wohin", "welche", "welcher", "welches", "qui", "ou", "quel", "quelle", "quien", "donde", "cual"}, w):
			if w == "which" && slices.Contains([]string{"year", "month", "day", "date", "week", "time", "weekend"}, next) {
				t |= crm.HasTime
				continue
			}
			t |= crm.HasName
		case (w == "what" || w == "which") && slices.Contains([]string{"year", "month", "day", "date", "week", "time"}, next):
			t |= crm.HasTime
		}
	}
	return t
}

// keywords is the language of a search that is no question: none, so that all of its words count. "discussion with brian" means the discussion.
const keywords = "-"

// asks begin a question or a request that ends in no question mark.
var asks = map[string]bool{"what": true, "when": true, "who": true, "whom": true, "whose": true, "where": true, "which": true, "how": true, "why": true, "did": true, "does": true,
	"do": true, "is": true, "are": true, "were": true, "has": true, "have": true, "had": true, "can": true, "could": true, "should": true, "would": true, "will": true,
	"summarize": true, "summarise": true, "describe": true, "explain": true, "tell": true, "show": true, "find": true, "list": true,
	"was": true, "wann": true, "wer": true, "wo": true, "wie": true, "warum": true, "welche": true, "welcher": true, "welches": true, "hat": true, "haben": true, "ist": true, "sind": true,
	"quand": true, "qui": true, "que": true, "quel": true, "quelle": true, "quels": true, "quelles": true, "comment": true, "pourquoi": true, "combien": true, "ou": true, "est": true,
	"cuando": true, "quien": true, "quienes": true, "donde": true, "como": true, "cual": true, "cuales": true, "cuanto": true, "cuantos": true, "resume": true}

// asking reports whether a text is a question rather than keywords.
func asking(text string, words []string) bool {
	return strings.ContainsAny(text, "?？") || (len(words) > 0 && asks[words[0]])
}
