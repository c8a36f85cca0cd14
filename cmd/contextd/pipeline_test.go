package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
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
	p := &pipeline{T: t, sim: hubsim.New(opt), door: "http://" + simListener.Addr().String()}
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
	if _, err := p.s.clients[p.portal()].Setup(ctx, definitions(p.s.workflows), false); err != nil {
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
	for quiet := 0; ; time.Sleep(30 * time.Millisecond) { // there is no signal for "nothing will happen any more"
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

// hub is the portal as the service sees it.
func (p *pipeline) hub() portals {
	c := p.s.clients[p.portal()]
	return portals{p.portal(): readWriter{c, hubspot.NewWriter(c)}}
}

func (p *pipeline) reviewer() *engine.Reviewer {
	return &engine.Reviewer{Proposals: p.s.db, Writer: p.hub(), Enabled: func(crm.PortalID) error { return nil }, Workflows: p.s.workflows}
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

// TestManyMailsOneRun: a burst on one deal causes one run and one suggestion.
func TestManyMailsOneRun(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, func(c *Config) { c.Workflows.Quiet = time.Second })
	_, contact, deal := p.account()
	for i := range 20 {
		p.create("emails", mailOf(i, question), contact, deal)
	}
	p.settle()
	if got := len(p.runs("reply_draft", deal)); got != 1 {
		t.Errorf("%d runs for twenty mails, want 1", got)
	}
}

// TestAssociationsThatComeLate: a mail whose deal is named only after it was read is answered all the same.
func TestAssociationsThatComeLate(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, nil)
	_, contact, deal := p.account()
	mail := p.create("emails", mailOf(1, question), contact)
	p.settle()
	if got := len(p.runs("reply_draft", deal)); got != 0 {
		t.Fatalf("%d runs before the deal was named", got)
	}
	p.call("POST", "associations", map[string]any{"from": mail, "to": deal})
	p.settle()
	if got := p.runs("reply_draft", deal); len(got) != 1 || got[0].State != crm.Pending {
		t.Errorf("runs after the deal was named: %+v", got)
	}
}

const talk = `Mira Kovac: Thanks for the time. We need a price for 140 technicians by Friday, and the contract should be ready before the board meets on Monday.
Dana Whitlock: I will send the contract tomorrow, and the price list with it. Is the budget approved on your side already?
Mira Kovac: The board approved a budget of 48,000 euros. My concern is that the old tablets in Galway are a risk, they are from 2017.`

// TestEditedCallUpdatesItsNote: whatever becomes of a call, there is one note of ours about it, and what a person made of that note stays.
func TestEditedCallUpdatesItsNote(t *testing.T) {
	for _, plain := range []bool{false, true} {
		p := startPipeline(t, hubsim.Options{RefuseUniqueOnActivities: plain}, func(c *Config) { c.HubSpot.AppID = "" })
		_, contact, deal := p.account()
		call := "calls/" + p.call("POST", "objects/calls", map[string]any{"properties": map[string]any{"hs_call_title": "Renewal", "hs_call_direction": "INBOUND", "hs_call_body": talk}, "associations": []string{contact, deal}})
		p.settle()
		note := func() (string, string) {
			t.Helper()
			for _, r := range p.runs("call_summary", call) {
				for _, c := range r.Changes {
					ref, found, err := p.hub().FindActivity(t.Context(), p.portal(), crm.Notes, c.Key, c.Links)
					if err == nil {
						return ref.Path(), found["hs_note_body"]
					}
				}
			}
			return "", ""
		}
		approve := func() {
			t.Helper()
			for _, r := range p.runs("call_summary", call) {
				if r.State == crm.Pending {
					d := engine.Decision{Portal: p.portal(), Proposal: r.ID, Approve: true, Seen: r.ETag(), Actor: crm.Actor{Kind: crm.UserActor, ID: "ann"}}
					if _, err := p.reviewer().Decide(t.Context(), d); err != nil {
						t.Fatal(err)
					}
				}
			}
			p.settle()
		}
		approve()
		first, body := note()
		if first == "" || !strings.Contains(body, "140 technicians") {
			t.Fatalf("plain %v: no note: %+v", plain, p.runs("call_summary", call))
		}
		p.call("PATCH", "objects/"+call, map[string]any{"properties": map[string]any{"hs_call_body": strings.ReplaceAll(talk, "140 technicians", "170 technicians")}})
		p.settle()
		approve()
		second, body := note()
		if second != first || !strings.Contains(body, "170 technicians") || p.sim.State().Activities[crm.Note] != 1 {
			t.Errorf("plain %v: %s then %s, %d notes: %s", plain, first, second, p.sim.State().Activities[crm.Note], body)
		}
		// a person edits the note, then the call changes again
		p.call("PATCH", "objects/"+first, map[string]any{"properties": map[string]any{"hs_note_body": "<p>Mira wants 200 seats, I talked to her.</p>"}})
		p.settle()
		p.call("PATCH", "objects/"+call, map[string]any{"properties": map[string]any{"hs_call_body": strings.ReplaceAll(talk, "140 technicians", "180 technicians")}})
		p.settle()
		runs := p.runs("call_summary", call)
		if runs[0].State == crm.Pending && len(runs) == 3 { // the gate had asked a person already, who lets it through without knowing of the edit
			approve()
			runs = p.runs("call_summary", call)
		}
		if _, body := note(); !strings.Contains(body, "200 seats") || runs[0].State != crm.Pending || !slices.ContainsFunc(runs[0].Changes[0].Reasons, func(s string) bool { return strings.Contains(s, "a person changed") }) {
			t.Errorf("plain %v: the person's edit: %s\n%s %+v", plain, body, runs[0].State, runs[0].Changes)
		}
		approve()
		if third, body := note(); third != first || !strings.Contains(body, "180 technicians") || p.sim.State().Activities[crm.Note] != 1 {
			t.Errorf("plain %v: after approving over the edit: %s, %d notes", plain, body, p.sim.State().Activities[crm.Note])
		}
		if c, err := p.s.db.Counts(t.Context(), p.portal()); err != nil || c.Dead != 0 {
			t.Errorf("%+v %v", c, err)
		}
		if n := len(p.runs("reply_draft", deal)); n != 0 {
			t.Errorf("%d replies to our own notes", n)
		}
	}
}

// TestForgottenPersonStaysForgotten: a privacy deletion takes texts, vectors and suggestions along, and a late webhook brings nothing back.
func TestForgottenPersonStaysForgotten(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, nil)
	company, contact, deal := p.account()
	mail := p.create("emails", mailOf(1, question), contact, deal)
	p.settle()
	if n, err := p.s.vectors.Count(t.Context(), p.ref(company)); err != nil || n == 0 {
		t.Fatalf("%d vectors %v", n, err)
	}
	p.call("DELETE", "objects/"+contact+"?gdpr=true", nil)
	p.settle()
	p.call("PATCH", "objects/"+mail, map[string]any{"properties": map[string]any{"hs_email_text": question + "\n\nPS: one more thing."}})
	events := p.settle()
	if _, err := p.s.db.Activity(t.Context(), p.ref(mail)); err == nil {
		t.Error("the mail is there again")
	}
	if _, err := p.s.db.Record(t.Context(), p.ref(contact)); err == nil {
		t.Error("the contact is there again")
	}
	if c, err := p.s.db.Counts(t.Context(), p.portal()); err != nil || c.Chunks != 0 || c.Dead != 0 {
		t.Errorf("%+v %v", c, err)
	}
	if n, err := p.s.vectors.Count(t.Context(), p.ref(company)); err != nil || n != 0 {
		t.Errorf("%d vectors %v", n, err)
	}
	if events.Dead != 0 {
		t.Errorf("%+v", events)
	}
}

