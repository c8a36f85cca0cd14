package web_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/contextd/contextd/internal/web"
)

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// request is one call in a test. Token is a role's or a whole secret; Cookie a session.
type request struct {
	method, path string
	token        string
	body         string
	form         url.Values
	cookie       *http.Cookie
	header       map[string]string
}

func (r request) do(t *testing.T, h http.Handler) *httptest.ResponseRecorder {
	t.Helper()
	body := io.Reader(strings.NewReader(r.body))
	if r.form != nil {
		body = strings.NewReader(r.form.Encode())
	}
	req := httptest.NewRequest(r.method, "http://contextd.test"+r.path, body)
	if r.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+pat+r.token)
	}
	if r.cookie != nil {
		req.AddCookie(r.cookie)
	}
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w
}

func get(path, token string) request { return request{method: "GET", path: path, token: token} }

func post(path, token, body string) request {
	return request{method: "POST", path: path, token: token, body: body}
}

func (r request) with(name, value string) request {
	h := map[string]string{name: value}
	for k, v := range r.header {
		h[k] = v
	}
	r.header = h
	return r
}

// logIn opens a session with a token and returns its cookie.
func logIn(t *testing.T, h http.Handler, token string) *http.Cookie {
	t.Helper()
	w := request{method: "POST", path: "/login", form: url.Values{"token": {pat + token}}, header: map[string]string{"Sec-Fetch-Site": "same-origin"}}.do(t, h)
	for _, c := range w.Result().Cookies() {
		if c.Value != "" {
			return c
		}
	}
	t.Fatalf("log-in of %s: %d, no cookie", token, w.Code)
	return nil
}

func decodeInto(t *testing.T, w *httptest.ResponseRecorder, out any) {
	t.Helper()
	if err := json.NewDecoder(bytes.NewReader(w.Body.Bytes())).Decode(out); err != nil {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
}

// wantProblem checks the status and the form of an error answer.
func wantProblem(t *testing.T, what string, w *httptest.ResponseRecorder, status int) {
	t.Helper()
	if w.Code != status {
		t.Errorf("%s: %d %s, want %d", what, w.Code, w.Body, status)
		return
	}
	var p struct {
		Type, Title string
		Status      int
		RequestID   string `json:"request_id"`
	}
	decodeInto(t, w, &p)
	if ct := w.Header().Get("Content-Type"); ct != "application/problem+json" || p.Type != "about:blank" || p.Title == "" || p.Status != status || p.RequestID == "" {
		t.Errorf("%s: %s %s is no problem document", what, ct, w.Body)
	}
	if p.RequestID != w.Header().Get("X-Request-Id") {
		t.Errorf("%s: request id %q in the body, %q in the header", what, p.RequestID, w.Header().Get("X-Request-Id"))
	}
}

func handler(w *world) http.Handler { return web.New(w.server()) }
