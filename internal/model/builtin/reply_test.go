package builtin

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
)

// What answers the question word for word reaches the draft only when the customer was told it or said it.
func TestInternalWordsNeverReachADraft(t *testing.T) {
	const answer = "The price per engineer for three years is 33 EUR."
	at := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	cases := []struct {
		name string
		p    crm.Passage
		want bool
	}{
		{"our mail", crm.Passage{Kind: crm.Email, Direction: crm.Outgoing, Person: "Bo Lund", Text: answer}, true},
		{"our turn in a call with them", crm.Passage{Kind: crm.Call, Text: "Bo Lund: " + answer + "\nAda Moor: Thank you, that is clear."}, true},
		{"a note", crm.Passage{Kind: crm.Note, Person: "Bo Lund", Text: answer}, false},
		{"a task", crm.Passage{Kind: crm.Task, Person: "Bo Lund", Text: answer}, false},
		{"our record of a call", crm.Passage{Kind: crm.Call, Direction: crm.Outgoing, Text: answer}, false},
		{"a talk among ourselves", crm.Passage{Kind: crm.Meeting, Text: "Bo Lund: " + answer + "\nKim Falk: Understood, we keep that."}, false},
		{"a forwarded mail", crm.Passage{Kind: crm.Email, Direction: crm.Forwarded, Person: "Bo Lund", Text: answer}, false},
	}
	for _, c := range cases {
		passages := []crm.Passage{
			{ID: "P1", Kind: crm.Email, Direction: crm.Outgoing, Person: "Bo Lund", Text: "Hello Ada, welcome to you.", Activity: crm.Ref{Type: crm.Emails, ID: "1"}, Time: at},
			{ID: "P2", Kind: crm.Email, Direction: crm.Outgoing, Person: "Kim Falk", Text: "Hello Ada, welcome again.", Activity: crm.Ref{Type: crm.Emails, ID: "2"}, Time: at},
			c.p,
			{ID: "P4", Kind: crm.Email, Direction: crm.Incoming, Person: "Ada Moor", Text: "What is the price per engineer for three years?", Activity: crm.Ref{Type: crm.Emails, ID: "4"}, Time: at.Add(time.Hour)},
		}
		passages[2].ID, passages[2].Time, passages[2].Activity = "P3", at, crm.Ref{Type: c.p.Kind.Type(), ID: "3"}
		got, err := Writer{}.Complete(context.Background(), model.Request{Passages: passages,
			Schema: json.RawMessage(`{"type":"object","properties":{"questions":{"type":"array"},"answers":{"type":"array"},"open":{"type":"array"}}}`),
			Plan:   crm.Plan{Fields: []crm.Field{{Name: "questions", Kind: "questions"}, {Name: "answers", Kind: "answers"}, {Name: "open", Kind: "open"}}}})
		if err != nil {
			t.Fatal(err)
		}
		if told := strings.Contains(string(got.Text), "33 EUR"); told != c.want {
			t.Errorf("%s: told %v, want %v: %s", c.name, told, c.want, got.Text)
		}
		if open := !strings.Contains(string(got.Text), `"open":[]`); open == c.want {
			t.Errorf("%s: a question is either answered or open: %s", c.name, got.Text)
		}
	}
}

func TestADoneContextEndsReading(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r := model.Request{Schema: json.RawMessage(`{"type":"object"}`), Passages: []crm.Passage{{ID: "P1", Kind: crm.Email, Text: "We need a price."}}}
	if _, err := (Writer{}).Complete(ctx, r); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled before any field is filled", err)
	}
}

func TestARequestIsNotItsOwnAnswer(t *testing.T) {
	const ask = "I need the signed order form by 11 December."
	at := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	r := model.Request{Schema: json.RawMessage(`{"type":"object","properties":{"questions":{"type":"array"},"answers":{"type":"array"}}}`),
		Plan: crm.Plan{Fields: []crm.Field{{Name: "questions", Kind: "questions", Cues: map[string][]string{"en": {"i need"}}}, {Name: "answers", Kind: "answers"}}},
		Passages: []crm.Passage{
			{ID: "P1", Kind: crm.Email, Direction: crm.Outgoing, Person: "Bo Lund", Text: "Training is in January, so " + ask, Activity: crm.Ref{Type: crm.Emails, ID: "1"}, Time: at},
			{ID: "P2", Kind: crm.Email, Direction: crm.Incoming, Person: "Ada Moor", Text: ask, Activity: crm.Ref{Type: crm.Emails, ID: "2"}, Time: at.Add(time.Hour)}}}
	got, err := Writer{}.Complete(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(got.Text), `"answers":[]`) || strings.Contains(string(got.Text), `"questions":[]`) {
		t.Errorf("want the question and no answer: %s", got.Text)
	}
}
