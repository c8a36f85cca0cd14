package modeltest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
)

// Protocol is what the provider suite must know of a provider to stand in for its server.
type Protocol struct {
	// Open makes the provider's completer for a server and a deadline per request, with Secret as its key where it takes one.
	Open func(t *testing.T, baseURL string, timeout time.Duration) model.Completer
	// Base is what stands between the server's address and the routes.
	Base string
	// Path is the route that is asked for an answer; every other request is answered by Rest.
	Path string
	Rest http.HandlerFunc
	// Reply is a good answer with this text, as the server would send it; finish is Stop, Length or Refusal.
	Reply func(text string, finish model.Finish) string
	// Error is an error body with this message.
	Error func(message string) string
	// Asks reads prompt and schema out of a request for an answer.
	Asks func(body []byte) (prompt string, schema json.RawMessage, err error)
	// InGood is a body of status 200 that is an error of the server all the same.
	InGood string
	// Takes are the keywords of a schema that the provider accepts; nil: all.
	Takes []string
}

// Secret is the key that providers are opened with in the suite; no error may show it.
const Secret = "sk-suite-4711-very-secret"

// customers is the text of every request that meets a fault; no error may show it.
const customers = "We need a price for 140 technicians."

// Good is an answer that fits Schema.
const Good = `{"points":[],"score":50,"mood":"good"}`

// Server stands in for a provider's server; its address is URL and Base.
type Server struct {
	*httptest.Server
	mu    sync.Mutex
	asked [][]byte
}

// Asked are the bodies of the requests for answers, in order.
func (s *Server) Asked() [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([][]byte(nil), s.asked...)
}

// Serve starts a server that answers requests for answers with answer.
func (p Protocol) Serve(t *testing.T, answer http.HandlerFunc) *Server {
	t.Helper()
	s := &Server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, p.Path) {
			if p.Rest == nil {
				http.NotFound(w, r)
				return
			}
			p.Rest(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		s.mu.Lock()
		s.asked = append(s.asked, body)
		s.mu.Unlock()
		r.Body = io.NopCloser(bytes.NewReader(body))
		answer(w, r)
	}))
	s.URL += p.Base
	t.Cleanup(s.Close)
	return s
}

// Answer answers with a status, a body and headers, given as names and values in turn.
func Answer(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body) // a client that has left is part of the tests
	}
}

// RunProvider is the suite for providers that speak to a server: they pass Run, and meet every fault with an error of the right kind, after one request, within
// their deadline.
func RunProvider(t *testing.T, p Protocol) {
	t.Run("suite", func(t *testing.T) {
		s := p.Serve(t, Answer(200, p.Reply(Good, model.Stop)))
		Run(t, func(t *testing.T) model.Completer { return p.Open(t, s.URL, time.Minute) })
	})
	t.Run("every bound of the schema reaches the model", p.bounded)
	for name, f := range p.faults(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f.meet(t, p)
		})
	}
}

// fault is one way of a server to fail. kind nil with no finish: an error of no kind, which is retried a few times and then buried.
type fault struct {
	answer http.HandlerFunc
	kind   error
	finish model.Finish  // instead of an error
	later  time.Duration // the server asks to wait that long
	says   string
	quick  bool // the deadline ends it
}

func (f fault) meet(t *testing.T, p Protocol) {
	s := p.Serve(t, f.answer)
	timeout := time.Minute
	if f.quick {
		timeout = 250 * time.Millisecond
	}
	c := p.Open(t, s.URL, timeout)
	r := Request(customers)
	got, err := c.Complete(t.Context(), r)
	if n := len(s.Asked()); n != 1 {
		t.Errorf("%d requests, want 1: the work table owns every retry", n)
	}
	if f.finish != "" {
		if err != nil || got.Finish != f.finish {
			t.Errorf("finish %q, error %v, want finish %q", got.Finish, err, f.finish)
		}
		return
	}
	if err == nil {
		t.Fatalf("no error, but %q", got.Text)
	}
	for _, kind := range []error{crm.ErrTemporary, crm.ErrForbidden, crm.ErrInvalid} {
		if is, want := errors.Is(err, kind), errors.Is(f.kind, kind); is != want {
			t.Errorf("error %v is %v: %t", err, kind, is)
		}
	}
	if !strings.Contains(err.Error(), f.says) || strings.Contains(err.Error(), Secret) || len(err.Error()) > 1000 {
		t.Errorf("error %q: want it to say %q, briefly and without the key", err, f.says)
	}
	if strings.Contains(err.Error(), customers) {
		t.Errorf("error %q shows the customer's text", err)
	}
	var later *crm.RetryAfter
	wait := time.Duration(0)
	if errors.As(err, &later) {
		wait = time.Until(later.At).Round(time.Second)
	}
	if diff := wait - f.later; diff < -5*time.Second || diff > 5*time.Second {
		t.Errorf("waits for %s, want %s", wait, f.later)
	}
}
