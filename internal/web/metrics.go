package web

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/contextd/contextd/internal/crm"
)

// scrapeTimeout bounds how long a scrape waits for the store.
const scrapeTimeout = 5 * time.Second

// metrics reads the status anew with every scrape; nothing is counted twice, and a restart changes nothing. Portals are summed up: no label holds an id.
type metrics struct {
	admin                        AdminServer
	depth, events, oldest, build *prometheus.Desc
}

func newMetrics(a AdminServer) *metrics {
	return &metrics{
		admin:  a,
		depth:  prometheus.NewDesc("contextd_work_depth", "Unfinished rows of work.", []string{"lane"}, nil),
		events: prometheus.NewDesc("contextd_events", "Events by where they stand; each counts once, and received is the sum of the others.", []string{"state"}, nil),
		oldest: prometheus.NewDesc("contextd_oldest_seconds", "Age of the oldest change that is not worked off.", nil, nil),
		build:  prometheus.NewDesc("contextd_build_info", "Always 1; the labels name the build.", []string{"version", "revision", "goversion"}, nil),
	}
}

// Describe lists the metrics.
func (m *metrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.depth, m.events, m.oldest, m.build} {
		out <- d
	}
}

// Collect reads the status of every portal. A status that cannot be read fails the scrape: numbers of some portals only would mislead.
func (m *metrics) Collect(out chan<- prometheus.Metric) {
	// A collector is given no context; the time-out stands in for the scraper's.
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout) // detached: the collector interface hands none
	defer cancel()
	events, work, oldest := map[string]int{}, map[string]int{}, 0.0
	for _, portal := range m.admin.Portals {
		st, err := m.admin.Status.Status(ctx, portal)
		if err != nil {
			out <- prometheus.NewInvalidMetric(m.events, fmt.Errorf("status of portal %s: %w", portal, err))
			return
		}
		events["received"] += st.Events.Received
		events["done"] += st.Events.Done
		events["in_review"] += st.Events.InReview
		events["dead"] += st.Events.Dead
		events["open"] += st.Events.Open
		for _, n := range st.Events.Ignored {
			events["ignored"] += n
		}
		for _, lane := range crm.Lanes() {
			work[lane.String()] += st.Work[lane.String()]
		}
		oldest = max(oldest, st.OldestSeconds)
	}
	for _, state := range []string{"received", "done", "in_review", "dead", "open", "ignored"} {
		out <- prometheus.MustNewConstMetric(m.events, prometheus.GaugeValue, float64(events[state]), state)
	}
	for _, lane := range crm.Lanes() {
		out <- prometheus.MustNewConstMetric(m.depth, prometheus.GaugeValue, float64(work[lane.String()]), lane.String())
	}
	out <- prometheus.MustNewConstMetric(m.oldest, prometheus.GaugeValue, oldest)
	out <- prometheus.MustNewConstMetric(m.build, prometheus.GaugeValue, 1, m.admin.Version, m.admin.Revision, runtime.Version())
}
