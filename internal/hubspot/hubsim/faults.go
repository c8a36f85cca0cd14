package hubsim

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// fault is one misbehaviour, by path prefix and method.
type fault struct {
	Path       string  `json:"path"`
	Method     string  `json:"method"` // "": any
	Kind       string  `json:"kind"`   // one of faultKinds
	Rate       float64 `json:"rate"`   // share of matching requests, of kind input: of their inputs; 0: all
	Count      int     `json:"count"`  // how many times; 0: without end
	Status     int     `json:"status"` // of kind status
	DelayMS    int     `json:"delay_ms"`
	RetryAfter string  `json:"retry_after,omitempty"` // a Retry-After header on status and rate_limit
	After      bool    `json:"after,omitempty"`       // kinds status and input: apply it first, then lie about it
	Category   string  `json:"category,omitempty"`    // of kind input: what the refused input's error says; "": INTERNAL_ERROR

	fired int
}

// faultKinds are all kinds there are, with what each does.
var faultKinds = []struct{ name, does string }{
	{"status", "answers with status (400 to 599) instead; with after it acts first, and then says so; retry_after is sent as Retry-After"},
	{"delay", "answers delay_ms later, if somebody still waits then"},
	{"drop_after_apply", "acts, and cuts the connection without an answer"},
	{"truncate", "acts, and breaks off in the middle of the answer"},
	{"rate_limit", "answers 429 as if the ten-second limit were reached; retry_after is sent as Retry-After"},
	{"input", "refuses single inputs of a batch beside those that succeed (207), with category (none: INTERNAL_ERROR); rate is then the share of inputs, and with after an input is done and called refused"},
	{"forget_unique", "does not enforce unique values: two notes can be made with one key"},
}

// FaultHelp tells what kinds of faults there are, a line each, for --help.
func FaultHelp() string {
	var b strings.Builder
	for _, k := range faultKinds {
		fmt.Fprintf(&b, "  %-16s  %s\n", k.name, k.does)
	}
	return b.String()
}

func (f *fault) valid() bool {
	switch f.Kind {
	case "status":
		return f.Status >= 400 && f.Status <= 599
	case "delay":
		return f.DelayMS > 0
	}
	for _, k := range faultKinds {
		if k.name == f.Kind {
			return true
		}
	}
	return false
}

// strike picks the first fault that applies to the request and counts it.
func (s *Server) strike(r *http.Request) *fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.drawn(r, func(f *fault) bool { return f.Kind != "input" })
}

// drawn is strike among the faults of a kind; the lock is held.
func (s *Server) drawn(r *http.Request, kind func(*fault) bool) *fault {
	for _, f := range s.faults {
		if !kind(f) || !strings.HasPrefix(r.URL.Path, f.Path) || (f.Method != "" && !strings.EqualFold(f.Method, r.Method)) || (f.Count > 0 && f.fired >= f.Count) {
			continue
		}
		if f.Rate > 0 && f.Rate < 1 && s.rng.Float64() >= f.Rate {
			continue
		}
		f.fired++
		return f
	}
	return nil
}

// spoilt is the refusal of one input of a batch, where a fault of kind input strikes it; do is what the input asks for, and is done nevertheless if the fault lies about
// it. Without such a fault it is what do answers.
func (s *Server) spoilt(c *call, do func() *reply) *reply {
	f := s.drawn(c.Request, func(f *fault) bool { return f.Kind == "input" })
	if f == nil {
		return do()
	}
	if f.After {
		if refused := do(); refused != nil {
			return refused
		}
	}
	r := fail(500, cmp.Or(f.Category, "INTERNAL_ERROR"), "an error of this input")
	return &r
}

// forgetful marks a request during which unique values are not enforced.
type forgetful struct{}

func (c *call) forgetful() bool { return c.Context().Value(forgetful{}) != nil }

// faulty puts the faults in front of the API; the control door is never disturbed.
func (s *Server) faulty(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var f *fault
		if !strings.HasPrefix(r.URL.Path, "/_sim/") {
			f = s.strike(r)
		}
		if f == nil {
			next.ServeHTTP(w, r)
			return
		}
		if f.RetryAfter != "" {
			w.Header().Set("Retry-After", f.RetryAfter)
		}
		switch f.Kind {
		case "delay":
			select {
			case <-time.After(time.Duration(f.DelayMS) * time.Millisecond):
				next.ServeHTTP(w, r)
			case <-r.Context().Done():
			}
		case "rate_limit":
			s.mu.Lock()
			s.limits.refused++
			rep := s.limited("TEN_SECONDLY_ROLLING")
			s.mu.Unlock()
			write(w, rep)
		case "status":
			if f.After {
				next.ServeHTTP(&recorder{header: http.Header{}}, r)
			}
			write(w, fail(f.Status, "", http.StatusText(f.Status)))
		case "forget_unique":
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), forgetful{}, true)))
		case "drop_after_apply":
			next.ServeHTTP(&recorder{header: http.Header{}}, r)
			cutConnection(w)
		case "truncate":
			rec := &recorder{header: http.Header{}}
			next.ServeHTTP(rec, r)
			half := rec.body.Bytes()[:rec.body.Len()/2]
			for k, v := range rec.header {
				w.Header()[k] = v
			}
			w.Header().Set("Content-Length", strconv.Itoa(len(half)))
			w.WriteHeader(rec.status)
			_, _ = w.Write(half) // a broken connection is no worse than the fault itself
		}
	})
}

// cutConnection closes the connection without an answer, so that the client cannot know what happened.
func cutConnection(w http.ResponseWriter) {
	if h, ok := w.(http.Hijacker); ok {
		if conn, _, err := h.Hijack(); err == nil {
			_ = conn.Close() // nobody is left to tell
			return
		}
	}
	panic(http.ErrAbortHandler) // HTTP/2 and wrapped writers: the server resets the stream
}

// recorder keeps an answer that the client does not get as it is.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) Write(b []byte) (int, error) { r.WriteHeader(http.StatusOK); return r.body.Write(b) }
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}
