package proctest

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

// Deliveries counts the webhooks of a simulator.
type Deliveries struct {
	Queued  int `json:"queued"`
	Failed  int `json:"failed"`
	Pending int `json:"pending"`
}

// Deliveries asks the simulator.
func (s *Sim) Deliveries(t testing.TB) (d Deliveries) {
	t.Helper()
	s.Door(t, http.MethodGet, "/_sim/deliveries", nil, &d)
	return d
}

// Settle waits until the simulators have nothing to deliver and the service nothing to do. It gives up only when nothing moves for a minute: a fixed drain time lies.
func (c *Service) Settle(sims ...*Sim) Status {
	c.t.Helper()
	last := ""
	moved := time.Now()
	quiet := 0
	for {
		<-time.After(100 * time.Millisecond) // there is no signal for "nothing will happen any more"
		st, err := c.Status()
		if err != nil {
			if time.Since(moved) > time.Minute {
				c.t.Fatal(err)
			}
			continue
		}
		pending := 0
		for _, s := range sims {
			pending += s.Deliveries(c.t).Pending
		}
		if pending == 0 && st.Events.Open == 0 && st.OpenWork() == 0 {
			if quiet++; quiet == 10 { // echoes of the last writes may still come
				return st
			}
			continue
		}
		quiet = 0
		if now := fmt.Sprint(st, pending); now != last {
			last, moved = now, time.Now()
		}
		if time.Since(moved) > time.Minute {
			c.t.Errorf("nothing moves any more: %+v, %d webhooks are to be delivered", st, pending)
			return st
		}
	}
}
