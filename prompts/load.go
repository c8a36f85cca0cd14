package prompts

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/contextd/contextd/internal/crm"
)

const (
	workflowFile = "workflow.yaml"
	schemaFile   = "output.schema.json"
)

// Load reads every folder of fsys as a workflow, in the order of their names, and validates all of them. The error joins one sentence per problem, each with file
// and line, and wraps crm.ErrInvalid; then no workflow is returned. Plain files beside the folders are not read.
func Load(fsys fs.FS) ([]Workflow, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, fmt.Errorf("list workflows: %w", err)
	}
	var out []Workflow
	var errs []error
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		w, err := loadFolder(fsys, e.Name())
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
func loadFolder(fsys fs.FS, name string) (Workflow, error) {
	var w Workflow
	file := path.Join(name, workflowFile)
	raw, err := fs.ReadFile(fsys, file)
	if err != nil {
		return w, fmt.Errorf("read %s: %w", file, err)
	}
	root, err := decode(file, raw, &w)
	if err != nil {
		return w, err
	}
	p := &problems{file: file, root: root}
	promptFile := path.Join(name, fmt.Sprintf("prompt@%d.md", w.Version))
	prompt, err := fs.ReadFile(fsys, promptFile)
	if err != nil {
		p.add(at("prompt"), "prompt %d has no file %s", w.Version, promptFile)
	}
	schemaPath := path.Join(name, schemaFile)
	schema, err := fs.ReadFile(fsys, schemaPath)
	if err != nil {
		p.add(nil, "the workflow has no %s", schemaPath)
	}
	if len(p.errs) > 0 {
		return w, p.err()
	}
	answer := checkSchema(schemaPath, schema, p)
	w.Schema = json.RawMessage(schema)
	w.Prompt = parsePrompt(promptFile, string(prompt), p)
	validate(w, name, answer, p)
	w.Golden = loadGolden(fsys, name, answer, p)
	w.SHA256 = hashFiles(hashedFile{workflowFile, raw}, hashedFile{path.Base(promptFile), prompt}, hashedFile{schemaFile, schema}, hashedFile{"payload.tmpl", []byte(shared)})
	return w, p.err()
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