// TestMergedContactsAreOne: what was told to either of two merged contacts is the memory of the one that is left.
func TestMergedContactsAreOne(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, nil)
	company, one, _ := p.account()
	two := p.create("contacts", map[string]any{"firstname": "M.", "lastname": "Kovac", "email": "m.kovac@harborline.example"})
	mail := p.create("emails", mailOf(1, question), two)
	p.settle()
	p.call("POST", "merge", map[string]any{"type": "contacts", "primary": one[len("contacts/"):], "merged": two[len("contacts/"):]})
	p.settle()
	a, err := p.s.db.Activity(t.Context(), p.ref(mail))
	if err != nil || len(a.Accounts) != 1 || a.Accounts[0] != p.ref(company) {
		t.Errorf("the mail belongs to %v (links %+v), want %s: %v", a.Accounts, a.Links, company, err)
	}
	for _, id := range []string{one, two} {
		if r, err := p.s.db.Record(t.Context(), p.ref(id)); err != nil || r.Name == "" {
			t.Errorf("%s: %+v %v", id, r, err)
		}
	}
}

// TestDeletedAndRestored: a deleted activity leaves nothing that can be found; restored, it is back.
func TestDeletedAndRestored(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, nil)
	company, contact, deal := p.account()
	mail := p.create("emails", mailOf(1, question), contact, deal)
	p.settle()
	count := func() (int, int) {
		t.Helper()
		c, err := p.s.db.Counts(t.Context(), p.portal())
		if err != nil {
			t.Fatal(err)
		}
		n, err := p.s.vectors.Count(t.Context(), p.ref(company))
		if err != nil {
			t.Fatal(err)
		}
		return c.Chunks, n
	}
	chunks, vectors := count()
	if chunks == 0 || vectors == 0 {
		t.Fatalf("%d chunks, %d vectors", chunks, vectors)
	}
	if runs := p.runs("reply_draft", deal); len(runs) != 1 || runs[0].State != crm.Pending {
		t.Fatalf("%+v", runs)
	}
	p.call("DELETE", "objects/"+mail, nil)
	p.settle()
	for _, r := range p.runs("reply_draft", deal) {
		if r.State == crm.Pending {
			t.Errorf("a suggestion still quotes the deleted mail: %+v", r)
		}
	}
	if c, v := count(); c != 0 || v != 0 {
		t.Errorf("after deletion: %d chunks, %d vectors", c, v)
	}
	p.call("POST", "objects/"+mail+"/restore", nil)
	p.settle()
	if c, v := count(); c != chunks || v != vectors {
		t.Errorf("after restoring: %d chunks, %d vectors, want %d, %d", c, v, chunks, vectors)
	}
}

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

