package flat

import (
	"slices"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// change is what a write did to one activity, or to profiles.
type change struct {
	portal   crm.PortalID
	ref      crm.Ref // of the activity
	old      int64   // the activity's number before; 0: it was not there
	was      string  // the accounts before
	n        int64   // the number after; 0: it was removed
	now      *facts  // after
	vectors  []float32
	words    []byte        // nil, like vectors, when it only moved: n is old
	profiles []crm.Profile // instead of all that
	unclear  bool          // a commit whose outcome is unknown
}

// addresses are what is kept of the activity or profiles, if anything is.
func (c *change) addresses() []address {
	if len(c.profiles) > 0 {
		return []address{portalAddress(profilePart, c.portal)}
	}
	out := []address{portalAddress(vectorPart, c.portal), portalAddress(wordPart, c.portal)}
	now := ""
	if c.now != nil {
		now = c.now.accounts
	}
	for _, set := range []string{c.was, now} {
		for _, r := range refsOf(c.portal, set) {
			if at := (address{vectorPart, r}); !slices.Contains(out, at) {
				out = append(out, at)
			}
		}
	}
	return out
}

// in says whether the activity is, after the change, in an account ("": the portal).
func (c *change) in(path string) bool {
	if c.n == 0 || path == "" {
		return c.n != 0
	}
	for p := range strings.FieldsSeq(c.now.accounts) {
		if p == path {
			return true
		}
	}
	return false
}
