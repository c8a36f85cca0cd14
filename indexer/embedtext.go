package indexer

import (
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// EmbedText is what the dense arm reads of a chunk by itself: header, line break, text. Turns of a chat are shorter than their header, which is much the same for all of
// them and would drown what was said: they are read alone (nDCG@10 on two sets of chats, weights learned without what is scored: + .001 with word vectors, + .004 on one
// and - .004 on the other, within chance, with a sentence transformer, to which the window still tells the day).
func EmbedText(c crm.Chunk) string {
	if c.Kind == crm.Message {
		return c.Text
	}
	return c.Header + "\n" + c.Text
}

// Budget of a window in words: small sentence transformers read 256 word pieces, about 190 words of English. A chunk's own text is never cut here; an embedder that
// cannot take it all says so or divides it.
const (
	windowWords    = 180
	neighbourWords = 60 // the most of each neighbour, so that the chunk itself stays what the vector is about
)

// WindowTexts are the texts behind the Window vectors of chunks, one per chunk: the day ("4 May 2026"), the end of the chunk before, the chunk, and the beginning of the
// chunk behind it, each in lines of its own. Neighbours are those of the same activity, which must stand together and in reading order; what a transcript's chunks repeat of
// each other stands there once. Neighbours share what the chunk leaves of windowWords.
func WindowTexts(chunks []crm.Chunk) []string {
	out := make([]string, len(chunks))
	for i, c := range chunks {
		var before, after string
		if i > 0 && chunks[i-1].Activity == c.Activity {
			before = beyond(chunks[i-1].Text, chunks[i-1].End-c.Start, false)
		}
		if i+1 < len(chunks) && chunks[i+1].Activity == c.Activity {
			after = beyond(chunks[i+1].Text, c.End-chunks[i+1].Start, true)
		}
		out[i] = window(c, before, after)
	}
	return out
}

// beyond is a neighbour's text without the bytes that overlap with the chunk.
func beyond(text string, overlap int, behind bool) string {
	overlap = min(max(overlap, 0), len(text))
	if behind {
		return text[overlap:]
	}
	return text[:len(text)-overlap]
}

func window(c crm.Chunk, before, after string) string {
	left := max(windowWords-countWords(c.Text), 0)
	first, last := min(countWords(before), neighbourWords), min(countWords(after), neighbourWords)
	if first+last > left {
		first = min(first, max(left/2, left-last))
		last = min(last, left-first)
	}
	parts := make([]string, 0, 4)
	if !c.Time.IsZero() {
		parts = append(parts, c.Time.UTC().Format("2 January 2006"))
	}
	for _, part := range []string{lastWords(before, first), c.Text, firstWords(after, last)} {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "\n")
}
