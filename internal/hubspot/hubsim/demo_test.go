package hubsim

import (
	"context"
	"html"
	"strings"
	"testing"

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
