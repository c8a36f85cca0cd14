package indexer

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/analysis"
	"github.com/contextd/contextd/internal/crm"
)

// ChunkerVersion names the rules of Chunk, Header and EmbedText: another version is built as another generation of the index, from the stored texts.
const ChunkerVersion = 3

// Sizes of chunks in words. Texts without spaces count two runes as a word.
const (
	targetWords    = 120
	longParagraph  = 200     // a longer paragraph is divided at its sentences
	maxChunkBytes  = 4 << 10 // of one piece: what has no spaces (base64) is cut at a rune boundary
	maxTurnOverlap = 60      // words: a longer turn is not repeated in the next chunk
	minTail        = 30      // words: a shorter last piece joins the chunk before it
	ownLanguage    = 30      // words: a shorter chunk has its document's language
)

// Chunk divides a document for retrieval. accounts are the names of the accounts it belongs to, for the header. Every chunk's Text is exactly
// d.Text[Start:End]; chunks come in order, cover everything but white space, and overlap only in transcripts, by one short turn. A mail is its new text, a note or task
// its paragraphs, a transcript its turns, a message thread its turns between gaps of time. Activities that contextd wrote itself, and empty ones, have none. Created is the
// activity's creation: who knows that this text is a later one puts its own moment there. The same input always gives the same chunks.
func Chunk(a crm.Activity, d crm.Document, accounts []string) []crm.Chunk {
	if a.Ours || strings.TrimSpace(d.Text) == "" {
		return nil
	}
	header, at, session, people := Header(a, accounts), When(a), sessionOf(a), peopleOf(a.Links)
	var pieces []piece
	if len(d.Turns) > 0 {
		pieces = packTurns(d, a.Ref.Type.Kind() == crm.Message)
	} else {
		pieces = pack(d.Text, 0, len(d.Text))
	}
	out := make([]crm.Chunk, 0, len(pieces))
	for i, p := range pieces {
		speaker := p.speaker
		if len(d.Turns) == 0 {
			speaker = author(a)
		}
		text := d.Text[p.start:p.end]
		language := d.Language
		if len(pieces) > 1 && p.words >= ownLanguage {
			language = cmp.Or(analysis.Language(text), language)
		}
		out = append(out, crm.Chunk{
			ID: ChunkID(a.Ref, d.Version, ChunkerVersion, i), Activity: a.Ref, Version: d.Version, Pos: i, Kind: a.Ref.Type.Kind(), Time: at, Created: a.Created, Session: session,
			Speaker: speaker, People: people, Language: language, Generated: a.Generated, Traits: analysis.Traits(text, language), Start: p.start, End: p.end, Header: header, Text: text,
		})
	}
	return out
}

// sessionOf is what the activities of one conversation share: HubSpot's thread, else nothing but the activity itself.
func sessionOf(a crm.Activity) string { return cmp.Or(a.Thread, a.Ref.Path()) }

// peopleOf are the contacts that an activity is linked to, ascending.
func peopleOf(l crm.Links) []crm.Ref {
	if len(l.Contacts) == 0 {
		return nil
	}
	return unique(slices.Clone(l.Contacts))
}

// When is the moment an activity happened: a task's timestamp is when it is due, so its creation counts; zero when unknown.
func When(a crm.Activity) time.Time {
	switch {
	case a.Ref.Type == crm.Tasks:
		return a.Created
	case a.TimeUnknown:
		return time.Time{}
	}
	return a.Time
}

// ChunkID is the same for the same place of the same version of the same activity, as cut by the same chunker.
func ChunkID(ref crm.Ref, version string, chunker, pos int) string {
	name := fmt.Appendf(nil, "%s\x00%s\x00%d", ref, version, pos)
	if chunker != crm.FirstChunker {
		name = fmt.Appendf(name, "\x00%d", chunker)
	}
	sum := sha256.Sum256(name)
	return hex.EncodeToString(sum[:])[:32]
}

// piece is a half-open byte range of a text.
type piece struct {
	start, end int
	words      int
	speaker    string
}

// pack divides a range of text at its empty lines and joins the paragraphs to about targetWords.
func pack(text string, start, end int) []piece {
	var out []piece
	for _, p := range paragraphs(text, start, end) {
		n := len(out)
		if n > 0 && out[n-1].words+p.words <= targetWords && p.end-out[n-1].start <= maxChunkBytes {
			out[n-1].end, out[n-1].words = p.end, out[n-1].words+p.words
			continue
		}
		out = append(out, p)
	}
	if n := len(out); n > 1 && out[n-1].words < minTail && out[n-2].words <= longParagraph-minTail && out[n-1].end-out[n-2].start <= maxChunkBytes {
		out[n-2].end, out[n-2].words = out[n-1].end, out[n-2].words+out[n-1].words
		out = out[:n-1]
	}
	return out
}

// paragraphs are the stretches between empty lines, without white space at their ends; long ones divided.
func paragraphs(text string, start, end int) []piece {
	var out []piece
	for start < end {
		stop := end
		if i := strings.Index(text[start:end], "\n\n"); i >= 0 {
			stop = start + i
		}
		if p, ok := trimmed(text, start, stop); ok {
			if p.words > longParagraph || p.end-p.start > maxChunkBytes {
				out = append(out, divide(text, p)...)
			} else {
				out = append(out, p)
			}
		}
		start = stop + len("\n\n")
	}
	return out
}

// packTurns joins whole turns to about targetWords; the last turn of a chunk, when short, is the first of the next. Long turns are divided like paragraphs. Across a gap of
// time, where the turns have any, nothing is joined and nothing repeated.
func packTurns(d crm.Document, stamped bool) []piece {
	var out []piece
	var open []piece // turns of the chunk being built
	words, fresh := 0, 0
	flush := func() {
		if fresh == 0 {
			return
		}
		c := piece{start: open[0].start, end: open[len(open)-1].end, words: words, speaker: open[0].speaker}
		for _, t := range open {
			if t.speaker != c.speaker {
				c.speaker = ""
			}
		}
		out = append(out, c)
		last := open[len(open)-1]
		open, words, fresh = nil, 0, 0
		if last.words <= maxTurnOverlap {
			open, words = []piece{last}, last.words
		}
	}
	var clock moments
	for _, turn := range turnPieces(d) {
		if stamped && clock.gap(d.Text[turn.start:turn.end]) {
			flush()
			open, words = nil, 0
		}
		if len(open) > 0 && (words+turn.words > targetWords || turn.end-open[0].start > maxChunkBytes) {
			flush()
			if len(open) > 0 && (words+turn.words > longParagraph || turn.end-open[0].start > maxChunkBytes) {
				open, words = nil, 0 // no room for the overlap
			}
		}
		open = append(open, turn)
		words += turn.words
		fresh++
	}
	flush()
	return out
}

// turnPieces are the document's turns, trimmed, and whatever lies between them, so that nothing is lost; long ones divided.
func turnPieces(d crm.Document) []piece {
	var out []piece
	add := func(start, end int, speaker string) {
		p, ok := trimmed(d.Text, start, end)
		if !ok {
			return
		}
		parts := []piece{p}
		if p.words > longParagraph || p.end-p.start > maxChunkBytes {
			parts = divide(d.Text, p)
		}
		for _, q := range parts {
			q.speaker = speaker
			out = append(out, q)
		}
	}
	at := 0
	for _, t := range d.Turns {
		if t.Start < at || t.End < t.Start || t.End > len(d.Text) {
			continue // not a span of this text
		}
		add(at, t.Start, "")
		add(t.Start, t.End, t.Speaker)
		at = t.End
	}
	add(at, len(d.Text), "")
	return out
}
