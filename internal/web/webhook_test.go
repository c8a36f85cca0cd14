package web_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/web"
)

const hook = "/webhooks/hubspot"

func TestWebhookIsAcknowledgedOnceDurable(t *testing.T) {
	w := newWorld()
	h := handler(w)
	for _, body := range []string{`[{"eventId":1}]`, "", "not json \x00\xff", `{"a":` + strings.Repeat("[", 100_000)} {
		w.bodies = nil
		got := request{method: "POST", path: hook, body: body}.do(t, h)
		if got.Code != http.StatusOK || got.Body.Len() != 0 {
			t.Errorf("%d %q", got.Code, got.Body)
		}
		if len(w.bodies) != 1 || w.bodies[0] != body {
			t.Errorf("kept %q of %.40q", w.bodies, body)
		}
	}
	if got := post(hook, "", `[]`).with("Content-Type", "text/plain").do(t, h); got.Code != http.StatusOK {
		t.Errorf("a signed body with another content type: %d", got.Code)
	}
}

func TestWebhookRefusals(t *testing.T) {
	w := newWorld()
	h := handler(w)
	wantProblem(t, "GET", get(hook, "").do(t, h), http.StatusMethodNotAllowed)
	wantProblem(t, "gzip", post(hook, "", "x").with("Content-Encoding", "gzip").do(t, h), http.StatusUnsupportedMediaType)
	wantProblem(t, "10 MB", post(hook, "", strings.Repeat("x", 10<<20)).do(t, h), http.StatusRequestEntityTooLarge)
	if got := post(hook, "", strings.Repeat("x", 1<<20)).do(t, h); got.Code != http.StatusOK {
		t.Errorf("exactly 1 MiB: %d", got.Code)
	}
	w.bodies = nil
	announced := httptest.NewRequest("POST", hook, iotest.ErrReader(errors.New("it was read")))
	announced.ContentLength = 1<<20 + 1
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, announced)
	wantProblem(t, "announced and not read", rec, http.StatusRequestEntityTooLarge)

	w.verifyErr = errors.New("signature refused: no secret matches")
	got := post(hook, "", "[]").do(t, h)
	wantProblem(t, "bad signature", got, http.StatusUnauthorized)
	if strings.Contains(got.Body.String(), "secret") || strings.Contains(got.Body.String(), "detail") {
		t.Errorf("it says why: %s", got.Body)
	}
	if len(w.bodies) != 0 {
		t.Errorf("kept %d refused bodies", len(w.bodies))
	}
}

func TestChunkedBodyBeyondTheLimit(t *testing.T) {
	w := newWorld()
	srv := httptest.NewServer(handler(w))
	defer srv.Close()
	body := io.MultiReader(strings.NewReader(strings.Repeat("x", 1<<20)), strings.NewReader("y")) // no length is known: chunked
	res, err := http.Post(srv.URL+hook, "application/json", body)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusRequestEntityTooLarge || len(w.bodies) != 0 {
		t.Errorf("%d, kept %d", res.StatusCode, len(w.bodies))
	}
}

func TestOurFailuresAreNever4xx(t *testing.T) {
	for _, kind := range []error{crm.ErrTemporary, crm.ErrInvalid, crm.ErrNotFound, crm.ErrConflict, crm.ErrForbidden, errors.New("disk I/O error")} {
		w := newWorld()
		w.deliverErr = fmt.Errorf("store delivery: %w", kind)
		got := post(hook, "", "[]").do(t, handler(w))
		wantProblem(t, kind.Error(), got, http.StatusServiceUnavailable)
		if got.Header().Get("Retry-After") == "" || strings.Contains(got.Body.String(), "disk") {
			t.Errorf("%v: Retry-After %q, %s", kind, got.Header().Get("Retry-After"), got.Body)
		}
	}
}

func TestPanicOfTheStoreIs503AndSilent(t *testing.T) {
	w := newWorld()
	w.panics = true
	var log bytes.Buffer
	s := w.server()
	s.Log = slog.New(slog.NewTextHandler(&log, nil))
	got := post(hook, "", `["secret body"]`).do(t, web.New(s))
	wantProblem(t, "panic", got, http.StatusServiceUnavailable)
	if got.Header().Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	mustContain(t, log.String(), "panic", "route=/webhooks/hubspot", "status=503")
	for _, secret := range []string{"customer text", "secret body"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log tells %q:\n%s", secret, log.String())
		}
	}
}

func TestHungStoreIs503WithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.deliver = func(ctx context.Context) error {
			<-ctx.Done()
			return fmt.Errorf("%w: %w", ctx.Err(), crm.ErrTemporary)
		}
		start := time.Now()
		got := post(hook, "", "[]").do(t, handler(w))
		if took := time.Since(start); got.Code != http.StatusServiceUnavailable || took > time.Second {
			t.Errorf("%d after %v", got.Code, took)
		}
	})
}

func TestVerifiedBatchIsKeptEvenIfTheSenderHungUp(t *testing.T) {
	w := newWorld()
	w.deliver = func(ctx context.Context) error { return ctx.Err() }
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req := httptest.NewRequest("POST", hook, strings.NewReader("[]")).WithContext(ctx)
	rec := httptest.NewRecorder()
	handler(w).ServeHTTP(rec, req)
	if rec.Code != http.StatusOK {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

// A body that stops half-way must be asked for again, and must not be kept.
func TestCutAndSlowBodies(t *testing.T) {
	for what, stop := range map[string]bool{"cut": true, "slow": false} {
		t.Run(what, func(t *testing.T) {
			w := newWorld()
			srv := httptest.NewUnstartedServer(handler(w))
			srv.Config.ReadTimeout = 50 * time.Millisecond
			srv.Start()
			defer srv.Close()
			conn, err := net.Dial("tcp", srv.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: contextd.test\r\nContent-Length: 100\r\n\r\n[{", hook)
			if stop {
				if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
					t.Fatal(err)
				}
			}
			answer, err := io.ReadAll(conn)
			if err != nil {
				t.Fatal(err)
			}
			mustContain(t, string(answer), "HTTP/1.1 503 ", "Retry-After:")
			if len(w.bodies) != 0 {
				t.Errorf("kept %q", w.bodies)
			}
		})
	}
}

func TestLimitsOfTheListener(t *testing.T) {
	s := web.HTTPServer(http.NotFoundHandler())
	if s.ReadHeaderTimeout != 5*time.Second || s.ReadTimeout != 10*time.Second || s.WriteTimeout != 30*time.Second || s.MaxHeaderBytes != 16<<10 || s.Handler == nil {
		t.Errorf("%+v", s)
	}
}
