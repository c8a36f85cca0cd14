package hubsim

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/hubspot"
)

// receiver is a webhook target that verifies every delivery; answer decides what it replies to the n-th request.
type receiver struct {
	t      *testing.T
	url    string
	answer func(n int) int

	mu       sync.Mutex
	requests int
	batches  []int
	events   []event // acknowledged only
	attempts map[int]int
}

func receive(t *testing.T, answer func(n int) int) *receiver {
	r := &receiver{t: t, answer: answer, attempts: map[int]int{}}
	srv := httptest.NewServer(r)
	t.Cleanup(srv.Close)
	r.url = srv.URL + "/hooks?x=a%2Fb"
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		r.t.Error(err)
	}
	ms, err := strconv.ParseInt(req.Header.Get("X-HubSpot-Request-Timestamp"), 10, 64)
	if err != nil || time.Since(time.UnixMilli(ms)).Abs() > time.Minute {
		r.t.Errorf("timestamp %q is not wall time", req.Header.Get("X-HubSpot-Request-Timestamp"))
	}
	if got, want := req.Header.Get("X-HubSpot-Signature-v3"), hubspot.SignV3("s3cret", "POST", r.url, body, time.UnixMilli(ms)); got != want {
		r.t.Errorf("v3 signature %q, want %q", got, want)
	}
	sum := sha256.Sum256(append([]byte("s3cret"), body...))
	if req.Header.Get("X-HubSpot-Signature") != hex.EncodeToString(sum[:]) || req.Header.Get("X-HubSpot-Signature-Version") != "v1" {
		r.t.Error("v1 signature is wrong")
	}
	var events []event
	if err := json.Unmarshal(body, &events); err != nil || len(events) == 0 || len(events) > 100 {
		r.t.Errorf("a batch of %d events: %v", len(events), err)
	}
	r.mu.Lock()
	r.requests++
	n := r.requests
	r.batches = append(r.batches, len(events))
	r.mu.Unlock()
	status := 200
	if r.answer != nil {
		status = r.answer(n)
	}
	r.mu.Lock()
	for _, e := range events {
		r.attempts[e.AttemptNumber]++
	}
	if status < 300 {
		r.events = append(r.events, events...)
	}
	r.mu.Unlock()
	w.WriteHeader(status)
}

// sending starts a simulator that delivers to the receiver until the test ends.
func sending(t *testing.T, r *receiver, opt Options) *sim {
	opt.WebhookURL, opt.ClientSecret, opt.RateLimit = r.url, "s3cret", -1
	s := start(t, opt)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *sim) settle() Deliveries {
	s.t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 30*time.Second)
	defer stop()
	if err := s.Idle(ctx); err != nil {
		s.t.Fatalf("%v: %+v", err, s.Deliveries())
	}
	d := s.Deliveries()
	if d.Queued+d.Duplicated != d.Delivered+d.Dropped+d.Failed+d.Pending {
		s.t.Errorf("events are not conserved: %+v", d)
	}
	return d
}

// heard lists the acknowledged events as short words, sorted.
func (r *receiver) heard() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []string
	for _, e := range r.events {
		w := strings.TrimPrefix(e.SubscriptionType, "object.") + " " + e.ObjectTypeID + e.PropertyName
		if e.FromObjectTypeID != "" {
			w += fmt.Sprintf("%s>%s %d %v", e.FromObjectTypeID, e.ToObjectTypeID, e.AssociationTypeID, *e.AssociationRemoved)
		}
		out = append(out, w)
	}
	r.events = nil
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func TestEventsOfEveryChange(t *testing.T) {
	r := receive(t, nil)
	s := sending(t, r, Options{AppID: 9})
	expect := func(what, want string) {
		t.Helper()
		s.settle()
		if got := r.heard(); got != want {
			t.Errorf("%s:\n got %s\nwant %s", what, got, want)
		}
	}
	co := s.made("companies", `{"properties":{"name":"Co"}}`)
	expect("create", "creation 0-2, propertyChange 0-2name")
	a := s.made("contacts", `{"properties":{"email":"a@x.example"},"associations":["companies/`+co+`"]}`)
	expect("create and associate", "associationChange 0-1>0-2 1 false, associationChange 0-1>0-2 279 false, associationChange 0-2>0-1 2 false, associationChange 0-2>0-1 280 false, creation 0-1, propertyChange 0-1associatedcompanyid, propertyChange 0-1email")
	s.want(200, "PATCH", "/_sim/objects/contacts/"+a, `{"properties":{"phone":"1","email":"a@x.example"}}`)
	expect("one event per changed property", "propertyChange 0-1phone")
	mail := s.made("emails", `{"properties":{"hs_email_direction":"EMAIL","hs_email_subject":"S","hs_email_html":"<p>"}}`)
	expect("bodies of mails have no events", "creation 0-49, propertyChange 0-49hs_email_direction, propertyChange 0-49hs_timestamp")
	s.want(200, "POST", "/_sim/associations", `{"from":"emails/`+mail+`","to":{"type":"contacts","id":`+a+`}}`)
	s.want(200, "POST", "/_sim/associations", `{"from":"emails/`+mail+`","to":"contacts/`+a+`"}`)
	expect("associate, twice", "associationChange 0-1>0-49 197 false, associationChange 0-49>0-1 198 false")
	s.want(200, "POST", "/_sim/associations", `{"from":"emails/`+mail+`","to":"contacts/`+a+`","remove":true}`)
	expect("part", "associationChange 0-1>0-49 197 true, associationChange 0-49>0-1 198 true")
	s.want(204, "DELETE", "/_sim/objects/emails/"+mail, nil)
	expect("delete", "deletion 0-49")
	s.want(200, "POST", "/_sim/objects/emails/"+mail+"/restore", nil)
	expect("restore", "restore 0-49")
	b := s.made("contacts", `{"properties":{"email":"b@x.example"}}`)
	r.wait(s)
	s.want(200, "POST", "/_sim/merge", `{"type":"contacts","primary":"`+a+`","merged":"`+b+`"}`)
	s.settle()
	r.mu.Lock()
	for _, e := range r.events {
		if e.SubscriptionType == "object.merge" && (fmt.Sprint(e.ObjectID) != a || fmt.Sprint(e.MergedObjectIDs) != "["+b+"]" || e.NewObjectID == e.ObjectID || e.NewObjectID == 0 || e.PrimaryObjectID != e.ObjectID) {
			t.Errorf("merge event %+v", e)
		}
	}
	r.mu.Unlock()
	if got := r.heard(); !strings.Contains(got, "merge 0-1") {
		t.Errorf("merge: %s", got)
	}
	c := s.made("contacts", `{"properties":{"email":"c@x.example"}}`)
	r.wait(s)
	s.want(204, "DELETE", "/_sim/objects/contacts/"+c+"?gdpr=true", nil)
	expect("privacy deletion", "contact.deletion , contact.privacyDeletion ")
	s.want(201, "POST", "/crm/properties/2026-09/companies", `{"name":"ai_summary","label":"S","type":"string","fieldType":"text","groupName":"companyinformation"}`)
	s.want(200, "PATCH", o+"companies/"+co, `{"properties":{"ai_summary":"x"}}`)
	s.settle()
	if e := r.events[0]; e.ChangeSource != "INTEGRATION" || e.SourceID != "9" || *e.PropertyValue != "x" || e.AppID != 9 || e.PortalID != 4242001 || e.OccurredAt == 0 || e.EventID == 0 || e.SubscriptionID == 0 {
		t.Errorf("the app's own write: %+v", e)
	}
}

func (r *receiver) wait(s *sim) { s.settle(); r.heard() }
