package engine

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/prompts"
)

// ofSilence states since when nothing was heard. It stands on the last activity: its day, and its first words as the quote.
func (r *run) ofSilence(ctx context.Context, f prompts.Finding) ([]crm.Finding, error) {
	last, usual, err := r.lastHeard(ctx, f.Direction)
	if err != nil || last.Ref.IsZero() {
		return nil, err
	}
	if notable, ever := notableAfter(f, usual); !ever || r.now().Sub(last.Time) < notable {
		return nil, nil
	}
	quote := firstWords(last.Document.Text)
	if quote == "" {
		return nil, nil
	}
	e := crm.Evidence{Activity: last.Ref, Version: last.Document.Version, Kind: last.Ref.Type.Kind(), Time: last.Time, Person: crm.Author(last.People), Quote: quote}
	e.Start = strings.Index(last.Document.Text, quote)
	e.End = e.Start + len(quote)
	text := prompts.Fill(prompts.In(f.Text, r.textLanguage(f)), map[string]string{"date": r.local(last.Time).Format(time.DateOnly), "usual": strconv.Itoa(usual)})
	return []crm.Finding{{Kind: "silence", Text: text, Number: daysBetween(last.Time, r.now()), Time: last.Time, Evidence: []crm.Evidence{e}}}, nil
}

// notableAfter is how long a silence must last to be stated; never for a finding that asks for a habit where there is none.
func notableAfter(f prompts.Finding, usual int) (time.Duration, bool) {
	if f.Times == 0 {
		return f.After, true
	}
	return max(f.After, time.Duration(f.Times*float64(usual)*24*float64(time.Hour))), usual > 0
}

// lastHeard is the newest activity that breaks the record's silence in a direction ("": in any), with its text as the run may know it, and how many days lay between two
// words as a rule; zero when there is none, or no habit.
func (r *run) lastHeard(ctx context.Context, d crm.Direction) (last crm.Stored, usual int, err error) {
	heard, err := r.History.Heard(ctx, crm.Hearing{Record: r.record.Ref, Account: r.account, Direction: d, Until: r.now(), AsOf: r.asOf})
	if err != nil {
		return last, 0, fmt.Errorf("last heard: %w", err)
	}
	return heard.Last, usualGap(heard.Days), nil
}

// fewestGaps is how many gaps make a habit.
const fewestGaps = 4

// usualGap is the median of the days that lie between one day with a word and the next, over the year before the last of them; at least 1, and 0 when there are too few.
// Times come newest first.
func usualGap(times []time.Time) int {
	var gaps []int
	for i := 1; i < len(times) && times[0].Sub(times[i]) < 365*24*time.Hour; i++ {
		if gap := int(daysBetween(times[i], times[i-1])); gap > 0 {
			gaps = append(gaps, gap)
		}
	}
	if len(gaps) < fewestGaps {
		return 0
	}
	slices.Sort(gaps)
	return gaps[len(gaps)/2]
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
