package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

var update = flag.Bool("update", false, "rewrite the golden transcripts")

// testToken is what the scripted service asks for.
const testToken = "contextd_pat_test"

// script is a service that answers fixed answers, by "METHOD path?query", in order; the last one stays. It writes down what it was asked.
type script struct {
	t       *testing.T
	answers map[string][]answer
	mu      sync.Mutex
	log     []string
}

type answer struct {
	status int
	etag   string
	body   string
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}
	if got := r.Header.Get("Authorization"); got != "Bearer "+testToken {
		s.t.Errorf("%s %s came with Authorization %q", r.Method, r.URL, got)
	}
	name := r.Method + " " + strings.TrimPrefix(r.URL.RequestURI(), "/api/v1")
	line := name
	if tag := r.Header.Get("If-Match"); tag != "" {
		line += " If-Match " + tag
	}
	if len(body) > 0 {
		line += " " + string(body)
	}
	s.log = append(s.log, line)
	queue := s.answers[name]
	if len(queue) == 0 {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(`{"type":"about:blank","title":"Not Found","status":404,"detail":"nothing at this address: not found"}`))
		return
	}
	a := queue[0]
	if len(queue) > 1 {
		s.answers[name] = queue[1:]
	}
	if a.etag != "" {
		w.Header().Set("ETag", a.etag)
	}
	if a.status/100 != 2 {
		w.Header().Set("Content-Type", "application/problem+json")
	}
	w.WriteHeader(a.status)
	_, _ = w.Write([]byte(a.body)) // the client checks what arrives
}

// fixture reads a service's answer.
func fixture(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// connected are commands whose service is at base.
func connected(base string) commands {
	return commands{connect: func(context.Context, Config) (*apiClient, func() error, error) {
		return &apiClient{http: http.DefaultClient, base: base, token: testToken}, func() error { return nil }, nil
	}}
}

// transcript runs one command line and tells everything that can be seen of it from outside.
func transcript(t *testing.T, cmds commands, environ []string, stdin string, args ...string) (text string, code int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	err := run(context.Background(), args, environ, strings.NewReader(stdin), &stdout, &stderr, cmds)
	report(&stderr, err)
	return fmt.Sprintf("$ contextd %s\n%s-- stderr --\n%s-- exit %d --\n", strings.Join(args, " "), stdout.String(), stderr.String(), exitCode(err)), exitCode(err)
}

// golden compares with testdata/name, or rewrites it with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; run with -update once and read what it writes", err)
	}
	if got != string(want) {
		t.Errorf("%s differs.\n--- got ---\n%s\n--- want ---\n%s", path, got, want)
	}
}

