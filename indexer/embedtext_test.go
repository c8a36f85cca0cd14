package indexer

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/contextd/contextd/internal/crm"
)

func TestEmbedTextOfAChatIsWhatWasSaid(t *testing.T) {
	for kind, want := range map[crm.Kind]string{crm.Message: "Yes.", crm.Email: "Acme · 2026-05-04\nYes.", crm.Call: "Acme · 2026-05-04\nYes."} {
		if got := EmbedText(crm.Chunk{Kind: kind, Header: "Acme · 2026-05-04", Text: "Yes."}); got != want {
			t.Errorf("%s: %q, want %q", kind, got, want)
		}
	}
}

func TestWindowTexts(t *testing.T) {
	other := noteRef(2)
	chunk := func(ref crm.Ref, start int, text string) crm.Chunk {
		return crm.Chunk{Activity: ref, Time: may, Start: start, End: start + len(text), Text: text}
	}
	for name, c := range map[string]struct {
		chunks []crm.Chunk
		want   []string
	}{
		"none":        {nil, nil},
		"alone":       {[]crm.Chunk{chunk(noteRef(1), 0, "Yes.")}, []string{"4 May 2026\nYes."}},
		"no date":     {[]crm.Chunk{{Text: "Yes."}}, []string{"Yes."}},
		"neighbours":  {[]crm.Chunk{chunk(noteRef(1), 0, "One."), chunk(noteRef(1), 5, "Two."), chunk(noteRef(1), 10, "Three.")}, []string{"4 May 2026\nOne.\nTwo.", "4 May 2026\nOne.\nTwo.\nThree.", "4 May 2026\nTwo.\nThree."}},
		"others":      {[]crm.Chunk{chunk(noteRef(1), 0, "One."), chunk(other, 5, "Two.")}, []string{"4 May 2026\nOne.", "4 May 2026\nTwo."}},
		"overlapping": {[]crm.Chunk{chunk(noteRef(1), 0, "A: one\nB: two"), chunk(noteRef(1), 7, "B: two\nA: three")}, []string{"4 May 2026\nA: one\nB: two\nA: three", "4 May 2026\nA: one\nB: two\nA: three"}},
	} {
		if got := WindowTexts(c.chunks); !slices.Equal(got, c.want) && len(got)+len(c.want) > 0 {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func numbered(prefix string, n int) string {
	words := make([]string, n)
	for i := range words {
		words[i] = prefix + string(rune('a'+i%26))
	}
	return strings.Join(words, " ")
}

func TestNeighboursShareWhatIsLeft(t *testing.T) {
	for name, c := range map[string]struct{ before, own, after, first, last int }{
		"short ones":       {5, 10, 5, 5, 5},
		"long ones":        {500, 10, 500, 60, 60},
		"a long chunk":     {500, 120, 500, 30, 30},
		"one that is full": {500, 180, 500, 0, 0},
		"too long":         {5, 400, 5, 0, 0},
		"a short before":   {10, 120, 500, 10, 50},
		"a short after":    {500, 120, 10, 50, 10},
		"an odd rest":      {500, 121, 500, 29, 30},
	} {
		own := numbered("o", c.own)
		got := strings.Split(window(crm.Chunk{Text: own}, numbered("b", c.before), numbered("a", c.after)), "\n")
		count := func(prefix string) int {
			for _, part := range got {
				if strings.HasPrefix(part, prefix) {
					return countWords(part)
				}
			}
			return 0
		}
		if count("b") != c.first || count("a") != c.last || !slices.Contains(got, own) {
			t.Errorf("%s: %d words before, %d behind, want %d and %d", name, count("b"), count("a"), c.first, c.last)
		}
	}
	before := "one two three four"
	if got := window(crm.Chunk{Text: numbered("o", windowWords-4)}, before, numbered("a", 9)); !strings.HasPrefix(got, "three four\n") || !strings.HasSuffix(got, "\naa ab") {
		t.Errorf("the end of what is before and the beginning of what is behind, not %.20q … %q", got, got[len(got)-10:])
	}
}

// TestWindowsOfAnyText: the chunk stands in its window whole, and the window keeps its budget as far as the chunk does.
func TestWindowsOfAnyText(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		a := crm.Activity{Ref: crm.Ref{Portal: 1, Type: crm.Calls, ID: "1"}, Time: time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC)}
		for range rapid.IntRange(1, 12).Draw(r, "turns") {
			a.Turns = append(a.Turns, crm.Turn{Speaker: rapid.SampledFrom([]string{"Dana", "田中", ""}).Draw(r, "name"),
				Text: rapid.OneOf(rapid.String(), rapid.StringMatching(`([a-zäé]{1,9} ){0,80}`), rapid.StringMatching(`([一-十あ-ん]{1,30}。){0,12}`)).Draw(r, "text")})
		}
		d := Normalise(a)
		chunks := Chunk(a, d, nil)
		for i, w := range WindowTexts(chunks) {
			text := strings.TrimSpace(chunks[i].Text)
			if !strings.Contains(w, text) || !strings.HasPrefix(w, "4 May 2026\n") {
				r.Fatalf("%q is not in %q", text, w)
			}
			if n := countWords(w) - 3; n > max(windowWords, countWords(text)) {
				r.Fatalf("%d words in the window of %d", n, countWords(text))
			}
		}
	})
}

func TestFirstAndLastWords(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`([a-zé]{1,5}[ \n]{1,2}|[価格あ]{1,5}){0,20}`)).Draw(r, "text")
		n := rapid.IntRange(0, 25).Draw(r, "n")
		first, last := firstWords(text, n), lastWords(text, n)
		if !strings.HasPrefix(text, first) || !strings.HasSuffix(text, last) {
			r.Fatalf("%q, %q of %q", first, last, text)
		}
		if countWords(first) > n || countWords(last) > n {
			r.Fatalf("%q has %d, %q has %d words, want at most %d", first, countWords(first), last, countWords(last), n)
		}
		if all := countWords(text); all <= n && n > 0 && strings.TrimSpace(last) != strings.TrimSpace(text) {
			r.Fatalf("%q has only %d words, but %q was taken", text, all, last)
		}
	})
}
