package pgvector

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// statement is SQL text with its arguments. The text has SCHEMA and _N where the schema and the generation's number go.
type statement struct {
	sql  strings.Builder
	args []any
}

// arg adds an argument and returns its place in the text.
func (s *statement) arg(v any) string {
	s.args = append(s.args, v)
	return "$" + strconv.Itoa(len(s.args))
}

// where is the condition on rows of chunks_N that every search and count has: the only one there is. It refuses a filter that names no place. The portal is part of
// the text, not an argument: the planner proves by it that the portal's own HNSW index fits.
func (s *statement) where(f crm.Filter) (string, error) {
	if !f.Valid() {
		return "", fmt.Errorf("a filter needs a portal and either an account of it or all of it, not %d, %s, wide %t: %w", f.Portal, f.Account, f.Wide, crm.ErrInvalid)
	}
	and := []string{tenant(f.Portal)}
	if f.Wide {
		and = append(and, "lead")
	} else {
		and = append(and, "account = "+s.arg(f.Account.Path()))
	}
	if len(f.Kinds) > 0 {
		and = append(and, "kind = any("+s.arg(f.Kinds)+"::text[])")
	}
	if f.Human {
		and = append(and, "not generated")
	}
	if len(f.People) > 0 {
		and = append(and, "people && "+s.arg(paths(f.Portal, f.People))+"::text[]")
	}
	if !f.Since.IsZero() {
		and = append(and, "time >= "+s.arg(ceil(f.Since)))
	}
	if !f.AsOf.IsZero() {
		before := s.arg(ceil(f.AsOf))
		and = append(and, "time < "+before+" and created < "+before)
	}
	return strings.Join(and, " and "), nil
}

// tenant is the wall: the condition on the portal that every statement over a portal's rows has.
func tenant(p crm.PortalID) string { return "portal = " + p.String() }

// whereProfiles is the same for rows of profiles_N.
func (s *statement) whereProfiles(f crm.ProfileFilter) (string, error) {
	if f.Portal <= 0 {
		return "", fmt.Errorf("a filter needs a portal, not %d: %w", f.Portal, crm.ErrInvalid)
	}
	and := []string{tenant(f.Portal)}
	if f.Except.Portal == f.Portal {
		and = append(and, "account <> "+s.arg(f.Except.Path()))
	}
	if len(f.Outcomes) > 0 {
		and = append(and, "outcome = any("+s.arg(f.Outcomes)+"::text[])")
	}
	if f.Industry != "" {
		and = append(and, "industry = "+s.arg(f.Industry))
	}
	if f.MinEmployees > 0 {
		and = append(and, "employees >= "+s.arg(f.MinEmployees))
	}
	if f.MaxEmployees > 0 {
		and = append(and, "employees between 1 and "+s.arg(f.MaxEmployees))
	}
	return strings.Join(and, " and "), nil
}

// plain reports whether a filter names a place and nothing else.
func plain(f crm.Filter) bool {
	return len(f.Kinds) == 0 && len(f.People) == 0 && f.Since.IsZero() && f.AsOf.IsZero() && !f.Human
}

// paths are the references of a portal as rows hold them; those of another portal are in none of its rows.
func paths(portal crm.PortalID, refs []crm.Ref) []string {
	out := make([]string, 0, len(refs))
	for _, r := range refs {
		if r.Portal == portal {
			out = append(out, r.Path())
		}
	}
	return out
}

// ceil is the first whole microsecond that is not before t: rows hold microseconds.
func ceil(t time.Time) int64 {
	n := t.UnixMicro()
	if t.Nanosecond()%1000 != 0 {
		n++
	}
	return n
}
