package realinput

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/evals/proctest"
)

// document is what of a corpus line matters here; Text and the rest are passed on as they are.
type document struct {
	ID        string `json:"id"`
	Account   string `json:"account"`
	Kind      string `json:"kind"`
	Session   string `json:"session"`
	Pos       *int   `json:"pos"`
	Timestamp string `json:"timestamp"`
}

// history is how far back documents go whose time the set does not tell: within the window of every workflow.
const history = 300 * 24 * time.Hour

// present writes a copy of a set, for the time of the test, whose newest document is a day old, and returns its directory: workflows look back for months, and the
// sets are years old. Times that the set tells keep their distances; the others follow each other in the order of the file, evenly over the history.
func present(t *testing.T, dir string) (string, []document) {
	t.Helper()
	docs, lines := readCorpus(t, filepath.Join(dir, "corpus.jsonl"))
	newest := time.Now().UTC().Add(-24 * time.Hour).Truncate(time.Second)
	out := t.TempDir()
	f, err := os.Create(filepath.Join(out, "corpus.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	enc := json.NewEncoder(w)
	for i, at := range moments(t, docs, newest) {
		stamp, err := json.Marshal(at)
		if err != nil {
			t.Fatal(err)
		}
		lines[i]["timestamp"] = stamp
		if err := enc.Encode(lines[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return out, docs
}

func readCorpus(t *testing.T, name string) (docs []document, lines []map[string]json.RawMessage) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in := bufio.NewScanner(f)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		var d document
		var line map[string]json.RawMessage
		if err := json.Unmarshal(in.Bytes(), &d); err != nil {
			t.Fatalf("%s: line %d: %v", name, len(docs)+1, err)
		}
		if err := json.Unmarshal(in.Bytes(), &line); err != nil {
			t.Fatalf("%s: line %d: %v", name, len(docs)+1, err)
		}
		docs, lines = append(docs, d), append(lines, line)
	}
	if err := in.Err(); err != nil {
		t.Fatal(err)
	}
	return docs, lines
}

// moments is when each document happened, the newest at newest. The documents of a session whose time is not told share one.
func moments(t *testing.T, docs []document, newest time.Time) []time.Time {
	t.Helper()
	var latest time.Time
	slots, slotOf := 0, map[string]int{}
	key := func(d document) string {
		if d.Pos == nil {
			return d.ID
		}
		return d.Account + "\x00" + d.Session
	}
	out := make([]time.Time, len(docs))
	for i, d := range docs {
		if d.Timestamp == "" {
			if _, known := slotOf[key(d)]; !known {
				slots++
				slotOf[key(d)] = slots
			}
			continue
		}
		at, err := time.Parse(time.RFC3339, d.Timestamp)
		if err != nil {
			t.Fatalf("document %s: %v", d.ID, err)
		}
		out[i] = at
		if at.After(latest) {
			latest = at
		}
	}
	for i, d := range docs {
		if d.Timestamp == "" {
			out[i] = newest.Add(-history / time.Duration(slots) * time.Duration(slots-slotOf[key(d)])).Truncate(time.Second)
		} else {
			out[i] = out[i].Add(newest.Sub(latest)).UTC()
		}
	}
	return out
}

// putMailOnDeals associates the newest mail of each account with the account's deal, as HubSpot does with open deals of whom a mail is logged for: a reply is drafted
// on the deal.
func putMailOnDeals(t *testing.T, s *proctest.Sim, docs []document) {
	t.Helper()
	last := map[string]string{} // account → its last mail's document
	for _, d := range docs {
		if d.Kind == "email" {
			last[d.Account] = d.ID
		}
	}
	if len(last) == 0 {
		return
	}
	var placed struct {
		Items []struct {
			ID       string `json:"id"`
			Activity string `json:"activity"`
		} `json:"items"`
	}
	s.Door(t, http.MethodGet, "/_sim/documents", nil, &placed)
	activity := map[string]string{}
	for _, p := range placed.Items {
		activity[p.ID] = p.Activity
	}
	for _, deal := range objects(t, s, "deals") {
		if id := last[deal.Name]; id != "" {
			s.Door(t, http.MethodPost, "/_sim/associations", map[string]string{"from": activity[id], "to": deal.Path}, nil)
		}
	}
}
