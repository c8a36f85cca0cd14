package hubspot_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot"
	"github.com/contextd/contextd/internal/hubspot/hubsim"
)

const mixedSeed = 20261130

// mixed is the line that a run over batches with mixed outcomes prints.
type mixed struct {
	Row        string         `json:"row"`
	Run        string         `json:"run"`
	Seed       uint64         `json:"seed"`
	Batches    int            `json:"batches"`
	Inputs     int            `json:"inputs"`
	Failed     map[string]int `json:"inputs_failed"` // by category, as they stood in replies
	Gone       int            `json:"inputs_gone"`
	Again      int            `json:"inputs_sent_again"`
	Needlessly int            `json:"sent_again_needlessly"`
	Wrongly    int            `json:"errors_tied_to_another_input"`
}

func (m mixed) print(t *testing.T) {
	t.Helper()
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(string(b))
}

// wire looks at the batches on their way: which inputs were sent, and which of them a reply refuses.
type wire struct {
	mu      sync.Mutex
	asked   map[string]int    // inputs of batch reads of notes, by id
	refused map[string]string // category by id of a note, until it is cleared
	failed  map[string]int    // by category
	linked  int               // inputs of links
}

func newWire() *wire {
	return &wire{asked: map[string]int{}, refused: map[string]string{}, failed: map[string]int{}}
}

// RoundTrip implements http.RoundTripper.
func (w *wire) RoundTrip(q *http.Request) (*http.Response, error) {
	if q.Body == nil {
		return http.DefaultTransport.RoundTrip(q)
	}
	raw, err := io.ReadAll(q.Body)
	if err != nil {
		return nil, err
	}
	q.Body = io.NopCloser(bytes.NewReader(raw))
	resp, err := http.DefaultTransport.RoundTrip(q)
	if err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(answer))
	var sent struct{ Inputs []struct{ ID string } }
	var got struct {
		Errors []struct {
			Category, SubCategory string
			Context               map[string][]string
		}
	}
	_, _ = json.Unmarshal(raw, &sent), json.Unmarshal(answer, &got) // not every request is a batch
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case strings.HasSuffix(q.URL.Path, "/notes/batch/read"):
		for _, in := range sent.Inputs {
			w.asked[in.ID]++
		}
	case strings.HasSuffix(q.URL.Path, "/associate/default"):
		w.linked += len(sent.Inputs)
	}
	for _, e := range got.Errors {
		if e.Category == "OBJECT_NOT_FOUND" {
			continue
		}
		w.failed[e.Category]++
		for _, id := range append(e.Context["ids"], e.Context["fromObjectId"]...) {
			w.refused[id] = e.Category
		}
	}
	return resp, nil
}

func (w *wire) clear() {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.asked)
	clear(w.refused)
}

// TestMixedReads: of 1,000 batches in which some inputs fail, some are gone and the others are answered, only those that failed are asked for again, and every error is
// that of its input.
func TestMixedReads(t *testing.T) {
	m := mixedReads(t, "reads", 1000, true)
	m.print(t)
	if m.Needlessly != 0 || m.Wrongly != 0 || m.Again < m.Batches || m.Gone < m.Batches || len(m.Failed) != 3 {
		t.Errorf("%+v", m)
	}
	m = mixedReads(t, "control: a batch fails as a whole", 30, false)
	m.print(t)
	if m.Needlessly == 0 {
		t.Error("whole batches were sent again and nothing was counted: this test is blind")
	}
}

func mixedReads(t *testing.T, run string, batches int, tying bool) mixed {
	w := newWire()
	p := open(t, hubsim.Options{RateLimit: -1, DailyLimit: -1, SearchLimit: -1, Seed: mixedSeed}, hubspot.Options{Transport: w})
	rng := rand.New(rand.NewPCG(mixedSeed, 1))
	company := p.create(crm.Companies, map[string]string{"name": "Acme"})
	var refs []crm.Ref
	gone := map[crm.Ref]bool{}
	for i := range 240 {
		ref := p.create(crm.Notes, map[string]string{"hs_note_body": fmt.Sprint("note ", i)}, company)
		if i%8 == 7 {
			p.door("DELETE", "objects/notes/"+ref.ID, nil)
			gone[ref] = true
		}
		refs = append(refs, ref)
		if i%20 == 19 {
			refs = append(refs, crm.Ref{Portal: ref.Portal, Type: crm.Notes, ID: fmt.Sprint(99_000_000_000 + i)})
			gone[refs[len(refs)-1]] = true
		}
	}
	for _, f := range []struct {
		category string
		rate     float64
	}{{"INTERNAL_ERROR", 0.08}, {"RATE_LIMITS", 0.05}, {"VALIDATION_ERROR", 0.02}} {
		p.door("POST", "faults", map[string]any{"path": "/crm/objects/2026-09/notes/batch/read", "kind": "input", "rate": f.rate, "category": f.category})
	}
	p.door("POST", "faults", map[string]any{"path": "/crm/associations/2026-03/notes/", "kind": "input", "rate": 0.02, "category": "INTERNAL_ERROR"})
	m := mixed{Row: "W7", Run: run, Seed: mixedSeed, Batches: batches}
	for range batches {
		rng.Shuffle(len(refs), func(i, j int) { refs[i], refs[j] = refs[j], refs[i] })
		batch := append([]crm.Ref{}, refs[:20]...)
		pending, asked, needed := batch, map[string]int{}, map[string]int{}
		for _, ref := range batch {
			needed[ref.ID] = 1
		}
		m.Inputs += len(batch)
		for round := 0; len(pending) > 0 && (tying || round < 5); round++ {
			list, err := p.client.Activities(t.Context(), pending)
			failed, whole := crm.Apart(err)
			if whole != nil {
				t.Fatal(whole)
			}
			there := map[crm.Ref]bool{}
			for _, a := range list {
				there[a.Ref] = true
			}
			var next []crm.Ref
			for _, ref := range pending {
				category, refused := w.refused[ref.ID]
				cause := failed[ref]
				if refused != (cause != nil) || refused && there[ref] || !refused && gone[ref] == there[ref] || refused && errors.Is(cause, crm.ErrInvalid) != (category == "VALIDATION_ERROR") {
					m.Wrongly++
				}
				switch {
				case refused && category != "VALIDATION_ERROR":
					next = append(next, ref)
					needed[ref.ID]++
					m.Again++
				case gone[ref] && !refused:
					m.Gone++
				}
			}
			for id, n := range w.asked {
				asked[id] += n
			}
			w.clear()
			if pending = next; !tying && len(next) > 0 {
				pending = batch
			}
		}
		for id, n := range asked {
			m.Needlessly += max(0, n-needed[id])
		}
	}
	m.Failed = w.failed
	return m
}

