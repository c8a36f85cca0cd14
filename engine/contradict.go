package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Limits of the search for newer words: a run asks the account so many times, and shows so many contradictions with a claim.
const (
	mostAsides         = 3
	mostContradictions = 3
	asidePassages      = 5
)

// contradict looks for newer statements of the account that say something else than a supported claim: in the passages that the run has anyway, and, for claims with a number or a
// date, in what the account says to the claim's own words since its evidence. What it finds is stored with the claim and leaves the decision to a person.
func (r *run) contradict(ctx context.Context) error {
	newest, known, err := r.newestWord(ctx)
	if err != nil {
		return err
	}
	asked := 0
	found := map[string][]crm.Contradiction{} // by claim: a draft may say the same in two places
	for i := range r.judged {
		j := &r.judged[i]
		since := newestOf(j.Evidence)
		if !j.Supported || r.states(j.Text) || since.IsZero() || known && !newest.After(since) {
			continue
		}
		key := j.Text + "|" + since.String()
		if _, done := found[key]; !done {
			sources := r.sourcesAfter(since)
			if asked < mostAsides && valued(j.Text) {
				asked++
				more, err := r.aside(ctx, j.Text, since)
				if err != nil {
					return err
				}
				sources = append(sources, more...)
			}
			found[key] = against(*j, sources, r.peopleKnown())
		}
		j.Contradictions = found[key]
		r.proposal.Claims[i].Contradictions = found[key]
	}
	return nil
}

// newestWord is when anybody of the account last wrote or said something; not known for a run of the past.
func (r *run) newestWord(ctx context.Context) (at time.Time, known bool, err error) {
	if !r.asOf.IsZero() {
		return at, false, nil
	}
	line, err := r.History.Timeline(ctx, r.account, time.Time{}, 1)
	if err != nil {
		return at, false, fmt.Errorf("newest of the account: %w", err)
	}
	if len(line) == 0 {
		return at, false, nil
	}
	return line[0].Time, !line[0].Time.IsZero(), nil
}

// aside asks the account for newer passages to a claim's own words.
func (r *run) aside(ctx context.Context, text string, since time.Time) ([]Source, error) {
	q := crm.Question{Filter: crm.Filter{Portal: r.subject.Portal, Account: r.account, AsOf: r.asOf, Since: since.Add(time.Microsecond), Human: true}, Text: text, Limit: asidePassages}
	got, err := r.Retriever.Retrieve(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("retrieve what is newer: %w", err)
	}
	var out []Source
	known, texts := map[crm.Ref]crm.Stored{}, map[string]string{}
	for _, p := range got.Passages {
		if src, ok, err := r.confirm(ctx, p, known, texts); err != nil {
			return nil, err
		} else if ok && src.Time.After(since) {
			out = append(out, src)
		}
	}
	return out, nil
}

func (r *run) sourcesAfter(since time.Time) []Source {
	var out []Source
	for _, p := range r.passages {
		if src, ok := r.sources[p.ID]; ok && src.Time.After(since) && !r.untimed[p.Activity] {
			out = append(out, src)
		}
	}
	return out
}

func newestOf(evidence []crm.Evidence) (at time.Time) {
	for _, e := range evidence {
		if e.Time.After(at) {
			at = e.Time
		}
	}
	return at
}

// valued: the claim says something that can be out of date by value, or who holds a role.
func valued(text string) bool {
	plain := normalise(text).text
	f := factsOf(plain, "", false)
	return len(f.numbers)+len(f.days) > 0 || len(holdings(lex(plain))) > 0
}

// against lists the sentences of the sources that contradict a claim, newest first.
func against(j Judged, sources []Source, people []string) []crm.Contradiction {
	var out []crm.Contradiction
	said := strings.TrimPrefix(normalise(j.Text).text, leadOf(j.Evidence))
	own, holds := wordingOf(said, newestOf(j.Evidence)), holdings(lex(said))
	for _, src := range sources {
		for _, span := range sentences(src.Text) {
			text := src.Text[span[0]:span[1]]
			plain := normalise(text).text
			newer := wordingOf(plain, src.Time)
			why := ""
			if len(holds) > 0 && !own.asks && !newer.asks && !newer.soft {
				why = otherHolder(holds, holdings(lex(plain)), people)
			}
			if why == "" {
				why = own.contradictedBy(newer)
			}
			if why == "" {
				continue
			}
			from := src.Start + span[0]
			c := crm.Contradiction{Why: why, Evidence: crm.Evidence{Activity: src.Activity, Version: src.Version, Kind: src.Kind, Time: src.Time, Person: src.speaker(from), Quote: text,
				Start: from, End: src.Start + span[1]}}
			if !slices.Contains(out, c) {
				out = append(out, c)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b crm.Contradiction) int { return b.Time.Compare(a.Time) })
	return out[:min(len(out), mostContradictions)]
}

// peopleKnown are the full names of everybody who speaks in the run's passages, or whom its records are about.
func (r *run) peopleKnown() []string {
	out := []string{r.around.person.Name, r.record.Name}
	for _, s := range r.sources {
		out = append(out, s.speakers()...)
	}
	return out
}

func leadOf(evidence []crm.Evidence) string {
	if len(evidence) == 0 || evidence[0].Person == "" {
		return ""
	}
	return normalise(evidence[0].Person).text + ": "
}

// sentences gives the byte ranges of a text's sentences, without the name of a speaker before the first of a turn.
func sentences(text string) [][2]int {
	var out [][2]int
	add := func(from, to int) {
		piece := text[from:to]
		if name, rest, ok := strings.Cut(piece, ": "); ok && len(name) < 40 && capital(name) && len(strings.Fields(name)) < 4 && !namesRole(name) {
			piece, from = rest, to-len(rest)
		}
		from += len(piece) - len(strings.TrimLeft(piece, " \t\r\n"))
		to = from + len(strings.TrimSpace(piece))
		if to > from {
			out = append(out, [2]int{from, to})
		}
	}
	from := 0
	for i := 0; i < len(text); i++ {
		ends := text[i] == '\n' || strings.ContainsRune(".!?", rune(text[i])) && i+2 < len(text) && text[i+1] == ' ' && (capital(text[i+2:]) || text[i+2] == '"')
		if ends {
			add(from, i+1)
			from = i + 1
		}
	}
	add(from, len(text))
	return out
}
