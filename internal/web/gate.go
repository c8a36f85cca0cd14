package web

import (
	"encoding/json"
	"net/http"
	"sync/atomic"
	"time"
)

// openTimeout is how long a request waits for the service to open; HubSpot gives up on a webhook after five seconds and sends it again.
const openTimeout = 4 * time.Second

// Gate is the handler of a service that is still being opened. /livez is answered at once: a process that migrates a large database is alive, and killing it would not
// help. Everything else waits, and is refused for a while when it takes long. Make one with NewGate.
type Gate struct {
	opened  chan struct{}
	handler atomic.Pointer[http.Handler]
}

// NewGate returns a closed one.
func NewGate() *Gate { return &Gate{opened: make(chan struct{})} }

// Open lets all requests through to h, waiting ones too. It may be called once.
func (g *Gate) Open(h http.Handler) {
	g.handler.Store(&h)
	close(g.opened)
}

// ServeHTTP implements http.Handler.
func (g *Gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h := g.handler.Load(); h != nil {
		(*h).ServeHTTP(w, r)
		return
	}
	if r.URL.Path == "/livez" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		w.Header().Set("Cache-Control", "no-store")
		answer(w, http.StatusOK, "application/json; charset=utf-8", map[string]string{"status": "live"})
		return
	}
	late := time.NewTimer(openTimeout)
	defer late.Stop()
	select {
	case <-g.opened:
		(*g.handler.Load()).ServeHTTP(w, r)
	case <-r.Context().Done():
	case <-late.C:
		w.Header().Set("Retry-After", "5")
		answer(w, http.StatusServiceUnavailable, "application/problem+json", problem{Type: "about:blank", Title: http.StatusText(http.StatusServiceUnavailable),
			Status: http.StatusServiceUnavailable, Detail: "the service is still starting; try again"})
	}
}

func answer(w http.ResponseWriter, status int, kind string, v any) {
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // whoever asked has left
}
