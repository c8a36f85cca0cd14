package reliability

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/evals/proctest"
)

// writesReport is the one line that a run of kills among writes prints.
type writesReport struct {
	Row         string  `json:"row"`
	Run         string  `json:"run"`
	Seed        uint64  `json:"seed"`
	Kills       int     `json:"kills"`
	InFlight    int     `json:"kills_with_a_write_in_flight"`
	Fates       fates   `json:"faults"`
	Approved    int     `json:"approved_by_people"`
	Ledger      ledger  `json:"effects"`
	Notes       int     `json:"notes"`
	Tasks       int     `json:"tasks"`
	Properties  int     `json:"property_values"`
	Repeats     int     `json:"exact_repeats"`
	Doubled     int     `json:"objects_doubled"`
	Surplus     int     `json:"writes_without_an_effect"`
	AfterSettle int     `json:"changes_after_the_last_was_settled"`
	Wrong       int     `json:"places_with_another_value_than_the_last_effect"`
	Yielded     int     `json:"gave_way_to_nobody"`
	Seconds     float64 `json:"seconds"`

	completed map[string]bool // tasks that a person has completed meanwhile
}

func (r writesReport) print(t *testing.T) {
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(string(b))
}

// TestReliabilityWrites: the real binary is killed again and again, half of the times with a write on its way, while its HubSpot drops, delays and lies about replies. No
// note, task or value is made twice (W1), and every decision that lets one be written ends once: read back, given way to a person, or dead (W2).
func TestReliabilityWrites(t *testing.T) {
	kills := number(t, "CONTEXTD_TEST_KILLS")
	r := killWrites(t, "kills among writes", kills, false)
	r.print(t)
	if r.Doubled+r.Surplus+r.AfterSettle+r.Wrong != 0 {
		t.Errorf("%d objects were made twice, %d writes belong to no effect, %d came after the last was settled, %d places hold another value", r.Doubled, r.Surplus, r.AfterSettle, r.Wrong)
	}
	l := r.Ledger
	if l.Open != 0 || l.Twice != 0 || l.Verified+l.Conflict+l.Failed+l.Superseded+l.Dead != l.Allowed {
		t.Errorf("of %d effects %d are open and %d ended twice: %+v", l.Allowed, l.Open, l.Twice, l)
	}
	if l.Failed+l.Dead != 0 || r.Yielded != 0 {
		t.Errorf("%d effects failed, %d are dead, %d gave way, although nobody was in the way", l.Failed, l.Dead, r.Yielded)
	}
	least := max(min(kills/20, 20), 1)
	if r.Notes < least || r.Tasks < least || r.Properties < least || l.Verified < kills/2 || r.InFlight < kills/4 || r.Approved == 0 || r.Fates.Dropped*r.Fates.Delayed*r.Fates.Lied*r.Fates.Late == 0 {
		t.Errorf("too little was done: the run proves nothing: %+v", r)
	}
}

// TestReliabilityWritesControl is the control: a HubSpot that does not enforce the unique key, as with plain creates. The same harness must count doubled notes and tasks.
func TestReliabilityWritesControl(t *testing.T) {
	r := killWrites(t, "control: the key is not unique", max(number(t, "CONTEXTD_TEST_KILLS")/20, 12), true)
	r.print(t)
	if r.Doubled == 0 {
		t.Error("without unique keys nothing was doubled: this harness cannot see it")
	}
}

func killWrites(t *testing.T, name string, kills int, forgetful bool) writesReport {
	start := time.Now()
	r := writesReport{Row: "W1 W2", Run: name, Seed: seed, Kills: kills, completed: map[string]bool{}}
	rng := rand.New(rand.NewPCG(seed, 4))
	binary, address := proctest.Build(t), proctest.FreeAddress(t)
	s := proctest.StartSim(t, binary, "--companies", "40", "--seed", "7", "--rate-limit", "100000", "--webhook-url", "http://"+address+"/webhooks/hubspot")
	way := startChaos(t, s.BaseURL, seed)
	through := *s
	through.BaseURL = way.url
	c := proctest.NewService(t, proctest.Setup{Binary: binary, Sim: &through, Address: address, Env: os.Environ()})
	c.Command("setup", "hubspot")
	before := len(writesOf(t, s, 0))
	if forgetful {
		for _, typ := range []string{"notes", "tasks"} {
			s.Door(t, http.MethodPost, "/_sim/faults", map[string]any{"path": "/crm/objects/2026-09/" + typ + "/batch/upsert", "kind": "forget_unique"}, nil)
		}
	}
	way.on.Store(true)
	way.before = forgetful
	c.Start()
	if _, err := c.Ready(20 * time.Second); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var people sync.WaitGroup
	people.Go(func() { act(t, s, stop) })
	people.Go(func() { r.Approved = review(c, s, t, stop, r.completed) })
	for i := range kills {
		wait := time.Duration(rng.IntN(300)) * time.Millisecond
		if i%2 == 0 {
			suffix := "/batch/upsert" // of a note or task
			if i%4 == 0 && !forgetful {
				suffix = "" // any write
			}
			way.arm(suffix)
			wait = 2 * time.Second
		}
		select {
		case <-way.held:
			r.InFlight++
		case <-time.After(wait):
		}
		c.Kill()
		way.disarm()
		c.Start()
	}
	close(stop)
	people.Wait()
	if _, err := c.Ready(20 * time.Second); err != nil {
		t.Fatal(err)
	}
	killed := time.Since(start)
	c.Settle(s)
	t.Logf("%s of kills, %s until nothing was left to do", killed.Round(time.Second), (time.Since(start) - killed).Round(time.Second))
	r.Fates = way.landed()
	r.count(t, c, s, before)
	r.Seconds = time.Since(start).Seconds()
	return r
}

