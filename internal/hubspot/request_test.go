package hubspot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

func serve(t *testing.T, opt Options, h http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	opt.BaseURL, opt.Portal, opt.Token = s.URL, 1, "secret-token"
	if opt.Rate == 0 {
		opt.Rate, opt.Search = -1, -1
	}
	c, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func cut(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		err = conn.Close()
	}
	if err != nil {
		panic(err)
	}
}

var (
	testRead  = call{operation: "look", method: "GET", path: "/x"}
	testWrite = call{operation: "change", method: "POST", path: "/x", body: map[string]string{"a": "b"}, write: true}
)

func TestErrorKinds(t *testing.T) {
	kinds := []error{crm.ErrNotFound, crm.ErrInvalid, crm.ErrConflict, crm.ErrTemporary, crm.ErrForbidden, crm.ErrUnknown}
	only := func(err, want error) bool {
		for _, k := range kinds {
			if errors.Is(err, k) != (k == want) {
				return false
			}
		}
		return true
	}
	for status, want := range map[int][2]error{
		301: {crm.ErrTemporary, crm.ErrTemporary}, 400: {crm.ErrInvalid, crm.ErrInvalid}, 401: {crm.ErrForbidden, crm.ErrForbidden}, 403: {crm.ErrForbidden, crm.ErrForbidden},
		404: {crm.ErrNotFound, crm.ErrNotFound}, 409: {crm.ErrConflict, crm.ErrConflict}, 414: {crm.ErrInvalid, crm.ErrInvalid}, 408: {crm.ErrTemporary, crm.ErrUnknown},
		423: {crm.ErrTemporary, crm.ErrTemporary}, 429: {crm.ErrTemporary, crm.ErrTemporary}, 477: {crm.ErrTemporary, crm.ErrTemporary},
		500: {crm.ErrTemporary, crm.ErrUnknown}, 502: {crm.ErrTemporary, crm.ErrUnknown}, 503: {crm.ErrTemporary, crm.ErrUnknown}, 524: {crm.ErrTemporary, crm.ErrUnknown},
	} {
		for i, q := range []call{testRead, testWrite} {
			var calls atomic.Int32
			c := serve(t, Options{}, func(w http.ResponseWriter, _ *http.Request) {
				calls.Add(1)
				w.Header().Set("X-HubSpot-Correlation-Id", "corr-1")
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(status)
				_, _ = io.WriteString(w, "<html>")
			})
			err := c.do(t.Context(), q, nil)
			var refusal *APIError
			if !only(err, want[i]) || !errors.As(err, &refusal) || refusal.Status != status || refusal.CorrelationID != "corr-1" || calls.Load() != 1 {
				t.Errorf("%d to %s: %v after %d calls", status, q.method, err, calls.Load())
			}
			if strings.Contains(fmt.Sprint(err), "secret-token") {
				t.Error("the token is in the error")
			}
		}
	}
}

func TestLostReplies(t *testing.T) {
	hang := make(chan struct{})
	defer close(hang)
	for name, h := range map[string]http.HandlerFunc{
		"cut": func(w http.ResponseWriter, _ *http.Request) { cut(w) },
		"truncated": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"a":`)
		},
		"broken": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"a":`) },
		"hang":   func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body); <-hang },
	} {
		c := serve(t, Options{Timeout: 100 * time.Millisecond}, h)
		var out struct{}
		if err := c.do(t.Context(), testRead, &out); !errors.Is(err, crm.ErrTemporary) || errors.Is(err, crm.ErrUnknown) {
			t.Errorf("%s, read: %v", name, err)
		}
		if err := c.do(t.Context(), testWrite, &out); !errors.Is(err, crm.ErrUnknown) || errors.Is(err, crm.ErrTemporary) {
			t.Errorf("%s, write: %v", name, err)
		}
	}
}

func TestWriteThatNeverLeft(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	c, err := New(Options{Portal: 1, Token: "t", BaseURL: "http://" + address, Rate: 1})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 { // the place in the window is given back each time
		if err := c.do(t.Context(), testWrite, nil); !errors.Is(err, crm.ErrTemporary) || errors.Is(err, crm.ErrUnknown) {
			t.Errorf("nobody listens: %v", err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.do(ctx, testWrite, nil); !errors.Is(err, crm.ErrTemporary) || errors.Is(err, crm.ErrUnknown) {
		t.Errorf("cancelled before: %v", err)
	}
}

func TestRequestHeadersAndRedirects(t *testing.T) {
	var elsewhere atomic.Bool
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Store(true) }))
	defer other.Close()
	c := serve(t, Options{UserAgent: "contextd/1"}, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret-token" || r.Header.Get("User-Agent") != "contextd/1" {
			t.Errorf("headers %v", r.Header)
		}
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	})
	if err := c.do(t.Context(), testWrite, nil); err == nil || elsewhere.Load() {
		t.Errorf("redirect followed: %v", err)
	}
}

func TestAPIErrorReadsHubSpotsWords(t *testing.T) {
	body := `{"status":"error","message":"Property values were not valid: [{\"isValid\":false,\"message\":\"x was not one of the allowed options\",\"error\":\"INVALID_OPTION\",\"name\":\"ai_lead_fit\"}]","correlationId":"c-7","category":"VALIDATION_ERROR"}`
	e := newAPIError("update contacts/1", 400, http.Header{}, []byte(body), true)
	if e.CorrelationID != "c-7" || len(e.Properties) != 1 || e.Properties[0].Name != "ai_lead_fit" || e.Properties[0].Code != "INVALID_OPTION" {
		t.Errorf("%+v", e)
	}
	body = `{"status":"error","message":"Property values were not valid","correlationId":"c-8","category":"VALIDATION_ERROR","errors":[{"message":"r is required","code":"MISSING_CONDITIONAL_REQUIRED_PROPERTY","context":{"propertyName":["r"]}}]}`
	e = newAPIError("update deals/1", 400, http.Header{}, []byte(body), true)
	if len(e.Properties) != 1 || e.Properties[0].Code != "MISSING_CONDITIONAL_REQUIRED_PROPERTY" || !strings.Contains(e.Error(), "c-8") {
		t.Errorf("%+v", e)
	}
	body = `{"status":"error","message":"no","category":"MISSING_SCOPES","errors":[{"message":"m","context":{"requiredGranularScopes":["tickets"]}}]}`
	if e = newAPIError("read", 403, http.Header{}, []byte(body), false); fmt.Sprint(e.Scopes) != "[tickets]" || !strings.Contains(e.Error(), "grant tickets") {
		t.Errorf("%+v", e)
	}
	long := newAPIError("read", 400, http.Header{}, []byte(`{"message":"`+strings.Repeat("é", 5000)+`","subCategory":{"a":1},"context":7}`), false)
	if n := len([]rune(long.Error())); n > maxMessage+100 {
		t.Errorf("error of %d characters", n)
	}
}

func TestOptions(t *testing.T) {
	for name, o := range map[string]Options{
		"no portal": {Token: "t"}, "no token": {Portal: 1}, "token with newline": {Portal: 1, Token: "a\nb"}, "ftp": {Portal: 1, Token: "t", BaseURL: "ftp://x"},
		"no host": {Portal: 1, Token: "t", BaseURL: "https://"}, "unknown object": {Portal: 1, Token: "t", Objects: []crm.ObjectType{"leads"}},
	} {
		if _, err := New(o); !errors.Is(err, crm.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