// TestLockedForLongerThanAnybodyWaits: while another program holds the database nothing is acknowledged, answers come within a second, and the same process goes on
// within two seconds of the release, with nothing lost and nothing done twice.
func TestLockedForLongerThanAnybodyWaits(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, nil)
	_, contact, deal := p.account()
	p.create("emails", mailOf(1, question), contact, deal) // its work is under way when the lock comes
	other, err := sql.Open("sqlite", "file:"+filepath.Join(p.s.db.Dir(), store.File)+"?_txlock=immediate&_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	tx, err := other.Begin()
	if err != nil {
		t.Fatal(err)
	}
	acknowledged := p.sim.Deliveries().Delivered
	p.create("emails", mailOf(2, question), contact, deal)
	for range 7 {
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 900*time.Millisecond) // as the webhook door does
		_, err := p.s.db.Deliver(ctx, []byte("[]"), start)
		cancel()
		if took := time.Since(start); !errors.Is(err, crm.ErrTemporary) || took > time.Second {
			t.Errorf("%v after %v", err, took)
		}
		time.Sleep(time.Until(start.Add(time.Second))) // the lock outlives SQLite's own patience
	}
	if got := p.sim.Deliveries(); got.Delivered != acknowledged || got.Retried == 0 {
		t.Errorf("while locked: %+v, acknowledged before %d", got, acknowledged)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	for {
		if _, err := p.s.db.Deliver(ctx, []byte("[]"), time.Now()); err == nil {
			break
		} else if ctx.Err() != nil {
			t.Fatalf("two seconds after the release: %v", err)
		}
	}
	p.settle()
	runs := p.runs("reply_draft", deal)
	if len(runs) == 0 || len(runs) > 2 || runs[0].State != crm.Pending {
		t.Errorf("%+v", runs)
	}
	if c, err := p.s.db.Counts(t.Context(), p.portal()); err != nil || c.Dead != 0 || c.Activities != 2 {
		t.Errorf("%+v %v", c, err)
	}
}

