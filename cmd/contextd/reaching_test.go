package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/hubspot/hubsim"
)

// awaited collects what is said and calls done as soon as a text is among it.
type awaited struct {
	mu   sync.Mutex
	text bytes.Buffer
	want string
	done func()
}

func (a *awaited) Write(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	n, err := a.text.Write(p)
	if strings.Contains(a.text.String(), a.want) {
		a.done()
	}
	return n, err
}

// TestServeSaysThatTheTokenIsWrong: the service starts, and says at once what is the matter, where and how it is mended.
func TestServeSaysThatTheTokenIsWrong(t *testing.T) {
	hub := httptest.NewServer(hubsim.New(hubsim.Options{}).Handler())
	defer hub.Close()
	environ := []string{"HOME=" + t.TempDir(), "CONTEXTD_DATA_DIR=" + filepath.Join(t.TempDir(), "d"), "CONTEXTD_SERVER__LISTEN=127.0.0.1:0", "CONTEXTD_SERVER__ADMIN_LISTEN=127.0.0.1:0", "CONTEXTD_HUBSPOT__PORTAL_ID=4242001",
		"CONTEXTD_HUBSPOT__TOKEN=pat-wrong-secret", "CONTEXTD_HUBSPOT__CLIENT_SECRET=s", "CONTEXTD_HUBSPOT__BASE_URL=" + hub.URL}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	talk := &awaited{want: "HubSpot refuses the token of portal 4242001: hubspot.token: check", done: cancel}
	if err := run(ctx, []string{"serve"}, environ, strings.NewReader(""), io.Discard, talk, allCommands()); err != nil {
		t.Fatal(err)
	}
	if said := talk.text.String(); !strings.Contains(said, talk.want) || !strings.Contains(said, "contextd is ready") || strings.Contains(said, "pat-wrong-secret") {
		t.Errorf("it says %s", said)
	}
}

// TestATokenThatIsRevoked: the status, the readiness and the exit codes say so as long as it lasts; webhooks are taken all the same.
func TestATokenThatIsRevoked(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, nil)
	ready := func() string {
		t.Helper()
		resp, err := http.Get(p.url + "/readyz?verbose")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("%d %s %v", resp.StatusCode, body, err)
		}
		return string(body)
	}
	client := &apiClient{http: &http.Client{Timeout: time.Minute}, base: p.url, token: p.s.access.local}
	status := func() string {
		t.Helper()
		st, err := readStatus(t.Context(), client)
		if err != nil || len(st.Read.HubSpot.Apps) != 1 || st.Read.HubSpot.Apps[0].ID != simApp() {
			t.Errorf("%+v, %v", st.Read.HubSpot, err)
		}
		return st.Read.HubSpot.Problem
	}
	p.call("POST", "faults", map[string]any{"kind": "status", "status": 401, "path": "/account-info"})
	if p.s.reaching.ask(t.Context(), p.portal()) {
		t.Error("a token that is refused lets us in")
	}
	if got := ready(); !strings.Contains(got, `"degraded":["hubspot"]`) || !strings.Contains(got, `"status":"ready"`) || strings.Contains(got, "token") {
		t.Errorf("ready says %s", got)
	}
	if got := status(); !strings.Contains(got, "hubspot.token: check that it is current") {
		t.Errorf("the status says %q", got)
	}
	_, _, err := client.do(t.Context(), call{method: http.MethodPost, path: "/index", body: indexOrder{Records: []string{"companies/40000000001"}}}, nil)
	if exitCode(err) != exitConfig || !strings.Contains(err.Error(), "hubspot.token") {
		t.Errorf("index: exit %d, %v", exitCode(err), err)
	}
	if _, err := setupHubSpot(t.Context(), p.s.cfg, true); exitCode(err) != exitConfig {
		t.Errorf("setup: exit %d, %v", exitCode(err), err)
	}
	p.call("DELETE", "faults", nil)
	p.call("POST", "faults", map[string]any{"kind": "status", "status": 503, "path": "/account-info"})
	if _, err := setupHubSpot(t.Context(), p.s.cfg, true); exitCode(err) != exitUnreachable {
		t.Errorf("setup while HubSpot is away: exit %d, %v", exitCode(err), err)
	}
	if p.s.reaching.ask(t.Context(), p.portal()) || !strings.Contains(status(), "cannot be reached") {
		t.Errorf("the status says %q", status())
	}
	p.call("DELETE", "faults", nil)
	if !p.s.reaching.ask(t.Context(), p.portal()) || status() != "" || strings.Contains(ready(), "degraded") {
		t.Errorf("mended: %q, %s", status(), ready())
	}
}

// TestAppsInDoctor: which app is ours is said where people look, with what is wrong with a configured one.
func TestAppsInDoctor(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, func(c *Config) { c.HubSpot.AppID = "" })
	look := func(app string) Check {
		own := p.s.portal(p.portal())
		own.AppID = app
		return appCheck(t.Context(), p.s.cfg, own)
	}
	if _, err := keepLocal(p.s.cfg.DataDir, p.url, nil); err != nil {
		t.Fatal(err)
	}
	if c := look(""); c.State != "ok" || !strings.Contains(c.Detail, "not known yet") {
		t.Errorf("%+v", c)
	}
	if err := p.s.db.KeepOwnApp(t.Context(), p.portal(), simApp()); err != nil {
		t.Fatal(err)
	}
	if c := look(""); c.State != "ok" || !strings.Contains(c.Detail, simApp()+", as HubSpot showed") {
		t.Errorf("%+v", c)
	}
	if c := look(simApp()); c.State != "ok" || !strings.Contains(c.Detail, "as configured") {
		t.Errorf("%+v", c)
	}
	if c := look("1"); c.State != "warn" || !strings.Contains(c.Detail, simApp()) || !strings.Contains(c.Fix, "hubspot.app_id") {
		t.Errorf("%+v", c)
	}
	if st, err := p.s.reaching.of(t.Context(), p.portal()); err != nil || len(st.Apps) != 1 || st.Apps[0].LearnedAt.IsZero() {
		t.Errorf("%+v, %v", st, err)
	}
}
