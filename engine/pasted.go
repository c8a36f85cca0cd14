package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// stretchOf is a part of a text and whose words it holds: the author's (of is nil), or those of somebody whom the author has pasted. What nobody may quote is in no stretch: headers, and
// what we wrote.
type stretchOf struct {
	start, end int
	of         *crm.Pasted
}

// divide takes a passage apart into the words of its author and those that they have pasted, so that each stands under the name of who wrote it, on their side and at its time. A passage
// of one voice comes back as it is; one that holds nothing but headers and our own words is gone.
func (r *run) divide(src Source, a crm.Stored, drafts []draft) []Source {
	if len(src.Turns) > 0 {
		return []Source{src}
	}
	var out []Source
	for _, s := range r.stretches(src.Stored, a, drafts) {
		start, end := max(s.start, src.Start), min(s.end, src.End)
		if start >= end {
			continue
		}
		if s.of == nil && start == src.Start && end == src.End {
			return []Source{src}
		}
		part := src
		part.Text = strings.TrimSpace(src.Stored[start:end])
		if part.Text == "" {
			continue
		}
		part.Start = start + strings.Index(src.Stored[start:end], part.Text)
		part.End = part.Start + len(part.Text)
		if s.of != nil {
			part.Person, part.Direction, part.Time = cmp.Or(s.of.Name, s.of.Email), sideOf(*s.of, a.People), r.writtenAt(src, *s.of)
		}
		part.Theirs = theirWords(part.Passage, a)
		out = append(out, part)
	}
	return out
}

// stretches are the parts of a text in their order.
func (r *run) stretches(text string, a crm.Stored, drafts []draft) []stretchOf {
	var pastes []crm.Pasted
	if r.Pasted != nil {
		pastes = r.Pasted(text)
	}
	var out []stretchOf
	at := 0
	for i := range pastes {
		p := &pastes[i]
		out = append(out, stretchOf{at, p.Start, nil}, stretchOf{p.Content, p.End, p})
		at = p.End
	}
	out = append(out, stretchOf{at, len(text), nil})
	for _, ours := range oursIn(text, a, drafts) {
		var rest []stretchOf
		for _, s := range out {
			if ours[0] >= s.end || ours[1] <= s.start {
				rest = append(rest, s)
				continue
			}
			rest = append(rest, stretchOf{s.start, max(s.start, ours[0]), s.of}, stretchOf{min(s.end, ours[1]), s.end, s.of})
		}
		out = rest
	}
	return slices.DeleteFunc(out, func(s stretchOf) bool { return s.start >= s.end })
}

// oursIn finds what contextd wrote in a text: from the line that begins each note and task of ours to its reference, or to the end, and sentences of earlier drafts.
func oursIn(text string, a crm.Stored, drafts []draft) (out [][2]int) {
	plain := normalise(text)
	for from := 0; ; {
		i := strings.Index(plain.text[from:], byLine)
		if i < 0 {
			break
		}
		start, end := plain.at[from+i], len(text)
		if ref := strings.Index(text[start:], markerLead); ref >= 0 {
			end = start + ref
			if line := strings.IndexByte(text[end:], '\n'); line >= 0 {
				end += line
			} else {
				end = len(text)
			}
		}
		out = append(out, [2]int{start, end})
		for from += i + len(byLine); from < len(plain.at) && plain.at[from] < end && from < len(plain.text); from++ {
		}
	}
	for _, d := range drafts {
		if !d.at.Before(a.Created) {
			continue
		}
		if start, end, ok := plain.find(d.sentence); ok {
			out = append(out, [2]int{start, end})
		}
	}
	return out
}

// draft is a sentence that contextd worded itself in a draft that it put before people.
type draft struct {
	sentence string // normalised
	at       time.Time
}

// Bounds of the drafts that are looked for in what people pasted.
const (
	draftsDepth = 200
	draftWords  = 6 // shorter sentences are anybody's
	mostDrafts  = 200
)

// drafts lists the sentences of our drafts about the account: those of tasks of ours, but what these quote, which is other people's.
func (r *run) drafts(ctx context.Context) ([]draft, error) {
	line, err := r.History.Timeline(ctx, r.account, r.since(), draftsDepth)
	if err != nil {
		return nil, fmt.Errorf("timeline: %w", err)
	}
	var out []draft
	for _, a := range line {
		if !a.Ours || a.Ref.Type != crm.Tasks || len(out) >= mostDrafts {
			continue
		}
		read, err := r.activity(ctx, a.Ref)
		switch {
		case errors.Is(err, crm.ErrNotFound):
			continue
		case err != nil:
			return nil, fmt.Errorf("read %s: %w", a.Ref.Path(), err)
		}
		lines := strings.Split(read.Document.Text, "\n")
		for i, l := range lines {
			if strings.Contains(l, byLine) || strings.Contains(l, markerLead) || inList(l) || i+1 < len(lines) && cites(lines[i+1]) || cites(l) {
				continue
			}
			for _, span := range stretch().FindAllString(l, -1) {
				if s := normalise(span).text; len(strings.Fields(s)) >= draftWords {
					out = append(out, draft{strings.TrimRight(s, ".!?… "), a.Created})
				}
			}
		}
	}
	return out, nil
}

// inList: a line of a list, which in our drafts says again what somebody said.
func inList(line string) bool {
	t := strings.TrimSpace(line)
	return strings.HasPrefix(t, "- ") || strings.HasPrefix(t, "• ") || strings.HasPrefix(t, "* ")
}

// cites: a line that names the source of the one above it.
func cites(line string) bool { return strings.Contains(line, ": “") }

// sideOf says on whose side the writer of a pasted message is, as far as its header and the people of the activity tell.
func sideOf(p crm.Pasted, people []crm.Person) crm.Direction {
	_, domain, _ := strings.Cut(p.Email, "@")
	side := crm.Direction("")
	if p.Name != "" || p.Email != "" {
		side = crm.Incoming
	}
	for _, who := range people {
		_, at, _ := strings.Cut(strings.ToLower(who.Email), "@")
		switch {
		case p.Email != "" && strings.EqualFold(who.Email, p.Email), p.Email == "" && p.Name != "" && strings.EqualFold(who.Name, p.Name):
			if who.Ours {
				return crm.Outgoing
			}
			return crm.Incoming
		case who.Ours && domain != "" && at == domain:
			side = crm.Outgoing
		}
	}
	return side
}

// writtenAt is the day that a pasted message's header names; zero when it names none that can be: nothing relative follows from it then.
func (r *run) writtenAt(src Source, p crm.Pasted) time.Time {
	zone := r.zone()
	if zone == nil {
		zone = time.UTC
	}
	for _, d := range factsOf(normalise(src.Stored[p.Start:p.Content]).text, "", true).days {
		if d.year == 0 || d.month == 0 || d.day == 0 {
			continue
		}
		at := time.Date(d.year, d.month, d.day, 12, 0, 0, 0, zone)
		if src.Time.IsZero() || at.Before(src.Time.Add(24*time.Hour)) {
			return at
		}
	}
	return time.Time{}
}