func TestDataCommandsAgainstAService(t *testing.T) {
	s, tagged := fixture(t, "suggestion.json"), `"s1.4"`
	list := `{"items":[` + strings.TrimSpace(s) + `],"next":null}`
	const spent = `{"budget":{"month":"2026-11","monthly_usd":20,"spent_usd":1.5,"reserved_usd":0,"left_usd":18.5,"stopped":false,"waiting_runs":0,"renews_at":"2026-12-01T00:00:00Z"},
		"items":[{"day":"2026-11-28","task":"chat","workflow":"lead_score","model":"anthropic/x","calls":3,"unpriced":0,"from_cache":1,"input_tokens":900,"output_tokens":90,"cost_usd":1.5},
		{"day":null,"task":"embed","workflow":"","model":"ollama/y","calls":7,"unpriced":7,"from_cache":0,"input_tokens":500,"output_tokens":0,"cost_usd":null}],"next":null}`
	stale := answer{409, "", `{"type":"about:blank","title":"Conflict","status":409,"detail":"suggestion s2 has moved: conflict"}`}
	for _, c := range []struct {
		name    string
		args    []string
		stdin   string
		answers map[string][]answer
	}{
		{"search", []string{"search", "companies/101", "who is worried about pricing?", "--kinds", "call, email", "--since", "2026-01-31", "--limit", "2", "--explain"}, "",
			map[string][]answer{"GET /records/companies/101/search?kinds=call%2Cemail&limit=2&q=who+is+worried+about+pricing%3F&since=2026-01-31T00%3A00%3A00Z": {{200, "", fixture(t, "search.json")}}}},
		{"search_json", []string{"search", "companies/101", "pricing", "--json"}, "", map[string][]answer{"GET /records/companies/101/search?q=pricing": {{200, "", fixture(t, "search.json")}}}},
		{"search_jsonl", []string{"search", "companies/101", "pricing", "-o", "jsonl"}, "", map[string][]answer{"GET /records/companies/101/search?q=pricing": {{200, "", fixture(t, "search.json")}}}},
		{"run", []string{"run", "call_summary", "calls/9101"}, "", map[string][]answer{
			"POST /runs":          {{202, "", `{"run":"r1"}`}},
			"GET /runs/r1":        {{200, "", `{"id":"r1","state":"queued","suggestions":[],"error":null}`}, {200, "", `{"id":"r1","state":"running","suggestions":[],"error":null}`}, {200, "", `{"id":"r1","state":"done","suggestions":["s1"],"error":null}`}},
			"GET /suggestions/s1": {{200, tagged, s}}}},
		{"run_dead", []string{"run", "call_summary", "calls/9101"}, "", map[string][]answer{
			"POST /runs": {{202, "", `{"run":"r1"}`}}, "GET /runs/r1": {{200, "", `{"id":"r1","state":"dead","suggestions":[],"error":"the subject has no text"}`}}}},
		{"run_dry", []string{"run", "call_summary", "calls/9101", "--dry-run", "--as-of", "2026-10-01T12:00:00+02:00"}, "", map[string][]answer{"POST /runs": {{200, "", fixture(t, "dryrun.json")}}}},
		{"review_list", []string{"review", "list", "--record", "companies/101"}, "", map[string][]answer{"GET /suggestions?awake=true&limit=100&order=look&record=companies%2F101&state=pending": {{200, "", list}}}},
		{"review_list_pages", []string{"review", "list", "--state", "all", "-o", "jsonl"}, "", map[string][]answer{
			"GET /suggestions?limit=100":               {{200, "", `{"items":[{"id":"s1","extra":1}],"next":"c2"}`}},
			"GET /suggestions?cursor=c2&limit=100":     {{200, "", `{"items":[{"id":"s2"}],"next":null}`}},
			"GET /suggestions?limit=100&cursor=unused": nil}},
		{"review_show", []string{"review", "show", "s1"}, "", map[string][]answer{"GET /suggestions/s1": {{200, tagged, s}}}},
		{"approve", []string{"review", "approve", "s1"}, "", map[string][]answer{
			"GET /suggestions/s1": {{200, tagged, s}}, "POST /suggestions/s1/approve": {{200, `"s1.5"`, `{"id":"s1","state":"approved"}`}}}},
		{"approve_partly", []string{"review", "approve", "-", "-o", "jsonl"}, "{\"id\":\"s1\"}\ns2\n\n", map[string][]answer{
			"GET /suggestions/s1": {{200, tagged, s}}, "POST /suggestions/s1/approve": {{200, `"s1.5"`, `{"id":"s1","state":"approved"}`}},
			"GET /suggestions/s2": {{200, `"s2.1"`, `{"id":"s2"}`}}, "POST /suggestions/s2/approve": {stale}}},
		{"reject", []string{"review", "reject", "s1", "--reason", "wrong_fact", "--comment", "it was May", "--change", "s1-c1"}, "", map[string][]answer{
			"GET /suggestions/s1": {{200, tagged, s}}, "POST /suggestions/s1/reject": {{200, `"s1.5"`, `{"id":"s1","state":"rejected"}`}}}},
		{"approve_dry", []string{"review", "approve", "-", "--dry-run"}, "{\"id\":\"s1\"}\n", map[string][]answer{"GET /suggestions/s1": {{200, tagged, s}}}},
		{"approve_miscounted", []string{"review", "approve", "s1", "s2", "--confirm", "3"}, "", map[string][]answer{}},
		{"approve_moved", []string{"review", "approve", "s1", "--confirm", "1:0123456789abcdef"}, "", map[string][]answer{"GET /suggestions/s1": {{200, tagged, s}}}},
		{"undo", []string{"review", "undo", "s1", "--change", "s1-c1"}, "", map[string][]answer{
			"GET /suggestions/s1": {{200, tagged, s}}, "POST /suggestions/s1/undo": {{200, `"s1.5"`, `{"id":"s1","state":"undone"}`}}}},
		{"undo_many", []string{"review", "undo", "--workflow", "lead_score", "--prompt-version", "2", "--since", "2026-11-01", "--confirm", "1"}, "", map[string][]answer{
			"GET /suggestions?limit=100&since=2026-11-01T00%3A00%3A00Z&state=applied&workflow=lead_score": {{200, "", `{"items":[{"id":"s1","etag":"\"s1.4\"","prompt":{"version":2}},{"id":"s2","prompt":{"version":1}}],"next":null}`}},
			"GET /suggestions/s1": {{200, tagged, s}}, "POST /suggestions/s1/undo": {{200, `"s1.5"`, `{"id":"s1","state":"undone"}`}}}},
		{"snooze", []string{"review", "snooze", "s1", "--until", "2027-01-04"}, "", map[string][]answer{
			"GET /suggestions/s1": {{200, tagged, s}}, "POST /suggestions/s1/snooze": {{200, `"s1.5"`, `{"id":"s1","state":"pending"}`}}}},
		{"assign", []string{"review", "assign", "s1", "--to", "ann"}, "", map[string][]answer{
			"GET /suggestions/s1": {{200, tagged, s}}, "POST /suggestions/s1/assign": {{200, `"s1.5"`, `{"id":"s1","state":"pending"}`}}}},
		{"stop", []string{"stop", "--reason", "scores look wrong"}, "", map[string][]answer{"POST /stop": {{200, "", `{"stops":[{"portal":1,"at":"2026-11-20T10:00:00Z","by":"token:local","reason":"scores look wrong"}]}`}}}},
		{"resume", []string{"resume", "--all"}, "", map[string][]answer{"POST /resume": {{200, "", `{"stops":[]}`}}}},
		{"comment", []string{"review", "comment", "s1", "--text", "ask Mira"}, "", map[string][]answer{
			"GET /suggestions/s1": {{200, tagged, s}}, "POST /suggestions/s1/comment": {{200, `"s1.4"`, `{"id":"s1","state":"pending"}`}}}},
		{"review_locked", []string{"review", "locked"}, "", map[string][]answer{"GET /locked?limit=100": {{200, "", `{"items":[{"record":{"type":"contacts","id":"7","name":"Ana Diaz"},"property":"ai_lead_score","how":"conflict","wrote":"71","present":"3","workflow":"lead_score","suggestion":"s1","by":"CRM_UI:userId:12","at":"2026-11-20T10:00:00Z"},{"record":{"type":"contacts","id":"8","name":""},"property":"ai_lead_score","how":"edited","wrote":"50","present":"","workflow":"lead_score","suggestion":"s2","by":null,"at":null}],"next":null}`}}}},
		{"review_oldest", []string{"review", "list", "--order", "oldest"}, "", map[string][]answer{"GET /suggestions?awake=true&limit=100&order=oldest&state=pending": {{200, "", list}}}},
		{"review_stats", []string{"review", "stats"}, "", map[string][]answer{"GET /review/stats": {{200, "", `{"since":"2026-08-31T00:00:00Z","pending":3,"snoozed":1,"oldest_pending":"2026-11-20T10:00:00Z","median_seconds":{"lead_score":21},"weeks":[{"workflow":"lead_score","week":"2026-11-16","written":4,"automatic":3,"approved":1,"edited":0,"rejected":2,"undone":1,"wrong":2,"reasons":{"wrong_fact":1,"other":1}}]}`}}}},
		{"edit", []string{"review", "edit", "s1", "--after", "-"}, "2027-03-02\n", map[string][]answer{
			"GET /suggestions/s1": {{200, tagged, s}}, "POST /suggestions/s1/edit": {{200, `"s1.5"`, `{"id":"s1","state":"approved"}`}}}},
		{"audit_list", []string{"audit", "list", "--limit", "1", "--subject", "s1"}, "", map[string][]answer{"GET /audit?limit=1&subject=s1": {{200, "", fixture(t, "audit.json")}}}},
		{"audit_show", []string{"audit", "show", "7"}, "", map[string][]answer{"GET /audit?limit=100": {{200, "", fixture(t, "audit.json")}}}},
		{"work_list", []string{"work", "list", "--state", "buried"}, "", map[string][]answer{"GET /work?limit=100&state=buried": {{200, "", fixture(t, "work.json")}}}},
		{"work_redrive", []string{"work", "redrive", "--all"}, "", map[string][]answer{
			"GET /work?limit=100&state=buried": {{200, "", fixture(t, "work.json")}},
			"POST /work/redrive":               {{200, "", `{"items":[{"id":"index:calls/9101","moved":true}],"next":null}`}, {200, "", `{"items":[{"id":"x","moved":false}],"next":null}`}}}},
		{"token_create", []string{"token", "create", "dashboard", "--role", "viewer"}, "", map[string][]answer{"POST /tokens": {{201, "", `{"name":"dashboard","role":"viewer","token":"contextd_pat_once"}`}}}},
		{"token_list", []string{"token", "list"}, "", map[string][]answer{"GET /tokens": {{200, "", `{"items":[{"name":"dashboard","role":"viewer","created_at":"2026-11-01T08:00:00Z","used_at":null,"revoked_at":null}],"next":null}`}}}},
		{"token_revoke", []string{"token", "revoke", "dashboard"}, "", map[string][]answer{"DELETE /tokens/dashboard": {{204, "", ""}}}},
		{"status", []string{"status"}, "", map[string][]answer{"GET /status": {{200, "", fixture(t, "status.json")}}}},
		{"index", []string{"index", "--objects", "companies,calls", "--since", "2026-01-01", "--limit", "20"}, "", map[string][]answer{
			"POST /index": {{202, "", `{"state":"queued"}`}},
			"GET /index":  {{200, "", `{"items":[{"object":"calls","state":"running","listed":20,"indexed":4,"failed":0}],"next":null}`}, {200, "", `{"items":[{"object":"calls","state":"done","listed":20,"indexed":20,"failed":0}],"next":null}`}},
			"GET /status": {{200, "", `{"work":{"backfill":16}}`}, {200, "", `{"work":{"backfill":3}}`}, {200, "", `{"work":{"backfill":0,"live":5}}`}}}},
		{"index_partly", []string{"index"}, "", map[string][]answer{
			"POST /index": {{409, "", `{"title":"Conflict","status":409,"detail":"a backfill is under way: conflict"}`}},
			"GET /index":  {{200, "", `{"items":[{"object":"calls","state":"done","listed":20,"indexed":19,"failed":1}],"next":null}`}}, "GET /status": {{200, "", `{"work":{"backfill":0}}`}}}},
		{"usage_month", []string{"usage"}, "", map[string][]answer{"GET /usage?by=month": {{200, "", spent}}}},
		{"usage_days", []string{"usage", "--month", "2026-11", "--by", "day"}, "", map[string][]answer{"GET /usage?by=day&month=2026-11": {{200, "", spent}}}},
		{"usage_jsonl", []string{"usage", "-o", "jsonl"}, "", map[string][]answer{"GET /usage?by=month": {{200, "", spent}}}},
		{"index_busy", []string{"index", "--limit", "5"}, "", map[string][]answer{"POST /index": {{409, "", `{"title":"Conflict","status":409,"detail":"a backfill is under way: conflict"}`}}}},
		{"index_records", []string{"index", "companies/101", "deals/9"}, "", map[string][]answer{
			"POST /index": {{202, "", `{"state":"queued"}`}}, "GET /index": {{200, "", `{"items":[],"next":null}`}}, "GET /status": {{200, "", `{"work":{"backfill":0}}`}},
			"GET /work?key=companies%2F101&kind=record&limit=1&state=buried": {{200, "", `{"items":[],"next":null}`}},
			"GET /work?key=deals%2F9&kind=record&limit=1&state=buried":       {{200, "", `{"items":[{"kind":"record","key":"deals/9","state":"buried","last_error":"403 missing scope"}],"next":null}`}}}},
		{"unavailable", []string{"status"}, "", map[string][]answer{"GET /status": {{503, "", `{"title":"Service Unavailable","status":503,"detail":"this cannot be done right now; try again"}`}}}},
		{"proxy_page", []string{"status"}, "", map[string][]answer{"GET /status": {{502, "", "<html>bad gateway</html>"}}}},
		{"not_found", []string{"review", "show", "s9"}, "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.answers == nil {
				c.answers = map[string][]answer{}
			}
			service := &script{t: t, answers: c.answers}
			server := httptest.NewServer(service)
			defer server.Close()
			text, _ := transcript(t, connected(server.URL), nil, c.stdin, c.args...)
			golden(t, c.name+".txt", text+"-- requests --\n"+strings.Join(service.log, "\n")+"\n")
		})
	}
}

