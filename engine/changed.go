package engine

import (
	"context"
	"strconv"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/prompts"
)

// ofChange states a property that has another value than the first that its history tells of. It stands on both.
func (r *run) ofChange(ctx context.Context, f prompts.Finding) ([]crm.Finding, error) {
	rec, err := r.recordOf(ctx, f)
	if err != nil {
		return nil, err
	}
	past := rec.History[f.Property]
	if len(past) < 2 || past[0].Value == "" || past[0].Value != rec.Properties[f.Property] {
		return nil, nil
	}
	now, first := past[0], past[len(past)-1]
	for i := len(past) - 1; first.Value == "" && i > 0; i-- { // it was set later than the record was made
		first = past[i]
	}
	if shownValue(now.Value) == shownValue(first.Value) {
		return nil, nil
	}
	x := crm.Finding{Kind: "record", Time: now.At, Number: movedBy(first.Value, now.Value)}
	x.Text = prompts.Fill(prompts.In(f.Text, r.textLanguage(f)), map[string]string{"value": shownValue(now.Value), "before": shownValue(first.Value), "since": now.At.UTC().Format(time.DateOnly)})
	for _, v := range []crm.Value{now, first} {
		x.Evidence = append(x.Evidence, crm.Evidence{Record: rec.Ref, Property: f.Property, Quote: v.Value, Time: v.At})
	}
	return []crm.Finding{x}, nil
}

// shownValue is a value as findings say it: of a date, the day.
func shownValue(v string) string {
	if day, is := dayValue(v); is {
		return day.Format(time.DateOnly)
	}
	return oneLine(v)
}

// movedBy is how far a value moved: days between dates, percent between numbers, else 0.
func movedBy(from, to string) float64 {
	a, isDay := dayValue(from)
	b, too := dayValue(to)
	if isDay && too {
		return daysBetween(a, b)
	}
	x, err := strconv.ParseFloat(from, 64)
	y, err2 := strconv.ParseFloat(to, 64)
	if err != nil || err2 != nil || x == 0 {
		return 0
	}
	return (y - x) / x * 100
}
