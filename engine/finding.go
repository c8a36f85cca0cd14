package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/prompts"
)

// defaultFindings is how many records or usage properties are stated when the workflow does not say.
const defaultFindings = 5

// state works out the workflow's findings, in its order, under citation ids of this run.
func (r *run) state(ctx context.Context) error {
	for _, f := range r.w.Findings {
		var found []crm.Finding
		var err error
		switch f.Kind {
		case prompts.OfRecord:
			found, err = r.ofRecord(ctx, f)
		case prompts.OfRecords:
			found, err = r.ofRecords(ctx, f)
		case prompts.OfChange:
			found, err = r.ofChange(ctx, f)
		case prompts.OfUsage:
			found, err = r.ofUsage(ctx, f)
		case prompts.OfSilence:
			found, err = r.ofSilence(ctx, f)
		case prompts.OfSource:
			found, err = r.ofSource(ctx, f)
		}
		if err != nil {
			return fmt.Errorf("finding %s: %w", f.Name, err)
		}
		for _, x := range found {
			x.ID, x.Name, x.Language = "F"+strconv.Itoa(len(r.findings)+1), f.Name, r.textLanguage(f)
			r.findings = append(r.findings, x)
		}
	}
	return nil
}

// textLanguage is the language in which the run states a finding.
func (r *run) textLanguage(f prompts.Finding) string {
	if l := languageOf(r.focus, r.passages); f.Text[l] != "" {
		return l
	}
	return "en"
}

// known is a record as the run may know it: as it was then, for a run of the past.
func (r *run) known(rec crm.Record) crm.Record {
	if r.asOf.IsZero() {
		return rec
	}
	return rec.Before(r.asOf)
}

// recordOf is the record that a finding is about; an empty one when nothing is stored of it.
func (r *run) recordOf(ctx context.Context, f prompts.Finding) (crm.Record, error) {
	if f.Of != "account" || r.account == r.record.Ref {
		return r.record, nil
	}
	got, err := r.History.Record(ctx, r.account)
	if errors.Is(err, crm.ErrNotFound) {
		return crm.Record{}, nil
	}
	return r.known(got), err
}

func (r *run) ofRecord(ctx context.Context, f prompts.Finding) ([]crm.Finding, error) {
	rec, err := r.recordOf(ctx, f)
	if err != nil {
		return nil, err
	}
	x, ok := r.stated(f, rec)
	if !ok {
		return nil, nil
	}
	first := rec.Properties[prompts.Placeholders(prompts.In(f.Text, r.textLanguage(f)))[0]]
	if day, isDay := dayValue(first); isDay {
		x.Number = daysBetween(r.now(), day)
	} else if n, err := strconv.ParseFloat(first, 64); err == nil {
		x.Number = n
	}
	return []crm.Finding{x}, nil
}

// stated fills a finding's text from a record; false when the record does not fit, or lacks a value.
func (r *run) stated(f prompts.Finding, rec crm.Record) (crm.Finding, bool) {
	for _, c := range f.Where {
		if !holds(c, rec) {
			return crm.Finding{}, false
		}
	}
	x := crm.Finding{Kind: "record"}
	text := prompts.In(f.Text, r.textLanguage(f))
	values := map[string]string{}
	for _, name := range prompts.Placeholders(text) {
		value := rec.Properties[name]
		if value == "" {
			return x, false
		}
		values[name] = shownValue(value)
		set := rec.SetAt(name)
		if set.After(x.Time) {
			x.Time = set
		}
		x.Evidence = append(x.Evidence, crm.Evidence{Record: rec.Ref, Property: name, Quote: value, Time: set})
	}
	x.Text = prompts.Fill(text, values)
	return x, true
}

func (r *run) ofRecords(ctx context.Context, f prompts.Finding) ([]crm.Finding, error) {
	records, err := r.History.RecordsOf(ctx, r.account, f.Type)
	if err != nil {
		return nil, err
	}
	var out []crm.Finding
	for _, rec := range records { // newest first
		if !rec.Created.Before(r.now()) {
			continue
		}
		x, ok := r.stated(f, r.known(rec))
		if !ok {
			continue
		}
		x.Number = daysBetween(rec.Created, r.now())
		if out = append(out, x); len(out) == cmp.Or(f.Max, defaultFindings) {
			break
		}
	}
	return out, nil
}

// usagePast is how far back the highest value is looked for that a measure of usage is compared with.
const usagePast = 183 * 24 * time.Hour

// ofUsage states each measure that has a value now and another one before.
func (r *run) ofUsage(ctx context.Context, f prompts.Finding) ([]crm.Finding, error) {
	if len(r.Usage) == 0 {
		return nil, nil
	}
	got, err := r.History.Record(ctx, r.account)
	if errors.Is(err, crm.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	rec := r.known(got)
	var out []crm.Finding
	for _, name := range r.Usage {
		now, past := rec.Properties[name], rec.History[name]
		value, err := strconv.ParseFloat(now, 64)
		if err != nil || rec.SetAt(name).IsZero() {
			continue
		}
		highest, top := crm.Value{}, 0.0
		for i, v := range past[1:] {
			left := past[i].At // it held until the value after it came
			if n, err := strconv.ParseFloat(v.Value, 64); err == nil && n > top && r.now().Sub(left) < usagePast {
				highest, top = v, n
			}
		}
		if top == 0 {
			continue
		}
		x := crm.Finding{Kind: "record", Time: past[0].At, Number: (value - top) / top * 100}
		x.Text = prompts.Fill(prompts.In(f.Text, r.textLanguage(f)), map[string]string{"property": words(name), "value": now, "since": past[0].At.UTC().Format(time.DateOnly), "before": highest.Value})
		x.Evidence = []crm.Evidence{{Record: rec.Ref, Property: name, Quote: now, Time: past[0].At}, {Record: rec.Ref, Property: name, Quote: highest.Value, Time: highest.At}}
		if out = append(out, x); len(out) == cmp.Or(f.Max, defaultFindings) {
			break
		}
	}
	return out, nil
}

// holds tests a condition on a record.
func holds(c prompts.Condition, rec crm.Record) bool {
	if len(c.Types) > 0 && !slices.Contains(c.Types, rec.Ref.Type) {
		return true
	}
	v := rec.Properties[c.Property]
	return (len(c.Is) == 0 || slices.Contains(c.Is, v)) && !slices.Contains(c.Not, v)
}

// words makes a property's name readable.
func words(name string) string {
	out := []byte(name)
	for i, b := range out {
		if b == '_' {
			out[i] = ' '
		}
	}
	return string(out)
}

// dayValue is a date property, which HubSpot writes as RFC 3339 or as a date alone.
func dayValue(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// daysBetween counts whole calendar days (UTC) from a to b.
func daysBetween(a, b time.Time) float64 {
	const day = 24 * time.Hour
	return b.UTC().Truncate(day).Sub(a.UTC().Truncate(day)).Hours() / 24
}

// states reports whether a statement is a finding's own, which code has made of what is known now.
func (r *run) states(text string) bool {
	return slices.ContainsFunc(r.findings, func(f crm.Finding) bool { return f.Text == text })
}
