package retriever

import (
	"fmt"
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

// unused explains, for each activity that was asked about and gave no passage, why: in plain words, for people. Those that gave one are left out. Passages have their ids.
func (s *selection) unused(q crm.Question, c *choice) []crm.Unused {
	var out []crm.Unused
	for _, ref := range q.Why {
		if !slices.ContainsFunc(c.passages, func(p crm.Passage) bool { return p.Activity == ref }) {
			out = append(out, s.why(q, c, ref))
		}
	}
	return out
}

func (s *selection) why(q crm.Question, c *choice, ref crm.Ref) crm.Unused {
	if s.account == nil {
		return crm.Unused{Activity: ref, Reason: "not among what the search of the whole store found"}
	}
	if reason := s.absent(q, ref); reason != "" {
		return crm.Unused{Activity: ref, Reason: reason}
	}
	best, rank := s.place(ref)
	if rank == 0 {
		return crm.Unused{Activity: ref, Reason: s.missed(c, ref)}
	}
	u := crm.Unused{Activity: ref, Rank: rank, Score: float64(best.score)}
	switch id := s.id(best); {
	case c.copyOf[id] != "":
		u.Reason = "near copy of " + citation(c, c.copyOf[id])
	case c.full[id]:
		u.Reason = fmt.Sprintf("ranked %s of %d, no room in the budget", ordinal(rank), len(s.ranked))
	default:
		u.Reason = fmt.Sprintf("ranked %s of %d", ordinal(rank), len(s.ranked))
	}
	return u
}

// absent is why no chunk of an activity passes the filter; "" when one does.
func (s *selection) absent(q crm.Question, ref crm.Ref) string {
	reason := "not in this account, or without text"
	lists := [][]crm.PostedChunk{s.account.posted}
	if s.past != nil {
		lists = append(lists, s.past.Present.Chunks) // what was not known then
	}
	for _, chunks := range lists {
		found := false
		for i := range chunks {
			if chunks[i].Activity == ref {
				found = true
				if reason = hidden(q.Filter, &chunks[i]); reason == "" {
					return ""
				}
			}
		}
		if found {
			break
		}
	}
	return reason
}

// missed: the activity passes the filter and is no candidate, which happens to the focus, and where only what either arm found is ranked.
func (s *selection) missed(c *choice, ref crm.Ref) string {
	for _, f := range s.focus {
		if s.account.chunk(f.chunk).Activity == ref && c.full[s.id(f)] {
			return "no room in the budget"
		}
	}
	return "nothing in it meets the question"
}

// hidden is why a chunk does not pass the filter; "" when it does.
func hidden(f crm.Filter, c *crm.PostedChunk) string {
	switch {
	case f.Matches(c.Facets()):
		return ""
	case len(f.Kinds) > 0 && !slices.Contains(f.Kinds, c.Kind):
		return fmt.Sprintf("it is a %s, and others were asked for", c.Kind)
	case f.Human && c.Generated:
		return "written by a machine"
	case c.Time.IsZero() && (!f.Since.IsZero() || !f.AsOf.IsZero()):
		return "its time is not known"
	case !f.Since.IsZero() && c.Time.Before(f.Since):
		return "before the window, which begins on " + f.Since.Format("2006-01-02")
	case !f.AsOf.IsZero() && !c.Time.Before(f.AsOf):
		return "later than " + f.AsOf.Format("2006-01-02")
	case !f.AsOf.IsZero() && !c.Created.Before(f.AsOf):
		return "known only since " + c.Created.Format("2006-01-02")
	}
	return "none of the people asked for took part"
}

// place is the best candidate of an activity and its rank; 0 when it has none.
func (s *selection) place(ref crm.Ref) (ranked, int) {
	var best ranked
	found := false
	for _, c := range s.ranked {
		if s.account.chunk(c.chunk).Activity == ref && (!found || s.before(c, best)) {
			best, found = c, true
		}
	}
	if !found {
		return best, 0
	}
	rank := 1
	for _, c := range s.ranked {
		if s.before(c, best) {
			rank++
		}
	}
	return best, rank
}

// before orders candidates: by score, ties by chunk id.
func (s *selection) before(a, b ranked) bool {
	if a.score != b.score {
		return a.score > b.score
	}
	return s.id(a) < s.id(b)
}

func citation(c *choice, chunk string) string {
	for _, p := range c.passages {
		if p.Chunk == chunk {
			return p.ID
		}
	}
	return "another passage"
}

func ordinal(n int) string {
	end := "th"
	if n%100 < 11 || n%100 > 13 {
		switch n % 10 {
		case 1:
			end = "st"
		case 2:
			end = "nd"
		case 3:
			end = "rd"
		}
	}
	return fmt.Sprintf("%d%s", n, end)
}