// act is what people do in HubSpot meanwhile: mails that call for a score and a task, and calls that are summed up.
func act(t *testing.T, s *proctest.Sim, stop <-chan struct{}) {
	rng := rand.New(rand.NewPCG(seed, 5))
	var page struct {
		Results []struct {
			ID         string
			Properties map[string]string
		}
	}
	if err := proctest.Call(t.Context(), http.MethodGet, s.BaseURL+"/crm/objects/2026-09/contacts?limit=100&properties=email,firstname,lastname,associatedcompanyid", s.Token, nil, &page); err != nil {
		t.Error(err)
		return
	}
	calls := []string{"We are going to cancel the contract unless the sync works. The board will give notice.", "Our notice letter is written, we will not renew."}
	for i := 0; ; i++ {
		contact := page.Results[rng.IntN(len(page.Results))]
		headers, err := json.Marshal(map[string]any{"from": map[string]string{"email": contact.Properties["email"], "firstName": contact.Properties["firstname"], "lastName": contact.Properties["lastname"]},
			"to": []any{map[string]string{"email": "dana@fieldnote.example"}}})
		if err != nil {
			t.Error(err)
			return
		}
		typ, properties := "emails", map[string]string{"hs_email_headers": string(headers), "hs_email_status": "SENT",
			"hs_timestamp": time.Now().UTC().Format(time.RFC3339Nano), "hs_email_direction": "INCOMING_EMAIL", "hs_email_subject": fmt.Sprintf("Question %d", i),
			"hs_email_text": fmt.Sprintf("Hello Dana,\n\n%s %s This is message %d.\n\nRegards", calls[rng.IntN(len(calls))], remarks[rng.IntN(len(remarks))], i),
		}
		if i%3 == 0 {
			var body strings.Builder
			for k := range 12 {
				fmt.Fprintf(&body, "<p><strong>%s:</strong> %s</p>", []string{"Dana Whitlock", "Mira Kovac"}[k%2], remarks[rng.IntN(len(remarks))])
			}
			typ, properties = "calls", map[string]string{"hs_timestamp": time.Now().UTC().Format(time.RFC3339Nano), "hs_call_title": fmt.Sprintf("Call %d", i), "hs_call_body": body.String()}
		}
		object := map[string]any{"properties": properties, "associations": []string{"contacts/" + contact.ID, "companies/" + contact.Properties["associatedcompanyid"]}}
		if err := proctest.Call(t.Context(), http.MethodPost, s.BaseURL+"/_sim/objects/"+typ, "", object, nil); err != nil {
			t.Error(err)
			return
		}
		select {
		case <-stop:
			return
		case <-time.After(time.Duration(120+rng.IntN(120)) * time.Millisecond):
		}
	}
}

// review approves whatever waits for a person, and completes tasks, so that they are opened again for the next. The service is dead half of the time: what fails is tried
// again the next time. A task that is completed after a run has read it makes what that run wants to write there give way.
func review(c *proctest.Service, s *proctest.Sim, t *testing.T, stop <-chan struct{}, completed map[string]bool) (approved int) {
	seen := 0
	for {
		approved += approve(c)
		for _, w := range writesOf(t, s, seen) {
			if time.Since(w.Time) < 2*time.Second {
				break
			}
			if seen++; strings.HasPrefix(w.Object, "tasks/") && w.After["hs_task_status"] == "NOT_STARTED" && !w.Repeat {
				completed[w.Object] = true
				s.Door(t, http.MethodPatch, "/_sim/objects/"+w.Object, map[string]any{"properties": map[string]string{"hs_task_status": "COMPLETED"}}, nil)
			}
		}
		select {
		case <-stop:
			return approved
		case <-time.After(400 * time.Millisecond):
		}
	}
}

func approve(c *proctest.Service) (approved int) {
	var page struct {
		Items []struct {
			ID   string `json:"id"`
			ETag string `json:"etag"`
		} `json:"items"`
	}
	if c.API(http.MethodGet, "/suggestions?state=pending&limit=50", nil, &page) != nil {
		return 0
	}
	for _, p := range page.Items {
		if c.API(http.MethodPost, "/suggestions/"+url.PathEscape(p.ID)+"/approve", map[string]any{}, nil, "If-Match", p.ETag) == nil {
			approved++
		}
	}
	return approved
}
