package reliability

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver

	"github.com/contextd/contextd/internal/evals/proctest"
)

// simWrite is one entry of the simulator's log of writes.
type simWrite struct {
	Time   time.Time         `json:"time"`
	Object string            `json:"object"`
	Before map[string]string `json:"before"`
	After  map[string]string `json:"after"`
	Repeat bool              `json:"repeat"`
}

// writesOf is the log from an entry on.
func writesOf(t *testing.T, s *proctest.Sim, since int) []simWrite {
	t.Helper()
	var all struct{ Items []simWrite }
	s.Door(t, http.MethodGet, fmt.Sprint("/_sim/writes?since=", since), nil, &all)
	return all.Items
}

// ledger says how the effects ended, as the audit has it.
type ledger struct {
	Allowed    int `json:"allowed"`
	Verified   int `json:"verified"`
	Conflict   int `json:"conflict"`
	Failed     int `json:"failed"`
	Superseded int `json:"superseded"`
	Dead       int `json:"dead"`
	Open       int `json:"open"`
	Twice      int `json:"ended_twice"`
}

// effect is what the audit says of one effect.
type effect struct {
	subject, property, object string
	state, value, salt        string // value is the hash that the audit has, of the salt and the value
	why                       string // it did not come about
	settled                   time.Time
	order                     int
}

// effectsOf reads the audit to its end.
func effectsOf(t *testing.T, c *proctest.Service) (map[string]*effect, ledger) {
	t.Helper()
	effects, l := map[string]*effect{}, ledger{}
	for cursor, n := "", 0; ; {
		var page struct {
			Items []struct {
				Time    time.Time         `json:"time"`
				Action  string            `json:"action"`
				Subject string            `json:"subject"`
				IDs     map[string]string `json:"ids"`
				Hashes  map[string]string `json:"hashes"`
			} `json:"items"`
			Next *string `json:"next"`
		}
		if err := c.API(http.MethodGet, "/audit/export?limit=1000&cursor="+url.QueryEscape(cursor), nil, &page); err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Items {
			state, ok := strings.CutPrefix(e.Action, "effect.")
			if !ok {
				continue
			}
			n++
			switch state {
			case "allowed":
				l.Allowed++
				effects[e.IDs["effect"]] = &effect{subject: e.Subject, property: e.IDs["property"], order: n}
			case "unknown":
			default:
				f := effects[e.IDs["effect"]]
				if f == nil {
					t.Fatalf("an effect ended that nobody allowed: %+v", e)
				}
				if f.state != "" {
					l.Twice++
				}
				f.state, f.object, f.value, f.settled = state, e.IDs["object"], e.Hashes["value"], e.Time
			}
		}
		if page.Next == nil {
			break
		}
		cursor = *page.Next
	}
	keptOf(t, c, effects)
	for _, f := range effects {
		switch f.state {
		case "verified":
			l.Verified++
		case "conflict":
			l.Conflict++
		case "failed":
			l.Failed++
		case "superseded":
			l.Superseded++
		default:
			l.Open++
		}
	}
	dead := buried(t, c)
	l.Dead, l.Open = dead, l.Open-dead
	return effects, l
}

// keptOf reads of each effect what nobody but the store keeps: the salt of its value's hashes, and why it did not come about.
func keptOf(t *testing.T, c *proctest.Service, effects map[string]*effect) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(c.Dir, "contextd.db")+"?mode=ro&_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), "SELECT id, salt, last_error FROM effects")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, salt, why string
		if err := rows.Scan(&id, &salt, &why); err != nil {
			t.Fatal(err)
		}
		if f := effects[id]; f != nil {
			f.salt, f.why = salt, why
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

// buried counts effects that were given up and are kept for a person.
func buried(t *testing.T, c *proctest.Service) (n int) {
	t.Helper()
	var page struct{ Items []json.RawMessage }
	if err := c.API(http.MethodGet, "/work?kind=apply&state=buried&limit=200", nil, &page); err != nil {
		t.Fatal(err)
	}
	return len(page.Items)
}

// clocks is by how much the times of two processes may differ: the simulator counts from its start, the store takes the time at which it begins to write.
const clocks = 100 * time.Millisecond

// count compares the simulator's log, from entry first on, with the audit's effects.
func (r *writesReport) count(t *testing.T, c *proctest.Service, s *proctest.Sim, first int) {
	t.Helper()
	effects, l := effectsOf(t, c)
	r.Ledger = l
	type spot struct{ object, property string }
	type stands struct {
		changes int
		value   string
		values  map[string]bool // all that stood there
		at      time.Time
	}
	places, byKey := map[spot]*stands{}, map[string]map[string]bool{}
	for _, w := range writesOf(t, s, first) {
		if w.Repeat {
			r.Repeats++
			continue
		}
		if key := w.After["ai_ctx_key"]; key != "" {
			if byKey[key] == nil {
				byKey[key] = map[string]bool{}
			}
			if !byKey[key][w.Object] && strings.HasPrefix(w.Object, "notes/") {
				r.Notes++
			} else if !byKey[key][w.Object] {
				r.Tasks++
			}
			byKey[key][w.Object] = true
		}
		for name, value := range w.After {
			body := name == "hs_note_body" || name == "hs_task_body"
			if !body && (!strings.HasPrefix(name, "ai_") || name == "ai_ctx_key") || value == w.Before[name] {
				continue
			}
			if !body {
				r.Properties++
			}
			p := places[spot{w.Object, name}]
			if p == nil {
				p = &stands{values: map[string]bool{}}
				places[spot{w.Object, name}] = p
			}
			p.changes, p.value, p.at = p.changes+1, value, w.Time
			p.values[value] = true
		}
	}
	for _, objects := range byKey {
		r.Doubled += len(objects) - 1
	}
	newest, allowed := map[spot]*effect{}, map[spot]int{}
	for _, e := range effects {
		if e.state == "conflict" && !(r.completed[e.object] && strings.HasPrefix(e.why, "hs_task_status changed by CRM_UI:")) {
			r.Yielded++
			t.Logf("%s of %s gave way: %s", e.property, e.object, e.why)
		}
		if e.state == "superseded" { // a later decision overtook it; it may have been written before that, and nobody looked
			for at, p := range places {
				if at.property != e.property {
					continue
				}
				for value := range p.values {
					if e.says(value) {
						allowed[at]++
					}
				}
			}
		}
		if e.state != "verified" {
			continue
		}
		at := spot{e.object, e.property}
		if allowed[at]++; newest[at] == nil || newest[at].order < e.order {
			newest[at] = e
		}
	}
	for at, p := range places {
		e := newest[at]
		if e == nil {
			r.Surplus += p.changes
			t.Logf("%+v changed %d times and no verified effect is there", at, p.changes)
			continue
		}
		if n := p.changes - allowed[at]; n > 0 {
			r.Surplus += n
			t.Logf("%+v changed %d times by %d effects", at, p.changes, allowed[at])
		}
		if p.at.After(e.settled.Add(clocks)) {
			r.AfterSettle++
			t.Logf("%+v changed at %s, %s after the last effect there was settled", at, p.at, p.at.Sub(e.settled))
		}
		if !e.says(p.value) {
			r.Wrong++
			t.Logf("%+v holds %q, which is not the value of the last effect there", at, p.value)
		}
	}
}

// says reports whether a value is the one that the audit's hash stands for.
func (e *effect) says(value string) bool {
	sum := sha256.Sum256([]byte(e.salt + "\x00" + value))
	return hex.EncodeToString(sum[:]) == e.value
}
