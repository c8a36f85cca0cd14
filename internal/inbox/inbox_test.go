package inbox_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/inbox"
)

func ref(path string) crm.Ref {
	r, err := crm.ParsePath(1, path)
	if err != nil {
		panic(err)
	}
	return r
}

func TestMarks(t *testing.T) {
	for _, c := range []struct {
		name string
		e    crm.Event
		want string
	}{
		{"a new note", crm.Event{Type: crm.Creation, Object: ref("notes/7")}, "[index notes/7 live]"},
		{"a changed contact", crm.Event{Type: crm.PropertyChange, Object: ref("contacts/7")}, "[record contacts/7 live]"},
		{"an import", crm.Event{Type: crm.Creation, Object: ref("contacts/7"), Source: "IMPORT"}, "[record contacts/7 backfill]"},
		{"a merge looks at all three", crm.Event{Portal: 1, Type: crm.Merge, Object: ref("contacts/7"), NewID: "9", MergedIDs: []string{"8", "7"}}, "[record contacts/7 live] [record contacts/9 live] [record contacts/8 live]"},
		{"a note is put on a deal", crm.Event{Type: crm.AssociationChange, From: ref("notes/7"), To: ref("deals/1")}, "[index notes/7 live]"},
		{"the same, told from the deal", crm.Event{Type: crm.AssociationChange, From: ref("deals/1"), To: ref("notes/7")}, "[index notes/7 live]"},
		{"a contact joins a company", crm.Event{Type: crm.AssociationChange, From: ref("companies/1"), To: ref("contacts/7")}, "[record contacts/7 live]"},
		{"a deal gets a contact", crm.Event{Type: crm.AssociationChange, From: ref("deals/1"), To: ref("contacts/7")}, "[record deals/1 live] [record contacts/7 live]"},
		{"a person is to be forgotten", crm.Event{Portal: 1, Type: crm.PrivacyDeletion, Object: ref("contacts/7"), Source: "IMPORT"}, "[erase contacts/7 live]"},
		{"an object of no interest", crm.Event{Type: crm.Creation, Object: crm.Ref{Portal: 1, Type: "quotes", ID: "1"}}, ""},
		{"a type of no interest", crm.Event{Type: "newMessage", Object: ref("contacts/7")}, ""},
	} {
		got := ""
		for i, m := range inbox.Marks(c.e) {
			if i > 0 {
				got += " "
			}
			got += fmt.Sprintf("[%s %s %s]", m.Kind, m.Key, m.Lane)
		}
		if got != c.want {
			t.Errorf("%s: have %s, want %s", c.name, got, c.want)
		}
	}
}

// memory is the inbox's store in memory.
type memory struct {
	deliveries []crm.Delivery
	decoded    map[int64][]crm.Decoded
	dead       map[int64]string
	wrote      map[string]bool
	ours       map[string]bool
	refuse     map[int64]error
	signal     chan struct{}
	down       bool
}

func (m *memory) Undecoded(context.Context, int) ([]crm.Delivery, error) {
	if m.down {
		return nil, crm.ErrTemporary
	}
	var out []crm.Delivery
	for _, d := range m.deliveries {
		if _, ok := m.decoded[d.ID]; !ok {
			out = append(out, d)
		}
	}
	return out, nil
}

func (m *memory) Decode(_ context.Context, id int64, events []crm.Decoded, cause string) error {
	if err := m.refuse[id]; err != nil && cause == "" {
		return err
	}
	m.decoded[id] = events
	if cause != "" {
		m.dead[id] = cause
	}
	return nil
}

func (m *memory) Delivered(context.Context) <-chan struct{} { return m.signal }

func (m *memory) Wrote(_ context.Context, r crm.Ref, property, value string, _ time.Time) (bool, error) {
	return m.wrote[r.Path()+" "+property+"="+value], nil
}

func (m *memory) Ours(_ context.Context, r crm.Ref) (bool, error) { return m.ours[r.Path()], nil }

