package prompts

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// node is the part of a JSON schema that contextd's answers are made of.
type node struct {
	Type                 any              `json:"type"`
	Properties           map[string]*node `json:"properties"`
	Required             []string         `json:"required"`
	AdditionalProperties *bool            `json:"additionalProperties"`
	Items                *node            `json:"items"`
	Enum                 []string         `json:"enum"`
}

// isClaims reports whether the field is an array of claims: objects that carry quotes.
func (n *node) isClaims() bool {
	return n.Type == "array" && n.Items != nil && n.Items.Type == "object" && n.Items.Properties["quotes"] != nil
}

// checkSchema compiles the schema and checks its shape: an object root, everything required, nothing else allowed, claims with text and quotes. It returns the
// fields of the answer, nil when the schema is unusable.
func checkSchema(file string, raw []byte, p *problems) map[string]*node {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		p.raw(fmt.Errorf("%s: not JSON: %w", file, err))
		return nil
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("output.schema.json", doc); err != nil {
		p.raw(fmt.Errorf("%s: %w", file, err))
		return nil
	}
	if _, err := c.Compile("output.schema.json"); err != nil {
		p.raw(fmt.Errorf("%s: not a JSON schema: %w", file, err))
		return nil
	}
	var root node
	if err := json.Unmarshal(raw, &root); err != nil {
		p.raw(fmt.Errorf("%s: %w", file, err))
		return nil
	}
	if root.Type != "object" || len(root.Properties) == 0 {
		p.raw(fmt.Errorf("%s: the root must be an object with properties", file))
		return nil
	}
	s := schemaCheck{file: file, p: p}
	s.object("the root", &root)
	return root.Properties
}

type schemaCheck struct {
	file string
	p    *problems
}

func (s schemaCheck) fail(format string, args ...any) {
	s.p.raw(fmt.Errorf(s.file+": "+format, args...))
}

func (s schemaCheck) object(where string, n *node) {
	if n.AdditionalProperties == nil || *n.AdditionalProperties {
		s.fail("%s must say additionalProperties: false", where)
	}
	for _, name := range sortedKeys(n.Properties) {
		if !slices.Contains(n.Required, name) {
			s.fail("%s must require %q: an answer has every field", where, name)
		}
		s.value(where+"."+name, n.Properties[name])
	}
	if _, quotes := n.Properties["quotes"]; quotes {
		s.claim(where, n)
	}
}

func (s schemaCheck) value(where string, n *node) {
	switch n.Type {
	case "object":
		s.object(where, n)
	case "array":
		if n.Items == nil {
			s.fail("%s must say what its items are", where)
			return
		}
		s.value(where+"[]", n.Items)
	case "string", "number", "integer", "boolean":
	default:
		s.fail("%s has type %v: want object, array, string, number, integer or boolean", where, n.Type)
	}
}

// claim checks the one shape that the engine knows how to verify.
func (s schemaCheck) claim(where string, n *node) {
	if t := n.Properties["text"]; t == nil || t.Type != "string" {
		s.fail("%s has quotes and so is a claim, but it has no string text", where)
	}
	q := n.Properties["quotes"]
	if q.Type != "array" || q.Items == nil || q.Items.Type != "object" {
		s.fail("%s.quotes must be an array of objects", where)
		return
	}
	for _, key := range []string{"passage", "quote"} {
		if k := q.Items.Properties[key]; k == nil || k.Type != "string" {
			s.fail("%s.quotes[] must have a string %q", where, key)
		}
	}
}
