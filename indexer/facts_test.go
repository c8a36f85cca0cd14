package indexer

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

func TestChunksKnowTheirFacets(t *testing.T) {
	sam := crm.Ref{Portal: 1, Type: crm.Contacts, ID: "3"}
	mail := crm.Activity{Ref: crm.Ref{Portal: 1, Type: crm.Emails, ID: "5"}, Time: may, Created: may.Add(time.Hour), Thread: "t-9", Generated: true, Body: "Who pays? We met Dana, and we pay 40 a seat since March.",
		Links: crm.Links{Contacts: []crm.Ref{dana, sam, dana}, Companies: []crm.Ref{pier}}}
	_, chunks := chunksOf(t, mail)
	c := chunks[0]
	if c.Session != "t-9" || !c.Generated || c.Language != "en" || !c.Created.Equal(may.Add(time.Hour)) || !slices.Equal(c.People, []crm.Ref{sam, dana}) ||
		!c.Traits.Has(crm.HasNumber|crm.HasTime|crm.HasName) || c.Traits.Has(crm.Asks) {
		t.Errorf("have %+v", c)
	}
	mail.Thread, mail.Generated, mail.Links = "", false, crm.Links{}
	_, chunks = chunksOf(t, mail)
	if c := chunks[0]; c.Session != "emails/5" || c.Generated || c.People != nil {
		t.Errorf("without thread and people: %+v", c)
	}
}

func TestAChunkInAnotherLanguageThanItsDocument(t *testing.T) {
	english := strings.Repeat("We spoke about the price of the renewal and they would like to have it by Friday. ", 7)
	german := strings.Repeat("Wir sprachen über den Preis der Verlängerung, und sie möchten ihn noch bis Freitag haben. ", 7)
	_, chunks := chunksOf(t, crm.Activity{Ref: noteRef(1), Body: english + "\n\n" + german + "\n\nBudget: 48.000", Format: crm.PlainText})
	var got []string
	for _, c := range chunks {
		got = append(got, c.Language)
	}
	if !slices.Equal(got, []string{"en", "de"}) {
		t.Errorf("have %q", got)
	}
}

func TestAShortChunkHasItsDocumentsLanguage(t *testing.T) {
	a := crm.Activity{Ref: crm.Ref{Portal: 1, Type: crm.Calls, ID: "1"}, Turns: []crm.Turn{{Text: sentences(12)}, {Text: "Ja, das ist der Preis und nicht die Menge."}}}
	_, chunks := chunksOf(t, a)
	if len(chunks) != 2 || chunks[1].Language != "en" {
		t.Errorf("%d chunks, the last is %q", len(chunks), chunks[len(chunks)-1].Language)
	}
}

// TestWordsAndTermsOfEveryLanguage follows texts from the body to the words that are kept and the stems that are counted.
func TestWordsAndTermsOfEveryLanguage(t *testing.T) {
	for _, c := range []struct{ body, language, words, terms string }{
		{"<p>They renewed two contracts, and Dana's contract wasn't in it.</p>", "en", "they renewed two contracts and dana contract wasnt in it", "they:1 renew:1 two:1 contract:2 and:1 dana:1 wasnt:1 in:1 it:1"},
		{"<p>Die Verl&auml;ngerung der Vertr&auml;ge: ein Vertrag, nicht zwei.</p>", "de", "die verlangerung der vertrage ein vertrag nicht zwei", "die:1 verlang:1 der:1 vertrag:2 ein:1 nicht:1 zwei:1"},
		{"<p>La n&eacute;gociation de l'offre est dans les ann&eacute;es &agrave; venir, pas cette ann&eacute;e.</p>", "fr",
			"la negociation de l offre est dans les annees a venir pas cette annee", "la:1 negoci:1 de:1 l:1 offre:1 est:1 dan:1 le:1 anne:2 a:1 ven:1 pas:1 cet:1"},
		{"<p>Las reuniones son por la renovaci&oacute;n: otra reuni&oacute;n el martes.</p>", "es", "las reuniones son por la renovacion otra reunion el martes", "las:1 reunion:2 son:1 por:1 la:1 renov:1 otra:1 el:1 mart:1"},
		{"<p>契約の価格は４８,０００円です。</p>", "ja", "契約 約の の価 価格 格は 48,000 48000 円で です", "契約:1 約の:1 の価:1 価格:1 格は:1 48,000:1 48000:1 円で:1 です:1"},
	} {
		w, claims := noted(1)
		a := w.activities[noteRef(0)]
		a.Body = c.body
		w.activities[noteRef(0)] = a
		ok(t, w.indexer().Activities(t.Context(), claims))
		k := w.kept[noteRef(0)]
		var terms []string
		for _, n := range k.Terms[0] {
			terms = append(terms, n.Term+":"+string(rune('0'+n.Count)))
		}
		if k.Chunks[0].Language != c.language || strings.Join(k.Words[0], " ") != c.words || strings.Join(terms, " ") != c.terms {
			t.Errorf("%s: %q, words %q, terms %q", c.body, k.Chunks[0].Language, k.Words[0], terms)
		}
	}
}

