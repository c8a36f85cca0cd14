package prompts

import "github.com/contextd/contextd/internal/crm"

// meant is ` (did you mean "x"?)` for the known name that name is most likely a misspelling of; "" when none is near.
func meant(name string, known []string) string {
	if best := crm.Meant(name, known); best != "" {
		return ` (did you mean "` + best + `"?)`
	}
	return ""
}
