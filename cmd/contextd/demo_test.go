package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asProgram makes this test binary behave as the program itself, so that signals and exit codes are the real ones.
const asProgram = "CONTEXTD_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

func TestDemoToItsEnd(t *testing.T) {
	dir := t.TempDir()
	var stdout, stderr bytes.Buffer
	err := run(t.Context(), []string{"demo", "--once", "-o", "json", "--listen", "127.0.0.1:0", "--data-dir", dir}, nil, nil, &stdout, &stderr, allCommands())
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	t.Logf("%s%s", &stderr, &stdout)
	var s demoSummary
	only := json.NewDecoder(bytes.NewReader(stdout.Bytes()))
	only.DisallowUnknownFields()
	if err := only.Decode(&s); err != nil {
		t.Fatal(err)
	}
	if _, err := only.Token(); !errors.Is(err, io.EOF) {
		t.Errorf("there is more than one object on standard output: %v", err)
	}
	for _, c := range []struct {
		name      string
		got, want int
	}{
		{"companies", s.Companies, 24}, {"contacts", s.Contacts, 60}, {"deals", s.Deals, 40}, {"activities", s.Activities, 700}, {"chunks", s.Chunks, 700},
		{"events", s.Events, 1}, {"runs", s.Runs, s.Suggestions.Applied + s.Suggestions.Pending + s.Suggestions.Dropped}, {"applied", s.Suggestions.Applied, 1},
		{"pending", s.Suggestions.Pending, 1}, {"properties written", s.Writes.Properties, 1}, {"notes written", s.Writes.Notes, 1},
		{"writes", s.Writes.Properties + s.Writes.Notes + s.Writes.Tasks, s.Suggestions.Applied}, {"claims", s.Claims, 1}, {"echo events", s.EchoEvents, s.Writes.Properties},
	} {
		if c.got < c.want {
			t.Errorf("%s: %d, want at least %d", c.name, c.got, c.want)
		}
	}
	if s.ClaimsQuoted != s.Claims || s.Dead != 0 || s.Writes.Tasks != 0 {
		t.Errorf("%d claims, %d of them quoted; %d dead events; %d tasks, which only people let out", s.Claims, s.ClaimsQuoted, s.Dead, s.Writes.Tasks)
	}
	t.Run("its data without a service", func(t *testing.T) { dataWithoutAService(t, dir) })
}

// damage overwrites the beginning of a file that nobody has open.
func damage(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("no longer a database"), 0); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// dataWithoutAService reads what a demo left, with nothing running and nothing configured.
func dataWithoutAService(t *testing.T, dir string) {
	command := func(want int, args ...string) (stdout, stderr string) {
		t.Helper()
		var out, talk bytes.Buffer
		err := run(t.Context(), append([]string{"--data-dir", dir}, args...), nil, strings.NewReader(""), &out, &talk, allCommands())
		report(&talk, err)
		if got := exitCode(err); got != want {
			t.Errorf("%v: exit %d, want %d\n%s", args, got, want, &talk)
		}
		return out.String(), talk.String()
	}
	var list struct {
		Items []struct{ ID, Subject string }
	}
	text, _ := command(exitOK, "review", "list", "-o", "json")
	if err := json.Unmarshal([]byte(text), &list); err != nil || len(list.Items) == 0 {
		t.Fatalf("review list: %v\n%s", err, text)
	}
	// A customer to whom nothing happens on the last day: silent against its habit, with two open tickets.
	text, _ = command(exitOK, "review", "list", "--state", "all", "--record", "companies/40000000044", "-o", "json")
	for _, want := range []string{"No word from them since 2026-06-30; before that, 15 days was their usual gap", "Open ticket since 2026-06-22, priority HIGH: Photos", "Open ticket since 2026-06-29: Weekly export",
		`"property":"ai_churn_risk"`, "Push the urgent ticket"} {
		if !strings.Contains(strings.ReplaceAll(text, `": "`, `":"`), want) {
			t.Errorf("of the silent customer nobody says %q", want)
		}
	}
	if text, _ := command(exitOK, "search", "deals/40000000002", "who asks for another price?"); !strings.Contains(text, "emails/") {
		t.Errorf("search found no email:\n%s", text)
	}
	search := []string{"search", "deals/40000000002", "who asks for another price?", "-o", "json"}
	before, _ := command(exitOK, search...)
	for _, file := range []string{"vectors.flat", "vectors.flat.gen.g1"} {
		damage(t, filepath.Join(dir, file))
		after, _ := command(exitOK, search...)
		if before != after || !strings.Contains(after, `"dense"`) {
			t.Errorf("before %s was damaged:\n%s\nafter it was rebuilt:\n%s", file, before, after)
		}
		if text, _ := command(exitOK, "index", "verify"); !strings.Contains(text, "missing 0, stale 0, moved 0, orphans 0") {
			t.Errorf("after %s was rebuilt: %s", file, text)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "vectors.flat.damaged")); err != nil {
		t.Errorf("the damaged file was not set aside: %v", err)
	}
	if text, _ := command(exitOK, "status"); !strings.Contains(text, "backfill 0, live 0, review 0") {
		t.Errorf("status: %s", text)
	}
	if _, why := command(exitFailed, "review", "approve", list.Items[0].ID); !strings.Contains(why, "hubspot.write") {
		t.Errorf("an approval that cannot be written says: %s", why)
	}
	if text, _ := command(exitOK, "review", "show", list.Items[0].ID); !strings.Contains(text, "pending") {
		t.Errorf("after the refusal: %s", text)
	}
	if _, why := command(exitFailed, "index"); !strings.Contains(why, "hubspot.portal_id") || strings.Contains(why, "lease") {
		t.Errorf("index without a portal says: %s", why)
	}
	if text, _ := command(exitOK, "work", "list", "-o", "jsonl"); text != "" {
		t.Errorf("work was left behind, or done work is listed: %s", text)
	}
	if text, _ := command(exitOK, "work", "list", "--state", "all", "--limit", "1", "-o", "jsonl"); !strings.Contains(text, `"done"`) {
		t.Errorf("work list --state all: %q", text)
	}
}

