package realinput

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// data is the path of a part of the evaluation data, as the Makefile names its directory. Without the variable the test skips; a part that is missing although the
// directory is named also skips, except where everything is required.
func data(t *testing.T, parts ...string) string {
	t.Helper()
	root := os.Getenv("CONTEXTD_TEST_DATA")
	if root == "" {
		t.Skip("SKIPPED: CONTEXTD_TEST_DATA is not set; run `make eval EVAL_DATA=DIR`")
	}
	path := filepath.Join(append([]string{root}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CONTEXTD_TEST") == "required" {
			t.Fatal(err)
		}
		t.Skipf("SKIPPED: %v; nothing was measured", err)
	}
	return path
}

// printLine prints one JSON line, the result of a test.
func printLine(t *testing.T, line any) {
	t.Helper()
	b, err := json.Marshal(line)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(string(b))
}
