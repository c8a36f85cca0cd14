package main

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/indexer"
	"github.com/contextd/contextd/internal/analysis"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/evals/retrieval"
)

// evalActivity is what a set's documents become: the messages or the transcript of a session, or one mail or note.
type evalActivity struct {
	crm.Activity
	account   string
	documents []*retrieval.Document // in order
}

// evalKinds are the object types of a set's kinds of document.
var evalKinds = map[string]crm.ObjectType{"chat": crm.Communications, "meeting": crm.Meetings, "email": crm.Emails, "note": crm.Notes}

// evalActivities groups documents in the order of the file. Mails and notes, and what has no session, stand alone.
func evalActivities(s *retrieval.Set) []*evalActivity {
	var out []*evalActivity
	at := map[[3]string]*evalActivity{}
	for i := range s.Documents {
		d := &s.Documents[i]
		key := [3]string{d.Account, d.Kind, d.Session}
		a := at[key]
		if a == nil || d.Session == "" || d.Kind == "email" || d.Kind == "note" {
			a = &evalActivity{account: d.Account}
			a.Ref = crm.Ref{Portal: evalPortal, Type: evalKinds[d.Kind], ID: fmt.Sprint(1 + len(out))}
			at[key] = a
			out = append(out, a)
		}
		a.documents = append(a.documents, d)
	}
	for _, a := range out {
		slices.SortStableFunc(a.documents, func(x, y *retrieval.Document) int { return x.Pos - y.Pos })
		a.complete()
	}
	return out
}

// complete fills in what the documents say of their activity. A set knows nothing of when things became known: that is when they happened.
func (a *evalActivity) complete() {
	first := a.documents[0]
	a.Time, a.TimeUnknown = first.Time, first.Time.IsZero()
	a.Created = first.Time
	if a.TimeUnknown {
		a.Created = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	a.Modified = a.Created
	if !strings.HasPrefix(first.Text, first.Title) {
		a.Subject = first.Title
	}
	role := "speaker"
	if a.Ref.Type == crm.Emails {
		role = "from"
	}
	for _, d := range a.documents {
		if d.Speaker != "" && !slices.ContainsFunc(a.People, func(p crm.Person) bool { return p.Name == d.Speaker }) {
			a.People = append(a.People, crm.Person{Name: d.Speaker, Role: role})
		}
	}
}

// asChunks makes one chunk of each document; the activity's text is all of them, one after the other.
func (w *evalWorld) asChunks(a *evalActivity) crm.Kept {
	var text strings.Builder
	var chunks []crm.Chunk
	for i, d := range a.documents {
		if i > 0 {
			text.WriteString("\n")
		}
		c := crm.Chunk{Activity: a.Ref, Pos: i, Kind: a.Ref.Type.Kind(), Time: d.Time, Created: a.Created, Session: a.Ref.Path(), Speaker: d.Speaker, Start: text.Len(), Text: d.Text}
		text.WriteString(d.Text)
		c.End = text.Len()
		at := a.Activity
		at.Time, at.TimeUnknown = d.Time, d.Time.IsZero()
		c.Header = indexer.Header(at, nil)
		chunks = append(chunks, c)
	}
	k := crm.Kept{Activity: a.Activity, Document: crm.Document{Ref: a.Ref, Text: text.String()}, Chunks: chunks}
	sum := sha256.Sum256([]byte(k.Document.Text))
	k.Document.Version = hex.EncodeToString(sum[:])
	k.Document.Language = analysis.Language(k.Document.Text)
	for i := range k.Chunks {
		c := &k.Chunks[i]
		c.Version, c.Language = k.Document.Version, k.Document.Language
		if retrieval.Words(c.Text) >= 30 { // as the chunker: a few words do not tell
			c.Language = cmp.Or(analysis.Language(c.Text), c.Language)
		}
		c.Traits = analysis.Traits(c.Text, c.Language)
		id := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s", w.set.Name, a.documents[i].ID))
		c.ID = hex.EncodeToString(id[:])[:32]
		w.document[c.ID] = a.documents[i].ID
	}
	return w.withWords(k)
}

// withWords adds what the keyword index keeps of the chunks.
func (w *evalWorld) withWords(k crm.Kept) crm.Kept {
	for i := range k.Chunks {
		words := crm.Terms(k.Chunks[i].Text)
		k.Words = append(k.Words, words)
		k.Terms = append(k.Terms, analysis.Stems(words, k.Chunks[i].Language))
		w.words.Chunks++
		seen := map[string]bool{}
		for _, word := range words {
			if !seen[word] {
				seen[word] = true
				w.words.With[word]++
			}
		}
	}
	k.Digest = crm.DigestOf(k.Chunks)
	k.Mark = k.Digest
	return k
}
