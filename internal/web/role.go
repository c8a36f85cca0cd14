package web

import (
	"fmt"

	"github.com/contextd/contextd/internal/crm"
)

// Role is what somebody may do. Each role may do all that the one before it may. The zero value may do nothing.
type Role string

// The four roles, from least to most.
const (
	Viewer        Role = "viewer"   // reads history, suggestions, audit and status
	Reviewer      Role = "reviewer" // also rejects suggestions and starts runs
	Approver      Role = "approver" // also approves and edits: what leads to writing in HubSpot
	Administrator Role = "admin"    // also tokens, work rows and indexing
)

// Roles lists all roles, least first.
func Roles() []Role { return []Role{Viewer, Reviewer, Approver, Administrator} }

// String is the role's stored and shown name.
func (r Role) String() string { return string(r) }

// ParseRole reads a role's name; anything else is crm.ErrInvalid.
func ParseRole(s string) (Role, error) {
	for _, r := range Roles() {
		if string(r) == s {
			return r, nil
		}
	}
	return "", fmt.Errorf("role %q: want one of %v: %w", s, Roles(), crm.ErrInvalid)
}

// May reports whether somebody with role r may do what needs the given role. An unknown role may nothing, and nothing may be done that needs an unknown one.
func (r Role) May(needed Role) bool { return needed.rank() > 0 && r.rank() >= needed.rank() }

func (r Role) rank() int {
	for i, known := range Roles() {
		if r == known {
			return i + 1
		}
	}
	return 0
}
