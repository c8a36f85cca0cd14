package main

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

	"github.com/contextd/contextd/engine"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot"
	"github.com/contextd/contextd/internal/hubspot/hubsim"
	"github.com/contextd/contextd/internal/store"
)

// noteRaces are the ways in which a person's edit of a note or task of ours can meet our second write of it.
var noteRaces = []string{"before", "twice before", "after", "before, reply lost", "before, emptied", "before, and again while it is put back", "refused once", "before, the same words", "none", "before and after"}

const firstText, secondText, theirText = "<p>They asked for a quote.</p>", "<p>They asked for a quote and a demo.</p>", "<p>No, they want to <strong>cancel</strong>, version %d.</p>"

// noteRacing is the way to a simulated portal in which a person edits what is just being written.
type noteRacing struct {
	sim  *hubsim.Server
	next http.RoundTripper

	mu    sync.Mutex
	race  map[string]string // by key, from the second write on
	ids   map[string]string // path of each note or task by its key
	sent  map[string]int
	hers  map[string]string // the newest text of a person, by path
	since map[string]time.Time
	edits int
	wide  time.Duration // the longest that a text of ours stood over hers
}

func (r *noteRacing) edit(path, text string) {
	property := "hs_note_body"
	if strings.HasPrefix(path, "tasks/") {
		property = "hs_task_body"
	}
	r.edits++
	text = strings.ReplaceAll(text, "%d", fmt.Sprint(r.edits))
	body, err := json.Marshal(map[string]any{"properties": map[string]string{property: text}})
	if err != nil {
		panic(err)
	}
	w := httptest.NewRecorder()
	r.sim.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodPatch, "/_sim/objects/"+path, bytes.NewReader(body)))
	if w.Code > 299 {
		panic(fmt.Sprintf("%d %s", w.Code, w.Body))
	}
	r.hers[path] = text
}

