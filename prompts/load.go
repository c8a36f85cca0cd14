package prompts

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/contextd/contextd/internal/crm"
)

const (
	workflowFile = "workflow.yaml"
	schemaFile   = "output.schema.json"
	readmeFile   = "README.md"
)

// Load reads every folder of fsys as a workflow, in the order of their names, and validates all of them. The error joins one sentence per problem, each with file
// and line, and wraps crm.ErrInvalid; then no workflow is returned. Plain files beside the folders are not read.
func Load(fsys fs.FS) ([]Workflow, error) { return load(fsys, nil) }

// load is Load; folders whose workflow.yaml has been read hold no mistakes.
func load(fsys fs.FS, read map[string]Workflow) ([]Workflow, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, fmt.Errorf("list workflows: %w", err)
	}
	var out []Workflow
	var errs []error
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") || !isFolder(fsys, e) {
			continue
		}
		w, err := loadFolder(fsys, e.Name(), read)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		out = append(out, w)
	}
	if len(errs) > 0 {
		return nil, fmt.Errorf("%w: %w", crm.ErrInvalid, errors.Join(errs...))
	}
	return out, nil
}

// loadFolder reads one workflow with its prompt, schema and golden cases.
func loadFolder(fsys fs.FS, name string, read map[string]Workflow) (Workflow, error) {
	w, tried := read[name]
	file := path.Join(name, workflowFile)
	raw, err := fs.ReadFile(fsys, file)
	if errors.Is(err, fs.ErrNotExist) {
		return w, fmt.Errorf("%s: there is no such file, and a folder without one is no workflow: add it, or move the folder elsewhere: %w", file, err)
	}
	if err != nil {
		return w, fmt.Errorf("read %s: %w", file, err)
	}
	if !tried {
		if err := decode(file, raw, &w); err != nil {
			return w, err
		}
	}
	p := &problems{file: file, text: raw}
	schemaPath := path.Join(name, schemaFile)
	schema, err := fs.ReadFile(fsys, schemaPath)
	if err != nil {
		p.add(nil, "the workflow has no %s", schemaPath)
	}
	if page, err := fs.ReadFile(fsys, path.Join(name, readmeFile)); err != nil || len(bytes.TrimSpace(page)) == 0 {
		p.add(nil, "the workflow has no %s: one page on what it does, when and with what", path.Join(name, readmeFile))
	}
	if len(p.errs) > 0 {
		return w, p.err()
	}
	answer := checkSchema(schemaPath, schema, tried, p)
	w.Schema = json.RawMessage(schema)
	w.Versions = loadVersions(fsys, name, tried, p)
	for i, v := range w.Versions {
		w.Versions[i].SHA256 = hashFiles(hashedFile{workflowFile, raw}, hashedFile{versionFile(v.Number), []byte(v.Text)}, hashedFile{schemaFile, schema},
			hashedFile{"payload.tmpl", []byte(shared)})
	}
	if answer == nil { // what the workflow says of its fields can be judged once the schema is one
		return w, p.err()
	}
	if !tried {
		validate(w, name, answer, p)
	}
	if live, err := w.At(w.Version); err == nil {
		w = live
	} else if w.Version > 0 {
		p.add(at("prompt"), "prompt %d has no file %s", w.Version, path.Join(name, versionFile(w.Version)))
	}
	files := goldenFiles(fsys, name, p)
	w.GoldenSHA = hashFiles(files...)
	w.golden = sync.OnceValue(func() []Golden { return loadGolden(name, files, answer, p) })
	if !tried {
		w.golden()
	}
	return w, p.err()
}

// isFolder also follows links: mounted configuration is made of them.
func isFolder(fsys fs.FS, e fs.DirEntry) bool {
	if e.Type()&fs.ModeSymlink != 0 {
		info, err := fs.Stat(fsys, e.Name())
		return err == nil && info.IsDir()
	}
	return e.IsDir()
}

func versionFile(number int) string { return fmt.Sprintf("prompt@%d.md", number) }

var versionName = expression(`^prompt@([1-9][0-9]{0,3})\.md$`)

// loadVersions reads every prompt of a folder, ascending.
func loadVersions(fsys fs.FS, folder string, tried bool, p *problems) (out []Version) {
	files, err := fs.Glob(fsys, path.Join(folder, "prompt*.md"))
	if err != nil {
		p.raw(fmt.Errorf("list prompts of %s: %w", folder, err))
		return nil
	}
	for _, file := range files {
		found := versionName().FindStringSubmatch(path.Base(file))
		if found == nil {
			p.raw(fmt.Errorf("%s:1: prompts are named prompt@1.md, prompt@2.md …", file))
			continue
		}
		text, err := fs.ReadFile(fsys, file)
		if err != nil {
			p.raw(fmt.Errorf("read %s: %w", file, err))
			continue
		}
		number, _ := strconv.Atoi(found[1]) // four digits at most
		out = append(out, Version{Number: number, Text: string(text), Prompt: parsePrompt(file, string(text), tried, p)})
	}
	slices.SortFunc(out, func(a, b Version) int { return cmp.Compare(a.Number, b.Number) })
	return out
}

type hashedFile struct {
	name    string
	content []byte
}

// hashFiles hashes names and lengths too, so that no byte can move from one file to the next unseen.
func hashFiles(files ...hashedFile) string {
	h := sha256.New()
	for _, f := range files {
		fmt.Fprintf(h, "%s\x00%d\x00", f.name, len(f.content)) // a hash never fails to write
		h.Write(f.content)
	}
	return hex.EncodeToString(h.Sum(nil))
}
