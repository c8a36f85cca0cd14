package prompts

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

// Open loads the built-in workflows and those of a directory, "" for none: a folder there adds a workflow, or takes the place of the built-in one of its name, whole. They
// come in the order of their names. Errors as Load's, with the directory.
func Open(dir string) ([]Workflow, error) {
	all, err := Builtin()
	if err != nil {
		return nil, err
	}
	if dir != "" {
		own, err := openDir(dir)
		if err != nil {
			return nil, fmt.Errorf("workflows of %s: %w", dir, err)
		}
		for _, w := range own {
			all = append(slices.DeleteFunc(all, func(o Workflow) bool { return o.Name == w.Name }), w)
		}
		slices.SortFunc(all, func(a, b Workflow) int { return cmp.Compare(a.Name, b.Name) })
	}
	return all, together(all)
}

func openDir(dir string) ([]Workflow, error) {
	if info, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("name a directory with a folder for each workflow: %w", err)
	} else if !info.IsDir() {
		return nil, fmt.Errorf("it is a file: name a directory with a folder for each workflow: %w", crm.ErrInvalid)
	}
	root := os.DirFS(dir)
	if _, err := fs.Stat(root, workflowFile); err == nil {
		return nil, fmt.Errorf("it is one workflow: name the directory that holds its folder: %w", crm.ErrInvalid)
	}
	own, err := Load(root)
	if err == nil && len(own) == 0 {
		err = fmt.Errorf("it holds no folder with a workflow: %w", crm.ErrInvalid)
	}
	for i := range own {
		own[i].Origin = dir
	}
	return own, err
}

// together checks what one workflow says of another, and that no two write to the same place.
func together(all []Workflow) error {
	var errs []error
	names, places := []string{}, map[string]Workflow{}
	for _, w := range all {
		names = append(names, w.Name)
	}
	for _, w := range all {
		if s := w.Payload.Summary; s != "" && !slices.Contains(names, s) {
			errs = append(errs, fmt.Errorf("%s: payload.summary: %q is not a workflow%s: %w", w.Name, s, meant(s, names), crm.ErrInvalid))
		}
		for i, c := range w.Changes {
			for _, t := range w.Subjects {
				place := string(t) + "." + c.Property
				first, taken := places[place]
				if c.Kind == crm.PropertyKind && taken && first.Name != w.Name {
					later, i := w, i
					if first.Origin != "" && w.Origin == "" { // the one that somebody wrote is the one to be changed
						first, later = w, first
						i = slices.IndexFunc(later.Changes, func(o Change) bool { return o.Property == c.Property })
					}
					errs = append(errs, fmt.Errorf("%s: property %q of %s is written by %s already: name another one that starts with ai_: %w", later.line(i), c.Property, t, first.Name, crm.ErrInvalid))
				}
				places[place] = w
			}
		}
	}
	return errors.Join(errs...)
}

// line is where a change stands, as far as the file can be read again.
func (w Workflow) line(change int) string {
	file := path.Join(w.Name, workflowFile)
	if w.Origin == "" {
		return file
	}
	raw, err := os.ReadFile(filepath.Join(w.Origin, w.Name, workflowFile))
	if err != nil {
		return file
	}
	p := &problems{file: file, text: raw}
	return fmt.Sprintf("%s:%d", file, lineOf(p.root(), at("changes", change, "property")))
}
