package web_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

var update = flag.Bool("update", false, "write the golden files anew")

// The shapes of the API are files, so that every change of a name is seen by a person.
func TestShapes(t *testing.T) {
	for name, r := range map[string]request{
		"search":          get("/api/v1/records/companies/123/search?q=renewal&limit=5", "viewer"),
		"context":         get("/api/v1/records/deals/9/context", "viewer"),
		"timeline":        get("/api/v1/records/companies/123/timeline?limit=1", "viewer"),
		"activity":        get("/api/v1/activities/calls/9101", "viewer"),
		"activity-old":    get("/api/v1/activities/calls/9101?version=v1", "viewer"),
		"suggestions":     get("/api/v1/suggestions?state=rejected", "viewer"),
		"suggestion":      get("/api/v1/suggestions/p1", "viewer"),
		"run":             get("/api/v1/runs/r1", "viewer"),
		"run-started":     post("/api/v1/runs", "reviewer", `{"workflow":"call_summary","subject":"calls/9101","dry_run":false}`),
		"run-dry":         post("/api/v1/runs", "reviewer", `{"workflow":"call_summary","subject":"calls/9101","dry_run":true,"as_of":"2026-10-01T00:00:00+02:00"}`),
		"audit":           get("/api/v1/audit?subject=calls/9101", "viewer"),
		"work":            get("/api/v1/work?state=buried&kind=index", "viewer"),
		"work-redrive":    post("/api/v1/work/redrive", "admin", `{"ids":["index:calls/9101"]}`),
		"work-bury":       post("/api/v1/work/bury", "admin", `{"ids":["consider:call_summary:calls/9101"],"cause":"gone"}`),
		"status":          get("/api/v1/status", "viewer"),
		"policy":          get("/api/v1/policy", "viewer"),
		"policy-approved": post("/api/v1/policy/approve", "admin", `{"sha256":"`+strings.Repeat("ab", 32)+`"}`),
		"usage":           get("/api/v1/usage", "viewer"),
		"usage-days":      get("/api/v1/usage?by=day&month=2026-11", "viewer"),
		"index":           get("/api/v1/index", "viewer"),
		"index-start":     post("/api/v1/index", "admin", `{"objects":["calls","notes"],"since":"2026-01-01T00:00:00Z","limit":200}`),
		"tokens":          get("/api/v1/tokens", "admin"),
		"token":           post("/api/v1/tokens", "admin", `{"name":"ci","role":"viewer"}`),
	} {
		t.Run(name, func(t *testing.T) {
			w := r.do(t, handler(newWorld()))
			if w.Code >= 300 || !strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") || w.Header().Get("Cache-Control") != "no-store" {
				t.Fatalf("%d %v %s", w.Code, w.Header(), w.Body)
			}
			var got bytes.Buffer
			fmt.Fprintf(&got, "%d\n", w.Code)
			if err := json.Indent(&got, w.Body.Bytes(), "", "  "); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(want, got.Bytes()) {
				t.Errorf("got %s\nwant %s", got.Bytes(), want)
			}
		})
	}
}

func TestQuestionsReachTheRetriever(t *testing.T) {
	w := newWorld()
	h := handler(w)
	get("/api/v1/records/deals/9/search?q=price&as_of=2026-06-01T02:00:00%2B02:00&since=2026-01-01T00:00:00Z&kinds=call,email&limit=7", "viewer").do(t, h)
	get("/api/v1/records/deals/9/context?budget=500", "viewer").do(t, h)
	if len(w.questions) != 2 {
		t.Fatal(len(w.questions))
	}
	q := w.questions[0]
	if q.Text != "price" || q.Limit != 7 || q.Budget != 0 || !slices.Equal(q.Kinds, []crm.Kind{crm.Call, crm.Email}) || q.AsOf != time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC) ||
		q.Since != time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) || !q.Valid() || q.Account.ID != "123" {
		t.Errorf("%+v", q)
	}
	if q := w.questions[1]; q.Budget != 500 || q.Text == "" || !q.Valid() {
		t.Errorf("%+v", q)
	}
	get("/api/v1/search?q=price&people=contacts/7&human=true&why=calls/1,emails/2&history=Who+is+Mira%3F%0AThe+head+of+operations.", "viewer").do(t, h)
	q = w.questions[2]
	if !q.Wide || !q.Valid() || !q.Human || len(q.People) != 1 || len(q.Why) != 2 || len(q.History) != 2 || q.Why[1].ID != "2" {
		t.Errorf("%+v", q)
	}
	for _, bad := range []string{"people=calls/1", "why=contacts/7", "human=yes", "people=x"} {
		if code := get("/api/v1/search?q=price&"+bad, "viewer").do(t, h).Code; code != http.StatusBadRequest {
			t.Errorf("%s: %d", bad, code)
		}
	}
}