func TestAnUnreachableServiceIsExitFour(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	text, code := transcript(t, connected(server.URL), nil, "", "status")
	if code != exitUnreachable || !strings.Contains(text, "connection refused") || !strings.Contains(text, server.URL) {
		t.Errorf("exit %d:\n%s", code, text)
	}
}

func TestUsageErrors(t *testing.T) {
	cmds := connected("http://127.0.0.1:1")
	var text strings.Builder
	for _, line := range []string{
		"", "serach companies/1 x", "review", "review aprove s1", "search companies/1", "search calls/1 x", "search companies/1 x --kinds fax", "search companies/1 x --since yesterday",
		"search companies/1 x --limit -1", "status --nope", "status -o xml", "status --json -o jsonl", "run call_summary 9101", "review list --state open", "review reject s1",
		"review reject s1 --reason no", "review approve", "review approve s1 s2 --change c1", "review edit s1", "review undo", "review undo --workflow lead_score", "review undo s1 --workflow lead_score", "review snooze s1", "review snooze s1 --until soon", "review assign s1", "review comment s1", "stop", "audit show zero", "work redrive", "work redrive calls/9101", "work list --kind x",
		"token create x --role king", "usage --month november", "usage --by week", "index calls/1", "index companies/1 --objects calls", "index --objects faxes", "index --dry-run", "normalise --kind fax", "serve", "demo", "--portal x status",
		"hubsim --listen nowhere", "hubsim --companies 3 --load x", "hubsim --companies 0", "hubsim -o table", "hubsim --webhook-url here",
	} {
		got, code := transcript(t, cmds, nil, "", strings.Fields(line)...)
		if code != exitUsage {
			t.Errorf("%q: exit %d, want %d", line, code, exitUsage)
		}
		if strings.Contains(got, "$ contextd "+line+"\n-- stderr --\n") { // nothing on stdout
			text.WriteString(got)
			continue
		}
		t.Errorf("%q wrote to stdout:\n%s", line, got)
	}
	golden(t, "usage.txt", text.String())
}