// TestWhenATextBecameKnown: with its activity; a later text with the change that brought it, whatever happens to the activity afterwards.
func TestWhenATextBecameKnown(t *testing.T) {
	w, claims := noted(1)
	x := w.indexer()
	ref := noteRef(0)
	edit := func(change func(*crm.Activity)) crm.Kept {
		t.Helper()
		a := w.activities[ref]
		change(&a)
		w.activities[ref] = a
		ok(t, x.Activities(t.Context(), claims))
		return w.kept[ref]
	}
	known := func(what string, k crm.Kept, want time.Time) {
		t.Helper()
		if got := k.Chunks[0].Created; !got.Equal(want) || !w.vectors[ref].Chunks[0].Created.Equal(want) || k.Digest != crm.DigestOf(k.Chunks) || k.Digest != w.vectors[ref].Digest {
			t.Errorf("%s: %v, in the vector store %v, want %v", what, got, w.vectors[ref].Chunks[0].Created, want)
		}
	}
	day := func(n int) time.Time { return may.AddDate(0, 0, n) }
	known("new", edit(func(a *crm.Activity) {}), may)
	known("another subject", edit(func(a *crm.Activity) { a.Status, a.Modified = "DONE", day(1) }), may)
	known("another text", edit(func(a *crm.Activity) { a.Body, a.Modified = "Edited.", day(2) }), day(2))
	embedded := w.count("embed")
	known("changed afterwards", edit(func(a *crm.Activity) { a.Status, a.Modified = "OPEN", day(3) }), day(2))
	known("moved afterwards", edit(func(a *crm.Activity) { a.Links.Companies, a.Modified = []crm.Ref{field}, day(4) }), day(2))
	if w.count("embed") != embedded {
		t.Errorf("embedded %d times for what is no text", w.count("embed")-embedded)
	}
	k := w.kept[ref]
	k.Mark = ""
	w.kept[ref] = k
	known("asked for again", edit(func(a *crm.Activity) { a.Modified = day(5) }), day(2))
	k = w.kept[ref]
	k.Mark = ""
	w.kept[ref] = k
	known("asked for again, and another text", edit(func(a *crm.Activity) { a.Body, a.Modified = "Once more.", day(6) }), day(6))
	x.Now = func() time.Time { return day(9) }
	known("a text without a moment", edit(func(a *crm.Activity) { a.Body, a.Modified = "Again.", time.Time{} }), day(9))
	known("another text without a change", edit(func(a *crm.Activity) { a.Body, a.Modified = "And again.", day(8) }), day(9).Add(time.Microsecond))
	edit(func(a *crm.Activity) { a.Subject, a.Modified = "Of something else", day(10) })
	x.Now = func() time.Time { return day(11) }
	known("another text with the change of before", edit(func(a *crm.Activity) { a.Body = "And now this." }), day(11))
	known("and its next change", edit(func(a *crm.Activity) { a.Body, a.Modified = "Once again.", day(12) }), day(12))
}

