package reliability

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/evals/proctest"
)

var remarks = []string{
	"We are at 140 technicians now and the budget for next year is approved.", "Routewise offered us a lower price, so we need a better number by 4 December.",
	"The works council wants to see the data protection agreement before we sign.", "Could you send the revised quote for 60 seats?",
	"Our go-live must be before 1 March 2027, otherwise we stay where we are.", "Support answered within an hour, that was good.",
}

// generate acts as people in HubSpot until about that many events have happened: incoming mails of contacts (which make lead scores) and logged calls with a
// transcript (which make summaries), as fast as the service is killed.
func generate(t *testing.T, s *proctest.Sim, events int, sent *atomic.Int64) error {
	rng := rand.New(rand.NewPCG(seed, 2))
	var page struct {
		Results []struct {
			ID string `json:"id"`
		} `json:"results"`
	}
	if err := proctest.Call(t.Context(), http.MethodGet, s.BaseURL+"/crm/objects/2026-09/contacts?limit=100", s.Token, nil, &page); err != nil {
		return err
	}
	first := s.Deliveries(t).Queued
	for i := 0; ; i++ {
		contact := page.Results[rng.IntN(len(page.Results))].ID
		typ, properties := "emails", map[string]string{
			"hs_timestamp": time.Now().UTC().Format(time.RFC3339Nano), "hs_email_direction": "INCOMING_EMAIL", "hs_email_subject": fmt.Sprintf("Question %d", i),
			"hs_email_text": fmt.Sprintf("Hello,\n%s\nThis is message %d.\nRegards", remarks[rng.IntN(len(remarks))], i),
		}
		if i%10 == 0 {
			var body strings.Builder
			for k := range 12 {
				fmt.Fprintf(&body, "<p><strong>%s:</strong> %s</p>", []string{"Dana Whitlock", "Mira Kovac"}[k%2], remarks[rng.IntN(len(remarks))])
			}
			typ, properties = "calls", map[string]string{"hs_timestamp": time.Now().UTC().Format(time.RFC3339Nano), "hs_call_title": fmt.Sprintf("Call %d", i), "hs_call_body": body.String()}
		}
		object := map[string]any{"properties": properties, "associations": []string{"contacts/" + contact}}
		if err := proctest.Call(t.Context(), http.MethodPost, s.BaseURL+"/_sim/objects/"+typ, "", object, nil); err != nil {
			return err
		}
		if i%5 == 0 {
			n := s.Deliveries(t).Queued - first
			sent.Store(int64(n))
			if n >= events {
				return nil
			}
			<-time.After(time.Duration(rng.IntN(8)) * time.Millisecond)
		}
	}
}

// effects counts, on the simulator's side, what our app wrote: how many effects, how many objects were made twice for one key, and how many writes changed nothing.
func effects(t *testing.T, s *proctest.Sim) (made, doubled, repeats int) {
	t.Helper()
	var writes struct {
		Items []struct {
			Object string            `json:"object"`
			Method string            `json:"method"`
			Before map[string]string `json:"before"`
			After  map[string]string `json:"after"`
			Repeat bool              `json:"repeat"`
		} `json:"items"`
	}
	s.Door(t, http.MethodGet, "/_sim/writes", nil, &writes)
	objects := map[string]map[string]bool{}
	for _, w := range writes.Items {
		if w.Repeat {
			repeats++
			continue
		}
		if key := w.After["ai_ctx_key"]; key != "" {
			if objects[key] == nil {
				objects[key] = map[string]bool{}
				made++
			}
			objects[key][w.Object] = true
		}
		for name := range w.After {
			if strings.HasPrefix(name, "ai_lead_") {
				made++
			}
		}
	}
	for _, of := range objects {
		doubled += len(of) - 1
	}
	return made, doubled, repeats
}

// acknowledgeFirst is a proxy with the defect that the control needs: it answers 200 and only then forwards.
func acknowledgeFirst(t *testing.T, target string) string {
	var forwarding sync.WaitGroup
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		header := r.Header.Clone()
		forwarding.Go(func() {
			req, err := http.NewRequestWithContext(t.Context(), r.Method, target+r.URL.RequestURI(), bytes.NewReader(body))
			if err != nil {
				return
			}
			req.Header = header
			if resp, err := http.DefaultClient.Do(req); err == nil {
				_ = resp.Body.Close()
			}
		})
	}))
	t.Cleanup(func() {
		server.Close()
		forwarding.Wait()
	})
	return server.URL
}
