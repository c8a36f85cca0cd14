package modeltest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
)

// strictKeywords are what the strict structured outputs of OpenAI and of Anthropic have in common; the latter refuses a request with any other.
var strictKeywords = []string{"type", "properties", "required", "additionalProperties", "items", "enum", "description"}

// shape is what the doubles must know of a schema.
type shape struct {
	Type        string            `json:"type"`
	Properties  map[string]*shape `json:"properties"`
	Items       *shape            `json:"items"`
	Enum        []string          `json:"enum"`
	Minimum     float64           `json:"minimum"`
	Maximum     float64           `json:"maximum"`
	MinLength   int               `json:"minLength"`
	MaxLength   int               `json:"maxLength"` // 0: no limit
	Description string            `json:"description"`
}

// shapeOf reads a schema as a model does: a bound may stand as a keyword, or in words.
func shapeOf(schema json.RawMessage) (*shape, error) {
	var s shape
	if err := json.Unmarshal(schema, &s); err != nil {
		return nil, fmt.Errorf("read schema: %w: %w", err, crm.ErrInvalid)
	}
	s.told()
	return &s, nil
}

var told = regexp.MustCompile(`(Characters: |Items: )?(?i:at )(most|least) (-?[0-9.]*[0-9])\.`)

// told takes bounds out of descriptions.
func (s *shape) told() {
	for _, m := range told.FindAllStringSubmatch(s.Description, -1) {
		n, _ := strconv.ParseFloat(m[3], 64) // the expression has digits
		switch m[1] + m[2] {
		case "most":
			s.Maximum = n
		case "least":
			s.Minimum = n
		case "Characters: most":
			s.MaxLength = int(n)
		case "Characters: least":
			s.MinLength = int(n)
		}
	}
	for _, p := range s.Properties {
		p.told()
	}
	if s.Items != nil {
		s.Items.told()
	}
}

// bounds is a schema with one bound of each kind, each with a value of its own.
const bounds = `{"type":"object","additionalProperties":false,"required":["text","number","open","step","list"],"properties":{
"text":{"type":"string","description":"A code.","minLength":211,"maxLength":223,"pattern":"^[A-Z]{227}"},
"number":{"type":"number","minimum":229,"maximum":233},"open":{"type":"number","exclusiveMinimum":239,"exclusiveMaximum":241},"step":{"type":"integer","multipleOf":251},
"list":{"type":"array","minItems":257,"maxItems":263,"items":{"type":"string","maxLength":269}}}}`

// bounded asks for an answer with bounds of every kind: each is sent where its field stands, as the keyword or in its description, and no keyword that the provider refuses.
func (p Protocol) bounded(t *testing.T) {
	s := p.Serve(t, Answer(200, p.Reply(Good, model.Stop)))
	r := Request("We need a price.")
	r.Schema = json.RawMessage(bounds)
	if _, err := p.Open(t, s.URL, time.Minute).Complete(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	_, sent, err := p.Asks(s.Asked()[0])
	if err != nil {
		t.Fatal(err)
	}
	var root map[string]any
	if err := json.Unmarshal(sent, &root); err != nil {
		t.Fatal(err)
	}
	fields, _ := root["properties"].(map[string]any)
	list, _ := fields["list"].(map[string]any)
	for at, want := range map[string][]string{"text": {"A code.", "211", "223", "227"}, "number": {"229", "233"}, "open": {"239", "241"}, "step": {"251"}, "list": {"257", "263"}, "list.items": {"269"}} {
		node, _ := fields[at].(map[string]any)
		if at == "list.items" {
			node, _ = list["items"].(map[string]any)
		}
		keys := []string{}
		said := ""
		for k, v := range node {
			keys = append(keys, k)
			if k != "items" && k != "properties" {
				said += fmt.Sprintf(" %s %v", k, v)
			}
		}
		for _, w := range want {
			if !strings.Contains(said, w) {
				t.Errorf("%s: the model does not see %s, but%s", at, w, said)
			}
		}
		for _, k := range keys {
			if p.Takes != nil && !slices.Contains(p.Takes, k) {
				t.Errorf("%s: keyword %q is sent, which the provider refuses", at, k)
			}
		}
	}
}
