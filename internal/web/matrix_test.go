package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/web"
)

// open and signed are the doors of the routes that need no role.
const (
	open   web.Role = "open"
	signed web.Role = "signed"
)

// access is the whole policy, written a second time on purpose: a route that is not here, or is here and not served, fails.
var access = map[string]web.Role{
	"POST /webhooks/hubspot": signed,

	"GET /livez": open, "HEAD /livez": open, "GET /readyz": open, "HEAD /readyz": open, "GET /healthz": open, "HEAD /healthz": open,
	"GET /start": open, "GET /login": open, "POST /login": open, "GET /static/style.css": open, "GET /static/keys.js": open,

	"GET /api/v1/records/:type/:id/search": web.Viewer, "GET /api/v1/records/:type/:id/similar": web.Viewer, "GET /api/v1/records/:type/:id/timeline": web.Viewer, "GET /api/v1/records/:type/:id/context": web.Viewer,
	"GET /api/v1/activities/:type/:id": web.Viewer, "POST /api/v1/records/:type/:id/release": web.Approver, "GET /api/v1/locked": web.Viewer,
	"GET /api/v1/suggestions": web.Viewer, "GET /api/v1/suggestions/:id": web.Viewer,
	"POST /api/v1/suggestions/:id/approve": web.Approver, "POST /api/v1/suggestions/:id/edit": web.Approver, "POST /api/v1/suggestions/:id/reject": web.Reviewer,
	"POST /api/v1/stop": web.Approver, "POST /api/v1/resume": web.Administrator,
	"POST /api/v1/suggestions/:id/undo": web.Approver, "POST /api/v1/suggestions/:id/snooze": web.Reviewer, "POST /api/v1/suggestions/:id/assign": web.Reviewer,
	"POST /api/v1/suggestions/:id/comment": web.Reviewer, "GET /api/v1/review/stats": web.Viewer,
	"POST /api/v1/runs": web.Reviewer, "GET /api/v1/runs/:id": web.Viewer,
	"GET /api/v1/audit": web.Viewer, "GET /api/v1/status": web.Viewer,
	"GET /api/v1/audit/export": web.Viewer, "GET /api/v1/audit/entries/:seq/proof": web.Viewer, "POST /api/v1/audit/verify": web.Administrator, "POST /api/v1/audit/checkpoint": web.Administrator, "POST /api/v1/audit/replay": web.Administrator,
	"GET /api/v1/policy": web.Viewer, "POST /api/v1/policy/approve": web.Administrator,
	"GET /api/v1/usage": web.Viewer, "GET /api/v1/work": web.Viewer, "POST /api/v1/work/redrive": web.Administrator, "POST /api/v1/work/bury": web.Administrator,
	"GET /api/v1/index": web.Viewer, "POST /api/v1/index": web.Administrator,
	"POST /api/v1/index/verify": web.Administrator, "GET /api/v1/reindex": web.Viewer, "POST /api/v1/reindex": web.Administrator, "GET /api/v1/search": web.Viewer,
	"GET /api/v1/prompts": web.Viewer, "GET /api/v1/prompts/:workflow/:version": web.Viewer, "POST /api/v1/prompts/:workflow/:version/evaluate": web.Administrator,
	"POST /api/v1/prompts/:workflow/:version/promote": web.Administrator, "POST /api/v1/prompts/:workflow/rollback": web.Administrator,
	"GET /api/v1/calibration": web.Viewer, "POST /api/v1/calibration/:workflow/:field/fit": web.Administrator, "POST /api/v1/calibration/:workflow/:field/rollback": web.Administrator,
	"GET /api/v1/tokens": web.Administrator, "POST /api/v1/tokens": web.Administrator, "DELETE /api/v1/tokens/:name": web.Administrator,

	"GET /": web.Viewer, "GET /suggestions/:id": web.Viewer, "GET /activities/:type/:id": web.Viewer, "POST /logout": web.Viewer,
	"POST /bulk/approve": web.Approver, "POST /bulk/reject": web.Reviewer,
	"POST /suggestions/:id/approve": web.Approver, "POST /suggestions/:id/reject": web.Reviewer, "POST /suggestions/:id/undo": web.Approver,
	"POST /suggestions/:id/snooze": web.Reviewer, "POST /suggestions/:id/assign": web.Reviewer, "POST /suggestions/:id/comment": web.Reviewer,
	"GET /calibration": web.Viewer, "GET /calibration/:workflow/:field": web.Viewer, "POST /calibration/:workflow/:field/fit": web.Administrator, "POST /calibration/:workflow/:field/rollback": web.Administrator,
	"GET /locked": web.Viewer, "POST /locked/release": web.Approver,
	"GET /status": web.Viewer, "POST /status/stop": web.Approver, "POST /status/resume": web.Administrator, "POST /status/policy": web.Administrator,
}

func TestEveryRouteLetsInWhomItShould(t *testing.T) {
	routes := handler(newWorld()).(*gin.Engine).Routes()
	seen := map[string]bool{}
	for _, r := range routes {
		name := r.Method + " " + r.Path
		seen[name] = true
		need, ok := access[name]
		if !ok {
			t.Errorf("%s is not in the access table", name)
			continue
		}
		for _, who := range []string{"", "viewer", "reviewer", "approver", "admin", "foreign", "odd", "unknown"} {
			checkAccess(t, r.Method, r.Path, need, who)
		}
	}
	for name := range access {
		if !seen[name] {
			t.Errorf("%s is in the access table and not served", name)
		}
	}
}

