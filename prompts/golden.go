package prompts

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// goldenFiles reads the files with the cases of a workflow, in the order of their names.
func goldenFiles(fsys fs.FS, folder string, p *problems) (out []hashedFile) {
	files, err := fs.Glob(fsys, path.Join(folder, "golden", "*.yaml"))
	if err != nil {
		p.raw(fmt.Errorf("list golden cases of %s: %w", folder, err))
		return nil
	}
	if len(files) == 0 {
		p.add(nil, "the workflow has no golden cases (%s): nobody could tell whether a new prompt is worse", path.Join(folder, "golden", "*.yaml"))
	}
	for _, file := range files {
		raw, err := fs.ReadFile(fsys, file)
		if err != nil {
			p.raw(fmt.Errorf("read %s: %w", file, err))
			continue
		}
		out = append(out, hashedFile{path.Base(file), raw})
	}
	return out
}

// loadGolden reads the cases, one per file.
func loadGolden(folder string, files []hashedFile, answer map[string]*node, p *problems) (out []Golden) {
	names := map[string]string{}
	for _, f := range files {
		file, raw := path.Join(folder, "golden", f.name), f.content
		var g Golden
		if err := decode(file, raw, &g); err != nil {
			p.raw(err)
			continue
		}
		q := &problems{file: file, text: raw}
		if first, twice := names[g.Name]; twice {
			q.add(at("name"), "case %q exists already in %s", g.Name, first)
		}
		names[g.Name] = file
		golden(g, answer, q)
		p.errs = append(p.errs, q.errs...)
		out = append(out, g)
	}
	return out
}

// golden checks one case: it has a subject, passages, and expects something of fields that exist.
func golden(g Golden, answer map[string]*node, p *problems) {
	if g.Name == "" {
		p.add(at("name"), "a golden case needs a name")
	}
	if _, err := crm.ParsePath(1, g.Subject); err != nil {
		p.add(at("subject"), "%v", err)
	}
	if len(g.Passages) == 0 {
		p.add(at("passages"), "a golden case needs passages")
	}
	for i, x := range g.Passages {
		if x.Text == "" {
			p.add(at("passages", i), "a passage needs a text")
		}
		kinds([]crm.Kind{x.Kind}, at("passages", i, "kind"), p)
		if x.Direction != crm.Forwarded {
			direction(x.Direction, at("passages", i, "direction"), p)
		}
	}
	for i, d := range g.Dated {
		if d.Text == "" || !slices.ContainsFunc(g.Passages, func(x GoldenPassage) bool { return strings.Contains(x.Text, d.Text) }) {
			p.add(at("dated", i), "no passage holds %q", d.Text)
		}
	}
	if len(g.Must)+len(g.MustNot)+len(g.Range) == 0 && !g.Thin {
		p.add(nil, "the case expects nothing: want must, must_not, range or thin")
	}
	if g.Thin && (len(g.Must)+len(g.Range)+len(g.Outcome) > 0 || g.Nothing) {
		p.add(at("thin"), "a thin case ends before anything is answered: must, range, outcome and nothing have no place in it")
	}
	if answer == nil {
		return
	}
	for key, m := range map[string]map[string][]string{"must": g.Must, "must_not": g.MustNot} {
		for _, name := range sortedKeys(m) {
			if answer[name] == nil {
				p.add(at(key, name), "field %q is not in the schema", name)
			}
		}
	}
	for _, name := range sortedKeys(g.Outcome) {
		if n := answer[name]; n == nil || n.Type != "number" && n.Type != "integer" {
			p.add(at("outcome", name), "field %q is not a number of the schema", name)
		}
	}
	for _, name := range sortedKeys(g.Range) {
		n, r := answer[name], g.Range[name]
		if n == nil || (n.Type != "number" && n.Type != "integer") {
			p.add(at("range", name), "field %q is not a number of the schema", name)
		}
		if r[0] > r[1] {
			p.add(at("range", name), "range %v: the lower end is above the upper", r)
		}
	}
}
