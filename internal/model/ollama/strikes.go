package ollama

import (
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"sync"

	"github.com/contextd/contextd/internal/model/wire"
)

// mostStrikes is how often a server may say that its runner failed (500, or the same inside a good answer) before that is no accident any more: a model that does not fit into memory fails
// for ever, and so does a prompt that takes the runner down, with all that runs beside it.
const mostStrikes = 4

// strikes count the failures of a runner. Those in a row, with no answer in between, are the server's: it is to be left alone until a person has looked. Those of one request with
// answers to others in between are that request's. The zero value is ready; it is safe for concurrent use.
type strikes struct {
	mu     sync.Mutex
	seen   int // failures that were counted, ever
	inARow int
	of     map[uint64]int // by request
}

// mostRequests bounds what is remembered: requests that fail are few, or all fail.
const mostRequests = 256

// request names what is sent by its content.
func request(parts ...string) uint64 {
	h := fnv.New64a()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return h.Sum64()
}

// begin is called before a request is sent; its result goes to end.
func (s *strikes) begin() (seen int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen
}

// end judges how a request went, and may change the kind of its failure. When a runner dies, all that it was at work on fails at once: that is one strike.
func (s *strikes) end(of uint64, seen int, err error) {
	var f *wire.Failure
	failed := errors.As(err, &f) && f.Kind == wire.Retry && (f.Status == http.StatusInternalServerError || f.Status == http.StatusOK)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err == nil:
		s.inARow = 0
		delete(s.of, of)
		return
	case !failed:
		return
	}
	if s.of == nil || len(s.of) >= mostRequests {
		s.of = map[uint64]int{}
	}
	s.of[of]++
	if s.seen == seen {
		s.seen++
		s.inARow++
	}
	switch {
	case s.inARow >= mostStrikes:
		f.Kind = wire.Stop
		f.Message += fmt.Sprintf(" (%d times in a row: see the log of the server, and whether the model fits into its memory)", s.inARow)
	case s.of[of] >= mostStrikes:
		f.Kind = wire.Refuse
		f.Message += fmt.Sprintf(" (%d times for this request, while others were answered)", s.of[of])
	}
}
