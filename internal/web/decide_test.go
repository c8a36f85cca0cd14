package web_test

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

func TestDecisionsReachTheDecider(t *testing.T) {
	w := newWorld()
	h := handler(w)
	tag := w.proposals[0].ETag()
	for _, r := range []request{
		post("/api/v1/suggestions/p1/approve", "approver", ""),
		post("/api/v1/suggestions/p1/approve", "approver", `{"changes":["c1"],"comment":"fine","seconds":4.5}`),
		post("/api/v1/suggestions/p1/edit", "approver", `{"edits":{"c1":"2027-04-01"}}`),
		post("/api/v1/suggestions/p1/reject", "reviewer", `{"reason":"wrong_fact","changes":["c2"]}`).with("If-Match", "W/"+tag),
	} {
		if r.header == nil {
			r = r.with("If-Match", tag)
		}
		got := r.do(t, h)
		if got.Code != http.StatusOK || got.Header().Get("ETag") != `"p1.5"` {
			t.Errorf("%s: %d %s %s", r.path, got.Code, got.Header().Get("ETag"), got.Body)
		}
	}
	common := crm.Decision{Portal: portal, Proposal: "p1", Approve: true, Actor: crm.Actor{Kind: crm.TokenActor, ID: "approver"}, Seen: tag, At: now}
	some, edit, reject := common, common, common
	some.Changes, some.Comment, some.Seconds = []string{"c1"}, "fine", 4.5
	edit.Edits = map[string]string{"c1": "2027-04-01"}
	reject.Approve, reject.Reason, reject.Changes, reject.Actor.ID = false, "wrong_fact", []string{"c2"}, "reviewer"
	if want := []crm.Decision{common, some, edit, reject}; !reflect.DeepEqual(w.decisions, want) {
		t.Errorf("got  %+v\nwant %+v", w.decisions, want)
	}
}

func TestWhatSurroundsASuggestionReachesTheDesk(t *testing.T) {
	w := newWorld()
	h := handler(w)
	tag := w.proposals[0].ETag()
	later := now.AddDate(0, 0, 7).Format(time.RFC3339)
	for _, c := range []struct {
		verb, who, body string
		want            int
	}{
		{"undo", "approver", `{"changes":["c1"],"comment":"was wrong"}`, 200},
		{"undo", "reviewer", `{}`, 403},
		{"snooze", "reviewer", `{"until":"` + later + `"}`, 200},
		{"snooze", "reviewer", `{}`, 200},
		{"snooze", "reviewer", `{"until":"2020-01-01T00:00:00Z"}`, 400},
		{"snooze", "reviewer", `{"until":"2099-01-01T00:00:00Z"}`, 400},
		{"assign", "reviewer", `{"assignee":" Ann "}`, 200},
		{"assign", "reviewer", `{"assignee":"A\nB"}`, 400},
		{"comment", "reviewer", `{"text":"look at the second quote"}`, 200},
		{"comment", "reviewer", `{"text":" "}`, 400},
		{"comment", "viewer", `{"text":"hello"}`, 403},
	} {
		got := post("/api/v1/suggestions/p1/"+c.verb, c.who, c.body).with("If-Match", tag).do(t, h)
		if got.Code != c.want {
			t.Errorf("%s %s: %d %s", c.verb, c.body, got.Code, got.Body)
		}
		if c.want == 200 && !strings.Contains(got.Body.String(), `"comments":[{"by":"token:a"`) {
			t.Errorf("%s: no comments in %s", c.verb, got.Body)
		}
	}
	want := []string{"undo [c1] by approver", `comment "was wrong" by approver`, "snooze " + later[:10] + " by reviewer", "snooze 0001-01-01 by reviewer", `assign "Ann" by reviewer`,
		`comment "look at the second quote" by reviewer`}
	if !reflect.DeepEqual(w.desked, want) {
		t.Errorf("got  %q\nwant %q", w.desked, want)
	}
	wantProblem(t, "without an ETag", post("/api/v1/suggestions/p1/snooze", "reviewer", "{}").do(t, h), http.StatusPreconditionRequired)
	stats := get("/api/v1/review/stats?since=2026-10-01T00:00:00Z", "viewer").do(t, h)
	if stats.Code != 200 || !strings.Contains(stats.Body.String(), `"since":"2026-10-01T00:00:00Z","pending":3`) {
		t.Errorf("stats: %d %s", stats.Code, stats.Body)
	}
}

