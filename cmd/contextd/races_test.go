package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/contextd/contextd/engine"
	"github.com/contextd/contextd/internal/crm"
)

// meeting is how a person's change and a write of ours meet at one object.
type meeting struct {
	race     string
	object   crm.Ref
	property string
	values   []string // what she gives it, one after the other
	same     string   // what we write, in other words; where a race needs it
	key      string   // of a note or task

	sent    int
	edits   int
	hers    string // her newest value
	changed bool
	since   time.Time     // when a write of ours covered hers
	held    *http.Request // of ours, that arrives late
	effect  string
}

// The ways of a race. A late request is lost on its way, its successor arrives and is settled, she changes the value, and then it arrives; or she is faster than its successor, which gives way.
var raceWays = []string{"before", "twice before", "after", "before, reply lost", "before, emptied", "before, and again while it is put back", "refused once", "before, the same", "none", "before and after", "late", "late, and given way"}

// meetings is the way to a simulated portal in which a person changes what is just being written.
type meetings struct {
	o    *outbox
	next http.RoundTripper

	mu    sync.Mutex
	of    map[string]*meeting // by path, and by key
	edits int
	wide  time.Duration // the longest that a value of ours stood over hers
}

func (r *meetings) edit(m *meeting, value string) {
	r.o.door(http.MethodPatch, "/_sim/objects/"+m.object.Path(), map[string]any{"properties": map[string]string{m.property: value}})
	m.hers, m.changed = value, true
	r.edits++
}

// next value of hers.
func (m *meeting) another() string {
	m.edits++
	return m.values[(m.edits-1)%len(m.values)]
}

// find is the meeting that a request of ours belongs to; nil when it writes nothing, or something else.
func (r *meetings) find(q *http.Request, body []byte) *meeting {
	if q.Method == http.MethodPatch || q.Method == http.MethodDelete {
		return r.of[strings.Join(strings.Split(q.URL.Path, "/")[4:], "/")]
	}
	if !strings.HasSuffix(q.URL.Path, "/batch/upsert") {
		return nil
	}
	var sent struct{ Inputs []struct{ ID string } }
	if err := json.Unmarshal(body, &sent); err != nil || len(sent.Inputs) != 1 {
		r.o.Fatalf("%s: %v", body, err)
	}
	return r.of[sent.Inputs[0].ID]
}

// RoundTrip implements http.RoundTripper.
func (r *meetings) RoundTrip(q *http.Request) (*http.Response, error) {
	if q.Method == http.MethodGet || strings.HasSuffix(q.URL.Path, "/read") {
		return r.next.RoundTrip(q)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var body []byte
	if q.Body != nil {
		var err error
		if body, err = io.ReadAll(q.Body); err != nil {
			return nil, err
		}
		q.Body = io.NopCloser(bytes.NewReader(body))
	}
	m := r.find(q, body)
	if m == nil {
		return r.next.RoundTrip(q)
	}
	m.sent++
	first := m.sent == 1
	if !m.since.IsZero() {
		r.wide = max(r.wide, time.Since(m.since))
		m.since = time.Time{}
	}
	switch {
	case first && m.race == "refused once":
		return nil, errors.New("connection refused")
	case first && strings.HasPrefix(m.race, "late"):
		m.held = q.Clone(context.WithoutCancel(q.Context())) // it arrives after its sender has given it up
		m.held.Body = io.NopCloser(bytes.NewReader(body))
		if m.race != "late" {
			r.edit(m, m.another())
		}
		return nil, errors.New("connection reset")
	case first && m.race == "before, the same":
		r.edit(m, m.same)
	case first && m.race == "before, emptied":
		r.edit(m, "")
	case first && m.race == "twice before":
		r.edit(m, m.another())
		r.edit(m, m.another())
	case first && strings.HasPrefix(m.race, "before"), m.sent == 2 && m.race == "before, and again while it is put back":
		r.edit(m, m.another())
	}
	resp, err := r.next.RoundTrip(q)
	if first && m.changed && m.race != "before, reply lost" && m.race != "before, the same" { // a lost reply is looked at when its turn comes
		m.since = time.Now()
	}
	if first && (m.race == "after" || m.race == "before and after") {
		m.since = time.Time{} // hers stands again
		r.edit(m, m.another())
	}
	if first && m.race == "before, reply lost" && err == nil {
		return nil, errors.Join(errors.New("connection reset"), resp.Body.Close())
	}
	return resp, err
}

// deliver has the late request arrive, after a change of hers where she has not made one yet.
func (r *meetings) deliver(m *meeting) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !m.changed && m.held.Method != http.MethodDelete { // what is deleted already nobody changes
		r.edit(m, m.another())
	}
	m.since = time.Now()
	resp, err := r.next.RoundTrip(m.held)
	if err == nil {
		err = resp.Body.Close()
	}
	if err != nil {
		r.o.Fatal(err)
	}
}

