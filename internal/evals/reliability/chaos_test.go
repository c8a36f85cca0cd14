package reliability

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// chaos is the way from the service to its HubSpot. Of the writes it drops 20 % of the replies, delays 10 % and answers 5 % with an error after they were applied; and it
// can hold one write at a point where its sender is to be killed. What has left the service arrives, also when its sender is dead by then.
type chaos struct {
	target string
	url    string
	on     atomic.Bool // set-up goes through undisturbed
	held   chan struct{}
	before bool // what is held has never arrived yet: the harder half

	mu      sync.Mutex
	rng     *rand.Rand
	armed   string // how the path of the write ends that is to be held; "-": none
	flights sync.WaitGroup
	count   fates
}

// fates counts what became of the writes.
type fates struct {
	Writes  int `json:"write_requests"`
	Dropped int `json:"replies_dropped"`
	Delayed int `json:"requests_delayed"`
	Lied    int `json:"errors_after_apply"`
	Late    int `json:"arrived_after_their_sender_died"`
}

func startChaos(t *testing.T, target string, seed uint64) *chaos {
	c := &chaos{target: target, armed: "-", held: make(chan struct{}, 1), rng: rand.New(rand.NewPCG(seed, 3))}
	server := httptest.NewServer(c)
	c.url = server.URL
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return c
}

type fate int

const (
	pass fate = iota
	drop
	delay
	lie
	killBefore // hold it, let the sender be killed, and let it arrive later
	killAfter  // apply it and let the sender be killed before it has the reply
)

// writes says whether a request changes something.
func writes(r *http.Request) bool {
	switch r.Method {
	case http.MethodPatch, http.MethodPut, http.MethodDelete:
		return true
	case http.MethodPost:
		return strings.HasPrefix(r.URL.Path, "/crm/") && !strings.HasSuffix(r.URL.Path, "/batch/read") && !strings.HasSuffix(r.URL.Path, "/search")
	}
	return false
}

func (c *chaos) draw(path string) (f fate, d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count.Writes++
	x := c.rng.Float64()
	d = time.Duration(200+c.rng.IntN(1300)) * time.Millisecond
	switch {
	case strings.HasSuffix(path, c.armed):
		c.armed = "-"
		if f = killBefore + fate(c.rng.IntN(2)); c.before {
			f = killBefore
		}
		return f, d
	case x < 0.20:
		c.count.Dropped++
		return drop, 0
	case x < 0.30:
		c.count.Delayed++
		return delay, d
	case x < 0.35:
		c.count.Lied++
		return lie, 0
	}
	return pass, 0
}

// arm has the next write whose path ends so held until its sender is dead; held then says so.
func (c *chaos) arm(suffix string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.armed = suffix
}

func (c *chaos) disarm() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.armed = "-"
	select {
	case <-c.held:
	default:
	}
}

// landed waits for what is still on its way, and says what became of everything.
func (c *chaos) landed() fates {
	c.flights.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count
}

// ServeHTTP implements http.Handler.
func (c *chaos) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the sender died while it was sending: nothing has left it
	}
	c.flights.Add(1)
	defer c.flights.Done()
	f, d := pass, time.Duration(0)
	if c.on.Load() && writes(r) {
		f, d = c.draw(r.URL.Path)
	}
	switch f {
	case killBefore:
		c.held <- struct{}{}
		<-time.After(d)
	case delay:
		<-time.After(d)
	}
	if (f == killBefore || f == delay) && r.Context().Err() != nil {
		c.mu.Lock()
		c.count.Late++
		c.mu.Unlock()
	}
	resp, answer, err := c.forward(r, body)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	switch f {
	case killAfter:
		c.held <- struct{}{}
		select {
		case <-r.Context().Done():
		case <-time.After(time.Second):
		}
	case drop:
		if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
			_ = conn.Close() // nobody is left to tell
			return
		}
	case lie:
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	for k, v := range resp.Header {
		w.Header()[k] = v
	}
	w.WriteHeader(resp.StatusCode)
	_, _ = w.Write(answer) // a sender that died does not read it
}

func (c *chaos) forward(r *http.Request, body []byte) (*http.Response, []byte, error) {
	req, err := http.NewRequestWithContext(context.WithoutCancel(r.Context()), r.Method, c.target+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	req.Header = r.Header.Clone()
	req.Header.Del("Accept-Encoding")
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	return resp, answer, err
}
