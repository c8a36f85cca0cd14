package ollama

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model/modeltest"
	"github.com/contextd/contextd/internal/model/wire"
)

// A runner that fails again and again wants a person; one good answer in between, and it was an accident.
func TestARunnerThatKeepsFailingIsLeftAlone(t *testing.T) {
	p, fails := protocol(8192), true
	s := p.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		if fails {
			refuse(w, 500, "llama runner process has terminated: signal: killed")
			return
		}
		modeltest.Answer(200, modeltest.OllamaReply(modeltest.Good, "stop", 0, 9))(w, r)
	})
	w := p.Open(t, s.URL, time.Minute)
	ask := func(n int, text string, want error) {
		t.Helper()
		for range n {
			if _, err := w.Complete(t.Context(), modeltest.Request(text)); !errors.Is(err, want) {
				t.Fatalf("error %v, want %v", err, want)
			}
		}
	}
	ask(mostStrikes-1, "a", crm.ErrTemporary)
	ask(1, "b", crm.ErrForbidden)
	ask(1, "c", crm.ErrForbidden)
	fails = false
	ask(1, "d", nil)
	fails = true
	ask(1, "d", crm.ErrTemporary)
}

// A prompt that takes the runner down each time while others are answered is itself the cause: it is buried, and the provider goes on.
func TestAPromptThatTakesTheRunnerDownIsRefused(t *testing.T) {
	p := protocol(8192)
	s := p.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if strings.Contains(string(body), "poison") {
			fmt.Fprint(w, `{"error":"an error was encountered while running the model: EOF"}`)
			return
		}
		modeltest.Answer(200, modeltest.OllamaReply(modeltest.Good, "stop", 0, 9))(w, r)
	})
	w := p.Open(t, s.URL, time.Minute)
	for i := range 2 * mostStrikes {
		_, err := w.Complete(t.Context(), modeltest.Request("poison"))
		want := crm.ErrTemporary
		if i >= mostStrikes-1 {
			want = crm.ErrInvalid
		}
		if !errors.Is(err, want) || errors.Is(err, crm.ErrForbidden) {
			t.Errorf("time %d: error %v, want %v", i+1, err, want)
		}
		if _, err := w.Complete(t.Context(), modeltest.Request("harmless")); err != nil {
			t.Error(err)
		}
	}
}

// When a runner dies, everything that it was at work on fails at once: that is one strike.
func TestADyingRunnerIsOneStrike(t *testing.T) {
	var s strikes
	for death := range mostStrikes {
		seen := s.begin()
		for i := range 10 { // all begun before the first of them failed
			f := &wire.Failure{Status: 500, Kind: wire.Retry}
			s.end(request(fmt.Sprint(death, i)), seen, fmt.Errorf("chat: %w", f))
			if last := death == mostStrikes-1; errors.Is(f, crm.ErrForbidden) != last {
				t.Errorf("death %d, request %d: %v", death+1, i, f.Unwrap())
			}
		}
	}
}