// run decodes with a toy format: the body is the key of one of these events, "broken", or "half".
func run(t *testing.T, m *memory, events map[string]crm.Event, f func()) {
	synctest.Test(t, func(t *testing.T) {
		m.decoded, m.dead, m.signal = map[int64][]crm.Decoded{}, map[int64]string{}, make(chan struct{}, 1)
		in := &inbox.Inbox{Store: m, Log: slog.New(slog.DiscardHandler), Portals: map[crm.PortalID]inbox.App{1: {Own: func(app string) bool { return app == "987" }}},
			Decode: func(body []byte) ([]crm.Event, []error, error) {
				if string(body) == "broken" {
					return nil, nil, errors.New("not an array")
				}
				if string(body) == "panic" {
					panic("secret text")
				}
				if string(body) == "half" {
					return []crm.Event{events["note"]}, []error{errors.New("event 1 has no type")}, nil
				}
				return []crm.Event{events[string(body)]}, nil, nil
			}}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- in.Run(ctx) }()
		synctest.Wait()
		f()
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestEchoes(t *testing.T) {
	property := func(source, id string) crm.Event {
		return crm.Event{Portal: 1, Type: crm.PropertyChange, Object: ref("contacts/7"), Property: "ai_lead_score", Value: "72", Source: source, SourceID: id}
	}
	events := map[string]crm.Event{
		"ours by app":                  property("INTEGRATION", "987"),
		"ours by the ledger":           property("INTEGRATIONS_PLATFORM", ""),
		"a person sets the same value": property("CRM_UI", "userId:42"),
		"another app":                  {Portal: 1, Type: crm.PropertyChange, Object: ref("contacts/7"), Property: "phone", Value: "1", Source: "INTEGRATION", SourceID: "111"},
		"our note":                     {Portal: 1, Type: crm.Creation, Object: ref("notes/7"), Source: "INTEGRATION", SourceID: "987"},
		"our note, app unknown":        {Portal: 1, Type: crm.Creation, Object: ref("notes/8")},
		"our note is linked":           {Portal: 1, Type: crm.AssociationChange, From: ref("deals/1"), To: ref("notes/8"), Source: "INTEGRATIONS_PLATFORM"},
		"our note's body, unknown":     {Portal: 1, Type: crm.PropertyChange, Object: ref("notes/8"), Property: "hs_note_body", Value: "x", Source: "INTEGRATION"},
		"a person edits our note":      {Portal: 1, Type: crm.PropertyChange, Object: ref("notes/8"), Property: "hs_note_body", Value: "x", Source: "CRM_UI"},
		"our note is deleted":          {Portal: 1, Type: crm.Deletion, Object: ref("notes/8")},
		"somebody's note":              {Portal: 1, Type: crm.Creation, Object: ref("notes/9")},
		"another portal":               {Portal: 2, Type: crm.Creation, Object: ref("notes/7")},
	}
	want := map[string]string{"ours by app": "echo", "ours by the ledger": "echo", "a person sets the same value": "", "another app": "", "our note": "echo",
		"our note, app unknown": "echo", "our note is linked": "echo", "our note's body, unknown": "echo", "another portal": "foreign"}
	m := &memory{wrote: map[string]bool{"contacts/7 ai_lead_score=72": true}, ours: map[string]bool{"notes/8": true}}
	var names []string
	for name := range events {
		names = append(names, name)
		m.deliveries = append(m.deliveries, crm.Delivery{ID: int64(len(names)), Body: []byte(name)})
	}
	run(t, m, events, func() {
		for i, name := range names {
			got := m.decoded[int64(i+1)]
			if len(got) != 1 || got[0].Ignored != want[name] || (want[name] == "") != (len(got[0].Marks) > 0) {
				t.Errorf("%s: %+v, want ignored %q", name, got, want[name])
			}
		}
	})
}

func TestBrokenDeliveriesAreKeptDeadAndNeighboursLive(t *testing.T) {
	m := &memory{deliveries: []crm.Delivery{{ID: 1, Body: []byte("broken")}, {ID: 2, Body: []byte("half")}, {ID: 3, Body: []byte("note")}}}
	run(t, m, map[string]crm.Event{"note": {Portal: 1, Type: crm.Creation, Object: ref("notes/7")}}, func() {
		if m.dead[1] != "not an array" || m.dead[2] != "event 1 has no type" || len(m.decoded[2]) != 1 || len(m.decoded[3]) != 1 || m.dead[3] != "" {
			t.Errorf("decoded %+v, dead %+v", m.decoded, m.dead)
		}
	})
}

func TestAStoreThatIsDownIsTriedAgain(t *testing.T) {
	m := &memory{deliveries: []crm.Delivery{{ID: 1, Body: []byte("note")}}, down: true}
	run(t, m, map[string]crm.Event{"note": {Portal: 1, Type: crm.Creation, Object: ref("notes/7")}}, func() {
		m.down = false
		<-time.After(2 * time.Second) // simulated
		synctest.Wait()
		if len(m.decoded) != 1 {
			t.Error("the delivery was not decoded after the store came back")
		}
	})
}

// TestPoisonEndsAlone: a body that makes the decoder panic, and events that the store refuses for good, end dead with their cause, and the next delivery goes on.
func TestPoisonEndsAlone(t *testing.T) {
	m := &memory{deliveries: []crm.Delivery{{ID: 1, Body: []byte("panic")}, {ID: 2, Body: []byte("note")}, {ID: 3, Body: []byte("note")}},
		refuse: map[int64]error{2: errors.New("constraint failed")}}
	run(t, m, map[string]crm.Event{"note": {Portal: 1, Type: crm.Creation, Object: ref("notes/7")}}, func() {
		if m.dead[1] != "the decoder panicked: string: invalid" || m.dead[2] != "constraint failed" || len(m.decoded[3]) != 1 || m.dead[3] != "" {
			t.Errorf("decoded %+v, dead %+v", m.decoded, m.dead)
		}
	})
}

// TestAnOutageIsNoPoison: what the store cannot take now is kept for later.
func TestAnOutageIsNoPoison(t *testing.T) {
	m := &memory{deliveries: []crm.Delivery{{ID: 1, Body: []byte("note")}}, refuse: map[int64]error{1: fmt.Errorf("disk full: %w", crm.ErrTemporary)}}
	run(t, m, map[string]crm.Event{"note": {Portal: 1, Type: crm.Creation, Object: ref("notes/7")}}, func() {
		if len(m.decoded)+len(m.dead) != 0 {
			t.Fatalf("decoded %+v, dead %+v", m.decoded, m.dead)
		}
		m.refuse = nil
		<-time.After(2 * time.Second) // simulated
		synctest.Wait()
		if len(m.decoded[1]) != 1 || m.dead[1] != "" {
			t.Errorf("decoded %+v, dead %+v", m.decoded, m.dead)
		}
	})
}