// TestMixedWrites: of 1,000 notes with seven records each, whose writes and links fail one by one, some after they were applied, nothing is sent again that had arrived.
func TestMixedWrites(t *testing.T) {
	m := mixedWrites(t, "writes", 1000, true)
	m.print(t)
	if m.Needlessly != 0 || m.Wrongly != 0 || m.Again < m.Batches/2 || m.Gone == 0 || m.Failed["INTERNAL_ERROR"] < m.Batches {
		t.Errorf("%+v", m)
	}
	m = mixedWrites(t, "control: everything is sent again", 50, false)
	m.print(t)
	if m.Needlessly == 0 {
		t.Error("everything was sent again and nothing was counted: this test is blind")
	}
}

func mixedWrites(t *testing.T, run string, batches int, tying bool) mixed {
	w := newWire()
	p := open(t, hubsim.Options{RateLimit: -1, DailyLimit: -1, SearchLimit: -1, Seed: mixedSeed}, hubspot.Options{Transport: w})
	if _, err := p.client.Setup(t.Context(), nil, false); err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(mixedSeed, 2))
	company := p.create(crm.Companies, map[string]string{"name": "Acme"})
	var people []crm.Ref
	for i := range 30 {
		people = append(people, p.create(crm.Contacts, map[string]string{"firstname": fmt.Sprint("P", i)}, company))
	}
	gone := p.create(crm.Contacts, map[string]string{"firstname": "Gone"})
	p.door("DELETE", "objects/contacts/"+gone.ID, nil)
	for _, f := range []struct {
		path  string
		rate  float64
		after bool
	}{{"/crm/objects/2026-09/notes/batch/upsert", 0.05, true}, {"/crm/objects/2026-09/notes/batch/upsert", 0.05, false}, {"/crm/associations/2026-03/notes/contacts/batch/associate/", 0.08, true},
		{"/crm/associations/2026-03/notes/contacts/batch/associate/", 0.08, false}, {"/crm/associations/2026-03/notes/companies/batch/associate/", 0.1, true}} {
		p.door("POST", "faults", map[string]any{"path": f.path, "kind": "input", "method": "POST", "rate": f.rate, "after": f.after})
	}
	m := mixed{Row: "W7", Run: run, Seed: mixedSeed, Batches: batches}
	first := len(p.sim.Writes(0))
	for n := range batches {
		rng.Shuffle(len(people), func(i, j int) { people[i], people[j] = people[j], people[i] })
		links := append([]crm.Ref{company}, people[:6]...)
		if n%10 == 0 {
			links[3] = gone
			m.Gone++
		}
		m.Inputs += 1 + len(links)
		properties := map[string]string{"hs_note_body": fmt.Sprint("<p>note ", n, "</p>"), "hs_timestamp": "2026-11-23T10:00:00Z"}
		key := fmt.Sprint("key-", n)
		_, err := p.writer.UpsertActivity(t.Context(), company.Portal, crm.Notes, key, properties, links)
		for try := 0; err != nil; try++ {
			if !errors.Is(err, crm.ErrUnknown) && !errors.Is(err, crm.ErrTemporary) || try > 50 {
				t.Fatal(err)
			}
			m.Again++
			ref, _, found := p.writer.FindActivity(t.Context(), company.Portal, crm.Notes, key, links)
			switch {
			case found == nil && tying:
				err = nil
			case !ref.IsZero() && tying:
				_, err = p.writer.UpsertActivity(t.Context(), company.Portal, crm.Notes, key, nil, links)
			case found != nil && !errors.Is(found, crm.ErrNotFound):
				err = found
			default:
				_, err = p.writer.UpsertActivity(t.Context(), company.Portal, crm.Notes, key, properties, links)
			}
		}
	}
	for _, x := range p.sim.Writes(first) {
		if x.Repeat {
			m.Needlessly++
		}
	}
	p.door("DELETE", "faults", nil)
	for n := range batches {
		if _, found, err := p.writer.FindActivity(t.Context(), company.Portal, crm.Notes, fmt.Sprint("key-", n), []crm.Ref{company}); err != nil || found["hs_note_body"] != fmt.Sprint("<p>note ", n, "</p>") {
			m.Wrongly++
		}
	}
	if st := p.sim.State(); st.Activities[crm.Note] != batches {
		t.Errorf("%d notes of %d", st.Activities[crm.Note], batches)
	}
	m.Failed = w.failed
	return m
}
