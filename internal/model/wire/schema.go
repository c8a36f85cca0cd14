package wire

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

// lowered are the keywords that every provider's structured output takes. What is left out (lengths, ranges, patterns) is checked in the answer all the same.
var lowered = []string{"type", "properties", "required", "additionalProperties", "items", "enum", "description"}

// Lower reduces an output schema to the subset that all providers accept. crm.ErrInvalid when it is no JSON object.
func Lower(schema json.RawMessage) (map[string]any, error) {
	var s map[string]any
	if err := json.Unmarshal(schema, &s); err != nil {
		return nil, fmt.Errorf("output schema: %w: %w", err, crm.ErrInvalid)
	}
	lower(s)
	return s, nil
}

func lower(s map[string]any) {
	for key := range s {
		if !slices.Contains(lowered, key) {
			delete(s, key)
		}
	}
	if properties, ok := s["properties"].(map[string]any); ok {
		for _, p := range properties {
			if p, ok := p.(map[string]any); ok {
				lower(p)
			}
		}
	}
	if items, ok := s["items"].(map[string]any); ok {
		lower(items)
	}
}
