package reliability

import (
	"os"
	"strconv"
	"testing"
)

// number reads a size of the run from the environment, as the Makefile sets it; without CONTEXTD_TEST_KILLS the tests skip.
func number(t *testing.T, name string) int {
	v := os.Getenv(name)
	if v == "" {
		t.Skipf("SKIPPED: %s is not set; run `make reliability`", name)
	}
	n, err := strconv.Atoi(v)
	if err != nil || n <= 0 {
		t.Fatalf("%s=%q: want a positive number", name, v)
	}
	return n
}