// blind hides the history of a property from the applier, and the recycle bin: the check under test is off.
type blind struct{ portals }

func (b blind) Standing(ctx context.Context, target crm.Ref, properties []string) (map[string]crm.Current, error) {
	stands, err := b.portals.Standing(ctx, target, properties)
	for p, now := range stands {
		now.Changes = nil
		stands[p] = now
	}
	return stands, err
}

func (b blind) Archived(context.Context, crm.Ref, []string) (map[string]crm.Current, error) {
	return nil, crm.ErrNotFound
}

// raced is the line that a run of races prints.
type raced struct {
	Row     string                  `json:"row"`
	Run     string                  `json:"run"`
	Seed    uint64                  `json:"seed"` // of the simulator; which race is whose goes by its number
	Races   int                     `json:"races"`
	Edits   int                     `json:"edits_by_people"`
	Gone    int                     `json:"values_of_people_gone"`
	Effects map[crm.EffectState]int `json:"effects"`
	Window  float64                 `json:"longest_window_ms"`
	Ways    map[string]int          `json:"gone_by_way,omitempty"`
}

func (r raced) print(t *testing.T) {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(string(b))
}

const (
	firstText, secondText, theirText = "<p>They asked for a quote.</p>", "<p>They asked for a quote and a demo.</p>", "<p>No, they want to <strong>cancel</strong>, version %d.</p>"
	sameText                         = "<div>They asked for a quote and a demo.</div>"
)

// racingKind is what is written, and what of it a person changes meanwhile.
type racingKind struct {
	name   string
	first  func(i int, contact crm.Ref, key string) (crm.Change, bool) // what stands there before; false: nothing of ours
	second func(i int, contact crm.Ref, key string) crm.Change         // what is written while she changes it; of an undo the first one
	undone bool                                                        // the second one undoes the first
	hers   func(i int, m *meeting)                                     // which property, which values
}

func texts(format string) (out []string) {
	for i := range 4 {
		out = append(out, strings.ReplaceAll(format, "%d", fmt.Sprint(i)))
	}
	return out
}

// noteOrTask alternates within one way.
func noteOrTask(text string) func(i int, contact crm.Ref, key string) crm.Change {
	return func(i int, contact crm.Ref, key string) crm.Change {
		if i/len(raceWays)%2 == 1 {
			return tasking(contact, key, text)
		}
		return noting(contact, key, text)
	}
}

// taskFields are what is written of a task beside its body, with what we write and what she does.
var taskFields = []struct {
	property, ours string
	hers           []string
}{
	{"hs_task_subject", "Call them again", []string{"Mine 1", "Mine 2", "Mine 3"}},
	{"hs_timestamp", "2026-12-05T12:00:00Z", []string{"2027-01-10T09:00:00Z", "2027-01-11T09:00:00Z", "2027-01-12T09:00:00Z"}},
	{"hs_task_status", "NOT_STARTED", []string{"COMPLETED", "WAITING", "IN_PROGRESS"}},
	{"hs_task_priority", "MEDIUM", []string{"HIGH", "LOW", "HIGH"}},
	{"hubspot_owner_id", "", nil},
}

var racingKinds = []racingKind{
	{name: "properties of records", second: func(_ int, contact crm.Ref, _ string) crm.Change { return scoring(contact, "72") },
		hers: func(_ int, m *meeting) {
			m.property, m.values, m.same = "ai_lead_score", []string{"11", "12", "13", "14"}, "72.0"
		}},
	{name: "texts of notes and tasks", first: func(i int, contact crm.Ref, key string) (crm.Change, bool) {
		return noteOrTask(firstText)(i, contact, key), true
	}, second: noteOrTask(secondText),
		hers: func(_ int, m *meeting) {
			m.property, m.values, m.same = "hs_note_body", texts(theirText), sameText
			if m.object.Type == crm.Tasks {
				m.property = "hs_task_body"
			}
		}},
	{name: "subject, due date, status, priority and owner of tasks", first: func(_ int, contact crm.Ref, key string) (crm.Change, bool) {
		return tasking(contact, key, firstText), true
	},
		second: func(_ int, contact crm.Ref, key string) crm.Change {
			c := tasking(contact, key, secondText)
			for _, f := range taskFields {
				c.Fields[f.property] = f.ours
			}
			c.Fields["hubspot_owner_id"] = "9"
			return c
		},
		hers: func(i int, m *meeting) {
			f := taskFields[i/len(raceWays)%len(taskFields)]
			m.property, m.values, m.same = f.property, f.hers, f.ours
		}},
	{name: "notes and tasks that are undone", undone: true, first: func(i int, contact crm.Ref, key string) (crm.Change, bool) {
		return noteOrTask(firstText)(i, contact, key), true
	}, hers: func(i int, m *meeting) {
		m.property, m.values, m.same = "hs_note_body", texts(theirText), "<div>They asked for a quote.</div>"
		if m.object.Type == crm.Tasks {
			f := taskFields[i/len(raceWays)/2%2]
			m.property, m.values, m.same = f.property, f.hers, f.ours
		}
	}},
}

