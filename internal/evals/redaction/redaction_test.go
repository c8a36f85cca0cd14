package redaction

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/contextd/contextd/internal/redact"
)

// kinds of the labels of the public set.
var kinds = map[string]redact.Kind{"EMAIL_ADDRESS": redact.Mail, "PHONE_NUMBER": redact.Phone, "IBAN_CODE": redact.IBAN, "CREDIT_CARD": redact.Card, "US_SSN": redact.SSN,
	"IP_ADDRESS": redact.IP, "US_DRIVER_LICENSE": redact.ID}

// The goals: of hundred addresses and numbers at most one may leave, and of hundred things that are kept back at most three may be something else.
const (
	goalRecall    = 0.99
	goalPrecision = 0.97
)

// The public set, which is not part of the repository.
func TestEvalRedaction(t *testing.T) {
	root := os.Getenv("CONTEXTD_TEST_DATA")
	if root == "" {
		t.Skip("SKIPPED: CONTEXTD_TEST_DATA is not set; run `make eval EVAL_DATA=DIR`")
	}
	file, err := os.Open(filepath.Join(root, "safety", "pii.jsonl"))
	switch {
	case err != nil && os.Getenv("CONTEXTD_TEST") == "required":
		t.Fatal(err)
	case err != nil:
		t.Skipf("SKIPPED: %v; nothing was measured", err)
	}
	defer file.Close()
	texts, err := Read(file)
	if err != nil {
		t.Fatal(err)
	}
	report(t, Measure(redact.New(redact.Usual(), nil), texts, kinds))
}

// report prints the table and fails below the goals.
func report(t *testing.T, counts map[redact.Kind]*Count) {
	t.Log("\n" + Table(counts))
	for k, c := range counts {
		if c.Labels == 0 {
			t.Errorf("%s: not one label: the measure is broken", k)
		}
		if c.Recall() < goalRecall || c.Precision() < goalPrecision {
			t.Errorf("%s: recall %.4f, precision %.4f, want %.2f and %.2f", k, c.Recall(), c.Precision(), goalRecall, goalPrecision)
		}
		for _, m := range c.Missed[:min(len(c.Missed), 12)] {
			t.Logf("%s missed: %s", k, m)
		}
		for _, w := range c.Wrong[:min(len(c.Wrong), 12)] {
			t.Logf("%s wrong: %s", k, w)
		}
	}
}