func TestDemoAsAProgram(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "demo", "-o", "json", "--listen", "127.0.0.1:0")
	cmd.Env = append(os.Environ(), asProgram+"=1", "CONTEXTD_HUBSPOT__WRITE=off", "TMPDIR="+t.TempDir())
	var talk bytes.Buffer
	cmd.Stderr = &talk
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var at struct {
		URL   string `json:"url"`
		Sim   string `json:"sim_url"`
		Token string `json:"token"`
		Start string `json:"start_url"`
	}
	if err := json.NewDecoder(stdout).Decode(&at); err != nil {
		t.Fatalf("%v\n%s", err, &talk)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	if status, page := fetch(ctx, t, browser, at.Start, ""); status != http.StatusOK || !strings.Contains(page, "<html") {
		t.Errorf("the link: %d\n%.300s", status, page)
	}
	if status, _ := fetch(ctx, t, browser, at.URL+"/", ""); status != http.StatusOK {
		t.Errorf("/ with the session: %d", status)
	}
	t.Logf("the first 200 of / after %v", time.Since(start).Round(time.Millisecond))
	if status, _ := fetch(ctx, t, http.DefaultClient, at.Start, ""); status != http.StatusUnauthorized && status != http.StatusForbidden && status != http.StatusNotFound && status != http.StatusGone {
		t.Errorf("the link a second time: %d", status)
	}
	quote := ""
	for quote == "" {
		quote = firstQuote(t, ctx, at.URL, at.Token)
		if err := wait(ctx, 20*time.Millisecond); err != nil {
			t.Fatalf("no suggestion with a quote came up\n%s", &talk)
		}
	}
	t.Logf("the first suggestion with a quote after %v: %q", time.Since(start).Round(time.Millisecond), quote)
	replacesWhatAPersonWrote(ctx, t, at.URL, at.Sim, at.Token)
	stopped := time.Now()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("stopped with %v\n%s", err, &talk)
	}
	if took := time.Since(stopped); took > 10*time.Second {
		t.Errorf("the stop took %v", took)
	}
	if left, err := filepath.Glob(filepath.Join(strings.TrimPrefix(cmd.Env[len(cmd.Env)-1], "TMPDIR="), "*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// replacesWhatAPersonWrote changes a score as a person would, and waits until a run shows that value as what it would replace.
func replacesWhatAPersonWrote(ctx context.Context, t *testing.T, url, sim, token string) {
	t.Helper()
	const contact = "contacts/40000000051"
	send := func(method, url, body string) []byte {
		t.Helper()
		req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close() // read to its end
		raw, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode/100 != 2 {
			t.Fatalf("%s %s: %d %v %.300s", method, url, res.StatusCode, err, raw)
		}
		return raw
	}
	send(http.MethodPatch, sim+"/_sim/objects/"+contact, `{"properties":{"ai_lead_score":"12"}}`)
	for before := ""; before != "12"; {
		var s suggestion
		if err := json.Unmarshal(send(http.MethodPost, url+"/api/v1/runs", `{"workflow":"lead_score","subject":"`+contact+`","dry_run":true}`), &s); err != nil || len(s.Changes) == 0 {
			t.Fatalf("dry run: %v, %d changes", err, len(s.Changes))
		}
		if c := s.Changes[0]; c.Property == "ai_lead_score" && c.Before != nil {
			before = *c.Before
		}
		if err := wait(ctx, 50*time.Millisecond); err != nil {
			t.Fatalf("the run still replaces %q, not the 12 that a person wrote", before)
		}
	}
}

func fetch(ctx context.Context, t *testing.T, c *http.Client, url, token string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() // read to its end
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(raw)
}

// firstQuote is a quote of some suggestion; "" while there is none.
func firstQuote(t *testing.T, ctx context.Context, url, token string) string {
	t.Helper()
	status, body := fetch(ctx, t, http.DefaultClient, url+"/api/v1/suggestions", token)
	var list struct {
		Items []struct {
			Claims []struct{ Evidence []struct{ Quote string } }
		}
	}
	if err := json.Unmarshal([]byte(body), &list); err != nil || status != http.StatusOK {
		t.Fatalf("suggestions: %d %v\n%.300s", status, err, body)
	}
	for _, s := range list.Items {
		for _, c := range s.Claims {
			for _, e := range c.Evidence {
				if e.Quote != "" {
					return e.Quote
				}
			}
		}
	}
	return ""
}
