package realinput

import (
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/evals/proctest"
	"github.com/contextd/contextd/internal/store"
)

// setReport is the one line that each set prints. Memory is the most that the service ever had resident, in MiB: after indexing, and at the end.
type setReport struct {
	Set            string         `json:"set"`
	Activities     int            `json:"activities"`
	Chunks         int            `json:"chunks"`
	IndexSeconds   float64        `json:"index_seconds"`
	PerSecond      float64        `json:"activities_per_second"`
	IndexRSS       float64        `json:"index_rss_mib"`
	RSS            float64        `json:"rss_mib"`
	Runs           map[string]int `json:"runs"`
	RunSeconds     float64        `json:"run_seconds"`
	SettleSeconds  float64        `json:"settle_seconds"` // from the last run's end until every write and its echo is worked off
	Writes         int            `json:"writes"`         // that reached the simulated HubSpot
	Suggestions    map[string]int `json:"suggestions"`
	Reasons        map[string]int `json:"reasons"` // how often each was given, by workflow and state
	Claims         int            `json:"claims"`
	ClaimsVerified int            `json:"claims_verified"`
	Dead           int            `json:"dead"`
}

// plan is what is run over a set, with how many subjects at most.
var plan = []struct {
	workflow, subjects string
	most               int
}{{"call_summary", "calls", 60}, {"lead_score", "contacts", 40}, {"reply_draft", "deals", 40}}

// TestEvalRealInput: real history is indexed without a dead end, and what the workflows claim of it stands in it, byte for byte.
func TestEvalRealInput(t *testing.T) {
	data(t, "retrieval")
	binary := proctest.Build(t)
	for _, set := range []struct {
		name        string
		transcripts bool
	}{{"qmsum", true}, {"locomo", true}, {"aeslc", false}} {
		t.Run(set.name, func(t *testing.T) {
			dir := data(t, "retrieval", set.name)
			r := measure(t, binary, set.name, dir)
			printLine(t, r)
			if r.ClaimsVerified < r.Claims {
				t.Errorf("%d of %d claims do not stand where their quotes say", r.Claims-r.ClaimsVerified, r.Claims)
			}
			if set.transcripts && r.Claims == 0 {
				t.Error("nothing was claimed: the run proves nothing")
			}
			if r.Dead != 0 {
				t.Errorf("%d ended dead although nothing was wrong with them", r.Dead)
			}
		})
	}
}

func measure(t *testing.T, binary, name, dir string) setReport {
	address := proctest.FreeAddress(t)
	dir, docs := present(t, dir)
	s := proctest.StartSim(t, binary, "--load", dir, "--rate-limit", "1000000")
	putMailOnDeals(t, s, docs)
	s.Door(t, http.MethodPost, "/_sim/webhooks", map[string]string{"url": "http://" + address + "/webhooks/hubspot"}, nil) // from here on: what came before is history
	c := proctest.NewService(t, proctest.Setup{Binary: binary, Sim: s, Address: address, Env: os.Environ()})
	c.Command("setup", "hubspot")
	c.Start()
	if _, err := c.Ready(20 * time.Second); err != nil {
		t.Fatal(err)
	}
	r := setReport{Set: name, Runs: map[string]int{}, Suggestions: map[string]int{}, Reasons: map[string]int{}}
	begun := time.Now()
	c.Command("index")
	r.IndexSeconds = time.Since(begun).Seconds()
	r.IndexRSS = peak(t, c)
	begun = time.Now()
	var ids []string
	for _, p := range plan {
		started := startRuns(t, c, p.workflow, spread(objects(t, s, p.subjects), p.most))
		r.Runs[p.workflow] = len(started)
		ids = append(ids, started...)
	}
	awaitRuns(t, c, ids)
	r.RunSeconds = time.Since(begun).Seconds()
	begun = time.Now()
	settle(t, s, c)
	r.SettleSeconds = time.Since(begun).Seconds()
	var state struct {
		Writes int `json:"writes"`
	}
	s.Door(t, http.MethodGet, "/_sim/state", nil, &state)
	r.Writes = state.Writes
	v := verifier{t: t, c: c, texts: map[string]stored{}}
	for _, one := range suggestions(t, c) {
		r.Suggestions[one.State]++
		for _, reason := range one.Reasons {
			r.Reasons[one.Workflow+" "+one.State+": "+reason]++
		}
		supported, proven := v.claims(one)
		r.Claims, r.ClaimsVerified = r.Claims+supported, r.ClaimsVerified+proven
	}
	r.RSS = peak(t, c)
	c.Stop()
	r.count(t, c, s)
	return r
}

// count reads the rows of the stopped service, and compares its own counts with ours.
func (r *setReport) count(t *testing.T, c *proctest.Service, s *proctest.Sim) {
	db, err := store.Open(t.Context(), c.Dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	counts, err := db.Counts(t.Context(), crm.PortalID(s.PortalID))
	if err != nil {
		t.Fatal(err)
	}
	r.Activities, r.Chunks, r.Dead = counts.Activities, counts.Chunks, counts.Dead
	r.PerSecond = float64(r.Activities) / r.IndexSeconds
	if counts.Claims != r.Claims || counts.ClaimsQuoted != r.ClaimsVerified {
		t.Errorf("the service counts %d claims, %d of them quoted; the API shows %d, %d verified", counts.Claims, counts.ClaimsQuoted, r.Claims, r.ClaimsVerified)
	}
}

// peak is the service's peak memory in MiB; 0 where the system does not tell.
func peak(t *testing.T, c *proctest.Service) float64 {
	bytes, err := c.PeakRSS()
	if err != nil {
		t.Logf("memory is not measured: %v", err)
		return 0
	}
	return float64(bytes) / (1 << 20)
}