// TestNoHumanEditIsLost: 500 writes of each kind (120 outside of make reliability), with a person in between in most of the ways there are, late requests among them: every value of hers stands in the end. Without the look at
// the histories many are gone. The same holds where nobody has configured our app's id: it is learned from the first write.
func TestNoHumanEditIsLost(t *testing.T) {
	n := 120
	if os.Getenv("CONTEXTD_TEST_KILLS") != "" {
		n = 500
	}
	for _, kind := range racingKinds {
		for _, app := range []string{simApp(), ""} {
			r := race(t, kind, n, app, true)
			r.print(t)
			if r.Gone != 0 || r.Edits < 7*n/10 || r.Effects[crm.EffectVerified] < n/8 || r.Effects[crm.EffectConflict] < 2*n/5 || r.Window == 0 && !kind.undone {
				t.Errorf("%+v", r)
			}
		}
		r := race(t, kind, 120, simApp(), false)
		r.print(t)
		if r.Gone < 30 {
			t.Errorf("%s: with the check off only %d of 120 are gone: this test is blind", kind.name, r.Gone)
		}
	}
}

// race makes n writes of a kind, each in one of the ways, and counts.
func race(t *testing.T, kind racingKind, n int, app string, seeing bool) raced {
	t.Helper()
	ctx := t.Context()
	r := &meetings{of: map[string]*meeting{}}
	o := newOutbox(t, app, func(o *outbox, next http.RoundTripper) http.RoundTripper {
		r.o, r.next = o, next
		return r
	})
	taskFields[4].hers = o.owners()
	var through engine.Writer = o.through()
	if !seeing {
		through = blind{o.through()}
	}
	late := time.Duration(0)
	a := &engine.Applier{Effects: o.db, Writer: through, Enabled: func(crm.PortalID) error { return nil }, Now: func() time.Time { return time.Now().Add(late) }}
	all := make([]*meeting, n)
	contacts := make([]crm.Ref, n)
	for i := range all {
		contacts[i] = o.contact(map[string]string{"ai_lead_score": "40"})
		all[i] = &meeting{race: raceWays[i%len(raceWays)], object: contacts[i], key: fmt.Sprintf("key-%04d", i)}
		if kind.first == nil {
			continue
		}
		c, _ := kind.first(i, contacts[i], all[i].key)
		o.propose(fmt.Sprint("first", i), contacts[i], c)
	}
	if kind.first != nil {
		claims := o.apply(a, n)
		for _, c := range claims {
			e := o.effect(c.Key)
			if e.State != crm.EffectVerified {
				t.Fatalf("%s: %s %s", e.Change.Key, e.State, e.LastError)
			}
			all[slices.Index(contacts, e.Subject)].object = e.Object
		}
		if _, err := o.db.Finish(ctx, claims); err != nil {
			t.Fatal(err)
		}
	}
	for i, m := range all {
		kind.hers(i, m)
		if kind.undone {
			p, err := o.db.Proposal(ctx, o.portal, fmt.Sprint("first", i))
			if err == nil {
				_, err = o.db.Undo(ctx, o.portal, p.ID, nil, crm.Actor{Kind: crm.UserActor, ID: "ann"}, p.ETag())
			}
			if err != nil {
				t.Fatal(err)
			}
			if m.race == "after" || m.race == "before and after" || m.race == "before, and again while it is put back" || m.race == "twice before" { // what is in the bin nobody changes
				m.race = "before"
			}
		} else {
			o.propose(fmt.Sprint("second", i), contacts[i], kind.second(i, contacts[i], m.key))
		}
		if m.race == "before, emptied" && m.property != "ai_lead_score" && !strings.HasSuffix(m.property, "_body") && m.property != "hs_task_subject" {
			m.race = "before" // it cannot be empty
		}
		if m.race == "before, the same" && m.property == "hubspot_owner_id" {
			m.race = "none"
		}
		r.of[m.object.Path()] = m
		if !kind.undone {
			r.of[m.key] = m
		}
	}
	claims := o.apply(a, n)
	for i, c := range claims {
		all[slices.Index(contacts, o.effect(c.Key).Subject)].effect = c.Key
		claims[i].Fence++ // whoever looks again has claimed it anew
	}
	for _, m := range all {
		if m.held != nil {
			r.deliver(m)
		}
	}
	late = time.Minute // nothing can arrive any more
	o.insist(a, claims)
	late = 0
	out := raced{Row: "W3", Run: kind.name, Seed: o.sim.Options().Seed, Races: n, Edits: r.edits, Effects: map[crm.EffectState]int{}, Window: float64(r.wide.Microseconds()) / 1000, Ways: map[string]int{}}
	if app == "" {
		out.Run += ", app id not configured"
	}
	if !seeing {
		out.Run = "control: neither histories nor the bin are looked at: " + out.Run
	}
	for _, m := range all {
		e := o.effect(m.effect)
		out.Effects[e.State]++
		stands, there := r.stands(m)
		switch {
		case m.changed && (!there || !alike(m.property, stands, m.hers)):
			out.Gone++
			out.Ways[m.race]++
			if seeing {
				t.Errorf("%s, %s of %s (%s): she wrote %q, there is %q (%s: %s)", kind.name, m.property, m.object.Path(), m.race, m.hers, stands, e.State, e.LastError)
			}
		case !m.changed && (e.State != crm.EffectVerified || kind.undone == there):
			t.Errorf("%s, %s of %s (%s): nobody changed it, and the effect is %s: %s; there: %v", kind.name, m.property, m.object.Path(), m.race, e.State, e.LastError, there)
		case seeing && e.State != crm.EffectVerified && e.State != crm.EffectConflict:
			t.Errorf("%s, %s (%s): %s %s", kind.name, m.object.Path(), m.race, e.State, e.LastError)
		case seeing && m.changed && kind.undone && e.State != crm.EffectConflict:
			t.Errorf("%s, %s (%s): an undo that kept hers is %s", kind.name, m.object.Path(), m.race, e.State)
		}
	}
	if st := o.sim.State(); kind.first != nil && !kind.undone && st.Activities[crm.Note]+st.Activities[crm.Task] != n {
		t.Errorf("%+v for %d notes and tasks", st.Activities, n)
	}
	apps, err := o.db.OwnApps(ctx, o.portal)
	if err != nil || app == "" && (len(apps) != 1 || apps[0].ID != simApp()) || app != "" && len(apps) != 0 {
		t.Errorf("%s: own apps %+v, %v", out.Run, apps, err)
	}
	return out
}

