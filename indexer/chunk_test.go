package indexer

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/contextd/contextd/internal/crm"
)

func sentences(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "Sentence number %d speaks about the price of the renewal. ", i)
	}
	return strings.TrimSpace(b.String())
}

func chunksOf(t *testing.T, a crm.Activity) (crm.Document, []crm.Chunk) {
	t.Helper()
	d := Normalise(a)
	chunks := Chunk(a, d, nil)
	checkChunks(t, a, d, chunks)
	return d, chunks
}

// checkChunks states what holds for the chunks of any document.
func checkChunks(t *testing.T, a crm.Activity, d crm.Document, chunks []crm.Chunk) {
	t.Helper()
	covered, ids := 0, map[string]bool{}
	for i, c := range chunks {
		if c.Start < 0 || c.End > len(d.Text) || c.Start >= c.End || c.Text != d.Text[c.Start:c.End] {
			t.Fatalf("chunk %d [%d, %d) is not that slice of %d bytes", i, c.Start, c.End, len(d.Text))
		}
		if !utf8.ValidString(c.Text) || len(c.Text) > 2*maxChunkBytes || c.Pos != i || c.Version != d.Version || ids[c.ID] || len(c.ID) != 32 {
			t.Fatalf("chunk %d: %d bytes, position %d, version %s, id %s", i, len(c.Text), c.Pos, c.Version, c.ID)
		}
		if i > 0 && (c.Start < chunks[i-1].Start || c.End <= chunks[i-1].End) {
			t.Fatalf("chunk %d does not come after chunk %d", i, i-1)
		}
		if c.Start > covered && strings.TrimFunc(d.Text[covered:c.Start], unicode.IsSpace) != "" {
			t.Fatalf("%q before chunk %d is in no chunk", d.Text[covered:c.Start], i)
		}
		covered, ids[c.ID] = max(covered, c.End), true
	}
	if !a.Ours && strings.TrimFunc(d.Text[covered:], unicode.IsSpace) != "" {
		t.Fatalf("%q is in no chunk", d.Text[covered:])
	}
}

func TestChunkSizes(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		want []int // words
	}{
		"empty":                  {"  \n ", nil},
		"short":                  {"Call Dana.", []int{2}},
		"paragraphs are packed":  {strings.Repeat(sentences(5)+"\n\n", 5), []int{100, 100, 50}},
		"a long one is divided":  {sentences(40), []int{120, 120, 120, 40}},
		"a short rest joins":     {sentences(10) + "\n\n" + sentences(2), []int{120}},
		"one word":               {strings.Repeat("x", 10_000), []int{1, 1, 1}},
		"a script without space": {strings.Repeat("東京の会議で価格を決めました。", 40), []int{120, 120, 80}},
	} {
		_, chunks := chunksOf(t, crm.Activity{Ref: noteRef(1), Body: c.body, Format: crm.PlainText})
		var got []int
		for _, k := range chunks {
			got = append(got, countWords(k.Text))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v words, want %v", name, got, c.want)
		}
	}
}

func TestTranscriptChunksOverlapByAShortTurn(t *testing.T) {
	a := crm.Activity{Ref: crm.Ref{Portal: 1, Type: crm.Calls, ID: "1"}}
	for i := range 12 {
		a.Turns = append(a.Turns, crm.Turn{Speaker: []string{"Dana", "Priya"}[i%2], Text: sentences(3)})
	}
	d, chunks := chunksOf(t, a)
	if len(chunks) < 3 || chunks[1].Start != d.Turns[3-1].Start && chunks[1].Start >= chunks[0].End {
		t.Errorf("%d chunks, the second begins at %d, the first ends at %d", len(chunks), chunks[1].Start, chunks[0].End)
	}
	if !strings.HasPrefix(chunks[1].Text, "Dana: ") && !strings.HasPrefix(chunks[1].Text, "Priya: ") || chunks[1].Speaker != "" {
		t.Errorf("chunk %q of speaker %q", chunks[1].Text, chunks[1].Speaker)
	}
	a.Turns = []crm.Turn{{Speaker: "Dana", Text: sentences(60)}, {Speaker: "Priya", Text: "Yes."}}
	_, chunks = chunksOf(t, a)
	if chunks[0].Speaker != "Dana" || chunks[len(chunks)-1].Speaker != "" && chunks[len(chunks)-1].Speaker != "Priya" {
		t.Errorf("speakers %q … %q", chunks[0].Speaker, chunks[len(chunks)-1].Speaker)
	}
}

func TestChunkFacts(t *testing.T) {
	due := time.Date(2026, 6, 1, 9, 0, 0, 0, time.UTC)
	task := crm.Activity{Ref: crm.Ref{Portal: 1, Type: crm.Tasks, ID: "1"}, Time: due, Created: may, Subject: "Send\nthe quote", Body: "Today", Format: crm.HTML}
	_, chunks := chunksOf(t, task)
	if !chunks[0].Time.Equal(may) || chunks[0].Header != "2026-05-04 · task · Send the quote" {
		t.Errorf("a task happens when it is created, not when it is due: %v, %q", chunks[0].Time, chunks[0].Header)
	}
	mail := crm.Activity{Ref: crm.Ref{Portal: 1, Type: crm.Emails, ID: "1"}, Time: due, TimeUnknown: true, Direction: crm.Incoming, Body: "Yes", Subject: strings.Repeat("long ", 100),
		People: []crm.Person{{Name: "Priya", Role: "to"}, {Name: "Dana", Role: "from"}, {Email: "x@y.example", Role: "cc"}, {Name: "Dana", Role: "cc"}}}
	_, chunks = chunksOf(t, mail)
	if h := chunks[0].Header; !chunks[0].Time.IsZero() || chunks[0].Speaker != "Dana" || !strings.HasPrefix(h, "Dana, Priya, x@y.example · date unknown · incoming email · long long") || len(h) > 250 {
		t.Errorf("%v, %q, %q", chunks[0].Time, chunks[0].Speaker, h)
	}
	mail.Ours = true
	if n := len(Chunk(mail, Normalise(mail), nil)); n != 0 {
		t.Errorf("what contextd wrote has %d chunks", n)
	}
}

func TestChunkIDsNamePlaceAndVersion(t *testing.T) {
	a := crm.Activity{Ref: noteRef(1), Body: "Call Dana.", Format: crm.PlainText}
	first := Chunk(a, Normalise(a), []string{"North Pier"})
	again := Chunk(a, Normalise(a), []string{"North Pier"})
	if first[0].ID != again[0].ID {
		t.Error("the same chunk has two ids")
	}
	b := a
	b.Body = "Call Priya."
	c := a
	c.Ref.Portal = 2
	for _, other := range []crm.Activity{b, c} {
		if Chunk(other, Normalise(other), nil)[0].ID == first[0].ID {
			t.Errorf("%v shares an id with another chunk", other.Ref)
		}
	}
}