func TestWhatRoutesHandOn(t *testing.T) {
	w := newWorld()
	h := handler(w)
	post("/api/v1/tokens", "admin", `{"name":"ci","role":"approver"}`).do(t, h)
	if code := (request{method: "DELETE", path: "/api/v1/tokens/ci", token: "admin"}).do(t, h).Code; code != http.StatusNoContent {
		t.Error(code)
	}
	post("/api/v1/index", "admin", `{"records":["companies/1","deals/2"]}`).do(t, h)
	post("/api/v1/work/redrive", "admin", `{"ids":["apply:e:1","index:calls/2"]}`).do(t, h)
	post("/api/v1/work/bury", "admin", `{"ids":["index:calls/2"]}`).do(t, h)
	if got := fmt.Sprint(w.created, w.revoked, w.moved); got != "[4711 ci approver by token:admin] [4711 ci] [redrive 4711 apply e:1 by token:admin redrive 4711 index calls/2 by token:admin "+
		"bury 4711 index calls/2 because buried by hand]" {
		t.Error(got)
	}
	if b := w.backfills[0]; len(b.Records) != 2 || b.Records[1] != (crm.Ref{Portal: portal, Type: crm.Deals, ID: "2"}) || b.By.ID != "admin" {
		t.Errorf("%+v", b)
	}
}

func TestPaging(t *testing.T) {
	h := handler(newWorld())
	var refs []string
	next := ""
	for pages := 0; ; pages++ {
		path := "/api/v1/records/companies/123/timeline?limit=2"
		if next != "" {
			path += "&cursor=" + next
		}
		w := get(path, "viewer").do(t, h)
		var page struct {
			Items []struct{ Ref string }
			Next  *string
		}
		decodeInto(t, w, &page)
		for _, item := range page.Items {
			refs = append(refs, item.Ref)
		}
		if page.Next == nil {
			if pages != 2 {
				t.Errorf("%d pages", pages+1)
			}
			break
		}
		next = *page.Next
	}
	if got := strings.Join(refs, " "); got != "notes/1 notes/2 notes/3 notes/4 notes/5" {
		t.Error(got)
	}
	for what, cursor := range map[string]string{"another list's": "dGltZWxpbmU6MQ", "junk": "!!", "padded": next + "=", "empty inside": "dGltZWxpbmU6"} {
		path := "/api/v1/audit?cursor="
		if what != "another list's" {
			path = "/api/v1/records/companies/123/timeline?cursor="
		}
		wantProblem(t, what, get(path+cursor, "viewer").do(t, h), http.StatusBadRequest)
	}
}

