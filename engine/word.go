package engine

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

// wordField is where a model says how sure it is of its answer: the engine asks for it beside what the workflow's schema holds, unless that has such a field of its own. The first
// word is the one of a model that has none to say.
const wordField = "confidence"

var wordSchema = json.RawMessage(`{"type":"string","enum":["unsaid","low","medium","high"],"description":"how sure you are that all of the answer is right"}`)

// unsure is the model's own word as a feature. Nobody can check it, so it only ever speaks against a change.
func (r *run) unsure() float64 {
	if !r.wordAsked {
		return 0
	}
	return map[string]float64{"low": 1, "medium": 0.5}[r.answer.Text(wordField)]
}

// askForWord has the request ask for the word, and returns what an answer is held against: there it may be missing, as in the answers of the built-in writer.
func (r *run) askForWord() (*Schema, error) {
	answer, _, err := withWord(r.w.Schema, false)
	if err != nil {
		return nil, err
	}
	schema, err := CompileSchema(answer)
	if err != nil {
		return nil, err
	}
	r.w.Schema, r.wordAsked, err = withWord(r.w.Schema, true)
	return schema, err
}

// withWord adds the field for the model's own word behind the others of a schema, whose order stays: it is the order in which some servers have the answer written. asked is
// false, and the schema as it is, when it has a field of this name. crm.ErrInvalid for what is no object schema.
func withWord(schema json.RawMessage, required bool) (out json.RawMessage, asked bool, err error) {
	root, err := members(schema)
	if err != nil {
		return nil, false, fmt.Errorf("output schema: %w", err)
	}
	properties, err := members(root.of("properties"))
	if err != nil {
		return nil, false, fmt.Errorf("output schema: properties: %w", err)
	}
	if properties.of(wordField) != nil {
		return schema, false, nil
	}
	properties = append(properties, member{wordField, wordSchema})
	root.put("properties", properties.object())
	if required {
		var names []string
		if r := root.of("required"); r != nil {
			if err := json.Unmarshal(r, &names); err != nil {
				return nil, false, fmt.Errorf("output schema: required: %w: %w", err, crm.ErrInvalid)
			}
		}
		list, err := json.Marshal(append(names, wordField))
		if err != nil {
			return nil, false, fmt.Errorf("output schema: required: %w", err)
		}
		root.put("required", list)
	}
	return root.object(), true, nil
}

// member is one key of a JSON object with its value as it was written.
type member struct {
	key   string
	value json.RawMessage
}

// object is a JSON object in the order of its keys.
type object []member

func members(raw json.RawMessage) (out object, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	t, err := d.Token()
	if err != nil || t != json.Delim('{') {
		return nil, fmt.Errorf("want a JSON object: %w", crm.ErrInvalid)
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("%w: %w", err, crm.ErrInvalid)
		}
		m := member{}
		m.key, _ = key.(string) // keys of objects are nothing else
		if err := d.Decode(&m.value); err != nil {
			return nil, fmt.Errorf("%s: %w: %w", m.key, err, crm.ErrInvalid)
		}
		out = append(out, m)
	}
	if _, err := d.Token(); err != nil {
		return nil, fmt.Errorf("%w: %w", err, crm.ErrInvalid)
	}
	return out, nil
}

// of is the value of a key, nil when there is none.
func (o object) of(key string) json.RawMessage {
	if i := slices.IndexFunc(o, func(m member) bool { return m.key == key }); i >= 0 {
		return o[i].value
	}
	return nil
}

func (o *object) put(key string, value json.RawMessage) {
	if i := slices.IndexFunc(*o, func(m member) bool { return m.key == key }); i >= 0 {
		(*o)[i].value = value
		return
	}
	*o = append(*o, member{key, value})
}

func (o object) object() json.RawMessage {
	var b bytes.Buffer
	for i, m := range o {
		if i == 0 {
			b.WriteByte('{')
		} else {
			b.WriteByte(',')
		}
		key, err := json.Marshal(m.key)
		if err != nil {
			key = []byte(`""`) // strings always encode
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(m.value)
	}
	if len(o) == 0 {
		b.WriteByte('{')
	}
	b.WriteByte('}')
	return b.Bytes()
}
