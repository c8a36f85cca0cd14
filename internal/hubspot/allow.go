package hubspot

import (
	"fmt"
	"slices"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// ownActivityProperties are all that contextd writes on notes and tasks of its own.
var ownActivityProperties = []string{
	"hs_note_body", "hs_timestamp", "hs_task_subject", "hs_task_body", "hs_task_status", "hs_task_priority", "hs_task_type", "hubspot_owner_id", keyProperty,
}

const machinePrefix = "ai_" // the only properties of records that contextd writes

// writable is the allow-list of the whole product, checked before any request leaves, whatever a policy, a model or a person asked for: on records machine properties
// only, on notes and tasks a fixed list, nothing else at all. Anything else is crm.ErrForbidden.
func writable(t crm.ObjectType, property string) error {
	switch {
	case t.IsRecord() && strings.HasPrefix(property, machinePrefix) && len(property) > len(machinePrefix) && isPropertyName(property) && property != keyProperty:
		return nil
	case (t == crm.Notes || t == crm.Tasks) && slices.Contains(ownActivityProperties, property):
		return nil
	}
	return fmt.Errorf("write %s.%s: not on the allow-list: %w", t, property, crm.ErrForbidden)
}

// isPropertyName accepts what HubSpot accepts as a name: lower-case letters, digits, underscores; a letter first.
func isPropertyName(s string) bool {
	for i, c := range s {
		letter := c >= 'a' && c <= 'z'
		if !letter && (i == 0 || (c != '_' && (c < '0' || c > '9'))) {
			return false
		}
	}
	return s != "" && len(s) <= 100
}