func TestRefusedQueries(t *testing.T) {
	h := handler(newWorld())
	record := "/api/v1/records/companies/123"
	for _, path := range []string{
		record + "/search", record + "/search?q=", record + "/search?q=" + strings.Repeat("x", 2001), record + "/search?q=a&q=b", record + "/search?q=%ff",
		record + "/search?q=a&limit=0", record + "/search?q=a&limit=201", record + "/search?q=a&limit=x", record + "/search?q=a&since=yesterday",
		record + "/search?q=a&as_of=2026-01-01", record + "/search?q=a&kinds=calls", record + "/search?q=a&kinds=", record + "/search?q=a&color=red", record + "/search?q=a;b=%zz",
		record + "/context?budget=0", record + "/context?budget=32001", record + "/context?q=" + strings.Repeat("x", 2001), record + "/timeline?limit=-1",
		"/api/v1/records/calls/9101/timeline", "/api/v1/records/companies/abc/search?q=a", "/api/v1/records/gadgets/1/search?q=a",
		"/api/v1/activities/companies/123", "/api/v1/activities/calls/x", "/api/v1/activities/calls/9101?v=1",
		"/api/v1/suggestions?state=open", "/api/v1/suggestions?record=123", "/api/v1/suggestions/p1?x=1", "/api/v1/work?kind=x", "/api/v1/work?state=x",
		"/api/v1/status?x=1", "/api/v1/index?x=1", "/api/v1/runs/r1?x=1", "/api/v1/audit?limit=1000",
	} {
		w := get(path, "viewer").do(t, h)
		if strings.HasSuffix(path, "kinds=") { // present and empty is absent
			if w.Code != http.StatusOK {
				t.Errorf("%s: %d", path, w.Code)
			}
			continue
		}
		wantProblem(t, path, w, http.StatusBadRequest)
	}
	wantProblem(t, "tokens", get("/api/v1/tokens?x=1", "admin").do(t, h), http.StatusBadRequest)
}

func TestRefusedBodies(t *testing.T) {
	w := newWorld()
	h := handler(w)
	run := `{"workflow":"call_summary","subject":"calls/9101"`
	for body, status := range map[string]int{
		"": 400, "{": 400, "null": 400, "[]": 400, `"x"`: 400, run: 400, run + `} {}`: 400, run + `} x`: 400,
		run + `,"colour":1}`: 400, run + `,"subject":"calls/1"}`: 400, run + `,"dry_run":"yes"}`: 400, run + `,"as_of":"now"}`: 400,
		run + `,"x":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `}`: 400, `{"workflow":"","subject":"calls/1"}`: 400,
		`{"workflow":"w","subject":"9101"}`: 400, `{"workflow":"w` + "\xff" + `","subject":"calls/1"}`: 400,
		`{"workflow":"` + strings.Repeat("x", 1<<20) + `"}`: 413,
	} {
		what := body
		if len(what) > 60 {
			what = what[:60]
		}
		wantProblem(t, what, post("/api/v1/runs", "reviewer", body).do(t, h), status)
	}
	deep := post("/api/v1/runs", "reviewer", `{"x":`+strings.Repeat("[", 500_000)).do(t, h)
	wantProblem(t, "deep", deep, http.StatusBadRequest)
	mustContain(t, deep.Body.String(), "nested too deep")
	wantProblem(t, "text/plain", post("/api/v1/runs", "reviewer", run+"}").with("Content-Type", "text/plain").do(t, h), http.StatusUnsupportedMediaType)
	wantProblem(t, "gzip", post("/api/v1/runs", "reviewer", run+"}").with("Content-Encoding", "gzip").do(t, h), http.StatusUnsupportedMediaType)
	for path, bodies := range map[string][]string{
		"/api/v1/tokens":       {`{"name":"a b","role":"viewer"}`, `{"name":"a","role":"owner"}`, `{"name":"a"}`, `{"name":"../x","role":"viewer"}`},
		"/api/v1/work/redrive": {``, `{"ids":[]}`, `{"ids":["index"]}`, `{"ids":["index:"]}`, `{"ids":["index:calls/1","magic:1"]}`},
		"/api/v1/work/bury":    {`{"ids":["index:calls/1"],"cause":"` + strings.Repeat("x", 4001) + `"}`},
		"/api/v1/index":        {`{"limit":-1}`, `{"records":["calls/1"]}`, `{"objects":["gadgets"]}`, `{"records":["deals/1"],"objects":["calls"]}`, `{"since":"x"}`},
	} {
		for _, body := range bodies {
			wantProblem(t, path+" "+body[:min(len(body), 60)], post(path, "admin", body).do(t, h), http.StatusBadRequest)
		}
	}
	if w.calls > 0 {
		t.Errorf("%d refused bodies reached a port", w.calls)
	}
}
