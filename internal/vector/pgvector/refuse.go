package pgvector

import (
	"fmt"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// refuse says what is wrong with an element of a batch; nothing protects the index from it but this.
func refuse(k *crm.Kept, g generation) error {
	ref := k.Activity.Ref
	bad := func(format string, args ...any) error {
		return fmt.Errorf("activity %s: %s: %w", ref, fmt.Sprintf(format, args...), crm.ErrInvalid)
	}
	if !validRef(ref, ref.Portal) {
		return bad("not a reference")
	}
	if err := refuseRefs(ref.Portal, k.Accounts); err != nil {
		return bad("account %v", err)
	}
	if len(k.Terms) > 0 && len(k.Terms) != len(k.Chunks) {
		return bad("terms of %d chunks, but %d chunks", len(k.Terms), len(k.Chunks))
	}
	if len(k.Accounts) == 0 {
		return nil // a removal: its chunks are not stored
	}
	for i := range k.Chunks {
		c := &k.Chunks[i]
		if !validID(c.ID) {
			return bad("chunk id %q is not 32 hex digits", c.ID)
		}
		if !crm.ValidVector(c.Vector, g.Dimension) {
			return bad("chunk %s: a vector of %d dimensions for generation %s of %d, or without a direction", c.ID, len(c.Vector), g.Name, g.Dimension)
		}
		if g.Windows && !crm.ValidVector(c.Window, g.Dimension) || !g.Windows && len(c.Window) > 0 {
			return bad("chunk %s: a window of %d dimensions; generation %s has windows: %t", c.ID, len(c.Window), g.Name, g.Windows)
		}
		if err := refuseRefs(ref.Portal, c.People); err != nil {
			return bad("chunk %s: person %v", c.ID, err)
		}
	}
	return nil
}

func refuseRefs(portal crm.PortalID, refs []crm.Ref) error {
	for _, r := range refs {
		if !validRef(r, portal) {
			return fmt.Errorf("%s is not a reference of portal %d", r, portal)
		}
	}
	return nil
}

// validRef reports whether a reference names something of this portal, by characters that the tables can hold.
func validRef(r crm.Ref, portal crm.PortalID) bool {
	return portal > 0 && r.Portal == portal && r.Type != "" && r.ID != "" && !strings.ContainsAny(r.Path(), "\x00"+separator)
}

func validID(id string) bool {
	for _, c := range id {
		if !strings.ContainsRune("0123456789abcdef", c) {
			return false
		}
	}
	return len(id) == 32
}
