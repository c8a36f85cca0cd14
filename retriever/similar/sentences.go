package similar

import "strings"

// sentences yields the ranges between ends of sentences and lines, trimmed; long ones are cut at a space.
func sentences(text string) func(yield func(start, end int) bool) {
	return func(yield func(start, end int) bool) {
		start := 0
		for i, r := range text {
			size := len(string(r))
			ends := r == '\n' || strings.ContainsRune("。！？", r) || endsSentence(text, start, i) || r == ' ' && i-start > maxQuote || i+size == len(text)
			if !ends {
				continue
			}
			a, b := start, i+size
			for a < b && strings.IndexByte(" \t\r\n", text[a]) >= 0 {
				a++
			}
			for b > a && strings.IndexByte(" \t\r\n", text[b-1]) >= 0 {
				b--
			}
			if start = i + size; b > a && !yield(a, b) {
				return
			}
		}
	}
}

// endsSentence reports whether the byte at i is a mark that ends one: a space follows, and what stands before is no abbreviation, ordinal or list number ("Mr.", "z. B.", "3.").
func endsSentence(text string, start, i int) bool {
	if strings.IndexByte(".!?", text[i]) < 0 || i+1 < len(text) && text[i+1] != ' ' && text[i+1] != '\n' {
		return false
	}
	if text[i] != '.' {
		return true
	}
	word := text[strings.LastIndexAny(text[start:i], " \t\n(")+1+start : i]
	letters := strings.TrimRight(word, "0123456789")
	if letters == "" {
		return false
	}
	return len(word) > 3 || strings.ToLower(word) == word && len(word) > 2
}