func TestStopButton(t *testing.T) {
	w := newWorld()
	h := handler(w)
	for _, c := range []struct {
		path, who, body string
		want            int
		stops           int
	}{
		{"/api/v1/stop", "reviewer", `{"reason":"x"}`, 403, 0},
		{"/api/v1/stop", "approver", `{}`, 400, 0},
		{"/api/v1/stop", "approver", `{"reason":"scores look wrong"}`, 200, 1},
		{"/api/v1/stop", "approver", `{"reason":"x","all":true}`, 403, 1},
		{"/api/v1/resume", "approver", `{}`, 403, 1},
		{"/api/v1/resume", "admin", `{}`, 200, 0},
		{"/api/v1/resume", "admin", `{}`, 404, 0},
	} {
		got := post(c.path, c.who, c.body).do(t, h)
		if got.Code != c.want || len(w.stopped) != c.stops {
			t.Errorf("%s %s %s: %d, %d stops: %s", c.path, c.who, c.body, got.Code, len(w.stopped), got.Body)
		}
		if c.stops == 1 && c.want == 200 {
			if text := get("/api/v1/status", "viewer").do(t, h).Body.String(); !strings.Contains(text, `"reason":"scores look wrong"`) {
				t.Errorf("the status does not say so: %s", text)
			}
		}
	}
}

func TestIfMatch(t *testing.T) {
	w := newWorld()
	h := handler(w)
	approve := post("/api/v1/suggestions/p1/approve", "approver", "{}")
	wantProblem(t, "none", approve.do(t, h), http.StatusPreconditionRequired)
	wantProblem(t, "moved", approve.with("If-Match", `"p1.3"`).do(t, h), http.StatusConflict)
	for _, tag := range []string{"*", "p1.4", `"p1.4`, `""`, `"p1.4", "p1.5"`, `"`} {
		wantProblem(t, tag, approve.with("If-Match", tag).do(t, h), http.StatusBadRequest)
	}
	if len(w.decisions) != 0 {
		t.Errorf("%+v", w.decisions)
	}
	show := get("/api/v1/suggestions/p1", "viewer")
	got := show.do(t, h)
	if tag := got.Header().Get("ETag"); tag != w.proposals[0].ETag() {
		t.Errorf("ETag %q", tag)
	}
	if code := show.with("If-None-Match", w.proposals[0].ETag()).do(t, h).Code; code != http.StatusNotModified {
		t.Errorf("unchanged: %d", code)
	}
	if code := show.with("If-None-Match", `"p1.3"`).do(t, h).Code; code != http.StatusOK {
		t.Errorf("changed: %d", code)
	}
}

func TestRefusedDecisions(t *testing.T) {
	w := newWorld()
	h := handler(w)
	long := strings.Repeat("x", 4001)
	for _, r := range []request{
		post("/api/v1/suggestions/p1/reject", "reviewer", ""),
		post("/api/v1/suggestions/p1/reject", "reviewer", `{"reason":"because"}`),
		post("/api/v1/suggestions/p1/approve", "approver", `{"reason":"other"}`),
		post("/api/v1/suggestions/p1/approve", "approver", `{"comment":"`+long+`"}`),
		post("/api/v1/suggestions/p1/approve", "approver", `{"seconds":-1}`),
		post("/api/v1/suggestions/p1/approve", "approver", `{"edits":{"c1":"x"}}`),
		post("/api/v1/suggestions/p1/approve", "approver", `{"changes":"c1"}`),
		post("/api/v1/suggestions/p1/edit", "approver", `{}`),
		post("/api/v1/suggestions/p1/edit", "approver", `{"changes":["c2"],"edits":{"c1":"x"}}`),
	} {
		wantProblem(t, r.path+" "+r.body[:min(60, len(r.body))], r.with("If-Match", `"p1.4"`).do(t, h), http.StatusBadRequest)
	}
	if len(w.decisions) != 0 {
		t.Errorf("%+v", w.decisions)
	}
}