func checkAccess(t *testing.T, method, path string, need web.Role, who string) {
	t.Helper()
	w := newWorld()
	s := w.server()
	s.Portals = []crm.PortalID{portal, foreign} // so that the foreign session and token are valid, only not for p1
	h := web.New(s)
	path = strings.NewReplacer(":type", "companies", ":id", "p1", ":name", "ci", ":seq", "1").Replace(path)
	path = strings.ReplaceAll(path, "companies/p1", "companies/123")
	path = strings.ReplaceAll(path, "activities/companies/123", "activities/calls/9101")
	api := strings.HasPrefix(path, "/api/")
	r := request{method: method, path: path}
	switch {
	case who == "":
	case api:
		r.token = who
	case who == "odd", who == "unknown":
		r.cookie = &http.Cookie{Name: "contextd_session", Value: "made-up"}
	default:
		r.cookie = logIn(t, h, who)
	}
	if method == http.MethodPost && !api {
		r.form = url.Values{}
	}
	r = r.with("Sec-Fetch-Site", "same-origin")
	w.calls = 0
	code := r.do(t, h).Code
	denied := code == http.StatusUnauthorized || code == http.StatusForbidden
	role := web.Role(who)
	switch {
	case who == "foreign":
		role = web.Administrator
	case who == "unknown", who == "odd":
		role = ""
	}
	want := need == open || need == signed || role.May(need)
	if path == "/start" || path == "/login" && method == http.MethodPost {
		want = false // they answer 401 to what the test sends
	}
	if want == denied {
		t.Errorf("%s %s as %q: %d, want allowed=%v", method, path, who, code, want)
	}
	if denied && w.calls > 0 {
		t.Errorf("%s %s as %q: refused after asking a port", method, path, who)
	}
}

func TestPortalComesFromTheTokenOnly(t *testing.T) {
	w := newWorld()
	s := w.server()
	s.Portals = []crm.PortalID{portal, foreign}
	h := web.New(s)

	for _, r := range []request{
		get("/api/v1/suggestions/p1", "foreign"),
		get("/api/v1/runs/r1", "foreign"),
		get("/api/v1/activities/calls/9101", "foreign"),
		post("/api/v1/suggestions/p1/reject", "foreign", `{"reason":"other"}`).with("If-Match", w.proposals[0].ETag()),
	} {
		wantProblem(t, "foreign "+r.path, r.do(t, h), http.StatusNotFound)
	}
	wantProblem(t, "portal in the query", get("/api/v1/suggestions?portal=4711", "foreign").do(t, h), http.StatusBadRequest)
	wantProblem(t, "portal in the query of a POST", post("/api/v1/runs?portal=4711", "foreign", `{"workflow":"w","subject":"calls/1"}`).do(t, h), http.StatusBadRequest)
	wantProblem(t, "portal in the body", post("/api/v1/runs", "foreign", `{"portal":4711,"workflow":"w","subject":"calls/1"}`).do(t, h), http.StatusBadRequest)
	wantProblem(t, "portal in a reference", post("/api/v1/runs", "foreign", `{"workflow":"w","subject":"4711/calls/1"}`).do(t, h), http.StatusBadRequest)
	wantProblem(t, "a token for every portal, of several", get("/api/v1/suggestions", "every").do(t, h), http.StatusForbidden)

	if code := get("/api/v1/records/companies/1/search?q=x", "foreign").with("X-Portal", "4711").do(t, h).Code; code != http.StatusOK {
		t.Fatal(code)
	}
	if q := w.questions[0]; q.Portal != foreign || q.Account.Portal != foreign {
		t.Errorf("searched portal %s, account %s", q.Portal, q.Account)
	}

	one := web.New(w.server())
	if code := get("/api/v1/suggestions/p1", "every").do(t, one).Code; code != http.StatusOK {
		t.Errorf("a token for every portal in an installation of one: %d", code)
	}
	wantProblem(t, "a token of a portal that is gone", get("/api/v1/suggestions", "foreign").do(t, one), http.StatusForbidden)
}

func TestBearerToken(t *testing.T) {
	h := handler(newWorld())
	for what, header := range map[string]string{
		"none": "", "basic": "Basic " + pat + "viewer", "no prefix": "Bearer viewer", "prefix only": "Bearer " + pat, "two words": "Bearer " + pat + "viewer x",
		"no scheme": pat + "viewer", "too long": "Bearer " + pat + strings.Repeat("x", 300), "unknown": "Bearer " + pat + "nobody",
	} {
		r := get("/api/v1/status", "")
		if header != "" {
			r = r.with("Authorization", header)
		}
		w := r.do(t, h)
		wantProblem(t, what, w, http.StatusUnauthorized)
		if !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%s: no WWW-Authenticate", what)
		}
	}
	if code := get("/api/v1/status", "").with("Authorization", "bearer "+pat+"viewer").do(t, h).Code; code != http.StatusOK {
		t.Errorf("the scheme's case matters: %d", code)
	}
	w := newWorld()
	if code := (request{method: "GET", path: "/api/v1/status", cookie: logIn(t, handler(w), "admin")}).do(t, handler(w)).Code; code != http.StatusUnauthorized {
		t.Errorf("the API takes a browser's session: %d", code)
	}
}
