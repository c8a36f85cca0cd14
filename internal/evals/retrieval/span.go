package retrieval

import "slices"

// Span is where a document of the set lies in a text that the product made of several: the bytes [Start, End).
type Span struct {
	Document   string
	Start, End int
}

// Hits lists, in their order in the text, the documents that a passage stands for: those that it overlaps by at least half of the shorter of the two, so that a passage of many
// turns holds each of them, and a part of a long mail is that mail.
func Hits(spans []Span, start, end int) []string {
	var out []string
	for _, s := range spans {
		overlap := min(end, s.End) - max(start, s.Start)
		if shorter := min(end-start, s.End-s.Start); overlap > 0 && 2*overlap >= shorter && !slices.Contains(out, s.Document) {
			out = append(out, s.Document)
		}
	}
	return out
}
