package builtin

import (
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// stated lists the findings that a rule counts, in their order.
func (t *text) stated(r crm.Rule) []*sentence {
	var out []*sentence
	for i := range t.findings {
		s := &t.findings[i]
		if s.finding.Name != r.Finding || len(out) == limit(r.Max, 1) || !between(s.finding.Number, r) && r.Given == "" {
			continue
		}
		if len(r.Cues) == 0 || len(match(compile(r.Cues, s.language), s.terms)) > 0 {
			out = append(out, s)
		}
	}
	return out
}

func between(n float64, r crm.Rule) bool {
	return (r.Over == nil || n > *r.Over) && (r.Under == nil || n < *r.Under)
}

// inTime reports whether a sentence was said, or names a day, in the time that a rule looks at.
func (t *text) inTime(r crm.Rule, s *sentence) bool {
	if r.Dated == "" {
		return r.Days == 0 || !s.time().IsZero() && t.now.Sub(s.time()) <= time.Duration(r.Days)*24*time.Hour
	}
	today := t.now.UTC().Truncate(24 * time.Hour)
	for _, d := range t.dated {
		if d.Passage != s.passage.ID || d.Start >= s.end || d.End <= s.start {
			continue
		}
		past := d.Day.Before(today)
		if past == (r.Dated == "past") && (r.Days == 0 || d.Day.Sub(today).Abs() <= time.Duration(r.Days)*24*time.Hour) {
			return true
		}
	}
	return false
}