func TestSeveralPortalsNeedOneNamed(t *testing.T) {
	path := write(t, "portals:\n  - {portal_id: 7, token: a}\n  - {portal_id: 8, token: b}\n")
	asked := crm.PortalID(0)
	cmds := commands{connect: func(_ context.Context, cfg Config) (*apiClient, func() error, error) {
		asked = cfg.Portal
		return nil, nil, withExit(exitUnreachable, fmt.Errorf("far enough"))
	}}
	for _, c := range []struct {
		portal string
		code   int
	}{{"", exitUsage}, {"9", exitUsage}, {"8", exitUnreachable}} {
		args := []string{"status", "--config", path}
		if c.portal != "" {
			args = append(args, "--portal", c.portal)
		}
		if text, code := transcript(t, cmds, nil, "", args...); code != c.code {
			t.Errorf("--portal %q: exit %d, want %d\n%s", c.portal, code, c.code, text)
		}
	}
	if asked != 8 {
		t.Errorf("the client was made for portal %s, want 8", asked)
	}
}

func TestAnInterruptedCommandIsExit130(t *testing.T) {
	ctx, interrupt := context.WithCancel(context.Background())
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		interrupt()
		<-r.Context().Done()
	}))
	defer server.Close()
	var stderr bytes.Buffer
	err := run(ctx, []string{"review", "approve", "s1", "s2", "-o", "jsonl"}, nil, strings.NewReader(""), io.Discard, &stderr, connected(server.URL))
	report(&stderr, err)
	if exitCode(err) != exitInterrupted || stderr.String() != "contextd: interrupted\n" {
		t.Errorf("exit %d, stderr %q", exitCode(err), stderr.String())
	}
}
