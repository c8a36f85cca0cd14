package hubsim

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// sim is a running simulator and the calls that a test makes to it.
type sim struct {
	*Server
	t   *testing.T
	url string
}

func start(t *testing.T, opt Options) *sim {
	t.Helper()
	s := New(opt)
	srv := httptest.NewServer(s.Handler())
	t.Cleanup(srv.Close)
	return &sim{s, t, srv.URL}
}

// answer is a response, decoded.
type answer struct {
	status int
	header http.Header
	body   map[string]any
	raw    string
}

func (a answer) path(keys ...any) any {
	var v any = a.body
	for _, k := range keys {
		switch k := k.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[k]
		case int:
			l, _ := v.([]any)
			if k >= len(l) {
				return nil
			}
			v = l[k]
		}
	}
	return v
}

func (a answer) str(keys ...any) string { s, _ := a.path(keys...).(string); return s }

// call sends a request with the app's token; path without a leading /_sim gets it too, which the control door ignores.
func (s *sim) call(method, path string, body any) answer {
	s.t.Helper()
	return s.as(s.Options().Token, method, path, body)
}

func (s *sim) as(token, method, path string, body any) answer {
	s.t.Helper()
	var r io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			s.t.Fatal(err)
		}
		r = bytes.NewReader(raw)
	}
	req, err := http.NewRequest(method, s.url+path, r)
	if err != nil {
		s.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	return decoded(s.t, resp)
}

// decoded reads a response to its end.
func decoded(t *testing.T, resp *http.Response) answer {
	t.Helper()
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header, raw: string(raw)}
	if len(raw) > 0 && raw[0] == '{' {
		if err := json.Unmarshal(raw, &a.body); err != nil {
			t.Fatalf("%v in %s", err, raw)
		}
	}
	return a
}

// want calls and checks the status.
func (s *sim) want(status int, method, path string, body any) answer {
	s.t.Helper()
	a := s.call(method, path, body)
	if a.status != status {
		s.t.Fatalf("%s %s: status %d, want %d: %s", method, path, a.status, status, a.raw)
	}
	return a
}

// made creates an object through the control door and returns its id.
func (s *sim) made(typ, body string) string {
	s.t.Helper()
	return s.want(201, "POST", "/_sim/objects/"+typ, body).str("id")
}
