package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/prompts"
)

// leastEvidence is what a workflow asks for that says nothing of its own: one sentence of one source, however old.
var leastEvidence = prompts.Evidence{MinWords: 5, MinSources: 1}

// Held is what a run has to work from, as it is known before a model is asked.
type Held struct {
	Words   int       // from or about the customer, and of the activity in question when all of it is there
	Sources int       // that these words come from
	Newest  time.Time // of these activities; zero when no time is known
}

// Thin says what is missing when that is too little for a workflow, "" when it is enough. Whatever the workflow leaves open is as leastEvidence says.
func Thin(h Held, least prompts.Evidence, now time.Time) string {
	var lacks []string
	if n := cmp.Or(least.MinWords, leastEvidence.MinWords); h.Words < n {
		lacks = append(lacks, fmt.Sprintf("%s from or about the customer, at least %d needed", number(h.Words, "word"), n))
	}
	if n := cmp.Or(least.MinSources, leastEvidence.MinSources); h.Sources < n {
		lacks = append(lacks, fmt.Sprintf("%s, at least %d needed", number(h.Sources, "source"), n))
	}
	if most := least.MaxAge; most > 0 {
		switch {
		case h.Newest.IsZero():
			lacks = append(lacks, fmt.Sprintf("no source whose time is known, one of the last %s needed", number(days(most), "day")))
		case now.Sub(h.Newest) > most:
			lacks = append(lacks, fmt.Sprintf("the newest source is of %s, one of the last %s needed", dateShown(h.Newest), number(days(most), "day")))
		}
	}
	return strings.Join(lacks, "; ")
}

func number(n int, of string) string {
	if n == 1 {
		return "1 " + of
	}
	return fmt.Sprintf("%d %ss", n, of)
}

func days(d time.Duration) int { return int(d / (24 * time.Hour)) }

// abstain ends a run that has too little to work from, before a model costs anything.
func (r *run) abstain(context.Context) error {
	if lacks := Thin(r.held(), r.w.Evidence, r.now()); lacks != "" {
		return nothing("%s: %s", TooThin, lacks)
	}
	return nil
}

// TooThin begins the reason of a run that ended for lack of evidence.
const TooThin = "the evidence is too thin"

// held counts activities, and findings but those of the subject's own properties, which say nothing of what the customer does. A run about an activity stands or falls with that one.
func (r *run) held() (h Held) {
	whole := r.focusWhole()
	from := map[crm.Ref]bool{}
	for _, s := range r.sources {
		words := s.Theirs
		if whole && s.Activity == r.focus.Ref {
			words = wordsOf(s.Text)
		}
		if words == 0 || r.subject.Type.IsActivity() && s.Activity != r.focus.Ref {
			continue
		}
		h.Words += words
		from[s.Activity] = true
		if !r.untimed[s.Activity] && s.Time.After(h.Newest) {
			h.Newest = s.Time
		}
	}
	h.Sources = len(from)
	for _, f := range r.findings {
		if r.tellsOfThem(f) {
			h.Words += wordsOf(f.Text)
			h.Sources++
		}
	}
	return h
}

// tellsOfThem: of what code states, a silence says something of them only where it is a long one.
func (r *run) tellsOfThem(f crm.Finding) bool {
	return !r.subject.Type.IsActivity() && slices.ContainsFunc(r.w.Findings, func(of prompts.Finding) bool {
		long := of.Kind == prompts.OfSilence && (of.After > 0 || of.Times > 0)
		return of.Name == f.Name && (of.Kind == prompts.OfRecords || of.Kind == prompts.OfUsage || long)
	})
}

// theirWords counts the words of a passage that the customer wrote or said, or that somebody noted about them: all but those that our own people sent or spoke, and our tasks.
func theirWords(p crm.Passage, a crm.Stored) int {
	switch kind := p.Kind; {
	case kind == crm.Task, p.Direction == crm.Outgoing && kind != crm.Call && kind != crm.Meeting:
		return 0
	case len(a.Document.Turns) == 0 || a.Document.Version != p.Version:
		return wordsOf(p.Text)
	}
	n := 0
	for _, t := range a.Document.Turns {
		if from, to := max(t.Start, p.Start), min(t.End, p.End); from < to && !ourSpeaker(a.People, t.Speaker) {
			n += wordsOf(p.Text[from-p.Start : to-p.Start])
		}
	}
	return n
}

func ourSpeaker(people []crm.Person, name string) bool {
	return name != "" && slices.ContainsFunc(people, func(p crm.Person) bool { return p.Ours && p.Name == name })
}

// wordsOf counts as the keyword index does: a script without spaces has a word for each pair of characters.
func wordsOf(text string) int { return len(crm.Terms(text)) }
