package web

import (
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

type statusJSON struct {
	Events   eventsJSON         `json:"events"`
	Work     map[string]int64   `json:"work"`
	Oldest   float64            `json:"oldest_seconds"`
	Coverage map[string]float64 `json:"coverage"`
	Write    string             `json:"write"`
	Version  string             `json:"version"`
}

type eventsJSON struct {
	Received int64            `json:"received"`
	Done     int64            `json:"done"`
	InReview int64            `json:"in_review"`
	Dead     int64            `json:"dead"`
	Ignored  map[string]int64 `json:"ignored"`
}

// status says how the caller's portal stands.
func (s *server) status(c *gin.Context) {
	if q := queryOf(c); q.err != nil {
		s.fail(c, q.err)
		return
	}
	st, err := s.Status.Status(c.Request.Context(), portalOf(c))
	if err != nil {
		s.fail(c, fmt.Errorf("status: %w", err))
		return
	}
	out := statusJSON{
		Events: eventsJSON{st.Events.Received, st.Events.Done, st.Events.InReview, st.Events.Dead, dict(st.Events.Ignored)},
		Work:   map[string]int64{}, Oldest: st.Oldest.Seconds(), Coverage: dict(st.Coverage), Write: writeWord(s.Writing), Version: s.Version,
	}
	for _, lane := range crm.Lanes() {
		out.Work[lane.String()] = st.Work[lane]
	}
	s.reply(c, http.StatusOK, out)
}

func writeWord(on bool) string {
	if on {
		return "on"
	}
	return "off"
}
