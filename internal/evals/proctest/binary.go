package proctest

import (
	"encoding/json"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Build compiles the real binary into a directory that goes with the test, and returns its path.
func Build(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "contextd")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", path, "github.com/contextd/contextd/cmd/contextd")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build contextd: %v: %s", err, out)
	}
	return path
}

// BuildChanged compiles the binary with one text of one source file (a path in the module) replaced by another, as somebody else would have written it.
func BuildChanged(t testing.TB, file, before, after string) string {
	t.Helper()
	mod, err := exec.CommandContext(t.Context(), "go", "env", "GOMOD").Output()
	if err != nil {
		t.Fatal(err)
	}
	source := filepath.Join(filepath.Dir(strings.TrimSpace(string(mod))), filepath.FromSlash(file))
	text, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(text), before) != 1 {
		t.Fatalf("%s does not hold %q once", file, before)
	}
	dir := t.TempDir()
	changed, overlay, path := filepath.Join(dir, "changed.go"), filepath.Join(dir, "overlay.json"), filepath.Join(dir, "contextd")
	list, err := json.Marshal(map[string]any{"Replace": map[string]string{source: changed}})
	if err == nil {
		err = errors.Join(os.WriteFile(changed, []byte(strings.Replace(string(text), before, after, 1)), 0o600), os.WriteFile(overlay, list, 0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "build", "-overlay", overlay, "-o", path, "github.com/contextd/contextd/cmd/contextd")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build another contextd: %v: %s", err, out)
	}
	return path
}

// FreeAddress is a loopback host:port that nobody listens on at this moment.
func FreeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
