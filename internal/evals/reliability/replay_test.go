package reliability

import (
	"encoding/json"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/evals/proctest"
)

// TestReliabilityReplay has the verdicts of a service repeated by the binary that gave them, which must give all of them again, and, as the control, by one with another
// weight in its confidence, which must not, and must show both words.
func TestReliabilityReplay(t *testing.T) {
	number(t, "CONTEXTD_TEST_KILLS")
	events := number(t, "CONTEXTD_TEST_EVENTS")
	binary := proctest.Build(t)
	other := proctest.BuildChanged(t, "internal/calibration/curve.go", "Bias: bias, Weights", "Bias: bias - 0.45, Weights")
	address := proctest.FreeAddress(t)
	s := proctest.StartSim(t, binary, "--companies", "30", "--seed", "7", "--rate-limit", "100000", "--webhook-url", "http://"+address+"/webhooks/hubspot")
	c := proctest.NewService(t, proctest.Setup{Binary: binary, Sim: s, Address: address, Env: os.Environ()})
	c.Command("setup", "hubspot")
	c.Start()
	if _, err := c.Ready(20 * time.Second); err != nil {
		t.Fatal(err)
	}
	var sent atomic.Int64
	if err := generate(t, s, events/4, &sent); err != nil {
		t.Fatal(err)
	}
	c.Settle(s)
	r := report{Run: "replay", Seed: seed, Sent: int(sent.Load())}
	r.audit(t, c)
	c.Stop()
	if r.Verdicts < events/100 || r.Same != r.Verdicts || r.Faults != 0 || r.Lacking+r.Surplus != 0 {
		t.Errorf("%+v", r)
	}
	text, err := c.Other(other, "audit", "replay", "-o", "json")
	var told struct {
		Verdicts int `json:"verdicts"`
		Same     int `json:"same"`
		Omitted  int `json:"omitted"`
		Faults   []struct {
			Fault string `json:"fault"`
			Then  *struct{ Verdict, Confidence string }
			Now   *struct{ Verdict, Confidence string }
		} `json:"faults"`
	}
	if jerr := json.Unmarshal([]byte(text), &told); jerr != nil {
		t.Fatalf("%v: %s", jerr, text)
	}
	turned := 0
	for _, f := range told.Faults {
		if f.Fault != "different" || f.Then == nil || f.Now == nil || f.Then.Confidence == f.Now.Confidence {
			t.Fatalf("%+v", f)
		}
		if f.Then.Verdict != f.Now.Verdict {
			turned++
		}
	}
	if err == nil || told.Verdicts != r.Verdicts || told.Same+len(told.Faults)+told.Omitted != told.Verdicts || len(told.Faults) == 0 || turned == 0 {
		t.Errorf("another weight changes nothing that is seen (%v): %+v", err, told)
	}
	r.print(t)
	t.Logf("with another weight %d of %d verdicts come out the same; of the first %d others %d are another verdict", told.Same, told.Verdicts, len(told.Faults), turned)
}