// TestImportsScoreOnceAndHistoryNever: imported contacts are scored once each, in the backfill lane; reading the history again triggers nothing.
func TestImportsScoreOnceAndHistoryNever(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, nil)
	_, contact, deal := p.account()
	p.create("emails", mailOf(1, question), contact, deal)
	p.settle()
	p.call("POST", "import", map[string]any{"objects": 7, "activities": 14})
	p.settle()
	all := func() (n int, imported map[crm.Ref]int) {
		t.Helper()
		runs, _, err := p.s.db.Suggestions(t.Context(), store.SuggestionFilter{Portal: p.portal()}, "", 500)
		if err != nil {
			t.Fatal(err)
		}
		imported = map[crm.Ref]int{}
		for _, r := range runs {
			if r.Cause.Lane == crm.BackfillLane {
				imported[r.Subject]++
			}
			if r.Cause.Lane == crm.BackfillLane && r.Workflow != "lead_score" {
				t.Errorf("an import ran %s", r.Workflow)
			}
		}
		return len(runs), imported
	}
	before, imported := all()
	if len(imported) != 7 {
		t.Errorf("%d imported contacts were scored, want 7", len(imported))
	}
	for ref, n := range imported {
		if n != 1 {
			t.Errorf("%s was scored %d times", ref, n)
		}
	}
	if err := p.s.indexer.IndexAll(t.Context(), p.portal(), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := p.s.db.ResetMarks(t.Context(), p.portal()); err != nil { // an embedder change, a reindex
		t.Fatal(err)
	}
	if err := p.s.indexer.IndexAll(t.Context(), p.portal(), nil); err != nil {
		t.Fatal(err)
	}
	p.settle()
	if after, _ := all(); after != before {
		t.Errorf("reading the history made %d runs", after-before)
	}
}

// draft is one pending reply about a deal.
func (p *pipeline) draft() (deal string, s crm.Proposal) {
	p.Helper()
	_, contact, deal := p.account()
	p.create("emails", mailOf(1, question), contact, deal)
	p.settle()
	runs := p.runs("reply_draft", deal)
	if len(runs) != 1 || runs[0].State != crm.Pending {
		p.Fatalf("%+v", runs)
	}
	return deal, runs[0]
}

func approval(s crm.Proposal) engine.Decision {
	return engine.Decision{Portal: s.Portal, Proposal: s.ID, Approve: true, Seen: s.ETag(), Actor: crm.Actor{Kind: crm.UserActor, ID: "ann"}}
}

// TestApprovedByManyAtOnce: of many who approve the same suggestion one succeeds, the others are told, and one task exists, although the reply to its write was lost.
func TestApprovedByManyAtOnce(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, nil)
	_, s := p.draft()
	p.call("POST", "faults", map[string]any{"kind": "drop_after_apply", "path": "/crm/objects/2026-09/tasks/batch/upsert", "count": 1})
	errs := make(chan error, 16)
	for range cap(errs) {
		go func() {
			_, err := p.reviewer().Decide(t.Context(), approval(s))
			errs <- err
		}()
	}
	done := 0
	for range cap(errs) {
		switch err := <-errs; {
		case err == nil:
			done++
		case !errors.Is(err, crm.ErrConflict):
			t.Error(err)
		}
	}
	start := time.Now()
	p.settle()
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("settled after %v", took)
	}
	effects, err := p.s.db.EffectsOf(t.Context(), p.portal(), s.ID)
	if err != nil || done != 1 || len(effects) != 1 || effects[0].State != crm.EffectVerified || p.sim.State().Activities[crm.Task] != 1 {
		t.Errorf("%d approvals, effects %+v, %d tasks, %v", done, effects, p.sim.State().Activities[crm.Task], err)
	}
	if n := p.audited()["effect.unknown"]; n != 1 {
		t.Fatalf("%d replies were lost: this test is blind", n)
	}
	for _, w := range p.sim.Writes(0) {
		if w.Repeat && strings.HasPrefix(w.Object, "tasks/") && len(w.Associations) == 0 {
			t.Errorf("the task was written twice: %+v", w)
		}
	}
}

