package safety

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// text is one line of the safety set.
type text struct {
	ID     string `json:"id"`
	Source string `json:"source"`
	Kind   string `json:"kind"`
	Text   string `json:"text"`
}

// texts reads a file of the safety set. Without the variable that the Makefile sets the test skips; a file that is missing although it is set fails where everything is required.
func texts(t *testing.T, name string) (out []text) {
	t.Helper()
	root := os.Getenv("CONTEXTD_TEST_DATA")
	if root == "" {
		t.Skip("SKIPPED: CONTEXTD_TEST_DATA is not set; run `make eval EVAL_DATA=DIR`")
	}
	f, err := os.Open(filepath.Join(root, "safety", name))
	if err != nil {
		if os.Getenv("CONTEXTD_TEST") == "required" {
			t.Fatal(err)
		}
		t.Skipf("SKIPPED: %v; nothing was measured", err)
	}
	defer f.Close()
	in := bufio.NewScanner(f)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		var one text
		if err := json.Unmarshal(in.Bytes(), &one); err != nil {
			t.Fatalf("%s: line %d: %v", name, len(out)+1, err)
		}
		out = append(out, one)
	}
	if err := in.Err(); err != nil || len(out) == 0 {
		t.Fatalf("%s: %d lines, %v", name, len(out), err)
	}
	return out
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

// some is every n-th text where CONTEXTD_TEST_EVERY says n, for a run that has not the time for all of them; they are sorted by source, so each source has its share.
func some(t *testing.T, all []text) (out []text) {
	t.Helper()
	n := 1
	if every := os.Getenv("CONTEXTD_TEST_EVERY"); every != "" {
		var err error
		if n, err = strconv.Atoi(every); err != nil || n < 1 {
			t.Fatalf("CONTEXTD_TEST_EVERY=%q: want a number from 1", every)
		}
	}
	for i := 0; i < len(all); i += n {
		out = append(out, all[i])
	}
	return out
}
