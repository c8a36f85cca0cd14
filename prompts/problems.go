package prompts

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/contextd/contextd/internal/crm"
)

// problems collects what is wrong in one file, with lines.
type problems struct {
	file string
	text []byte // of the file; read again for the line of a problem, since there seldom is one
	errs []error
}

// at is a path into a yaml file: keys are strings, list positions ints.
func at(path ...any) []any { return path }

func (p *problems) add(path []any, format string, args ...any) {
	p.raw(fmt.Errorf("%s:%d: "+format, append([]any{p.file, lineOf(p.root(), path)}, args...)...))
}

// root is the file's node, nil where there is none.
func (p *problems) root() *yaml.Node {
	var root yaml.Node
	if yaml.Unmarshal(p.text, &root) != nil { // decode says what is wrong
		return nil
	}
	return &root
}

func (p *problems) raw(err error) { p.errs = append(p.errs, err) }

func (p *problems) err() error { return errors.Join(p.errs...) }

// decode reads exactly one yaml document strictly into v.
func decode(file string, raw []byte, v any) error {
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	dec.KnownFields(true)
	if err := dec.Decode(v); err != nil {
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("%s:1: the file is empty", file)
		}
		return unread(file, raw, err)
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: there is more than one document in the file", file)
	}
	return nil
}

var yamlLine = expression(`^(?:yaml: )?line (\d+): `)

// withFile turns the library's "line 3: field x not found in type prompts.Workflow" into "file:3: unknown key x".
func withFile(file string, err error) error {
	messages := []string{err.Error()}
	if t, ok := errors.AsType[*yaml.TypeError](err); ok {
		messages = t.Errors
	}
	var errs []error
	for _, m := range messages {
		line := "1"
		if found := yamlLine().FindStringSubmatch(m); found != nil {
			line, m = found[1], m[len(found[0]):]
		}
		if key, typ, ok := strings.Cut(strings.TrimPrefix(m, "field "), " not found in type "); ok {
			m = "unknown key " + key + meant(key, keysOf(typ))
		} else if found := yamlValue().FindStringSubmatch(m); found != nil {
			m = found[1] + ": want " + wanted(found[2])
		}
		errs = append(errs, fmt.Errorf("%s:%s: %s", file, line, m))
	}
	return errors.Join(errs...)
}

var yamlValue = expression("^cannot unmarshal !!\\S+(?: (`[^`]*`))? into (\\S+)$")

// wanted says in words what a Go type takes.
func wanted(typ string) string {
	switch typ = strings.TrimPrefix(typ, "*"); {
	case typ == "time.Duration":
		return "a duration with its unit, such as 60s, 20m or 720h"
	case typ == "int":
		return "a whole number"
	case typ == "float64":
		return "a number"
	case typ == "bool":
		return "true or false"
	case typ == "time.Time":
		return "a moment such as 2026-05-20T08:00:00Z"
	case strings.HasPrefix(typ, "[]"):
		return "a list"
	case typ == "string", strings.HasPrefix(typ, "crm."):
		return "a word or text"
	}
	return "keys with their values"
}

// unread adds the line to mistakes that the library tells without one.
func unread(file string, raw []byte, err error) error {
	text := err.Error()
	lineAt := func(offset int) int { return 1 + bytes.Count(raw[:offset], []byte("\n")) }
	if !utf8.Valid(raw) {
		offset := 0
		for offset < len(raw) {
			r, size := utf8.DecodeRune(raw[offset:])
			if r == utf8.RuneError && size == 1 {
				break
			}
			offset += size
		}
		return fmt.Errorf("%s:%d: a character is not UTF-8: save the file as UTF-8", file, lineAt(offset))
	}
	if _, name, is := strings.Cut(text, "unknown anchor '"); is {
		name, _, _ = strings.Cut(name, "'")
		if offset := bytes.Index(raw, []byte("*"+name)); offset >= 0 {
			return fmt.Errorf("%s:%d: *%s stands for what &%s marks, and nothing before is marked so", file, lineAt(offset), name, name)
		}
	}
	return withFile(file, err)
}

// keysOf lists the yaml keys of a type that decode fills, by its name in the library's messages.
func keysOf(typ string) (keys []string) {
	for _, v := range []any{Workflow{}, Trigger{}, Condition{}, Retrieve{}, Shown{}, Tokens{}, Change{}, Section{}, Policy{}, Golden{}, GoldenPassage{}, crm.Plan{}, crm.Field{}, crm.Rule{}} {
		t := reflect.TypeOf(v)
		for i := range t.NumField() {
			if key := t.Field(i).Tag.Get("yaml"); t.String() == typ && key != "" && key != "-" {
				keys = append(keys, key)
			}
		}
	}
	return keys
}

// lineOf is the line of the node at path, or of the deepest one that exists.
func lineOf(n *yaml.Node, path []any) int {
	if n == nil {
		return 1
	}
	if n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
		n = n.Content[0]
	}
	line := max(n.Line, 1)
	for _, step := range path {
		next, at := child(n, step)
		if next == nil {
			break
		}
		n, line = next, at
	}
	return line
}

func child(n *yaml.Node, step any) (*yaml.Node, int) {
	switch s := step.(type) {
	case string:
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == s {
				return n.Content[i+1], n.Content[i].Line
			}
		}
	case int:
		if n.Kind == yaml.SequenceNode && s < len(n.Content) {
			return n.Content[s], n.Content[s].Line
		}
	}
	return nil, 0
}
