package web

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

func TestGate(t *testing.T) {
	ask := func(g *Gate, path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		g.ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), http.MethodGet, path, nil))
		return w
	}
	teapot := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	t.Run("alive at once, the service's own answer later", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			g, begin := NewGate(), time.Now()
			if w := ask(g, "/livez"); w.Code != http.StatusOK || w.Body.String() != "{\"status\":\"live\"}\n" || time.Since(begin) > 0 {
				t.Errorf("before: %d %s after %v", w.Code, w.Body, time.Since(begin))
			}
			g.Open(teapot)
			if w := ask(g, "/livez"); w.Code != http.StatusTeapot {
				t.Errorf("after: %d", w.Code)
			}
		})
	})
	t.Run("what comes early waits", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			g := NewGate()
			time.AfterFunc(3*time.Second, func() { g.Open(teapot) })
			if w := ask(g, "/readyz"); w.Code != http.StatusTeapot {
				t.Errorf("%d", w.Code)
			}
		})
	})
	t.Run("not for ever", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			g, begin := NewGate(), time.Now()
			if w := ask(g, "/readyz"); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || time.Since(begin) != openTimeout {
				t.Errorf("%d after %v", w.Code, time.Since(begin))
			}
		})
	})
}
