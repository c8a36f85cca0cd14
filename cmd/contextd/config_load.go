package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/v2"
)

const (
	envPrefix  = "CONTEXTD_"
	testPrefix = "CONTEXTD_TEST" // switches of the test suites; not ours to judge
	fileSuffix = "_file"
)

// problem is one thing that is wrong with the configuration.
type problem struct {
	what  string // the key and what is the matter with it
	where string // file:line, variable or flag
	fix   string
}

// configError holds all problems at once, so that nobody mends them one run at a time.
type configError struct{ problems []problem }

func (e *configError) Error() string {
	lines := make([]string, len(e.problems))
	for i, p := range e.problems {
		lines[i] = p.what + ": " + p.where + ": " + p.fix
	}
	return strings.Join(lines, "\n")
}

// origin says where a value was set: "default", a file:line, a variable or a flag.
type origin string

const byDefault origin = "default"

// sources are what a configuration is made of. File is --config, "" to look in the usual places; Flags are texts by key, named in messages by FlagNames.
type sources struct {
	File    string
	Environ []string
	Flags   map[string]flagged
}

// flagged is a value given on the command line.
type flagged struct{ flag, text string }

// loader merges the layers and collects what is wrong on the way.
type loader struct {
	keys     map[string]key
	order    []key
	getenv   func(string) string
	merged   *koanf.Koanf
	origins  map[string]origin
	problems []problem
}

// loadConfig merges defaults < files < environment < flags. The error is a *configError with every problem.
func loadConfig(src sources) (Config, error) {
	l := newLoader(src.Environ)
	cfg := Config{}
	files, err := configFiles(src.File, l.getenv)
	if err != nil {
		return cfg, err
	}
	l.defaults()
	for _, f := range files {
		l.file(f)
	}
	l.environment(src.Environ)
	l.flags(src.Flags)
	if len(l.problems) == 0 {
		if err := l.merged.Unmarshal("", &cfg); err != nil {
			return cfg, fmt.Errorf("merge configuration: %w", err) // every value was parsed before: a defect of ours
		}
		l.check(cfg)
	}
	cfg.Files, cfg.origins = files, l.origins
	if len(l.problems) > 0 {
		return cfg, &configError{l.problems}
	}
	return cfg, nil
}

func newLoader(environ []string) *loader {
	vars := map[string]string{}
	for _, v := range environ {
		if name, value, ok := strings.Cut(v, "="); ok {
			vars[name] = value
		}
	}
	getenv := func(name string) string { return vars[name] }
	l := &loader{keys: map[string]key{}, order: configKeys(getenv), getenv: getenv, merged: koanf.New("."), origins: map[string]origin{}}
	for _, k := range l.order {
		l.keys[k.name] = k
	}
	return l
}

// configFiles are the files to read, weakest first: --config alone, or those of the two usual places that exist.
func configFiles(given string, getenv func(string) string) ([]string, error) {
	if given != "" {
		return []string{given}, nil
	}
	places := []string{"contextd.yaml"}
	if dir := configDir(getenv); dir != "" {
		places = []string{filepath.Join(dir, "contextd.yaml"), "contextd.yaml"}
	}
	var out []string
	for _, path := range places {
		_, err := os.Stat(path)
		switch {
		case err == nil:
			out = append(out, path)
		case !errors.Is(err, os.ErrNotExist):
			return nil, &configError{[]problem{{"the configuration cannot be looked for", path, reason(err)}}}
		}
	}
	return out, nil
}

func (l *loader) add(what, where, fix string) {
	l.problems = append(l.problems, problem{what, where, fix})
}

// layer is one source's values by key; kinds of values are those of Config's fields.
type layer struct {
	values map[string]any
	where  map[string]origin
}

func newLayer() layer { return layer{map[string]any{}, map[string]origin{}} }

func (l *loader) merge(in layer) {
	if err := l.merged.Load(confmap.Provider(in.values, "."), nil); err != nil {
		panic("config: merge a flat map: " + err.Error()) // confmap cannot fail
	}
	for name, o := range in.where {
		l.origins[name] = o
	}
}

func (l *loader) defaults() {
	in := newLayer()
	for _, k := range l.order {
		if k.initial != "" {
			l.set(in, k, k.name, []string{k.initial}, string(byDefault))
		}
		l.origins[k.name] = byDefault
	}
	l.merge(in)
}

func (l *loader) environment(environ []string) {
	in := newLayer()
	for _, v := range environ {
		name, text, _ := strings.Cut(v, "=")
		if text == "" || !strings.HasPrefix(name, envPrefix) || strings.HasPrefix(name, testPrefix) {
			continue // empty is unset: compose files write NAME=${NAME:-}
		}
		l.put(in, l.keys, strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(name, envPrefix)), "__", "."), "", []string{text}, name)
	}
	l.merge(in)
}

func (l *loader) flags(given map[string]flagged) {
	in := newLayer()
	for _, name := range slices.Sorted(maps.Keys(given)) {
		f := given[name]
		l.set(in, l.keys[name], name, []string{f.text}, "--"+f.flag)
	}
	l.merge(in)
}

// put stores a value that somebody named: known keys, secrets by file, or a problem. prefix stands before the name in messages ("portals[0].").
func (l *loader) put(in layer, keys map[string]key, name, prefix string, texts []string, where string) {
	if k, ok := keys[name]; ok {
		l.set(in, k, prefix+name, texts, where)
		return
	}
	base, isFile := strings.CutSuffix(name, fileSuffix)
	if k, ok := keys[base]; ok && isFile && k.secret {
		l.secretFile(in, k, prefix+base, texts, where)
		return
	}
	l.unknown(keys, name, prefix, where)
}

func (l *loader) set(in layer, k key, name string, texts []string, where string) {
	if before, twice := in.where[name]; twice {
		l.add(name+" is set twice", string(before)+" and "+where, "keep one of them")
		return
	}
	v, err := k.parse(texts)
	if c := (*complaint)(nil); errors.As(err, &c) {
		l.add(name+": "+c.what, where, c.fix)
		return
	}
	in.values[name], in.where[name] = v, origin(where)
}

func (l *loader) secretFile(in layer, k key, name string, texts []string, where string) {
	if len(texts) != 1 {
		l.add(name+fileSuffix+": is a list", where, "name one file")
		return
	}
	raw, err := os.ReadFile(texts[0])
	if err != nil {
		l.add(fmt.Sprintf("%s%s: %q cannot be read", name, fileSuffix, texts[0]), where, reason(err))
		return
	}
	l.set(in, k, name, []string{string(raw)}, where+" (in "+texts[0]+")")
}

// reason is the cause of a file error without its path, which the message already names.
func reason(err error) string {
	if p := (*os.PathError)(nil); errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}
