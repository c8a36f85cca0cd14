package web

import (
	"log/slog"
	"net/http"
	"net/http/pprof"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/contextd/contextd/internal/crm"
)

// AdminServer is what the handler of the admin listener stands on: metrics and profiles, for the machine's own operators only.
type AdminServer struct {
	Status   StatusReader
	Portals  []crm.PortalID
	Version  string
	Revision string
	Log      *slog.Logger // nil: slog.Default
}

// Admin returns the handler of the admin listener. It has no log-in: it must listen where only operators can reach it.
func Admin(a AdminServer) http.Handler {
	if a.Status == nil {
		panic("web: missing Status")
	}
	if a.Log == nil {
		a.Log = slog.Default()
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), newMetrics(a))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorLog: slog.NewLogLogger(a.Log.Handler(), slog.LevelError), ErrorHandling: promhttp.HTTPErrorOnError}))
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}
