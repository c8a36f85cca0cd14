package indexer

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

type replyCase struct {
	ID       string `json:"id"`
	Format   string `json:"format"`
	Body     string `json:"body"`
	Expected string `json:"expected"`
}

// TestPublicReplySet measures the exact share on a public set of reply layouts that may not be part of this repository.
func TestPublicReplySet(t *testing.T) {
	dir := os.Getenv("CONTEXTD_TEST_DATA")
	if dir == "" {
		t.Skip("CONTEXTD_TEST_DATA is not set: the public mail set was NOT measured")
	}
	f, err := os.Open(filepath.Join(dir, "email", "replies.jsonl"))
	if os.IsNotExist(err) {
		t.Skipf("no email/replies.jsonl in %s: the public mail set was NOT measured", dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	exact, n := 0, 0
	s := bufio.NewScanner(f)
	s.Buffer(nil, 16<<20)
	for s.Scan() {
		var c replyCase
		if err := json.Unmarshal(s.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		n++
		format := crm.PlainText
		if c.Format == "html" {
			format = crm.HTML
		}
		got := Normalise(crm.Activity{Ref: crm.Ref{Portal: 1, Type: crm.Emails, ID: "1"}, Body: c.Body, Format: format}).Text
		if strings.Join(strings.Fields(got), " ") == strings.Join(strings.Fields(c.Expected), " ") {
			exact++
			continue
		}
		t.Logf("%s:\n got %q\nwant %q", c.ID, got, c.Expected)
	}
	t.Logf("exact %d of %d", exact, n)
	if n == 0 || float64(exact) < .95*float64(n) {
		t.Errorf("exact share %d of %d is below .95", exact, n)
	}
}
