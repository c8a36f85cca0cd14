package web

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
)

// Check is one thing that must work before requests are sent here. Run must respect its context; its error text is logged, never sent.
type Check struct {
	Name string
	Run  func(ctx context.Context) error
	// Degrades: without it requests are taken all the same, such as webhooks while HubSpot itself does not answer, and the answer says that something waits. Its error is not logged: whoever
	// found it has done that.
	Degrades bool
}

// checkTimeout is how long one check may take; a dependency that hangs is seen within it.
const checkTimeout = 2 * time.Second

type checkResult struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Millis int64  `json:"millis"`
}

type readiness struct {
	Status string   `json:"status"` // ready or unready
	Failed []string `json:"failed,omitempty"`

	Degraded []string      `json:"degraded,omitempty"` // what does not work, without which requests are taken nevertheless
	Checks   []checkResult `json:"checks,omitempty"`
}

// live says that the process answers. It never asks a dependency: restarting us would not heal one.
func (s *server) live(c *gin.Context) {
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusOK, gin.H{"status": "live"})
}

// ready runs all checks at once and names those that fail. Nothing else is said: the route is open to anybody.
func (s *server) ready(c *gin.Context) {
	results := make([]checkResult, len(s.Checks))
	var wg sync.WaitGroup
	for i, check := range s.Checks {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(c.Request.Context(), checkTimeout)
			defer cancel()
			start := time.Now()
			err := check.Run(ctx)
			results[i] = checkResult{Name: check.Name, OK: err == nil, Millis: time.Since(start).Milliseconds()}
			if err != nil && !check.Degrades {
				s.Log.WarnContext(ctx, "not ready", slog.String("check", check.Name), slog.String("error", err.Error()))
			}
		})
	}
	wg.Wait()
	out, status := readiness{Status: "ready"}, http.StatusOK
	for i, r := range results {
		switch {
		case !r.OK && s.Checks[i].Degrades:
			out.Degraded = append(out.Degraded, r.Name)
		case !r.OK:
			out.Status, status = "unready", http.StatusServiceUnavailable
			out.Failed = append(out.Failed, r.Name)
		}
	}
	if _, verbose := c.GetQuery("verbose"); verbose {
		out.Checks = results
	}
	if status != http.StatusOK {
		setRetryAfter(c, retryAfter)
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(status, out)
}
