package flat

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// sieve is a filter made ready for many activities of one table. It lets through what crm.Filter.Matches does (the suite compares them), without making times and
// references of each activity.
type sieve struct {
	kinds         uint16 // bit by kind number; 0: all
	people        []bool // by set; nil: all
	accounts      []bool // by set; nil: all
	since, before int64  // micros; before also for created
	timed         bool   // a known time is required
	bounded       bool   // before is a bound
	human         bool
	open          bool // lets everything through
}

// sift makes the sieve for a table; byAccount when the table holds more than the filter's account. Call it while the table is locked.
func sift(f crm.Filter, t *table, byAccount bool) sieve {
	s := sieve{human: f.Human, timed: !f.Since.IsZero() || !f.AsOf.IsZero(), bounded: !f.AsOf.IsZero(), since: math.MinInt64}
	for _, k := range f.Kinds {
		if n := kindNumber(k); n > 0 {
			s.kinds |= 1 << n
		} else {
			s.kinds |= 1 << 15 // a kind that no activity has: the filter is not empty
		}
	}
	if !f.Since.IsZero() {
		s.since = ceilMicros(f.Since)
	}
	if s.bounded {
		s.before = ceilMicros(f.AsOf)
	}
	if len(f.People) > 0 {
		s.people = t.people.containing(f.Portal, f.People)
	}
	if byAccount && !f.Wide {
		s.accounts = t.accounts.containing(f.Portal, []crm.Ref{f.Account})
	}
	s.open = s.kinds == 0 && s.people == nil && s.accounts == nil && !s.timed && !s.human
	return s
}

// ceilMicros rounds up, so that a time in whole micros compares with the result as it does with t.
func ceilMicros(t time.Time) int64 {
	n := t.UnixMicro()
	if time.UnixMicro(n).Before(t) {
		n++
	}
	return n
}

func (s *sieve) passes(a *span) bool {
	switch {
	case a.dead:
		return false
	case s.open:
		return true
	case s.kinds != 0 && s.kinds>>a.kind&1 == 0, s.human && a.generated, s.people != nil && !s.people[a.people], s.accounts != nil && !s.accounts[a.accounts]:
		return false
	case s.timed && (a.time == 0 || a.time < s.since):
		return false
	}
	// The zero time is before every bound, as an unknown time of creation is in crm.Filter.
	return !s.bounded || a.time < s.before && (a.created == 0 || a.created < s.before)
}

// runs are the rows of spans that pass, together where they lie together.
func (s *sieve) runs(spans []span, take func(from, to uint32)) {
	var from, to uint32
	for i := range spans {
		a := &spans[i]
		if !s.passes(a) {
			continue
		}
		if a.from != to {
			if from != to {
				take(from, to)
			}
			from = a.from
		}
		to = a.to
	}
	if from != to {
		take(from, to)
	}
}

// containing says of each set whether one of these references is in it.
func (s *sets) containing(portal crm.PortalID, refs []crm.Ref) []bool {
	var paths []string
	for _, r := range refs {
		if r.Portal == portal {
			paths = append(paths, r.Path())
		}
	}
	out := make([]bool, len(s.of))
	for i, set := range s.of {
		for path := range strings.FieldsSeq(set) {
			if slices.Contains(paths, path) {
				out[i] = true
				break
			}
		}
	}
	return out
}
