package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/prompts"
)

// silenceDepth is how many of the newest activities are looked through for the last one that broke the silence.
const silenceDepth = 200

// ofSilence states since when nothing was heard. It stands on the last activity: its day, and its first words as the quote.
func (r *run) ofSilence(ctx context.Context, f prompts.Finding) ([]crm.Finding, error) {
	last, err := r.lastHeard(ctx, f.Direction)
	if err != nil || last.Ref.IsZero() || r.now().Sub(last.Time) < f.After {
		return nil, err
	}
	quote := firstWords(last.Document.Text)
	if quote == "" {
		return nil, nil
	}
	e := crm.Evidence{Activity: last.Ref, Version: last.Document.Version, Kind: last.Ref.Type.Kind(), Time: last.Time, Person: crm.Author(last.People), Quote: quote}
	e.Start = strings.Index(last.Document.Text, quote)
	e.End = e.Start + len(quote)
	text := prompts.Fill(prompts.In(f.Text, r.textLanguage(f)), map[string]string{"date": r.local(last.Time).Format(time.DateOnly)})
	return []crm.Finding{{Kind: "silence", Text: text, Number: daysBetween(last.Time, r.now()), Time: last.Time, Evidence: []crm.Evidence{e}}}, nil
}

// lastHeard is the newest activity of the record that breaks a silence, with its text as the run may know it; zero when there is none.
func (r *run) lastHeard(ctx context.Context, d crm.Direction) (crm.Stored, error) {
	line, err := r.History.Timeline(ctx, r.record.Ref, time.Time{}, silenceDepth)
	if err != nil {
		return crm.Stored{}, fmt.Errorf("timeline: %w", err)
	}
	for _, a := range line {
		if !r.heard(a, d) {
			continue
		}
		switch a, err := r.activity(ctx, a.Ref); {
		case errors.Is(err, crm.ErrNotFound):
			continue
		case err != nil:
			return crm.Stored{}, fmt.Errorf("read %s: %w", a.Ref.Path(), err)
		default:
			return a, nil
		}
	}
	return crm.Stored{}, nil
}

// heard reports whether an activity breaks a silence in a direction ("": in any). Notes and tasks are no talk with anybody, calls that reached nobody neither.
func (r *run) heard(a crm.Stored, d crm.Direction) bool {
	if a.Ours || a.Generated || a.TimeUnknown || a.Time.IsZero() || a.Time.After(r.now()) || r.asOf.IsZero() && a.DeletedAt != nil || !r.asOf.IsZero() && !a.Created.Before(r.asOf) ||
		!slices.Contains(a.Accounts, r.account) {
		return false
	}
	switch a.Ref.Type.Kind() {
	case crm.Email, crm.Message:
		return d == "" || a.Direction == d
	case crm.Call:
		return a.Status == "" || a.Status == "COMPLETED"
	case crm.Meeting:
		return a.Status == "" || a.Status == "COMPLETED" || a.Status == "SCHEDULED"
	}
	return false
}

// firstWords is the first line of a text that can stand as a quote, cut between words.
func firstWords(text string) string {
	const most = 160
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if len(line) > most {
			cut := most
			for cut > 0 && !utf8.RuneStart(line[cut]) {
				cut--
			}
			if at := strings.LastIndexByte(line[:cut], ' '); at > 0 {
				line = line[:at]
			}
		}
		if longEnough(normalise(line)) {
			return line
		}
	}
	return ""
}

// local is a moment in the portal's zone.
func (r *run) local(t time.Time) time.Time {
	if r.Zone == nil {
		return t.UTC()
	}
	if z := r.Zone(r.subject.Portal); z != nil {
		return t.In(z)
	}
	return t.UTC()
}
