package main

import (
	"fmt"
	"strings"

	"github.com/contextd/contextd/indexer"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/evals/retrieval"
)

// throughPipeline lets the indexer's own rules make chunks of an activity and notes where its documents went. What the normaliser cuts from a mail is no part of its range.
func (w *evalWorld) throughPipeline(a *evalActivity) (crm.Kept, error) {
	in := a.Activity
	var last []int // of each document: the number of turns up to and with it
	if in.Ref.Type == crm.Emails || in.Ref.Type == crm.Notes {
		in.Body, in.Format = a.documents[0].Text, crm.PlainText
	} else {
		for _, d := range a.documents {
			in.Turns = append(in.Turns, evalTurns(d)...)
			last = append(last, len(in.Turns))
		}
	}
	doc := indexer.Normalise(in)
	spans := []retrieval.Span{{Document: a.documents[0].ID, End: len(doc.Text)}}
	if last != nil {
		if len(doc.Turns) != len(in.Turns) {
			return crm.Kept{}, fmt.Errorf("%s, session %q: %d turns became %d", a.account, a.documents[0].Session, len(in.Turns), len(doc.Turns))
		}
		spans = nil
		from := 0
		for i, d := range a.documents {
			spans = append(spans, retrieval.Span{Document: d.ID, Start: doc.Turns[from].Start, End: doc.Turns[last[i]-1].End})
			from = last[i]
		}
	}
	w.spans[a.Ref] = spans
	in.Body, in.Turns = "", nil
	return w.withWords(crm.Kept{Activity: in, Document: doc, Chunks: indexer.Chunk(in, doc, nil)}), nil
}

// evalTurns reads the turns of a document: lines that begin with a name and a colon, where the set writes transcripts so, else the text as one turn of its speaker. There is
// at least one, and none is empty.
func evalTurns(d *retrieval.Document) []crm.Turn {
	if d.Speaker != "" {
		text := strings.TrimPrefix(d.Text, d.Speaker+":")
		if strings.TrimSpace(text) == "" {
			return []crm.Turn{{Text: d.Text}}
		}
		return []crm.Turn{{Speaker: d.Speaker, Text: text}}
	}
	var out []crm.Turn
	for line := range strings.SplitSeq(d.Text, "\n") {
		if strings.TrimSpace(line) == "" {
			continue
		}
		speaker, text, ok := strings.Cut(line, ": ")
		if !ok || len(speaker) > 60 || strings.TrimSpace(text) == "" {
			speaker, text = "", line
		}
		out = append(out, crm.Turn{Speaker: speaker, Text: text})
	}
	return out
}
