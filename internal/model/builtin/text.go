package builtin

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
)

// maxSentences bounds the work of one request; bound says which ones stay.
const maxSentences = 6000

// text is everything that was read for one answer, and what has been used of it.
type text struct {
	sentences []sentence // in the order of the passages, without hostile ones
	language  string     // of the focus
	focus     *crm.Passage
	newest    time.Time
	now       time.Time  // of the run; the newest passage's when the request does not say
	findings  []sentence // each the only sentence of a passage of its own
	dated     []crm.Dated
	evidence  map[string][]evidence // by number or choice field
	numbers   map[string]float64
	used      []*sentence
	weights   map[string][]weighed // by field of claims
	home      map[*sentence]string // the field that a sentence belongs to
	contents  map[*sentence][]string
	questions []*sentence
	answered  map[*sentence]*sentence
	later     bool // an answer must come after its question
}

// read splits the passages, finds out who speaks and in which language, and drops what speaks to the machine.
func read(ctx context.Context, r model.Request) (*text, error) {
	t := &text{language: "en", evidence: map[string][]evidence{}, numbers: map[string]float64{}, answered: map[*sentence]*sentence{},
		weights: map[string][]weighed{}, home: map[*sentence]string{}, contents: map[*sentence][]string{}}
	t.focus = focus(r)
	v := listen(r)
	for i := range r.Passages {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		p := &r.Passages[i]
		if p.Time.After(t.newest) {
			t.newest = p.Time
		}
		t.add(p, v)
	}
	if t.focus != nil {
		t.language = languageOf(t.focus)
	}
	t.bound()
	t.state(r)
	return t, nil
}

func (t *text) add(p *crm.Passage, v voices) {
	lang := languageOf(p)
	inFocus := t.focus != nil && p.Activity == t.focus.Activity
	for _, s := range trusted(split(p)) {
		s.language, s.focus = lang, inFocus
		s.voice = v.of(&s)
		t.sentences = append(t.sentences, s)
	}
}

// state takes what is known beside the passages.
func (t *text) state(r model.Request) {
	t.dated, t.now = r.Dated, t.newest
	if at, err := time.Parse(time.RFC3339, r.Facts["now"]); err == nil {
		t.now = at
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		s := sentence{passage: &crm.Passage{ID: f.ID, Text: f.Text, Time: f.Time}, end: len(f.Text), terms: crm.Terms(f.Text), language: f.Language, finding: f}
		if sayable(f.Text) && !hostile(&s) {
			t.findings = append(t.findings, s)
		}
	}
}

// bound drops the oldest sentences outside the focus, then the end of a focus that is still too long.
func (t *text) bound() {
	excess := len(t.sentences) - maxSentences
	if excess <= 0 {
		return
	}
	t.sentences = slices.DeleteFunc(t.sentences, func(s sentence) bool {
		drop := !s.focus && excess > 0
		if drop {
			excess--
		}
		return drop
	})
	t.sentences = keep(t.sentences, maxSentences)
}

func languageOf(p *crm.Passage) string {
	if slices.Contains(languages, p.Language) {
		return p.Language
	}
	head := p.Text
	if len(head) > 4000 {
		head = strings.ToValidUTF8(head[:4000], "")
	}
	return detect(crm.Terms(head))
}

// focus is the passage whose activity is the subject; of a record, the newest incoming email, else the newest passage.
func focus(r model.Request) *crm.Passage {
	var mail, newest *crm.Passage
	for i := range r.Passages {
		p := &r.Passages[i]
		if p.Activity == r.Subject && !r.Subject.IsZero() {
			return p
		}
		if p.Kind == crm.Email && p.Direction == crm.Incoming && (mail == nil || p.Time.After(mail.Time)) {
			mail = p
		}
		if newest == nil || p.Time.After(newest.Time) {
			newest = p
		}
	}
	return cmp.Or(mail, newest)
}

// say makes a claim of a sentence: its words, led by the speaker where the quote or the passage itself proves who spoke.
func say(s *sentence) claim {
	body := strings.Join(strings.Fields(s.quote()), " ")
	start := s.start
	if s.speaker != "" && s.voice != unknownVoice {
		switch {
		case s.speaker == s.passage.Person:
			body = s.speaker + ": " + body
		case s.lead < s.start && utf8.RuneCountInString(s.passage.Text[s.lead:s.end]) <= 320:
			start, body = s.lead, s.speaker+": "+body
		}
	}
	return claim{Text: body, Quotes: []quote{{Passage: s.passage.ID, Quote: s.passage.Text[start:s.end]}}}
}

// alike reports whether two sentences say nearly the same: more than six of ten terms shared.
func alike(a, b *sentence) bool {
	if a == b {
		return true
	}
	if a.finding != nil && b.finding != nil {
		return a.finding.Text == b.finding.Text // of two tickets or measures most words are the same
	}
	seen := map[string]int{}
	for _, t := range a.terms {
		seen[t] |= 1
	}
	for _, t := range b.terms {
		seen[t] |= 2
	}
	both := 0
	for _, m := range seen {
		if m == 3 {
			both++
		}
	}
	return len(seen) > 0 && float64(both) > .6*float64(len(seen))
}

func (t *text) isUsed(s *sentence) bool {
	return slices.ContainsFunc(t.used, func(u *sentence) bool { return alike(u, s) })
}
