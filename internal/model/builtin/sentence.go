package builtin

import (
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/contextd/contextd/internal/crm"
)

// sentence is one sentence of a passage: text[start:end] of it, byte for byte.
type sentence struct {
	passage  *crm.Passage
	start    int
	end      int
	lead     int    // where the speaker's turn begins, prefix included; start when there is no prefix
	speaker  string // of the turn, else the passage's person
	voice    voice
	language string
	terms    []string
	question bool
	focus    bool
	first    bool         // of its passage or turn
	finding  *crm.Finding // of which it is the text; nil: it stands in a passage
}

// quote is the verbatim sentence.
func (s *sentence) quote() string { return s.passage.Text[s.start:s.end] }

func (s *sentence) time() time.Time { return s.passage.Time }

// A turn begins with one to four capitalised words and a colon.
var turnPrefix = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\s*((?:\p{Lu}[\p{L}\p{M}.'’-]*)(?: (?:\p{Lu}[\p{L}\p{M}.'’-]*|de|van|von|der|den|la|del|du|le)){0,3}):\s+`)
})

var bullet = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?:[-*•–>]+|\(?\d{1,2}[.)]|\(?[a-z]\))\s+`) })

// split cuts a passage into sentences. Turns and paragraphs end a sentence; a line break inside a wrapped paragraph does not.
func split(p *crm.Passage) []sentence {
	var out []sentence
	for i := 0; i < len(p.Text); {
		end := blockEnd(p.Text, i)
		out = appendBlock(out, p, i, end)
		i = end + 1
	}
	return out
}

// blockEnd is the end of the line that starts at i, extended over wrapped lines: those that go on in lower case after an unfinished line.
func blockEnd(text string, i int) int {
	for {
		n := strings.IndexByte(text[i:], '\n')
		if n < 0 {
			return len(text)
		}
		end := i + n
		line := strings.TrimRight(text[i:end], " \t\r")
		next, _ := utf8.DecodeRuneInString(text[min(end+1, len(text)):])
		if utf8.RuneCountInString(line) < 50 || strings.ContainsAny(line[len(line)-1:], ".!?:;") || !unicode.IsLower(next) {
			return end
		}
		i = end + 1
	}
}

func appendBlock(out []sentence, p *crm.Passage, start, end int) []sentence {
	lead, speaker := start, p.Person
	if spoken(p.Kind) {
		if m := turnPrefix().FindStringSubmatchIndex(p.Text[start:end]); m != nil {
			speaker = p.Text[start+m[2] : start+m[3]]
			lead = start + m[2]
			start += m[1]
		}
	}
	first := true
	for _, cut := range cuts(p.Text, start, end) {
		s, e := trim(p.Text, cut[0], cut[1])
		if !sayable(p.Text[s:e]) {
			continue
		}
		if speaker == p.Person || lead >= s {
			lead = s
		}
		body := p.Text[s:e]
		out = append(out, sentence{passage: p, start: s, end: e, lead: lead, speaker: speaker, terms: crm.Terms(body),
			question: strings.ContainsAny(body, "?¿？"), first: first})
		first = false
	}
	return out
}

func spoken(k crm.Kind) bool { return k == crm.Call || k == crm.Meeting || k == crm.Message }

// sayable says whether a sentence can stand as a quote: three words or twelve characters at least, and letters in it.
func sayable(s string) bool {
	return strings.IndexFunc(s, unicode.IsLetter) >= 0 && (len(strings.Fields(s)) >= 3 || utf8.RuneCountInString(s) >= 12)
}

// cuts finds the sentence ends of text[start:end].
func cuts(text string, start, end int) [][2]int {
	var out [][2]int
	from := start
	for i := start; i < end; {
		r, size := utf8.DecodeRuneInString(text[i:end])
		i += size
		if !strings.ContainsRune(".!?…。？！", r) {
			continue
		}
		for i < end { // "?!", "..." and closing quotes belong to the sentence
			r2, s2 := utf8.DecodeRuneInString(text[i:end])
			if !strings.ContainsRune(`.!?…"”’»)`, r2) {
				break
			}
			i += s2
		}
		if i < end && r < utf8.RuneSelf && !ends(text[from:i], text[i:end], r) {
			continue
		}
		out = append(out, [2]int{from, i})
		from = i
	}
	if from < end {
		out = append(out, [2]int{from, end})
	}
	return out
}

// ends tells a sentence's end from the dot of an abbreviation, an ordinal ("12. November", "1. the list") or a name's initial.
func ends(before, after string, mark rune) bool {
	r, size := utf8.DecodeRuneInString(after)
	if !unicode.IsSpace(r) {
		return false
	}
	if mark != '.' || strings.HasSuffix(before, "..") {
		return true
	}
	next, _ := utf8.DecodeRuneInString(strings.TrimLeft(after[size:], " \t\"“«„'(¿¡"))
	if unicode.IsLower(next) {
		return false
	}
	fields := strings.Fields(before)
	if len(fields) == 0 {
		return true
	}
	word := strings.ToLower(strings.Trim(fields[len(fields)-1], `."”»()[]`))
	if len(word) <= 2 && strings.Trim(word, "0123456789") == "" {
		return false
	}
	return !abbreviations[word] && (utf8.RuneCountInString(word) > 1 || word == "i")
}

// abbreviations end with a dot and not a sentence.
var abbreviations = map[string]bool{
	"mr": true, "mrs": true, "ms": true, "dr": true, "prof": true, "no": false, "nr": true, "approx": true, "incl": true, "e.g": true, "i.e": true, "z.b": true, "bzw": true,
	"ca": true, "inkl": true, "usw": false, "d.h": true, "st": true, "str": true, "tel": true, "sra": true, "sr": true, "srta": true, "ud": true, "uds": true, "mme": true,
	"mlle": true, "env": true, "art": true, "abs": true, "p.a": true, "vs": true, "spoke": false,
}

func trim(text string, s, e int) (int, int) {
	for s < e {
		r, size := utf8.DecodeRuneInString(text[s:e])
		if !unicode.IsSpace(r) {
			break
		}
		s += size
	}
	for s < e {
		r, size := utf8.DecodeLastRuneInString(text[s:e])
		if !unicode.IsSpace(r) {
			break
		}
		e -= size
	}
	if m := bullet().FindStringIndex(text[s:e]); m != nil {
		s += m[1]
	}
	return s, e
}
