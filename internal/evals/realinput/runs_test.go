package realinput

import (
	"net/http"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/evals/proctest"
)

// stall is how long nothing may move before a wait gives up: a fixed time for the whole would only measure the machine.
const stall = time.Minute

// startRuns asks for one run of a workflow per subject and returns the runs' ids.
func startRuns(t *testing.T, c *proctest.Service, workflow string, subjects []object) []string {
	t.Helper()
	ids := make([]string, 0, len(subjects))
	for _, subject := range subjects {
		var started struct {
			Run string `json:"run"`
		}
		if err := c.API(http.MethodPost, "/runs", map[string]string{"workflow": workflow, "subject": subject.Path}, &started); err != nil {
			t.Fatalf("run %s of %s: %v", workflow, subject.Path, err)
		}
		ids = append(ids, started.Run)
	}
	return ids
}

// awaitRuns waits until every run has ended, and fails the test for each that ended badly.
func awaitRuns(t *testing.T, c *proctest.Service, ids []string) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	moved := time.Now()
	for len(ids) > 0 {
		var run struct {
			Workflow string  `json:"workflow"`
			Subject  string  `json:"subject"`
			State    string  `json:"state"`
			Error    *string `json:"error"`
		}
		if err := c.API(http.MethodGet, "/runs/"+ids[0], nil, &run); err != nil {
			t.Fatal(err)
		}
		switch run.State {
		case "done", "dead":
			if run.State == "dead" {
				cause := "no cause is given"
				if run.Error != nil {
					cause = *run.Error
				}
				t.Errorf("%s of %s is dead: %s", run.Workflow, run.Subject, cause)
			}
			ids, moved = ids[1:], time.Now()
			continue
		}
		if time.Since(moved) > stall {
			t.Fatalf("%d runs have not ended and nothing moves: %s of %s is %s", len(ids), run.Workflow, run.Subject, run.State)
		}
		select {
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		case <-tick.C:
		}
	}
}

// settle waits until the service has nothing left to do: writes, and the echoes of writes that the simulator still has to deliver.
func settle(t *testing.T, s *proctest.Sim, c *proctest.Service) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	moved, before := time.Now(), -1
	for quiet := 0; quiet < 10; {
		st, err := c.Status()
		if err != nil {
			t.Fatal(err)
		}
		var deliveries struct {
			Pending int `json:"pending"`
		}
		s.Door(t, http.MethodGet, "/_sim/deliveries", nil, &deliveries)
		open := st.OpenWork() + st.Events.Open + deliveries.Pending
		if quiet++; open > 0 {
			quiet = 0
		}
		if open != before {
			before, moved = open, time.Now()
		}
		if time.Since(moved) > stall && open > 0 {
			t.Fatalf("nothing moves any more: %+v, %d deliveries are pending", st, deliveries.Pending)
		}
		select {
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		case <-tick.C:
		}
	}
}
