package retriever

import (
	"slices"

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
