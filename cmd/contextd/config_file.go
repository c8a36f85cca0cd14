package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// file merges one YAML file. Nodes instead of maps: their lines are what a person needs to find a mistake.
func (l *loader) file(path string) {
	f, err := os.Open(path)
	if err != nil {
		l.add("the configuration file cannot be read", path, reason(err))
		return
	}
	defer f.Close() // only read
	var doc yaml.Node
	switch err := yaml.NewDecoder(f).Decode(&doc); {
	case errors.Is(err, io.EOF): // empty, or comments only
		return
	case err != nil:
		l.add("the configuration file is not YAML", path, strings.TrimPrefix(err.Error(), "yaml: "))
		return
	}
	w := &fileWalk{loader: l, path: path, in: newLayer(), lines: map[string]int{}}
	w.mapping(doc.Content[0], "")
	l.merge(w.in)
}

// fileWalk goes through one document.
type fileWalk struct {
	*loader
	path  string
	in    layer
	lines map[string]int // of the keys seen, to find doubles: the later one would win in silence
}

func (w *fileWalk) at(n *yaml.Node) string { return fmt.Sprintf("%s:%d", w.path, n.Line) }

func (w *fileWalk) mapping(n *yaml.Node, prefix string) {
	n = target(n)
	if n.Kind != yaml.MappingNode {
		if !isNull(n) {
			w.add(strings.TrimSuffix(prefix, ".")+" is not a section", w.at(n), "write its keys below it, indented")
		}
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], target(n.Content[i+1])
		full := prefix + name.Value
		if first, twice := w.lines[full]; twice {
			w.add(full+" is set twice", fmt.Sprintf("%s:%d and %d", w.path, first, name.Line), "keep one of them")
			continue
		}
		w.lines[full] = name.Line
		switch {
		case full == "portals":
			w.list(value, full, portalKeys(), "portal", "portal_id and token", "- portal_id: …")
		case full == "models":
			w.list(value, full, modelsKeys(), "model", "workflows, provider and model", "- workflows: […]")
		case w.isSection(full):
			w.mapping(value, full+".")
		case value.Kind == yaml.MappingNode && w.keys[full].name == "":
			w.unknown(w.keys, full, "", w.at(name))
		case isNull(value): // "token:" with nothing behind it
		default:
			if texts, ok := w.texts(value, full); ok && w.items(value, full, texts) {
				w.put(w.in, w.keys, full, "", texts, w.at(name))
			}
		}
	}
}

func (w *fileWalk) isSection(name string) bool {
	for k := range w.keys {
		if strings.HasPrefix(k, name+".") {
			return true
		}
	}
	return false
}

// list reads a list of sections, such as the portals; each entry has the given keys. what, needs and begins are for messages.
func (w *fileWalk) list(list *yaml.Node, name string, all []key, what, needs, begins string) {
	if isNull(list) {
		return
	}
	if list.Kind != yaml.SequenceNode {
		w.add(name+" is not a list", w.at(list), "start each "+what+" with \""+begins+"\"")
		return
	}
	keys := map[string]key{}
	for _, k := range all {
		keys[k.name] = k
	}
	entries := []any{}
	for i, item := range list.Content {
		prefix := fmt.Sprintf("%s[%d].", name, i)
		entry := newLayer()
		item = target(item)
		if item.Kind != yaml.MappingNode {
			w.add(strings.TrimSuffix(prefix, ".")+" is not a "+what, w.at(item), "give it "+needs)
			continue
		}
		for j := 0; j+1 < len(item.Content); j += 2 {
			field, value := item.Content[j], target(item.Content[j+1])
			if isNull(value) {
				continue
			}
			if texts, ok := w.texts(value, prefix+field.Value); ok {
				w.put(entry, keys, field.Value, prefix, texts, w.at(field))
			}
		}
		plain := map[string]any{}
		for name, v := range entry.values {
			plain[strings.TrimPrefix(name, prefix)] = v
		}
		for field, o := range entry.where {
			w.in.where[field] = o
		}
		entries = append(entries, plain)
	}
	w.in.values[name] = entries
	w.in.where[name] = origin(w.at(list))
}

// texts are the scalars of a value with their variables filled in.
func (w *fileWalk) texts(n *yaml.Node, name string) ([]string, bool) {
	nodes := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		nodes = n.Content
	}
	out := make([]string, 0, len(nodes))
	for _, c := range nodes {
		c = target(c)
		if c.Kind != yaml.ScalarNode {
			w.add(name+" has keys of its own", w.at(c), "give it a plain value")
			return nil, false
		}
		text, missing := expand(c.Value, w.getenv)
		if missing != "" {
			w.add(name+": ${"+missing+"} is not set", w.at(c), "set the variable "+missing)
			return nil, false
		}
		out = append(out, text)
	}
	return out, true
}

var variable = regexp.MustCompile(`\$?\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// expand puts variables in place of ${NAME}; $${NAME} stands for the text ${NAME}. missing is the first name that is unset or empty.
func expand(s string, getenv func(string) string) (text, missing string) {
	text = variable.ReplaceAllStringFunc(s, func(m string) string {
		if strings.HasPrefix(m, "$$") {
			return m[1:]
		}
		name := m[2 : len(m)-1]
		v := getenv(name)
		if v == "" && missing == "" {
			missing = name
		}
		return v
	})
	return text, missing
}

func target(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }
