package main

import (
	"bytes"
	"database/sql"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/contextd/contextd/internal/store"
	"github.com/contextd/contextd/internal/web"
)

// auditor runs commands on a data directory of its own, without a service.
type auditor struct {
	*testing.T
	dir     string
	environ []string
}

func (a *auditor) command(want int, args ...string) (stdout, stderr string) {
	a.Helper()
	var out, talk bytes.Buffer
	err := run(a.Context(), append([]string{"--data-dir", a.dir}, args...), a.environ, strings.NewReader(""), &out, &talk, allCommands())
	report(&talk, err)
	if got := exitCode(err); got != want {
		a.Errorf("%v: exit %d, want %d\n%s%s", args, got, want, &out, &talk)
	}
	return out.String(), talk.String()
}

// forge changes the database as somebody with all rights on it can.
func (a *auditor) forge(statements ...string) {
	a.Helper()
	db, err := sql.Open("sqlite", filepath.Join(a.dir, store.File))
	if err != nil {
		a.Fatal(err)
	}
	defer db.Close()
	for _, q := range append([]string{"DROP TRIGGER audit_no_update", "DROP TRIGGER audit_no_delete"}, statements...) {
		if _, err := db.Exec(q); err != nil {
			a.Fatal(q, err)
		}
	}
}

func TestAuditCommands(t *testing.T) {
	var posted []string
	refuse := false
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // a short body is seen below
		posted = append(posted, string(body))
		if refuse {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer elsewhere.Close()
	outside := filepath.Join(t.TempDir(), "heads.jsonl")
	a := &auditor{T: t, dir: t.TempDir(), environ: []string{"CONTEXTD_HUBSPOT__PORTAL_ID=7", "CONTEXTD_HUBSPOT__TOKEN=t", "CONTEXTD_HUBSPOT__BASE_URL=http://127.0.0.1:1", "CONTEXTD_AUDIT__CHECKPOINT_FILE=" + outside, "CONTEXTD_AUDIT__CHECKPOINT_URL=" + elsewhere.URL}}
	for _, name := range []string{"one", "two", "three"} { // the first start has left entry 1: its policy
		a.command(exitOK, "token", "create", name, "--role", "viewer")
	}
	head, talk := a.command(exitOK, "audit", "checkpoint")
	key := strings.TrimSpace(strings.TrimPrefix(talk, "public key: "))
	if len(posted) != 1 || posted[0] != head || !strings.Contains(key, "+") {
		t.Fatalf("posted %q for %q, key %q", posted, head, key)
	}
	refuse = true // what cannot be sent is kept and sent later
	a.command(exitOK, "token", "revoke", "two")
	a.command(exitPartial, "audit", "checkpoint")
	refuse = false
	a.command(exitOK, "audit", "checkpoint")
	if len(posted) != 3 || posted[1] != posted[2] {
		t.Errorf("posted %q", posted)
	}
	if text, _ := a.command(exitOK, "audit", "verify", "--checkpoint", outside, "--key", key); !strings.Contains(text, "7 entries") || !strings.Contains(text, "3 from outside") {
		t.Errorf("verify: %s", text)
	}
	a.command(exitUsage, "audit", "verify", "--key", key)
	a.command(exitFailed, "audit", "verify", "--checkpoint", outside, "--key", strings.Replace(key, "contextd-audit-", "contextd-audit-x", 1))

	proof, _ := a.command(exitOK, "audit", "prove", "2", "-o", "json")
	file := filepath.Join(t.TempDir(), "proof.json")
	if err := os.WriteFile(file, []byte(proof), 0o600); err != nil {
		t.Fatal(err)
	}
	if text, _ := a.command(exitOK, "audit", "prove", "--check", file, "--key", key); !strings.Contains(text, "entry 2 (token.created") || !strings.Contains(text, "first 6") {
		t.Errorf("check: %s", text)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(proof, "token.created", "token.deleted", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	a.command(exitFailed, "audit", "prove", "--check", file, "--key", key)
	a.command(exitFailed, "audit", "prove", "99")

	lines, _ := a.command(exitOK, "audit", "export", "--from", "3")
	if got := strings.Split(strings.TrimSpace(lines), "\n"); len(got) != 5 || !json.Valid([]byte(got[0])) || !strings.Contains(got[0], `"seq":3`) {
		t.Errorf("export: %s", lines)
	}
	table, _ := a.command(exitOK, "audit", "export", "--format", "csv")
	if rows, err := csv.NewReader(strings.NewReader(table)).ReadAll(); err != nil || len(rows) != 8 || rows[6][2] != "token.revoked" {
		t.Errorf("csv: %v, %v", rows, err)
	}

	a.forge("UPDATE audit SET action = 'token.created' WHERE seq = 6")
	if _, why := a.command(exitFailed, "audit", "verify"); !strings.Contains(why, "entry 6") {
		t.Errorf("after a change: %s", why)
	}
}

// A tail that is cut off together with its signed heads is found by the head outside, and by nothing else.
func TestAuditTailCut(t *testing.T) {
	a := &auditor{T: t, dir: t.TempDir(), environ: []string{"CONTEXTD_HUBSPOT__PORTAL_ID=7", "CONTEXTD_HUBSPOT__TOKEN=t", "CONTEXTD_HUBSPOT__BASE_URL=http://127.0.0.1:1"}}
	for _, name := range []string{"one", "two", "three"} {
		a.command(exitOK, "token", "create", name, "--role", "viewer")
	}
	head, _ := a.command(exitOK, "audit", "checkpoint")
	file := filepath.Join(t.TempDir(), "head.txt")
	if err := os.WriteFile(file, []byte(head), 0o600); err != nil {
		t.Fatal(err)
	}
	a.command(exitOK, "audit", "verify", "--checkpoint", file)
	a.forge("DELETE FROM audit WHERE seq >= 4", "DELETE FROM audit_checkpoints")
	a.command(exitOK, "audit", "verify")
	if _, why := a.command(exitFailed, "audit", "verify", "--checkpoint", file); !strings.Contains(why, "there were 4") {
		t.Errorf("after the cut: %s", why)
	}
}

// TestCountsSayWhyTheyAreRight: more entries than rows are told apart from entries too many.
func TestCountsSayWhyTheyAreRight(t *testing.T) {
	var b strings.Builder
	showCounts(&b, []web.AuditCount{
		{Kind: "stops", Rows: 0, Entries: 1, State: true},
		{Kind: "assigned", Rows: 2, Entries: 3, Lacking: 1, State: true, Missing: []string{"p1"}},
		{Kind: "policy", Rows: 1, Entries: 1, State: true},
		{Kind: "runs", Rows: 1, Entries: 2, Surplus: 1, Extra: []string{"p2"}},
	})
	want := []string{
		"stops                         0 rows,      1 entries; a row is what holds now: rightly, 1 of the entries tell of what has ended or was said anew since",
		"assigned                      2 rows,      3 entries; 1 without an entry: p1; a row is what holds now: rightly, 2 of the entries tell of what has ended or was said anew since",
		"policy                        1 rows,      1 entries",
		"runs                          1 rows,      2 entries; 1 entries too many: p2",
	}
	if got := strings.Split(strings.TrimSpace(b.String()), "\n"); !slices.Equal(got, want) {
		t.Errorf("%s", b.String())
	}
}
