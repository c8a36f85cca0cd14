package web

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/gin-gonic/gin"
)

const requestIDHeader = "X-Request-Id"

// maxBody is the most that any route reads of a request: 1 MiB.
const maxBody = 1 << 20

// observe names the request and logs one line for it: route pattern, never the path, a query, a header or a body.
func (s *server) observe(c *gin.Context) {
	id := c.GetHeader(requestIDHeader)
	if !isRequestID(id) {
		id = rand.Text()
	}
	c.Set(requestIDHeader, id)
	secureHeaders(c.Writer.Header())
	c.Header(requestIDHeader, id)
	start := time.Now() // durations are wall time, whatever clock the program runs on
	defer func() {
		route := c.FullPath()
		if route == "" {
			route = "unmatched"
		}
		attrs := []slog.Attr{slog.String("request_id", id), slog.String("method", c.Request.Method), slog.String("route", route),
			slog.Int("status", c.Writer.Status()), slog.Duration("duration", time.Since(start))}
		if portal := portalOf(c); portal != 0 {
			attrs = append(attrs, slog.String("portal", portal.String()))
		}
		level := slog.LevelInfo
		if route == "/livez" || route == "/readyz" || route == "/healthz" {
			level = slog.LevelDebug
		}
		if err := c.Errors.Last(); err != nil {
			attrs = append(attrs, slog.String("error", err.Err.Error()))
			if c.Writer.Status() >= http.StatusInternalServerError {
				level = slog.LevelError
			}
		}
		s.Log.LogAttrs(c.Request.Context(), level, "request", attrs...)
	}()
	c.Next()
}

// isRequestID accepts what proxies make up, and nothing that could confuse a log.
func isRequestID(s string) bool {
	if len(s) < 8 || len(s) > 64 {
		return false
	}
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' {
			return false
		}
	}
	return true
}

func requestID(c *gin.Context) string { return c.GetString(requestIDHeader) }

// recover turns a panic into an answer. The panic's value may hold a customer's text, so only its type, or the runtime's own words, are logged.
func (s *server) recover(c *gin.Context) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(v) // net/http's own way to cut a connection
		}
		cause := fmt.Sprintf("%T", v)
		if err, ok := v.(runtime.Error); ok {
			cause = err.Error()
		}
		s.Log.ErrorContext(c.Request.Context(), "panic", slog.String("request_id", requestID(c)), slog.String("route", c.FullPath()),
			slog.String("cause", cause), slog.String("stack", string(debug.Stack())))
		c.Abort()
		if c.Writer.Written() {
			return
		}
		if c.FullPath() == webhookPath {
			setRetryAfter(c, retryAfter)
			refuse(c, http.StatusServiceUnavailable, "")
			return
		}
		refuse(c, http.StatusInternalServerError, "something went wrong here; the log has the cause under this request id")
	}()
	c.Next()
}

// limitBody refuses announced bodies beyond the limit at once and cuts the others when they pass it.
func (s *server) limitBody(c *gin.Context) {
	if c.Request.ContentLength > maxBody {
		c.Header("Connection", "close")
		refuse(c, http.StatusRequestEntityTooLarge, "the body is larger than 1 MiB")
		return
	}
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxBody)
}

// secureHeaders go with every answer: strict for pages, harmless for the rest.
func secureHeaders(h http.Header) {
	h.Set("Content-Security-Policy", contentSecurityPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin") // no-referrer would turn the Origin of our own forms into "null"
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

// contentSecurityPolicy lets a page load and send to its own origin only; no inline script or style runs.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
