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

func TestEvalRedaction(t *testing.T) {
	dir := os.Getenv("CONTEXTD_TEST_DATA")
	if dir == "" {
		t.Skip("SKIPPED: CONTEXTD_TEST_DATA names no directory with safety/pii.jsonl")
	}
	judge(t, filepath.Join(dir, "safety", "pii.jsonl"))
}

func judge(t *testing.T, path string) {
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	texts, err := Read(file)
	if err != nil {
		t.Fatal(err)
	}
	counts := Measure(redact.New(redact.Usual(), nil), texts, kinds)
	t.Logf("%d texts of %s\n%s", len(texts), filepath.Base(path), Table(counts))
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