// stands is the value that stands there now; false when the note or task is gone.
func (r *meetings) stands(m *meeting) (string, bool) {
	object := m.object
	if m.object.Type != crm.Contacts {
		ref, _, err := r.o.writer.FindActivity(r.o.Context(), r.o.portal, m.object.Type, m.key, []crm.Ref{{Portal: r.o.portal, Type: crm.Contacts, ID: "1"}})
		if err != nil && !errors.Is(err, crm.ErrNotFound) {
			r.o.Fatal(err)
		}
		if object = ref; ref.IsZero() {
			return "", false
		}
	}
	now, err := r.o.writer.Current(r.o.Context(), object, m.property)
	if err != nil {
		r.o.Fatal(err)
	}
	return now.Value, true
}

// alike compares values as people read them.
func alike(property, a, b string) bool {
	if !strings.HasSuffix(property, "_body") {
		return crm.SameValue(a, b)
	}
	words := func(s string) string {
		return strings.Join(strings.Fields(strings.NewReplacer("<div>", " ", "</div>", " ", "<p>", " ", "</p>", " ", "<", " <", ">", "> ").Replace(s)), " ")
	}
	return words(a) == words(b)
}

// owners are ids of the portal's people.
func (o *outbox) owners() []string {
	o.Helper()
	list, err := o.client.Owners(o.Context())
	if err != nil || len(list) < 2 {
		o.Fatal(list, err)
	}
	ids := map[string]bool{}
	for _, owner := range list {
		ids[owner.ID] = true
	}
	return slices.SortedFunc(maps.Keys(ids), func(a, b string) int { return cmp.Compare(a, b) })
}
