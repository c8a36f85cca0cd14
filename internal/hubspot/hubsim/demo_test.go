package hubsim

import (
	"context"
	"fmt"
	"html"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/contextd/contextd/internal/crm"
)

func loadDemo(t *testing.T) *Server {
	t.Helper()
	s := New(Options{WebhookURL: "http://127.0.0.1:1/", RateLimit: -1})
	if err := s.LoadDemo(); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEveryStoryLoadsAndItsQuotesStandInTheText(t *testing.T) {
	s := loadDemo(t)
	if n := s.Deliveries().Queued; n != 0 {
		t.Fatalf("history was announced by %d webhooks, want silence", n)
	}
	changes, err := s.ReplayDay(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := s.ReplayDay(context.Background()); again != 0 || changes == 0 {
		t.Fatalf("replayed %d changes, then %d: want some, then none", changes, again)
	}
	if s.Deliveries().Queued < changes {
		t.Errorf("%d changes made %d events", changes, s.Deliveries().Queued)
	}
	facts := 0
	for _, st := range s.Stories() {
		for _, f := range st.Facts {
			facts++
			if text := everything(s, f.Activity); !strings.Contains(text, f.Quote) {
				t.Errorf("%s: fact %s: the quote %q is not in %s", st.Name, f.ID, f.Quote, f.Activity)
			}
		}
	}
	t.Logf("%d stories, %d facts, %d changes on the last day", len(s.Stories()), facts, changes)
}

// everything is all the text that an activity ever had, as it reads.
func everything(s *Server, path string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, key, _ := cutPath(path)
	id, _ := parseID(key)
	o := s.tables[t].rows[id]
	var b strings.Builder
	for _, versions := range o.values {
		for _, v := range versions {
			text := strings.NewReplacer("<br>", "\n", "<br/>", "\n", "<br />", "\n", "\u00a0", " ").Replace(v.value)
			b.WriteString(html.UnescapeString(tag.ReplaceAllString(text, "")) + "\n")
		}
	}
	for _, script := range s.transcripts {
		if t == crm.Calls && script.Engagement == id {
			for _, u := range script.Utterances {
				b.WriteString(u.Text + "\n")
			}
		}
	}
	return b.String()
}

func TestDemoIsLargeEnough(t *testing.T) {
	s := loadDemo(t)
	if _, err := s.ReplayDay(context.Background()); err != nil {
		t.Fatal(err)
	}
	st, activities := s.State(), 0
	for _, n := range st.Activities {
		activities += n
	}
	t.Logf("%d companies, %d contacts, %d deals, %d tickets, %d activities %v", st.Companies, st.Contacts, st.Deals, st.Tickets, activities, st.Activities)
	if st.Companies < 24 || st.Contacts < 60 || st.Deals < 40 || activities < 700 {
		t.Errorf("the demo is too small: want at least 24 companies, 60 contacts, 40 deals and 700 activities")
	}
}

// outcomesKnownEarly lists closed deals whose history says so before the day on which they were closed: a run as of a moment before would see the outcome.
func outcomesKnownEarly(s *Server) (early []string, closed int) {
	for _, id := range s.tables[crm.Deals].ids {
		o := s.tables[crm.Deals].rows[id]
		if st := s.portal.stage(crm.Deals, o.raw("dealstage")); st == nil || !st.Closed {
			continue
		}
		closed++
		end, _ := parseTime(o.raw("closedate"))
		for _, v := range o.values["dealstage"] {
			if st := s.portal.stage(crm.Deals, v.value); st.Closed && v.at.Before(end) {
				early = append(early, o.raw("dealname"))
			}
		}
	}
	return early, closed
}

func TestNoDealIsClosedBeforeItsDay(t *testing.T) {
	s := loadDemo(t)
	if early, closed := outcomesKnownEarly(s); len(early) > 0 || closed < 9 {
		t.Errorf("of %d closed deals, these are closed before their day: %q", closed, early)
	}
	control := New(Options{})
	story := `{story: x, companies: [{key: c, name: C, domain: c.example, owner: dana, created: 2026-01-01T09:00:00Z}],
		deals: [{key: d, dealname: D, dealstage: closedwon, closedate: 2026-03-01, company: c, owner: dana, created: 2026-01-02T09:00:00Z}]}`
	if err := control.loadStories(fstest.MapFS{"x/1.yaml": {Data: []byte(story)}}, "x"); err != nil {
		t.Fatal(err)
	}
	if early, _ := outcomesKnownEarly(control); len(early) != 1 {
		t.Errorf("a deal that is closed from its first day on is not noticed: %q", early)
	}
}

func TestARecordChangesInTheOrderOfTheStory(t *testing.T) {
	story := `{story: x, companies: [{key: c, name: C, domain: c.example, owner: dana, created: 2026-01-01T09:00:00Z, numberofemployees: 20,
		later: [{at: %s, numberofemployees: 30}, {at: 2026-02-01T09:00:00Z, by: ines, numberofemployees: 40}]}]}`
	load := func(first string) (*Server, error) {
		s := New(Options{})
		return s, s.loadStories(fstest.MapFS{"x/1.yaml": {Data: fmt.Appendf(nil, story, first)}}, "x")
	}
	s, err := load("2026-01-20T09:00:00Z")
	if err != nil {
		t.Fatal(err)
	}
	values := s.tables[crm.Companies].rows[firstID].values["numberofemployees"]
	if len(values) != 3 || values[1].value != "30" || values[2].value != "40" || values[2].user == values[1].user || s.Deliveries().Queued != 0 {
		t.Errorf("history %+v, %d webhooks", values, s.Deliveries().Queued)
	}
	if _, err := load("2026-02-20T09:00:00Z"); err == nil {
		t.Error("changes out of order are loaded")
	}
}
