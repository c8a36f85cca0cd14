package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/engine"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot"
	"github.com/contextd/contextd/internal/hubspot/hubsim"
	"github.com/contextd/contextd/internal/store"
)

// pipeline is the whole service beside a simulated portal, in this process.
type pipeline struct {
	*testing.T
	sim  *hubsim.Server
	door string
	url  string
	s    *service
}

// startPipeline runs both until the test ends; change may alter the configuration.
func startPipeline(t *testing.T, opt hubsim.Options, change func(*Config)) *pipeline {
	t.Helper()
	public, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	simListener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + public.Addr().String()
	opt.WebhookURL, opt.RateLimit, opt.DailyLimit, opt.SearchLimit = url+"/webhooks/hubspot", -1, -1, -1
	p := &pipeline{T: t, sim: hubsim.New(opt), url: url, door: "http://" + simListener.Addr().String()}
	cfg, err := demoConfig(demoOptions{Listen: "127.0.0.1:0"}, t.TempDir(), p.sim, p.door)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Workflows.Quiet = 300 * time.Millisecond
	if change != nil {
		change(&cfg)
	}
	ctx, stop := context.WithCancel(context.Background())
	simulating := runSimulator(ctx, p.sim, simListener)
	if p.s, err = openService(ctx, cfg, slog.New(slog.DiscardHandler), url, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := p.s.clients[p.portal()].Setup(ctx, append(definitions(p.s.workflows), reviewDefinitions()...), false); err != nil {
		t.Fatal(err)
	}
	serving := make(chan error, 1)
	go func() { serving <- p.s.serve(ctx, public, nil) }()
	t.Cleanup(func() {
		start := time.Now()
		stop()
		if err := <-serving; err != nil || time.Since(start) > 10*time.Second {
			t.Errorf("stopped with %v after %v", err, time.Since(start))
		}
		if err := p.s.close(); err != nil {
			t.Error(err)
		}
		if err := <-simulating; err != nil {
			t.Error(err)
		}
	})
	return p
}

func (p *pipeline) portal() crm.PortalID { return p.sim.Options().Portal }

// call asks the simulator's control door; the answer's id, if it has one, is returned as a path of type.
func (p *pipeline) call(method, path string, body map[string]any) string {
	p.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		p.Fatal(err)
	}
	req, err := http.NewRequestWithContext(p.Context(), method, p.door+"/_sim/"+path, bytes.NewReader(raw))
	if err != nil {
		p.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode > 299 {
		p.Fatalf("%s %s: %d %s %v", method, path, resp.StatusCode, answer, err)
	}
	var o struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal(answer, &o) // not every answer is an object
	return o.ID
}

func (p *pipeline) create(typ string, properties map[string]any, links ...string) string {
	p.Helper()
	return typ + "/" + p.call("POST", "objects/"+typ, map[string]any{"properties": properties, "associations": links})
}

func (p *pipeline) ref(path string) crm.Ref {
	p.Helper()
	r, err := crm.ParsePath(p.portal(), path)
	if err != nil {
		p.Fatal(err)
	}
	return r
}

// settle waits until the simulator has delivered everything and nothing is left to do, and checks that every event is accounted for.
func (p *pipeline) settle() store.EventCounts {
	p.Helper()
	deadline := time.Now().Add(60 * time.Second)
	tick := time.NewTicker(30 * time.Millisecond) // there is no signal for "nothing will happen any more"
	defer tick.Stop()
	for quiet := 0; ; <-tick.C {
		if err := p.sim.Idle(p.Context()); err != nil {
			p.Fatal(err)
		}
		st, err := p.s.db.Status(p.Context(), p.portal())
		if err != nil {
			p.Fatal(err)
		}
		open := st.Events.Open + st.Undecoded
		for _, n := range st.Work {
			open += n
		}
		if quiet++; open > 0 {
			quiet = 0
		}
		if quiet == 5 {
			sum := st.Events.Done + st.Events.InReview + st.Events.Dead
			for _, n := range st.Events.Ignored {
				sum += n
			}
			if sum != st.Events.Received {
				p.Errorf("received %d, accounted for %d: %+v", st.Events.Received, sum, st.Events)
			}
			return st.Events
		}
		if time.Now().After(deadline) {
			rows, _, err := p.s.db.WorkRows(p.Context(), store.WorkFilter{Portal: p.portal(), State: "open"}, "", 10)
			p.Fatalf("never at rest: %+v\n%+v %v", st, rows, err)
		}
	}
}

// runs are the suggestions of a workflow about a subject, newest first.
func (p *pipeline) runs(workflow, subject string) []crm.Proposal {
	p.Helper()
	all, _, err := p.s.db.Suggestions(p.Context(), store.SuggestionFilter{Portal: p.portal(), Workflow: workflow}, "", 200)
	if err != nil {
		p.Fatal(err)
	}
	return slices.DeleteFunc(all, func(s crm.Proposal) bool { return s.Subject != p.ref(subject) })
}

// notesOf are the notes that a workflow wrote.
func (p *pipeline) notesOf(workflow string) map[string]bool {
	out := map[string]bool{}
	for _, w := range p.sim.Writes(0) {
		if strings.Contains(w.After["hs_note_body"], "by contextd ("+workflow+"@") {
			out[w.Object] = true
		}
	}
	return out
}

// hub is the portal as the service sees it.
func (p *pipeline) hub() portals {
	c := p.s.clients[p.portal()]
	return portals{p.portal(): readWriter{c, hubspot.NewWriter(c), p.s.db}}
}

func (p *pipeline) reviewer() *engine.Reviewer {
	return &engine.Reviewer{Proposals: p.s.db, Writer: p.hub(), Enabled: func(crm.PortalID) error { return nil }, Workflows: p.s.workflows, Marker: p.s.db}
}

// account is a company with a contact and an open deal.
func (p *pipeline) account() (company, contact, deal string) {
	p.Helper()
	company = p.create("companies", map[string]any{"name": "Harborline Lifts", "domain": "harborline.example"})
	contact = p.create("contacts", map[string]any{"firstname": "Mira", "lastname": "Kovac", "email": "mira@harborline.example"}, company)
	deal = p.create("deals", map[string]any{"dealname": "Renewal 2027", "dealstage": "appointmentscheduled", "pipeline": "default"}, company, contact)
	p.settle()
	return company, contact, deal
}

func mailOf(n int, text string) map[string]any {
	headers := `{"from":{"email":"mira@harborline.example","firstName":"Mira","lastName":"Kovac"},"to":[{"email":"dana@fieldnote.example"}]}`
	return map[string]any{"hs_email_subject": fmt.Sprintf("Question %d", n), "hs_email_direction": "INCOMING_EMAIL", "hs_email_status": "SENT", "hs_email_headers": headers, "hs_email_text": text}
}

const question = "Hello Dana,\n\nwe need a price for 140 technicians by Friday. Could you send the contract as well? The board approved a budget of 48,000 euros.\n\nMira"

// audited counts audit entries by action.
func (p *pipeline) audited() map[string]int {
	p.Helper()
	entries, _, err := p.s.db.AuditEntries(p.Context(), p.portal(), "", "", 5000)
	if err != nil {
		p.Fatal(err)
	}
	count := map[string]int{}
	for _, e := range entries {
		count[e.Action]++
	}
	return count
}
