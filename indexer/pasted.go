package indexer

import (
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// maxPastes bounds the messages that are told apart in one text, and how deep quotations stand in each other.
const (
	maxPastes = 50
	maxDeep   = 6
)

// Pasted lists the messages that somebody put into a normalised text of their own (a mail in a note, what a mail passes on), in order and apart from each other, where headers show it:
// "From: … Sent: …" and "On … wrote:" in any of the languages of mail programs. One that is marked line by line ends with its marks, any other one with the next or with the text.
// Marked lines without a header are somebody else's words, too: whose, nobody knows. It is pure and linear in the size of the text.
func Pasted(text string) []crm.Pasted {
	var lines []line
	var at []int // where each line begins
	offset := 0
	for l := range strings.SplitSeq(text, "\n") {
		lines, at = append(lines, line{text: l}), append(at, offset)
		offset += len(l) + 1
	}
	p := pastes{at: append(at, len(text))}
	p.find(lines, 0, 0)
	return p.out
}

type pastes struct {
	at  []int // where each line of the whole text begins, and where the text ends
	out []crm.Pasted
}

// find looks through lines, the first of which is the whole text's line number first.
func (p *pastes) find(lines []line, first, deep int) {
	if deep > maxDeep {
		return
	}
	quoted := quotedLines(lines)
	openings := attributionsOf(lines, quoted)
	for i := 0; i < len(lines) && i < maxMailLines && len(p.out) < maxPastes; {
		if quoted[i] {
			i = p.marked(lines, quoted, i, first, deep, crm.Pasted{Start: p.at[first+i], Content: p.at[first+i]})
			continue
		}
		content, _ := opens(lines, i, openings)
		if content < 0 {
			i++
			continue
		}
		head := crm.Pasted{Start: p.at[first+i], Content: p.end(first + content)}
		head.Name, head.Email = writer(lines[i:min(content, len(lines))])
		for i = content; i < len(lines) && lines[i].blank(); i++ {
		}
		if i < len(lines) && quoted[i] {
			i = p.marked(lines, quoted, i, first, deep, head)
			continue
		}
		for ; i < len(lines) && i < maxMailLines; i++ {
			if next, _ := opens(lines, i, openings); next >= 0 || quoted[i] {
				break
			}
		}
		if i >= maxMailLines {
			i = len(lines)
		}
		head.End = p.end(first + i)
		p.out = append(p.out, head)
	}
}

// marked takes a quotation that is marked line by line, from line i on: under the head, or as what it is inside.
func (p *pastes) marked(lines []line, quoted []bool, i, first, deep int, head crm.Pasted) int {
	from := i
	var inside []line
	for ; i < len(lines) && quoted[i]; i++ {
		rest := strings.TrimLeft(lines[i].text, " ")
		inside = append(inside, line{text: strings.TrimPrefix(strings.TrimPrefix(rest, ">"), " ")})
	}
	have := len(p.out)
	p.find(inside, first+from, deep+1)
	head.End = p.end(first + i)
	if len(p.out) == have {
		p.out = append(p.out, head)
		return i
	}
	older := append([]crm.Pasted(nil), p.out[have:]...)
	if head.Start < older[0].Start { // the newer message stands above the older ones
		head.End = older[0].Start
		p.out = append(p.out[:have], head)
		p.out = append(p.out, older...)
	}
	return i
}

// end is where line n of the whole text begins, or the text ends.
func (p *pastes) end(n int) int { return p.at[min(n, len(p.at)-1)] }

// writer reads who wrote a message from the lines of its header; "" where they do not say.
func writer(head []line) (name, email string) {
	joined := ""
	for _, l := range head {
		if class, value := labelOf(l.text); class == fromLabel {
			return person(untilLabel(value))
		}
		if separator(l) == noSeparator {
			joined = joinWrapped(joined, l.text)
		}
	}
	if at := clockPattern().FindAllStringIndex(joined, -1); len(at) > 0 {
		if last := at[len(at)-1][1]; strings.TrimFunc(joined[last:], notName) != "" {
			joined = joined[last:]
		}
	} else if at := datePattern().FindAllStringIndex(joined, -1); len(at) > 0 {
		if last := at[len(at)-1][1]; strings.TrimFunc(joined[last:], notName) != "" {
			joined = joined[last:]
		}
	}
	return person(joined)
}

// untilLabel is a header's value without the headers that a program put behind it on the same line.
func untilLabel(value string) string {
	for i, r := range value {
		if r != ':' && r != '：' || i == 0 {
			continue
		}
		words := strings.Fields(value[:i])
		for n := min(2, len(words)-1); n >= 1; n-- {
			tail := strings.Join(words[len(words)-n:], " ")
			if headerLabels[strings.ToLower(strings.Trim(tail, "*_"))] != noLabel {
				return strings.TrimSpace(value[:strings.LastIndex(value[:i], words[len(words)-n])])
			}
		}
	}
	return value
}

// person divides "Name <address>" and what programs write around it.
func person(s string) (name, email string) {
	s = strings.ReplaceAll(s, "mailto:", "")
	before, after := s, ""
	if at := addressPattern().FindStringIndex(s); at != nil {
		before, email, after = s[:at[0]], strings.ToLower(strings.Trim(s[at[0]:at[1]], ".'=/")), s[at[1]:]
	}
	for _, part := range []string{before, after} {
		for _, w := range wroteInside {
			part = strings.ReplaceAll(part, w, " ")
		}
		for _, cut := range []string{"さんは", "さんが", "さん", "님이", " a ", " ha "} {
			if i := strings.LastIndex(part, cut); i >= 0 && strings.TrimFunc(part[i+len(cut):], notName) == "" {
				part = part[:i]
			}
		}
		var words []string
		for w := range strings.FieldsSeq(strings.Map(func(r rune) rune {
			if strings.ContainsRune("<>()[]{}\"|*_、", r) {
				return ' '
			}
			return r
		}, part)) {
			lower := strings.ToLower(strings.Trim(w, ".,:;-–—："))
			if lower == "" || wroteWords[lower] || joining[lower] {
				continue
			}
			words = append(words, strings.Trim(w, ",:;-–—："))
		}
		if n := strings.Join(words, " "); n != "" && len(words) <= maxNameWords && !hasDigit(n) && plausibleTitleName(n) {
			return n, email
		}
		if email == "" {
			break
		}
	}
	return "", email
}

const maxNameWords = 5

// joining are the small words between a moment and a name.
var joining = wordSet("uhr h hrs at um à a las o ore om kl by von de via pm am p.m a.m cet cest utc gmt has ha hat mail email e-mail")

func notName(r rune) bool { return strings.ContainsRune(" \t<>()[]{}\"'*_,.;:：-–—", r) }
