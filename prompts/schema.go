package prompts

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
	"go.yaml.in/yaml/v3"
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
func checkSchema(file string, raw []byte, tried bool, p *problems) map[string]*node {
	if !tried && !json.Valid(raw) {
		err := json.Unmarshal(raw, new(any))
		line := 1
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			line += bytes.Count(raw[:max(syntax.Offset-1, 0)], []byte("\n"))
		}
		p.raw(fmt.Errorf("%s:%d: not JSON: %w", file, line, err))
		return nil
	}
	s := schemaCheck{file: file, raw: raw, p: p}
	if !tried {
		if err := compiles(raw); err != nil {
			s.fail(placeOf(err), "not a JSON schema: %v", err)
			return nil
		}
	}
	var root node
	if err := json.Unmarshal(raw, &root); err != nil {
		s.fail("the root", "%v", err)
		return nil
	}
	if root.Type != "object" || len(root.Properties) == 0 {
		s.fail("the root", "the root must be an object with properties")
		return nil
	}
	s.object("the root", &root)
	return root.Properties
}

// compiles is nil for a JSON schema that says what it means. The library lets pass what it does not know, such as a misspelt keyword.
func compiles(raw []byte) error {
	var s jsonschema.Schema
	if err := json.Unmarshal(raw, &s); err != nil {
		return err
	}
	if _, err := s.Resolve(nil); err != nil {
		return err
	}
	return sensible("the root", &s)
}

// sensible looks at one schema and those below it.
func sensible(where string, s *jsonschema.Schema) error {
	for _, t := range append(s.Types, s.Type) {
		if t != "" && !slices.Contains([]string{"object", "array", "string", "number", "integer", "boolean", "null"}, t) {
			return fmt.Errorf("%s has the type %q, which there is not", where, t)
		}
	}
	if unknown := sortedKeys(s.Extra); len(unknown) > 0 {
		return fmt.Errorf("%s has the keyword %q, which there is not", where, unknown[0])
	}
	for _, bound := range []struct {
		name        string
		least, most *int
	}{{"Length", s.MinLength, s.MaxLength}, {"Items", s.MinItems, s.MaxItems}, {"Properties", s.MinProperties, s.MaxProperties}} {
		if least, most := value(bound.least, 0), value(bound.most, math.MaxInt); least < 0 || most < least {
			return fmt.Errorf("%s has a min%[2]s of %[3]d and a max%[2]s of %[4]d, which nothing keeps to", where, bound.name, least, most)
		}
	}
	if least, most := value(s.Minimum, math.Inf(-1)), value(s.Maximum, math.Inf(1)); most < least {
		return fmt.Errorf("%s has a minimum of %v and a maximum of %v, which nothing keeps to", where, least, most)
	}
	if s.MultipleOf != nil && *s.MultipleOf <= 0 {
		return fmt.Errorf("%s has a multipleOf of %v, and it must be more than 0", where, *s.MultipleOf)
	}
	for _, name := range sortedKeys(s.Properties) {
		if err := sensible(where+"."+name, s.Properties[name]); err != nil {
			return err
		}
	}
	for name, below := range map[string][]*jsonschema.Schema{"[]": {s.Items}, " not": {s.Not}, " contains": {s.Contains}, " allOf": s.AllOf, " anyOf": s.AnyOf, " oneOf": s.OneOf, " prefixItems": s.PrefixItems} {
		for _, one := range below {
			if one == nil {
				continue
			}
			if err := sensible(where+name, one); err != nil {
				return err
			}
		}
	}
	return nil
}

// value is what a pointer points to, or else.
func value[T any](p *T, other T) T {
	if p == nil {
		return other
	}
	return *p
}

type schemaCheck struct {
	file string
	raw  []byte
	p    *problems
}

// fail adds a problem of the schema at where, such as "the root.factors[].quotes".
func (s schemaCheck) fail(where, format string, args ...any) {
	var root yaml.Node
	line := 1
	if yaml.Unmarshal(s.raw, &root) == nil { // JSON is YAML; the line is all that is read again
		line = lineOf(&root, pathOf(where))
	}
	s.p.raw(fmt.Errorf(fmt.Sprintf("%s:%d: ", s.file, line)+format, args...))
}

// pathOf is where in the file the schema of a place stands.
func pathOf(where string) (path []any) {
	for part := range strings.SplitSeq(strings.TrimPrefix(where, "the root"), ".") {
		name := strings.TrimRight(part, "[]")
		if name != "" {
			path = append(path, "properties", name)
		}
		for range strings.Count(part, "[]") {
			path = append(path, "items")
		}
	}
	return path
}

// placeOf is the place that an error of sensible begins with.
func placeOf(err error) string {
	if rest, is := strings.CutPrefix(err.Error(), "the root"); is {
		name, _, _ := strings.Cut(rest, " ")
		return "the root" + name
	}
	return "the root"
}

func (s schemaCheck) object(where string, n *node) {
	if n.AdditionalProperties == nil || *n.AdditionalProperties {
		s.fail(where, "%s must say additionalProperties: false", where)
	}
	for _, name := range sortedKeys(n.Properties) {
		if !slices.Contains(n.Required, name) {
			s.fail(where+"."+name, "%s must require %q: an answer has every field", where, name)
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
			s.fail(where, "%s must say what its items are", where)
			return
		}
		s.value(where+"[]", n.Items)
	case "string", "number", "integer", "boolean":
	default:
		s.fail(where, "%s has type %v: want object, array, string, number, integer or boolean", where, n.Type)
	}
}

// claim checks the one shape that the engine knows how to verify.
func (s schemaCheck) claim(where string, n *node) {
	if t := n.Properties["text"]; t == nil || t.Type != "string" {
		s.fail(where, "%s has quotes and so is a claim, but it has no string text", where)
	}
	q := n.Properties["quotes"]
	if q.Type != "array" || q.Items == nil || q.Items.Type != "object" {
		s.fail(where+".quotes", "%s.quotes must be an array of objects", where)
		return
	}
	for _, key := range []string{"passage", "quote"} {
		if k := q.Items.Properties[key]; k == nil || k.Type != "string" {
			s.fail(where+".quotes[]", "%s.quotes[] must have a string %q", where, key)
		}
	}
}