func TestPeopleMoveWithoutEmbedding(t *testing.T) {
	w, claims := noted(1)
	x, ref := w.indexer(), noteRef(0)
	ok(t, x.Activities(t.Context(), claims))
	sam := crm.Ref{Portal: 1, Type: crm.Contacts, ID: "3"}
	w.records[sam] = crm.Record{Ref: sam, Name: "Sam"}
	a := w.activities[ref]
	a.Links.Contacts = []crm.Ref{dana, sam}
	w.activities[ref] = a
	w.log = nil
	ok(t, x.Activities(t.Context(), claims))
	if got := w.vectors[ref].Chunks[0].People; !slices.Equal(got, []crm.Ref{sam, dana}) || w.count("embed") != 0 || w.count("relink") != 1 || !slices.Equal(w.kept[ref].Chunks[0].People, got) {
		t.Errorf("people %v, did %v", got, w.log)
	}
	a.Links.Contacts = []crm.Ref{sam, dana} // HubSpot gives no order
	w.activities[ref] = a
	w.log = nil
	ok(t, x.Activities(t.Context(), claims))
	if w.count("relink") != 0 {
		t.Errorf("another order did %v", w.log)
	}
}

func TestWhatAMachineWroteIsMarkedAsSuch(t *testing.T) {
	w, claims := noted(1)
	x, ref := w.indexer(), noteRef(0)
	ok(t, x.Activities(t.Context(), claims))
	a := w.activities[ref]
	a.Generated = true
	w.activities[ref] = a
	ok(t, x.Activities(t.Context(), claims))
	if !w.kept[ref].Chunks[0].Generated || !w.vectors[ref].Chunks[0].Generated || len(w.vectors[ref].Chunks[0].Vector) == 0 {
		t.Errorf("kept %+v", w.kept[ref].Chunks)
	}
	a.Thread = "t-1"
	w.activities[ref] = a
	ok(t, x.Activities(t.Context(), claims))
	if w.vectors[ref].Chunks[0].Session != "t-1" || w.vectors[ref].Digest != w.kept[ref].Digest {
		t.Error("the vector store does not know of the thread")
	}
}

func TestWindowsWhereTheEmbedderGainsFromThem(t *testing.T) {
	w, claims := noted(2)
	long := w.activities[noteRef(0)]
	long.Body, long.Format = sentences(40), crm.PlainText
	w.activities[noteRef(0)] = long
	x := w.indexer()
	ok(t, x.Activities(t.Context(), claims))
	if len(w.kept[noteRef(0)].Chunks[0].Window) != 0 || w.kept[noteRef(0)].Embedder != "fake/4" {
		t.Error("windows that nobody asked for, or vectors without their maker")
	}
	w.windows = true
	long.Subject = "Windows" // other content: what is unchanged stays as it is, another generation is filled by its own means
	w.activities[noteRef(0)] = long
	ok(t, x.Activities(t.Context(), claims)) // the fake refuses what has no window now
	chunks := w.kept[noteRef(0)].Chunks
	for i, c := range chunks {
		want, _, _ := w.Embed(t.Context(), crm.EmbedDocument, []string{EmbedText(c), WindowTexts(chunks)[i]})
		if !slices.Equal(c.Vector, want[0]) || !slices.Equal(c.Window, want[1]) {
			t.Errorf("chunk %d has another text's vector", i)
		}
	}
	w.badText = "Note 1 about"
	a := w.activities[noteRef(1)]
	a.Subject = "new"
	w.activities[noteRef(1)] = a
	if errs := x.Activities(t.Context(), claims); errs[0] != nil || !errors.Is(errs[1], crm.ErrInvalid) {
		t.Errorf("have %v", errs)
	}
}

// TestTheEmbedderMayChangeMeanwhile: vectors of two embedders never meet in one index.
func TestTheEmbedderMayChangeMeanwhile(t *testing.T) {
	for name, change := range map[string]func(*world){
		"another one": func(w *world) { w.fingerprint = "fake/5" },
		"windows":     func(w *world) { w.windows = true },
	} {
		w, claims := noted(3)
		w.embedErr = func([]string) error { change(w); return nil }
		for _, err := range w.indexer().Activities(t.Context(), claims) {
			if !errors.Is(err, crm.ErrTemporary) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if len(w.vectors)+len(w.kept) != 0 {
			t.Errorf("%s: %d in the vector store, %d kept", name, len(w.vectors), len(w.kept))
		}
		w.embedErr = nil
		ok(t, w.indexer().Activities(t.Context(), claims))
	}
}
