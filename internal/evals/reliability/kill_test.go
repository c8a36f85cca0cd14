package reliability

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/evals/proctest"
)

// report is the one line that a run prints.
type report struct {
	Run          string         `json:"run"`
	Seed         uint64         `json:"seed"`
	Kills        int            `json:"kills"`
	Sent         int            `json:"events_sent"`
	Acknowledged int            `json:"events_acknowledged"`
	Received     int            `json:"events_received"`
	Lost         int            `json:"lost"`
	Done         int            `json:"done"`
	InReview     int            `json:"in_review"`
	Dead         int            `json:"dead"`
	Ignored      map[string]int `json:"ignored"`
	Difference   int            `json:"difference"`
	Effects      int            `json:"effects"`
	Doubled      int            `json:"effects_doubled"`
	Repeats      int            `json:"exact_repeats"`
	RecoveryMS   int64          `json:"slowest_recovery_ms"`
	Entries      int            `json:"audit_entries"`
	Lacking      int            `json:"audit_lacking"`
	Surplus      int            `json:"audit_surplus"`
	Verdicts     int            `json:"verdicts"`
	Same         int            `json:"verdicts_replayed_same"`
	Faults       int            `json:"replay_faults"`
	Seconds      float64        `json:"seconds"`
}

func (r report) print(t *testing.T) {
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(string(b))
}

const seed = 20261123

// TestReliabilityKills is the promise: nothing acknowledged is lost, nothing is written twice.
func TestReliabilityKills(t *testing.T) {
	kills, events := number(t, "CONTEXTD_TEST_KILLS"), number(t, "CONTEXTD_TEST_EVENTS")
	address := proctest.FreeAddress(t)
	r := run(t, "kills", address, "http://"+address, kills, events)
	r.print(t)
	if r.Lost != 0 || r.Acknowledged != r.Sent {
		t.Errorf("%d of %d acknowledged events are lost (%d sent)", r.Lost, r.Acknowledged, r.Sent)
	}
	if r.Doubled != 0 {
		t.Errorf("%d effects were made twice", r.Doubled)
	}
	if r.Difference != 0 {
		t.Errorf("received %d, but done + in review + dead + ignored differ by %d", r.Received, r.Difference)
	}
	if r.Effects == 0 || r.Done == 0 {
		t.Errorf("nothing was done: the run proves nothing: %+v", r)
	}
	if r.Dead != 0 {
		t.Errorf("%d events ended dead although nothing was wrong with them", r.Dead)
	}
	if r.Entries == 0 || r.Lacking+r.Surplus != 0 {
		t.Errorf("of %d audit entries %d are lacking and %d are too many", r.Entries, r.Lacking, r.Surplus)
	}
	if r.Verdicts == 0 || r.Same != r.Verdicts || r.Faults != 0 {
		t.Errorf("%d of %d verdicts come out as they did, with %d faults", r.Same, r.Verdicts, r.Faults)
	}
	if r.RecoveryMS > 2000 {
		t.Errorf("after a kill it took up to %d ms to be ready again, want at most 2 s", r.RecoveryMS)
	}
}

// TestReliabilityControl is the control: with an acknowledgement before the commit (a proxy that answers first and forwards later) the same harness must see a loss, or
// it is blind.
func TestReliabilityControl(t *testing.T) {
	kills, events := number(t, "CONTEXTD_TEST_KILLS"), number(t, "CONTEXTD_TEST_EVENTS")
	address := proctest.FreeAddress(t)
	proxy := acknowledgeFirst(t, "http://"+address)
	r := run(t, "control: acknowledged before the commit", address, proxy, max(kills/4, 30), max(events/4, 1500)) // of ten kills all may fall where nothing is on its way
	r.print(t)
	if r.Lost == 0 {
		t.Error("acknowledging before the commit lost nothing: this harness cannot see a loss")
	}
}

