package prompts

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/contextd/contextd/internal/crm"
)

// written puts a copy of a built-in workflow under another name into dir, as a person would: the folder, and its name in workflow.yaml.
func written(t *testing.T, dir, from, name string) string {
	t.Helper()
	files := folder(t, from, "workflow.yaml", "name: "+from, "name: "+name)
	for path, f := range files {
		to := filepath.Join(dir, name, strings.TrimPrefix(path, from+"/"))
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, f.Data, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, name)
}

func workflowOf(ws []Workflow, name string) Workflow {
	for _, w := range ws {
		if w.Name == name {
			return w
		}
	}
	return Workflow{}
}

func TestADirectoryAddsAndOverridesWorkflows(t *testing.T) {
	builtins, err := Open("")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	written(t, dir, "call_summary", "visit_summary")
	own := written(t, dir, "reply_draft", "reply_draft")
	if err := errors.Join(os.Mkdir(filepath.Join(dir, ".git"), 0o755), os.WriteFile(filepath.Join(own, "prompt@2.md"), []byte("Be brief.\n{{template \"payload\" .}}{{template \"answer\" .}}"), 0o600)); err != nil {
		t.Fatal(err)
	}
	all, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != len(builtins)+1 {
		t.Errorf("%d workflows beside %d built-in ones", len(all), len(builtins))
	}
	if w := workflowOf(all, "visit_summary"); w.Origin != dir || w.SHA256 == workflowOf(all, "call_summary").SHA256 {
		t.Errorf("the new one: origin %q", w.Origin)
	}
	w := workflowOf(all, "reply_draft")
	if w.Origin != dir || len(w.Versions) != 2 || w.Version != 1 || w.SHA256 != workflowOf(builtins, "reply_draft").SHA256 {
		t.Errorf("the copied one: origin %q, %d versions, live %d", w.Origin, len(w.Versions), w.Version)
	}
	two, err := w.At(2)
	if err != nil || two.Version != 2 || two.SHA256 == w.SHA256 || !strings.HasPrefix(two.Versions[1].Text, "Be brief.") {
		t.Errorf("version 2: %v, %+v", err, two.Version)
	}
	if _, err := w.At(3); !errors.Is(err, crm.ErrNotFound) {
		t.Errorf("version 3: %v", err)
	}
	if workflowOf(all, "call_summary").Origin != "" {
		t.Error("a built-in workflow has an origin")
	}
}

func TestADirectoryThatIsWrongIsRefused(t *testing.T) {
	for want, spoil := range map[string]func(dir string) string{
		"no folder with a workflow": func(dir string) string { return dir },
		"twice_score/workflow.yaml: there is no such file, and a folder without one is no workflow": func(dir string) string {
			return dropped(t, written(t, dir, "lead_score", "twice_score"), "workflow.yaml")
		},
		"no such file or directory": func(dir string) string { return filepath.Join(dir, "nowhere") },
		"it is one workflow":        func(dir string) string { return written(t, dir, "lead_score", "lead_score") },
		"no twice_score/README.md":  func(dir string) string { return dropped(t, written(t, dir, "lead_score", "twice_score"), "README.md") },
		"has no golden cases":       func(dir string) string { return dropped(t, written(t, dir, "call_summary", "visit"), "golden") },
		`property "ai_lead_score" of contacts is written by lead_score already: name another one`: func(dir string) string { written(t, dir, "lead_score", "twice_score"); return dir },
		"prompts are named prompt@1": func(dir string) string {
			return renamed(t, written(t, dir, "call_summary", "visit"), "prompt@1.md", "prompt@one.md")
		},
		"has no file visit/prompt@1": func(dir string) string {
			return renamed(t, written(t, dir, "call_summary", "visit"), "prompt@1.md", "prompt@2.md")
		},
		`visit: payload.summary: "call_sumary" is not a workflow (did you mean "call_summary"?)`: func(dir string) string {
			at := filepath.Join(written(t, dir, "call_summary", "visit"), "workflow.yaml")
			raw, err := os.ReadFile(at)
			if err = errors.Join(err, os.WriteFile(at, []byte(strings.Replace(string(raw), "payload:", "payload:\n  summary: call_sumary", 1)), 0o600)); err != nil {
				t.Fatal(err)
			}
			return dir
		},
	} {
		_, err := Open(spoil(t.TempDir()))
		if err == nil || !strings.Contains(err.Error(), want) || !errors.Is(err, crm.ErrInvalid) && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func dropped(t *testing.T, folder, name string) string {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(folder, name)); err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(folder)
}

func renamed(t *testing.T, folder, from, to string) string {
	t.Helper()
	if err := os.Rename(filepath.Join(folder, from), filepath.Join(folder, to)); err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(folder)
}

func TestAPlainFileBesideTheFoldersIsNotRead(t *testing.T) {
	fsys := folder(t, "lead_score", "README.md", "lead", "lead")
	fsys["notes.txt"] = &fstest.MapFile{Data: []byte("anything")}
	if ws, err := Load(fsys); err != nil || len(ws) != 1 {
		t.Errorf("%d workflows, %v", len(ws), err)
	}
}
