// Package archtest keeps the import table and the house's hard rules by reading the source files, in the test process, so that the result is never a cached one of
// other files.
package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/contextd/contextd/"

// table says what each package may import inside this module; "*" is everything. A package that is not listed here fails the test: decide where it belongs first.
var table = map[string][]string{
	"internal/crm":                      {},
	"internal/model":                    {"internal/crm"},
	"internal/model/modeltest":          {"internal/crm", "internal/model"},
	"internal/model/builtin":            {"internal/crm", "internal/model"},
	"prompts":                           {"internal/crm"},
	"internal/analysis":                 {"internal/crm"},
	"indexer":                           {"internal/crm", "internal/analysis"},
	"indexer/generation":                {"internal/crm", "internal/analysis", "indexer"},
	"indexer/past":                      {"internal/crm", "indexer"},
	"retriever":                         {"internal/crm", "internal/analysis", "internal/codes"},
	"retriever/similar":                 {"internal/crm", "internal/analysis"},
	"engine":                            {"internal/crm", "internal/model", "internal/calibration", "internal/strict", "prompts"},
	"internal/hubspot":                  {"internal/crm"},
	"internal/hubspot/hubsim":           {"internal/crm", "internal/hubspot"},
	"internal/outside":                  {"internal/crm", "internal/strict"},
	"internal/strict":                   {},
	"internal/inbox":                    {"internal/crm"},
	"internal/store":                    {"internal/crm"},
	"internal/store/storetest":          {"internal/crm", "internal/store"},
	"internal/work":                     {"internal/crm"},
	"internal/model/ollama":             {"internal/crm", "internal/model", "internal/model/wire", "internal/model/embedding"},
	"internal/model/openai":             {"internal/crm", "internal/model", "internal/model/wire", "internal/model/embedding"},
	"internal/model/anthropic":          {"internal/crm", "internal/model", "internal/model/wire"},
	"internal/model/embedding":          {"internal/crm", "internal/model/wire"},
	"internal/model/spend":              {"internal/crm", "internal/model", "internal/model/wire"},
	"internal/model/wire":               {"internal/crm"},
	"internal/model/builtin/distil":     {"internal/crm", "internal/model", "internal/model/ollama", "internal/model/builtin"},
	"internal/calibration":              {"internal/crm"},
	"internal/evals/calibration":        {"internal/calibration"},
	"internal/redact":                   {"internal/crm", "internal/model"},
	"internal/evals/redaction":          {"internal/redact"},
	"internal/codes":                    {},
	"internal/vector/flat":              {"internal/crm", "internal/codes"},
	"internal/vector/qdrant":            {"internal/crm"},
	"internal/vector/qdrant/qdranttest": {"internal/crm", "internal/vector/qdrant"},
	"internal/vector/pgvector":          {"internal/crm"},
	"internal/vector/pgvector/pgtest":   {},
	"internal/evals/retrieval":          {"internal/crm"},
	"internal/evals/similar":            {"internal/crm"},
	"internal/evals/workflows":          {"internal/crm", "internal/model", "engine", "prompts"},
	"internal/evals/backtest":           {},
	"internal/vector/vectortest":        {"internal/crm"},
	"internal/web":                      {"internal/crm", "internal/audit", "prompts"},
	"internal/evals":                    {"internal/crm", "prompts"},
	"internal/evals/proctest":           {},
	"internal/evals/realinput":          {},
	"internal/evals/reliability":        {},
	"internal/evals/safety":             {},
	"internal/audit":                    {"internal/crm"},
	"internal/archtest":                 {},
	"cmd/contextd":                      {"*"},
}

type file struct {
	path, pkg string
	test      bool
	ast       *ast.File
	set       *token.FileSet
}

func sources(t *testing.T) []file {
	root := filepath.Join("..", "..")
	var out []file
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); path != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "bin") {
				return filepath.SkipDir
			}
			if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil && path != root {
				return filepath.SkipDir // a module of its own
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		out = append(out, file{filepath.ToSlash(rel), filepath.ToSlash(filepath.Dir(rel)), strings.HasSuffix(path, "_test.go"), parsed, set})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 50 {
		t.Fatalf("only %d files found: the walk is broken", len(out))
	}
	return out
}

func imports(f file) []string {
	var out []string
	for _, i := range f.ast.Imports {
		path, _ := strconv.Unquote(i.Path.Value) // the parser has accepted it
		out = append(out, path)
	}
	return out
}

func TestImportTable(t *testing.T) {
	for _, f := range sources(t) {
		if f.test {
			continue // tests may meet whom they like: real packages instead of mocks
		}
		allowed, listed := table[f.pkg]
		if !listed {
			t.Errorf("%s: package %s is not in the import table of internal/archtest", f.path, f.pkg)
			continue
		}
		for _, path := range imports(f) {
			inside, ok := strings.CutPrefix(path, module)
			if ok && !slices.Contains(allowed, inside) && !slices.Contains(allowed, "*") {
				t.Errorf("%s imports %s: %s may import %v", f.path, inside, f.pkg, allowed)
			}
			if f.pkg == "internal/crm" && strings.Contains(strings.Split(path, "/")[0], ".") {
				t.Errorf("%s imports %s: the waist imports the standard library only", f.path, path)
			}
		}
	}
}

// Only the composition root reads the environment, exits, or makes a root context; tests sleep nowhere.
func TestHardRules(t *testing.T) {
	banned := map[string]string{
		"os.Getenv": "only cmd/contextd reads the environment", "os.LookupEnv": "only cmd/contextd reads the environment", "os.Environ": "only cmd/contextd reads the environment",
		"os.Exit": "only cmd/contextd exits", "log.Fatal": "only cmd/contextd exits", "log.Fatalf": "only cmd/contextd exits",
		"context.Background": "contexts come from the caller (a detached clean-up says why on the line)", "context.TODO": "contexts come from the caller",
	}
	for _, f := range sources(t) {
		reasons := map[int]bool{} // lines that carry a comment: a detached clean-up names its reason there
		for _, group := range f.ast.Comments {
			for _, c := range group.List {
				reasons[f.set.Position(c.Pos()).Line] = true
			}
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			x, ok := sel.X.(*ast.Ident)
			if !ok {
				return true
			}
			name := x.Name + "." + sel.Sel.Name
			if f.test && name == "time.Sleep" {
				t.Errorf("%s: %s: tests wait for signals, never by the clock", f.set.Position(n.Pos()), name)
			}
			if name == "context.Background" && reasons[f.set.Position(n.Pos()).Line] {
				return true
			}
			if why, bad := banned[name]; bad && !f.test && f.pkg != "cmd/contextd" {
				t.Errorf("%s: %s: %s", f.set.Position(n.Pos()), name, why)
			}
			return true
		})
		for _, decl := range f.ast.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s: no init functions", f.set.Position(fn.Pos()))
			}
		}
	}
}

// Files stay readable: none over 600 lines.
func TestFileLength(t *testing.T) {
	for _, f := range sources(t) {
		if lines := f.set.Position(f.ast.End()).Line; lines > 600 {
			t.Errorf("%s has %d lines: one thing per file, none over 600", f.path, lines)
		}
	}
}

// Every package that ships says what it owns.
func TestPackageComments(t *testing.T) {
	documented := map[string]bool{}
	for _, f := range sources(t) {
		if !f.test {
			documented[f.pkg] = documented[f.pkg] || f.ast.Doc != nil
		}
	}
	for pkg, ok := range documented {
		if !ok {
			t.Errorf("package %s has no comment that says what it owns", pkg)
		}
	}
}
