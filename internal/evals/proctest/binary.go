package proctest

import (
	"net"
	"os/exec"
	"path/filepath"
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