// TestApprovedTooLate: a suggestion that a newer one has superseded cannot be approved any more.
func TestApprovedTooLate(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, nil)
	deal, s := p.draft()
	p.create("emails", mailOf(2, question+"\n\nPS: is Galway included?"), deal)
	p.settle()
	if _, err := p.reviewer().Decide(t.Context(), approval(s)); !errors.Is(err, crm.ErrConflict) {
		t.Errorf("approving a superseded suggestion: %v", err)
	}
	if runs := p.runs("reply_draft", deal); len(runs) != 2 || runs[0].State != crm.Pending || runs[1].State != crm.Superseded {
		t.Errorf("%+v", runs)
	}
	if n := p.sim.State().Activities[crm.Task]; n != 0 {
		t.Errorf("%d tasks", n)
	}
}

// TestWritingOff: nothing leaves while hubspot.write is off: everything goes to review, and an approval says what stops it.
func TestWritingOff(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, func(c *Config) { c.HubSpot.Write = "off" })
	deal, s := p.draft()
	p.create("calls", map[string]any{"hs_call_title": "Renewal", "hs_call_direction": "INBOUND", "hs_call_body": talk}, deal)
	p.settle()
	before := len(p.sim.Writes(0)) // the set-up
	all, _, err := p.s.db.Suggestions(t.Context(), store.SuggestionFilter{Portal: p.portal()}, "", 100)
	if err != nil || len(all) < 2 {
		t.Fatalf("%d suggestions, %v", len(all), err)
	}
	for _, r := range all {
		for _, c := range r.Changes {
			if c.State != crm.Pending && c.State != crm.Superseded && c.State != crm.Dropped {
				t.Errorf("%s %s is %s", r.Workflow, c.Property, c.State)
			}
		}
	}
	r := p.reviewer()
	r.Enabled = p.s.writing()
	if _, err := r.Decide(t.Context(), approval(s)); !errors.Is(err, crm.ErrStopped) || !strings.Contains(err.Error(), "hubspot.write") {
		t.Errorf("%v", err)
	}
	p.settle()
	if after := len(p.sim.Writes(0)); after != before {
		t.Errorf("%d writes", after-before)
	}
}

// TestEveryEventIsAccountedFor: after poison, foreign portals, rejected and failed writes each event is done, in review, dead or ignored (settle adds them up), and
// each delivery, run, decision and write has its audit entry.
func TestEveryEventIsAccountedFor(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, nil)
	_, s := p.draft()
	for _, body := range []string{"garbage", `[{"subscriptionType":"object.creation"}]`, strings.Repeat("[", 10_000),
		`[{"subscriptionType":"object.creation","objectTypeId":"0-1","objectId":5,"portalId":1,"occurredAt":1}]`} {
		if _, err := p.s.db.Deliver(t.Context(), []byte(body), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	d := approval(s)
	d.Approve, d.Reason = false, "not_useful"
	if _, err := p.reviewer().Decide(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	p.call("POST", "faults", map[string]any{"kind": "status", "status": 400, "path": "/crm/objects/2026-09/notes/batch/upsert", "method": "POST"})
	contact := p.create("contacts", map[string]any{"firstname": "Noor", "lastname": "Haddad", "email": "noor@harborline.example"})
	p.create("calls", map[string]any{"hs_call_title": "Renewal", "hs_call_direction": "INBOUND", "hs_call_body": talk}, contact)
	p.settle()
	all, _, err := p.s.db.Suggestions(t.Context(), store.SuggestionFilter{Portal: p.portal()}, "", 100)
	if err != nil {
		t.Fatal(err)
	}
	failed := 0
	for _, r := range all {
		if r.State == crm.Pending && r.Workflow == "call_summary" {
			if _, err := p.reviewer().Decide(t.Context(), approval(r)); err != nil {
				t.Fatal(err)
			}
		}
	}
	events := p.settle()
	all, _, err = p.s.db.Suggestions(t.Context(), store.SuggestionFilter{Portal: p.portal()}, "", 100)
	if err != nil {
		t.Fatal(err)
	}
	runs := 0
	for _, r := range all {
		runs++
		if r.State == crm.Failed {
			failed++
		}
	}
	if failed != 1 || events.Dead < 4 || events.Ignored[crm.IgnoredForeign] != 1 {
		t.Errorf("%d failed, %+v", failed, events)
	}
	count := p.audited()
	if got := count["gate.review"] + count["gate.apply"] + count["gate.drop"] + count["proposal.refused"]; got < runs || count["review.reject"] != 1 || count["effect.failed"] != 1 {
		t.Errorf("%d runs, audit %v", runs, count)
	}
}
