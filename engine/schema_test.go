package engine

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	second "github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/contextd/contextd/internal/strict"
)

// boundSchema has every keyword that a refusal names, and some that it does not.
const boundSchema = `{"type":"object","additionalProperties":false,"required":["text","number","open","whole","list","any"],"properties":{
"text":{"type":"string","minLength":2,"maxLength":4,"pattern":"^[a-zé]"},"number":{"type":"number","minimum":-1.5,"maximum":20},"open":{"type":"number","exclusiveMinimum":0,"exclusiveMaximum":2},
"whole":{"type":["integer","null"],"multipleOf":2},"list":{"type":"array","minItems":1,"maxItems":2,"uniqueItems":true,"items":{"enum":["a","b",1,null,true]}},
"any":{"anyOf":[{"type":"string","const":"secret"},{"type":"object","additionalProperties":{"type":"number"}}]}}}`

func TestViolationNamesTheBound(t *testing.T) {
	const good = `{"text":"ab","number":1,"open":1,"whole":2,"list":["a"],"any":"secret"}`
	schema, err := CompileSchema([]byte(boundSchema))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, changed, want string }{
		{"", "", ""},
		{`"ab"`, `"a"`, `/text breaks the schema's "minLength": it has 1 characters and must have at least 2`},
		{`"ab"`, `"ééééé"`, `/text breaks the schema's "maxLength": it has 5 characters and may have at most 4`},
		{`"ab"`, `"Ab"`, `/text breaks the schema's "pattern": it must match the regular expression "^[a-zé]"`},
		{`"number":1`, `"number":-1.6`, `/number breaks the schema's "minimum": it must be at least -1.5`},
		{`"number":1`, `"number":2e1`, ""},
		{`"number":1`, `"number":20.5`, `/number breaks the schema's "maximum": it must be at most 20`},
		{`"open":1`, `"open":0`, `/open breaks the schema's "exclusiveMinimum": it must be more than 0`},
		{`"open":1`, `"open":2.0`, `/open breaks the schema's "exclusiveMaximum": it must be less than 2`},
		{`"whole":2`, `"whole":null`, ""},
		{`"whole":2`, `"whole":4.0`, ""},
		{`"whole":2`, `"whole":2.5`, `/whole breaks the schema's "type": it is number and must be integer or null`},
		{`"whole":2`, `"whole":3`, `the answer breaks the schema's "multipleOf" at /properties/whole of the schema`},
		{`["a"]`, `[]`, `/list breaks the schema's "minItems": it has 0 items and must have at least 1`},
		{`["a"]`, `["a",1,"b"]`, `/list breaks the schema's "maxItems": it has 3 items and may have at most 2`},
		{`["a"]`, `[1.0,null]`, ""},
		{`["a"]`, `["c"]`, `/list/0 breaks the schema's "enum": it must be one of [a b 1 <nil> true]`},
		{`["a"]`, `["a","a"]`, `the answer breaks the schema's "uniqueItems" at /properties/list of the schema`},
		{`"secret"`, `"validating x: enum: secret"`, `the answer breaks the schema's "anyOf" at /properties/any of the schema`},
		{`"secret"`, `{"a":1}`, ""},
		{good, `{"text":1,"number":"x","open":9,"whole":"w","list":7,"any":"secret","more":1,"most":2}`, `/ breaks the schema's "additionalProperties": it has 2 more than the schema names; /list breaks the schema's "type": it is number and must be array; ` +
			`/number breaks the schema's "type": it is string and must be number; /open breaks the schema's "exclusiveMaximum": it must be less than 2; /text breaks the schema's "type": it is number and must be string; /whole breaks the schema's "type": it is string and must be integer or null`},
		{good, `{}`, `/ breaks the schema's "required": it lacks text, number, open, whole, list, any`},
	} {
		v, err := strict.Value([]byte(strings.Replace(good, c.old, c.changed, 1)), maxDepth)
		if err != nil {
			t.Fatal(err)
		}
		if got := schema.violation(v); got != c.want {
			t.Errorf("%s: %q\nwant %q", c.changed, got, c.want)
		}
	}
}

// Another implementation of JSON Schema comes to the same verdict about answers of every kind, and the schemas of all workflows are ones to its meta-schema.
func TestAnotherValidatorAgrees(t *testing.T) {
	all, err := embedded()
	if err != nil {
		t.Fatal(err)
	}
	schemas := []json.RawMessage{json.RawMessage(scoreSchema), json.RawMessage(boundSchema)}
	for _, w := range all {
		schemas = append(schemas, w.Schema)
	}
	rng := rand.New(rand.NewPCG(7, 11)) //nolint:gosec // of a test
	followed, broken := 0, 0
	for _, raw := range schemas {
		ours, err := CompileSchema(raw)
		if err != nil {
			t.Fatal(err)
		}
		theirs := anotherSchema(t, raw)
		var f shapes
		if err := json.Unmarshal(raw, &f); err != nil {
			t.Fatal(err)
		}
		for range 2000 {
			text, err := json.Marshal(f.random(rng))
			if err != nil {
				t.Fatal(err)
			}
			v, err := strict.Value(text, maxDepth)
			if err != nil {
				t.Fatal(err)
			}
			why, err := ours.violation(v), theirs.Validate(v)
			if (why == "") != (err == nil) {
				t.Fatalf("%.300s: %q, and another validator says %v", text, why, err)
			}
			if err == nil {
				followed++
			} else {
				broken++
			}
		}
	}
	if followed < 1000 || broken < 1000 {
		t.Errorf("%d answers follow their schema and %d do not: not what this test is for", followed, broken)
	}
}

func anotherSchema(t *testing.T, raw []byte) *second.Schema {
	t.Helper()
	doc, err := second.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	c := second.NewCompiler()
	if err := c.AddResource("s.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("s.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// shapes is what the random answers are made after.
type shapes struct {
	Type       any
	Enum       []any
	Properties map[string]*shapes
	Items      *shapes
}

// random is an answer that mostly follows the schema, with a slip here and there.
func (s *shapes) random(r *rand.Rand) any {
	odd := []any{nil, true, "a", "secret", "longer than anything", -7, 0, 1, 2, 2.5, 1e9, []any{}, map[string]any{}}
	if r.IntN(60) == 0 {
		return odd[r.IntN(len(odd))]
	}
	if s == nil {
		return odd[r.IntN(len(odd))]
	}
	if len(s.Enum) > 0 && r.IntN(50) > 0 {
		return s.Enum[r.IntN(len(s.Enum))]
	}
	switch fmt.Sprint(s.Type) {
	case "object":
		out := map[string]any{}
		for name, p := range s.Properties {
			if r.IntN(100) > 0 {
				out[name] = p.random(r)
			}
		}
		if r.IntN(50) == 0 {
			out["more"] = 1
		}
		return out
	case "array":
		out := make([]any, r.IntN(3))
		for i := range out {
			out[i] = s.Items.random(r)
		}
		return out
	case "number", "integer", "[integer null]":
		return []any{0, 1, 2, 1.5, 20, 100, 4.0, -1}[r.IntN(8)]
	case "boolean":
		return r.IntN(2) == 0
	case "string":
		return strings.Repeat("é", r.IntN(2)) + strings.Repeat("a", slices.Max([]int{0, r.IntN(5)*r.IntN(20) - 1}))
	}
	return odd[r.IntN(len(odd))]
}
