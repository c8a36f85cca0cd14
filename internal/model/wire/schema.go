package wire

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// lowered are the keywords that every provider's structured output takes. Anthropic refuses a request with any other, OpenAI and its compatible servers take this one or that by
// model and version: what the others say is told in the description of their field, and the answer is checked by the whole schema all the same.
var lowered = []string{"type", "properties", "required", "additionalProperties", "items", "enum", "description"}

// silent are the keywords that bound nothing.
var silent = []string{"$schema", "$id", "$comment", "$anchor", "title", "default", "examples", "deprecated", "readOnly", "writeOnly"}

// Lower reduces an output schema to the subset that all providers accept, and puts every bound that is not in it into words. crm.ErrInvalid when it is no JSON object.
func Lower(schema json.RawMessage) (map[string]any, error) {
	var s map[string]any
	if err := json.Unmarshal(schema, &s); err != nil {
		return nil, fmt.Errorf("output schema: %w: %w", err, crm.ErrInvalid)
	}
	lower(s)
	return s, nil
}

func lower(s map[string]any) {
	words := []string{}
	if own, is := s["description"].(string); is && own != "" {
		words = append(words, own)
	}
	for _, key := range slices.Sorted(maps.Keys(s)) {
		if slices.Contains(lowered, key) {
			continue
		}
		if !slices.Contains(silent, key) {
			words = append(words, bound(key, s[key]))
		}
		delete(s, key)
	}
	if len(words) > 0 {
		s["description"] = strings.Join(words, " ")
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

// sentences say the usual bounds; %s is the schema's own value.
var sentences = map[string]string{
	"maxLength": "Characters: at most %s.", "minLength": "Characters: at least %s.", "pattern": "It matches the regular expression %s.", "format": "Its format is %s.",
	"maxItems": "Items: at most %s.", "minItems": "Items: at least %s.", "uniqueItems": "No item twice: %s.",
	"maximum": "At most %s.", "minimum": "At least %s.", "exclusiveMaximum": "Less than %s.", "exclusiveMinimum": "More than %s.", "multipleOf": "A multiple of %s.",
	"const": "Always %s.",
}

// bound says a keyword in words, or as it is written where there are none for it.
func bound(key string, value any) string {
	b, err := json.Marshal(value)
	if err != nil {
		b = []byte(fmt.Sprint(value)) // it came out of JSON
	}
	if s, known := sentences[key]; known {
		return fmt.Sprintf(s, b)
	}
	return fmt.Sprintf("JSON Schema: %q: %s.", key, b)
}