// Every kind of error has one status, whichever route meets it, and only our own failures keep their text to the log.
func TestErrorKinds(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		told   bool
	}{
		{crm.ErrNotFound, 404, true}, {crm.ErrInvalid, 400, true}, {crm.ErrConflict, 409, true}, {crm.ErrForbidden, 403, true}, {crm.ErrStopped, 409, true},
		{crm.ErrTemporary, 503, false}, {&crm.RetryAfter{At: now.Add(1e9 * 90), Err: crm.ErrForbidden}, 503, false}, {crm.ErrUnknown, 503, false},
		{fmt.Errorf("sql: syntax error"), 500, false},
	} {
		for _, r := range []request{
			get("/api/v1/records/companies/1/search?q=a", "viewer"), get("/api/v1/records/companies/1/timeline", "viewer"), get("/api/v1/activities/calls/9101", "viewer"),
			get("/api/v1/activities/calls/9101?version=v1", "viewer"),
			get("/api/v1/suggestions", "viewer"), get("/api/v1/suggestions/p1", "viewer"), post("/api/v1/suggestions/p1/approve", "approver", "").with("If-Match", `"p1.4"`),
			post("/api/v1/runs", "admin", `{"workflow":"w","subject":"calls/1"}`), post("/api/v1/runs", "admin", `{"workflow":"w","subject":"calls/1","dry_run":true}`),
			get("/api/v1/runs/r1", "viewer"), get("/api/v1/audit", "viewer"), get("/api/v1/work", "viewer"), get("/api/v1/status", "viewer"), get("/api/v1/index", "viewer"),
			post("/api/v1/index", "admin", "{}"), post("/api/v1/work/bury", "admin", `{"ids":["index:calls/1"]}`), get("/api/v1/tokens", "admin"),
			post("/api/v1/tokens", "admin", `{"name":"a","role":"viewer"}`), {method: "DELETE", path: "/api/v1/tokens/a", token: "admin"},
		} {
			w := newWorld()
			w.err = fmt.Errorf("inner words: %w", c.err)
			got := r.do(t, handler(w))
			wantProblem(t, fmt.Sprintf("%s %s: %v", r.method, r.path, c.err), got, c.status)
			if told := strings.Contains(got.Body.String(), "inner words"); told != c.told {
				t.Errorf("%s %s: %v: the caller is told: %v", r.method, r.path, c.err, told)
			}
			if after := got.Header().Get("Retry-After"); (after != "") != (c.status == 503) {
				t.Errorf("%s: %v: Retry-After %q", r.path, c.err, after)
			} else if _, says := c.err.(*crm.RetryAfter); says && after != "90" {
				t.Errorf("%s: Retry-After %q, want the error's 90 s", r.path, after)
			}
		}
	}
}

func TestUnknownRoutesAndMethods(t *testing.T) {
	h := handler(newWorld())
	for _, path := range []string{"/nothing", "/api/v1/nothing", "/api/v1/suggestions/", "//", "/api/v1/status/", "/metrics", "/debug/pprof/", "/static/../ports.go", "/static/layout.html"} {
		wantProblem(t, path, get(path, "admin").do(t, h), http.StatusNotFound)
	}
	got := request{method: "PUT", path: "/api/v1/status"}.do(t, h)
	wantProblem(t, "PUT", got, http.StatusMethodNotAllowed)
	if got.Header().Get("Allow") != "GET" {
		t.Errorf("Allow %q", got.Header().Get("Allow"))
	}
}
