package web_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/web"
)

func TestReadiness(t *testing.T) {
	w := newWorld()
	s := w.server()
	var broken error
	s.Checks = []web.Check{{Name: "store", Run: func(context.Context) error { return broken }}, {Name: "vectors", Run: func(context.Context) error { return nil }}}
	h := web.New(s)
	for _, path := range []string{"/livez", "/readyz", "/healthz"} {
		if got := get(path, "").do(t, h); got.Code != http.StatusOK {
			t.Errorf("%s: %d", path, got.Code)
		}
	}
	got := get("/readyz?verbose", "").do(t, h)
	mustContain(t, got.Body.String(), `"name":"store"`, `"name":"vectors"`, `"ok":true`)

	broken = errors.New("password=hunter2")
	if got := get("/livez", "").do(t, h); got.Code != http.StatusOK {
		t.Errorf("a dependency kills us: %d", got.Code)
	}
	for _, path := range []string{"/readyz", "/healthz", "/readyz?verbose"} {
		got := get(path, "").do(t, h)
		if got.Code != http.StatusServiceUnavailable || got.Header().Get("Retry-After") == "" {
			t.Errorf("%s: %d", path, got.Code)
		}
		mustContain(t, got.Body.String(), `"failed":["store"]`)
		if strings.Contains(got.Body.String(), "hunter2") {
			t.Errorf("%s tells the cause: %s", path, got.Body)
		}
	}
}

func TestHangingCheckIsSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newWorld().server()
		hang := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		s.Checks = []web.Check{{Name: "a", Run: hang}, {Name: "b", Run: hang}}
		start := time.Now()
		got := get("/readyz", "").do(t, web.New(s))
		if took := time.Since(start); got.Code != http.StatusServiceUnavailable || took > 5*time.Second {
			t.Errorf("%d after %v", got.Code, took)
		}
		mustContain(t, got.Body.String(), `"failed":["a","b"]`)
	})
}

func TestMetrics(t *testing.T) {
	w := newWorld()
	h := web.Admin(web.AdminServer{Status: w, Portals: []crm.PortalID{portal, foreign}, Version: "1.2.3", Revision: "abc", Log: quiet()})
	got := get("/metrics", "").do(t, h)
	mustContain(t, got.Body.String(), "contextd_work_depth{lane=\"live\"} 6\n", "contextd_work_depth{lane=\"backfill\"} 0\n", "contextd_events{state=\"received\"} 18\n",
		"contextd_events{state=\"ignored\"} 4\n", "contextd_oldest_seconds 1.5\n", `contextd_build_info{goversion="go`, `revision="abc",version="1.2.3"} 1`, "go_goroutines ")
	if strings.Contains(got.Body.String(), "4711") {
		t.Error("a portal in a label")
	}
	w.err = crm.ErrTemporary
	if got := get("/metrics", "").do(t, h); got.Code != http.StatusInternalServerError {
		t.Errorf("an unreadable status: %d", got.Code)
	}
	for _, path := range []string{"/debug/pprof/", "/debug/pprof/goroutine?debug=1", "/livez"} {
		if got := get(path, "").do(t, h); got.Code != http.StatusOK {
			t.Errorf("%s: %d", path, got.Code)
		}
	}
}

func TestLogNamesRoutesNotWhatIsAsked(t *testing.T) {
	var log bytes.Buffer
	w := newWorld()
	s := w.server()
	s.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h := web.New(s)
	got := get("/api/v1/records/companies/123/search?q=SECRET-Q", "viewer").with("X-Request-Id", "trace-12345678").with("Cookie", "x=SECRET-C").do(t, h)
	post("/api/v1/runs", "reviewer", `{"workflow":"SECRET-B"}`).do(t, h)
	get("/start?token=SECRET-O", "").do(t, h)
	get("/SECRET-P", "").do(t, h)
	post("/api/v1/tokens", "admin", `{"name":"n","role":"viewer"}`).do(t, h)
	get("/livez", "").with("X-Request-Id", "bad id\n").do(t, h)
	if id := got.Header().Get("X-Request-Id"); id != "trace-12345678" {
		t.Errorf("request id %q", id)
	}
	mustContain(t, log.String(), "request_id=trace-12345678 method=GET route=/api/v1/records/:type/:id/search status=200 duration=", "portal=4711", "route=unmatched", "level=DEBUG")
	for _, secret := range []string{"SECRET", pat, "bad id"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log tells %q:\n%s", secret, log.String())
		}
	}
}

func TestMissingPortsAreNamedAtTheStart(t *testing.T) {
	for what, s := range map[string]web.Server{"Verifier": {}, "Portals": func() web.Server { s := newWorld().server(); s.Portals = nil; return s }(),
		"public URL": func() web.Server { s := newWorld().server(); s.PublicURL = "contextd.test"; return s }()} {
		func() {
			defer func() {
				if v, _ := recover().(string); !strings.Contains(v, what) {
					t.Errorf("%s: %q", what, v)
				}
			}()
			web.New(s)
		}()
	}
}