// RoundTrip implements http.RoundTripper.
func (r *noteRacing) RoundTrip(q *http.Request) (*http.Response, error) {
	upsert, back := strings.HasSuffix(q.URL.Path, "/batch/upsert"), q.Method == http.MethodPatch
	if !upsert && !back {
		return r.next.RoundTrip(q)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	raw, err := io.ReadAll(q.Body)
	if err != nil {
		return nil, err
	}
	q.Body = io.NopCloser(bytes.NewReader(raw))
	path := strings.Join(strings.Split(q.URL.Path, "/")[4:], "/")
	race := ""
	if upsert {
		var sent struct{ Inputs []struct{ ID string } }
		if err := json.Unmarshal(raw, &sent); err != nil || len(sent.Inputs) != 1 {
			return nil, fmt.Errorf("%s: %w", raw, err)
		}
		race, path = r.race[sent.Inputs[0].ID], r.ids[sent.Inputs[0].ID]
		if race == "" {
			return r.next.RoundTrip(q)
		}
	}
	r.sent[path]++
	if at, covered := r.since[path]; covered {
		r.wide = max(r.wide, time.Since(at))
		delete(r.since, path)
	}
	first := upsert && r.sent[path] == 1
	switch {
	case first && race == "refused once":
		return nil, errors.New("connection refused")
	case first && race == "before, the same words":
		r.edit(path, "<div>"+strings.TrimSuffix(strings.TrimPrefix(secondText, "<p>"), "</p>")+"</div>")
	case first && race == "before, emptied":
		r.edit(path, "")
	case first && strings.HasPrefix(race, "before"), first && race == "twice before":
		r.edit(path, theirText)
		if race == "twice before" {
			r.edit(path, theirText+"<p>%d</p>")
		}
	case back && r.race[path] == "before, and again while it is put back" && r.sent[path] == 2:
		r.edit(path, theirText+"<p>really</p>")
	}
	_, changed := r.hers[path]
	resp, err := r.next.RoundTrip(q)
	if first && changed && race != "before, reply lost" && race != "before, the same words" { // a lost reply is looked at when its turn comes
		r.since[path] = time.Now()
	}
	if first && (race == "after" || race == "before and after") {
		delete(r.since, path) // hers stands again
		r.edit(path, theirText+"<p>later</p>")
	}
	if first && race == "before, reply lost" && err == nil {
		return nil, errors.Join(errors.New("connection reset"), resp.Body.Close())
	}
	return resp, err
}

// raced is the line that a run of races prints.
type raced struct {
	Row     string                  `json:"row"`
	Run     string                  `json:"run"`
	Seed    uint64                  `json:"seed"` // of the simulator; which race is whose goes by its number
	Races   int                     `json:"races"`
	Edits   int                     `json:"edits_by_people,omitempty"`
	Gone    int                     `json:"words_of_people_gone"`
	Effects map[crm.EffectState]int `json:"effects"`
	Window  float64                 `json:"longest_window_ms,omitempty"`
}

func (r raced) print(t *testing.T) {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(string(b))
}

// TestNoHumanTextIsLost: 500 writes over notes and tasks of ours, with a person's edit in between in most of the ways there are: every text of hers stands in the end.
// Without the look at the history most are gone.
func TestNoHumanTextIsLost(t *testing.T) {
	r := raceNotes(t, "notes and tasks", 500, true)
	r.print(t)
	if r.Gone != 0 || r.Effects[crm.EffectConflict] < 300 || r.Effects[crm.EffectVerified] < 100 || r.Window == 0 || r.Edits < 400 {
		t.Errorf("%+v", r)
	}
	r = raceNotes(t, "control: the history is not looked at", 100, false)
	r.print(t)
	if r.Gone < 40 {
		t.Errorf("with the check off only %d of 100 are gone: this test is blind", r.Gone)
	}
}

// raceNotes writes n notes and tasks, lets them be written once more, each in one of the races, and counts.
func raceNotes(t *testing.T, run string, n int, seeing bool) raced {
	t.Helper()
	ctx := t.Context()
	sim := hubsim.New(hubsim.Options{RateLimit: -1, DailyLimit: -1, SearchLimit: -1})
	server := httptest.NewServer(sim.Handler())
	defer server.Close()
	portal := sim.Options().Portal
	r := &noteRacing{sim: sim, next: server.Client().Transport, race: map[string]string{}, ids: map[string]string{}, sent: map[string]int{}, hers: map[string]string{}, since: map[string]time.Time{}}
	client, err := hubspot.New(hubspot.Options{Portal: portal, Token: sim.Options().Token, AppID: fmt.Sprint(sim.Options().AppID), BaseURL: server.URL, Rate: -1, Search: -1, Transport: r})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Setup(ctx, nil, false); err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(ctx, t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	writer := hubspot.NewWriter(client)
	var through engine.Writer = portals{portal: readWriter{client, writer}}
	if !seeing {
		through = blind{portals{portal: readWriter{client, writer}}}
	}
	a := &engine.Applier{Effects: db, Writer: through, Enabled: func(crm.PortalID) error { return nil }, Now: time.Now}
	subjects := make([]crm.Ref, n)
	key := func(i int) string { return fmt.Sprintf("key-%04d", i) }
	change := func(i int, text string) crm.Change {
		c := crm.Change{ID: "c", Kind: crm.NoteKind, Property: "hs_note_body", After: text, Key: key(i), Links: []crm.Ref{subjects[i]}, Confidence: 0.9, Verdict: crm.Apply, Fields: map[string]string{"hs_timestamp": "2026-11-20T12:00:00Z"}}
		if i/len(noteRaces)%2 == 1 {
			c.Kind, c.Property = crm.TaskKind, "hs_task_body"
			c.Fields = map[string]string{"hs_timestamp": "2026-11-20T12:00:00Z", "hs_task_subject": "Call them", "hs_task_status": "NOT_STARTED", "hs_task_type": "TODO"}
		}
		return c
	}
	write := func(round string, text string) map[string]crm.Effect {
		t.Helper()
		for i := range subjects {
			p := crm.Proposal{ID: fmt.Sprint(round, i), Portal: portal, Workflow: "call_summary", Subject: subjects[i], Record: subjects[i], ReadAt: sim.Now(), Changes: []crm.Change{change(i, text)}}
			if _, err := db.Propose(ctx, p, crm.Raw{}); err != nil {
				t.Fatal(err)
			}
		}
		claims, err := db.Claim(ctx, crm.ApplyWork, []crm.Lane{crm.LiveLane}, n, "test", time.Hour)
		if err != nil || len(claims) != n {
			t.Fatalf("%d claims, %v", len(claims), err)
		}
		all := claims
		for tries := 0; len(claims) > 0; tries++ {
			var again []crm.Claim
			for i, err := range a.Apply(ctx, claims) {
				if err != nil {
					again = append(again, claims[i])
				}
				if tries > 5 {
					t.Fatal(err)
				}
			}
			claims = again
		}
		out := map[string]crm.Effect{}
		for _, c := range all {
			e, err := db.Effect(ctx, portal, c.Key)
			if err != nil {
				t.Fatal(err)
			}
			out[e.Change.Key] = e
		}
		if _, err := db.Finish(ctx, all); err != nil {
			t.Fatal(err)
		}
		return out
	}
	for i := range subjects {
		w := httptest.NewRecorder()
		sim.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/_sim/objects/contacts", strings.NewReader(fmt.Sprintf(`{"properties": {"email": "c%d@x.example"}}`, i))))
		var o struct{ ID string }
		if err := json.Unmarshal(w.Body.Bytes(), &o); err != nil {
			t.Fatal(err)
		}
		subjects[i] = crm.Ref{Portal: portal, Type: crm.Contacts, ID: o.ID}
	}
	for key, e := range write("first", firstText) {
		if e.State != crm.EffectVerified {
			t.Fatalf("%s: %s %s", key, e.State, e.LastError)
		}
		r.ids[key] = e.Object.Path()
	}
	for i := range subjects {
		r.race[key(i)] = noteRaces[i%len(noteRaces)]
		r.race[r.ids[key(i)]] = r.race[key(i)]
	}
	out := raced{Row: "W3", Run: run, Seed: sim.Options().Seed, Races: n, Effects: map[crm.EffectState]int{}}
	words := func(s string) string {
		return strings.Join(strings.Fields(strings.NewReplacer("<", " <", ">", "> ").Replace(s)), " ")
	}
	for key, e := range write("second", secondText) {
		out.Effects[e.State]++
		now, err := writer.Current(ctx, e.Object, e.Change.Property)
		if err != nil {
			t.Fatal(err)
		}
		hers, changed := r.hers[e.Object.Path()]
		same := r.race[key] == "before, the same words"
		switch {
		case changed && !same && words(now.Value) != words(hers):
			out.Gone++
			if seeing {
				t.Errorf("%s (%s): she wrote %q, there is %q (%s: %s)", e.Object.Path(), r.race[key], hers, now.Value, e.State, e.LastError)
			}
		case !changed && now.Value != secondText, seeing && (e.State == crm.EffectVerified) != (!changed || same), e.Object.Path() != r.ids[key]:
			t.Errorf("%s (%s): %q stands there, and the effect is %s: %s", e.Object.Path(), r.race[key], now.Value, e.State, e.LastError)
		}
	}
	if st := sim.State(); st.Activities[crm.Note]+st.Activities[crm.Task] != n {
		t.Errorf("%+v for %d notes and tasks", st.Activities, n)
	}
	if len(r.since) > 0 && seeing {
		t.Errorf("texts of people are still covered: %v", r.since)
	}
	out.Edits, out.Window = r.edits, float64(r.wide.Microseconds())/1000
	return out
}