// run lets events flow while the service is killed, waits until everything has settled and counts.
func run(t *testing.T, name, address, publicURL string, kills, events int) report {
	start := time.Now()
	rng := rand.New(rand.NewPCG(seed, 1))
	binary := proctest.Build(t)
	s := proctest.StartSim(t, binary, "--companies", "30", "--seed", "7", "--rate-limit", "100000", "--webhook-url", publicURL+"/webhooks/hubspot")
	s.Door(t, http.MethodPost, "/_sim/webhooks", map[string]any{"duplicate_rate": 0.05, "shuffle": true}, nil)
	c := proctest.NewService(t, proctest.Setup{Binary: binary, Sim: s, Address: address, PublicURL: publicURL, Env: os.Environ()})
	c.Command("setup", "hubspot")
	for _, path := range []string{"/crm/objects/2026-09/contacts/", "/crm/objects/2026-09/notes/batch/upsert", "/crm/objects/2026-09/tasks/batch/upsert"} {
		method := http.MethodPost
		if path == "/crm/objects/2026-09/contacts/" {
			method = http.MethodPatch
		}
		s.Door(t, http.MethodPost, "/_sim/faults", map[string]any{"path": path, "method": method, "kind": "drop_after_apply", "rate": 0.2}, nil)
	}
	before := s.Deliveries(t)
	c.Start()
	if _, err := c.Ready(20 * time.Second); err != nil {
		t.Fatal(err)
	}
	var sent atomic.Int64
	finished := make(chan error, 1)
	go func() { finished <- generate(t, s, events, &sent) }()
	r := report{Run: name, Seed: seed, Kills: kills}
	var generated bool
	for i := range kills {
		// The kills are spread over the events, at random points of the process's life, its start included.
		for !generated && int(sent.Load()) < (i+1)*events/(kills+1) {
			select {
			case err := <-finished:
				if err != nil {
					t.Fatal(err)
				}
				generated = true
			case <-time.After(time.Millisecond):
			}
		}
		<-time.After(time.Duration(rng.IntN(150)) * time.Millisecond)
		c.Kill()
		c.Start()
		if i%4 == 0 { // most restarts are killed at any point; every fourth may finish, and is timed
			took, err := c.Ready(20 * time.Second)
			if err != nil {
				t.Fatal(err)
			}
			r.RecoveryMS = max(r.RecoveryMS, took.Milliseconds())
		}
	}
	if !generated {
		if err := <-finished; err != nil {
			t.Fatal(err)
		}
	}
	st := c.Settle(s)
	d := s.Deliveries(t)
	r.Sent, r.Acknowledged = d.Queued-before.Queued, d.Queued-before.Queued-d.Failed-d.Pending
	r.Received, r.Done, r.InReview, r.Dead, r.Ignored = st.Events.Received, st.Events.Done, st.Events.InReview, st.Events.Dead, st.Events.Ignored
	r.Lost = r.Acknowledged - r.Received
	r.Difference = r.Received - r.Done - r.InReview - r.Dead - st.Ignored()
	r.Effects, r.Doubled, r.Repeats = effects(t, s)
	r.audit(t, c)
	r.Seconds = time.Since(start).Seconds()
	return r
}

// audit has the log verified, counted against the tables, and its verdicts repeated.
func (r *report) audit(t *testing.T, c *proctest.Service) {
	t.Helper()
	var verified struct {
		Entries  int `json:"entries"`
		Complete []struct {
			Kind    string   `json:"kind"`
			Lacking int      `json:"lacking"`
			Surplus int      `json:"surplus"`
			Missing []string `json:"missing"`
			Extra   []string `json:"extra"`
		} `json:"complete"`
	}
	if err := c.API(http.MethodPost, "/audit/verify", map[string]any{"checkpoints": []string{}, "complete": true}, &verified); err != nil {
		t.Error(err)
	}
	r.Entries = verified.Entries
	for _, k := range verified.Complete {
		if r.Lacking, r.Surplus = r.Lacking+k.Lacking, r.Surplus+k.Surplus; k.Lacking+k.Surplus > 0 {
			t.Logf("%+v", k)
		}
	}
	var again struct {
		Verdicts int               `json:"verdicts"`
		Same     int               `json:"same"`
		Faults   []json.RawMessage `json:"faults"`
	}
	if err := c.API(http.MethodPost, "/audit/replay", map[string]any{}, &again); err != nil {
		t.Error(err)
	}
	r.Verdicts, r.Same, r.Faults = again.Verdicts, again.Same, len(again.Faults)
}
