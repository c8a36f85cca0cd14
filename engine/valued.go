package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/prompts"
)

// valueType is the type of the property that takes its value from the claims of a field; "" where none does.
func (r *run) valueType(field string) string {
	for _, c := range r.w.Changes {
		if c.Values == field {
			return c.Type
		}
	}
	return ""
}

// valueMissing says why a claim's own value does not follow from its quotes: a number must stand there without a unit, words as they are but for capitals. One of a list
// of options is a judgement on the quotes, which no comparison of characters can prove.
func (s said) valueMissing(of Statement) string {
	switch of.ValueType {
	case "number":
		v, ok := parseNumber(of.Value)
		if !ok || !slices.ContainsFunc(s.quotes.numbers, func(a amount) bool { return a.unit == "" && a.value == v }) {
			return fmt.Sprintf("the value %s is not in the quotes", shorten(of.Value))
		}
	case "enumeration":
	default:
		if !holdsWhole(strings.ToLower(normalise(s.text).text), strings.ToLower(normalise(of.Value).text)) {
			return fmt.Sprintf("the value %q is not in the quotes", shorten(of.Value))
		}
	}
	return ""
}

// listed separates the values of a property that takes several.
const listed = "; "

// fromClaims gives a property the value of the newest supported claim: what was said later wins over what was said before. A property that takes several values lists
// those whose newest claim does not say that they are given up. which are the claims that the value stands on, older what lost.
func (r *run) fromClaims(wc prompts.Change) (value string, which []int, older []string) {
	var values []string
	decided := map[string]bool{}
	for _, i := range r.byTime(wc.Values) {
		j := r.judged[i]
		key := strings.ToLower(j.Value)
		switch at := slices.IndexFunc(values, func(v string) bool { return strings.EqualFold(v, j.Value) || sameValue(v, j.Value) }); {
		case at >= 0:
			which = append(which, i)
		case decided[key]:
			older = append(older, fmt.Sprintf("%s: what was said of %s on %s is out of date", wc.Property, shorten(j.Value), dateShown(newest(j))))
		case wc.Without != "" && j.Effect == wc.Without:
			decided[key] = true
		case len(values) > 0 && !wc.List:
			older = append(older, fmt.Sprintf("%s: %s of %s is older than what is suggested", wc.Property, shorten(j.Value), dateShown(newest(j))))
		default:
			decided[key] = true
			values, which = append(values, j.Value), append(which, i)
		}
	}
	slices.Sort(which)
	if wc.List {
		slices.SortFunc(values, func(a, b string) int { return cmp.Compare(strings.ToLower(a), strings.ToLower(b)) }) // an order of its own would be a change every time
	}
	return strings.Join(values, listed), which, older
}

// byTime lists the supported claims of a field that carry a value, newest first. What has no trustworthy time comes last.
func (r *run) byTime(field string) []int {
	var out []int
	for i, j := range r.judged {
		if j.Field == field && j.Supported && j.Value != "" {
			out = append(out, i)
		}
	}
	at := func(i int) time.Time {
		for _, e := range r.judged[i].Evidence {
			if r.untimed[e.Activity] {
				return time.Time{}
			}
		}
		return newest(r.judged[i])
	}
	slices.SortStableFunc(out, func(a, b int) int { return at(b).Compare(at(a)) })
	return out
}

func newest(j Judged) (t time.Time) {
	for _, e := range j.Evidence {
		if e.Time.After(t) {
			t = e.Time
		}
	}
	return t
}

// claimsOf are the statements that a change stands on.
func (r *run) claimsOf(wc prompts.Change) (value string, which []int) {
	if wc.Values == "" {
		return "", r.standsOn(wc)
	}
	value, which, older := r.fromClaims(wc)
	r.proposal.Reasons = append(r.proposal.Reasons, older...)
	return value, which
}
