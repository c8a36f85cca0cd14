package indexer

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/contextd/contextd/internal/crm"
)

func message(body string) crm.Activity { return activityOf(crm.Communications, body, crm.PlainText) }

func TestAConversationInOneMessage(t *testing.T) {
	for name, c := range map[string]struct{ body, speakers string }{
		"brackets":        {"[04.05.26, 10:30:15] Dana: Hi\n[04.05.26, 10:31:00] Priya: Hello\nand more", "Dana Priya"},
		"dash":            {"04/05/2026, 10:30 - Dana: Hi\n04/05/2026, 10:31 - Priya: Hello", "Dana Priya"},
		"am and pm":       {"5/4/26, 10:30 AM - Dana: Hi\n5/4/26, 1:05 PM - Priya: Hello", "Dana Priya"},
		"name first":      {"Dana Whitfield 10:30\nHi\n\nPriya 10:31\nHello", "Dana Whitfield Priya"},
		"name and date":   {"Dana (04.05.2026 10:30): Hi\nPriya (04.05.2026 10:31): Hello", "Dana Priya"},
		"names alone":     {"Dana: Hi\nPriya: Hello\nDana: Price?\nPriya: Seven.", "Dana Priya Dana Priya"},
		"German":          {"4. Mai 2026 um 10:30 Jürgen: Hallo\n4. Mai 2026 um 10:31 Käthe: Guten Tag", "Jürgen Käthe"},
		"French":          {"04/05/2026 à 10h30 - Zoé : Bonjour\n04/05/2026 à 10h31 - Loïc : Salut", "Zoé Loïc"},
		"Spanish":         {"[4/5/26 10:30] Íñigo: ¿Qué precio?\n[4/5/26 10:31] Ana: Siete.", "Íñigo Ana"},
		"Japanese":        {"2026年5月4日 10:30 田中：価格は？\n2026年5月4日 10:31 鈴木：七です。", "田中 鈴木"},
		"a line in front": {"WhatsApp chat\n10:30 Dana: Hi\n10:31 Priya: Hello", "Dana Priya"},
		"facts":           {"Budget: 40k\nTimeline: Q3\nDecider: Dana\nNext step: offer", ""},
		"facts and two":   {"Budget: 40k\nTimeline: Q3\nDecider: Dana\nNext step: offer\n10:30 Priya: Hi\n10:31 Sam: Hello", ""},
		"one message":     {"Hi Dana, see you at 10:30.", ""},
		"a quoted time":   {"Dana wrote at 10:30: no.\nWe should call.\nAnd soon.", ""},
		"nothing":         {"", ""},
	} {
		a := message(c.body)
		d, _ := chunksOf(t, a)
		var got []string
		for _, s := range d.Turns {
			got = append(got, s.Speaker)
			if text := d.Text[s.Start:s.End]; strings.TrimSpace(text) != text || !strings.Contains(text[:min(len(text), 60)], s.Speaker) {
				t.Errorf("%s: turn %q of %s", name, text, s.Speaker)
			}
		}
		if strings.Join(got, " ") != c.speakers {
			t.Errorf("%s: speakers %q, want %q", name, got, c.speakers)
		}
		if d.Text != tidy(strings.Split(c.body, "\n")) {
			t.Errorf("%s: the text lost something: %q", name, d.Text)
		}
	}
}

func TestAConversationIsDividedAtGaps(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		want []string // the first word of each chunk's last turn
	}{
		"an hour":          {"10:00 Dana: one\n11:00 Priya: two", []string{"two"}},
		"more":             {"10:00 Dana: one\n11:01 Priya: two", []string{"one", "two"}},
		"over noon":        {"11:59 AM Dana: one\n12:10 PM Priya: two\n1:00 PM Dana: three", []string{"three"}},
		"another day":      {"[4.5.26, 10:00] Dana: one\n[5.5.26, 10:01] Priya: two\n[5.5.26, 10:02] Dana: three", []string{"one", "three"}},
		"a line of a day":  {"4.5.2026\n10:00 Dana: one\n10:05 Priya: two\n\n5.5.2026\n10:06 Dana: three", []string{"two", "three"}},
		"a day remembered": {"4.5.2026\n10:00 Dana: one\n10:01 Dana: two\n[5.5.2026, 10:05] Priya: three", []string{"two", "three"}},
		"no stamps":        {"Dana: one\nPriya: two\nDana: three\nPriya: four", []string{"four"}},
		"some stamps":      {"10:00 Dana: one\nPriya: two\n10:01 Dana: three\n13:00 Priya: four", []string{"three", "four"}},
	} {
		_, chunks := chunksOf(t, message(c.body))
		var got []string
		for _, k := range chunks {
			words := strings.Fields(k.Text)
			got = append(got, words[len(words)-1])
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	_, chunks := chunksOf(t, message("10:00 Dana: one\n12:00 Priya: two"))
	if chunks[0].Speaker != "Dana" || chunks[1].Speaker != "Priya" || chunks[1].Text != "12:00 Priya: two" {
		t.Errorf("the second begins with %q: nothing is repeated across a gap", chunks[1].Text)
	}
}

// TestConversationsOfAnyShape: whatever a message holds, its chunks cover it, in order, twice the same; a gap is never inside a chunk.
func TestConversationsOfAnyShape(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var b strings.Builder
		minute, n := 0, rapid.IntRange(2, 60).Draw(r, "turns")
		var gaps []string
		for i := range n {
			pause := rapid.SampledFrom([]int{0, 1, 30, 60, 61, 200}).Draw(r, "pause")
			if minute+pause >= 24*60 {
				break
			}
			minute += pause
			name := rapid.SampledFrom([]string{"Dana", "Priya", "Jürgen", "田中"}).Draw(r, "name")
			head := fmt.Sprintf("[4.5.26, %02d:%02d] %s: t%d ", minute/60, minute%60, name, i)
			if i > 0 && pause > maxPause {
				gaps = append(gaps, head)
			}
			b.WriteString(head + rapid.StringMatching(`([a-zäé]{1,9} ){0,90}(価格)?\.`).Draw(r, "text") + "\n")
		}
		a := message(b.String())
		d := Normalise(a)
		chunks := Chunk(a, d, nil)
		checkChunks(t, a, d, chunks)
		for _, c := range chunks {
			for _, g := range gaps {
				if strings.Contains(c.Text, g) && !strings.HasPrefix(c.Text, g) {
					r.Fatalf("%q stands inside %q", g, c.Text)
				}
			}
		}
		if again := Chunk(a, Normalise(a), nil); len(again) != len(chunks) || !slices.EqualFunc(again, chunks, func(x, y crm.Chunk) bool { return x.ID == y.ID && x.Text == y.Text }) {
			r.Fatal("not the same twice")
		}
	})
}
