package main

import (
	"slices"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

func TestPartsOfNamesThatMeanOnePerson(t *testing.T) {
	contact := func(id string) crm.Ref { return crm.Ref{Portal: 1, Type: crm.Contacts, ID: id} }
	names := namesOf([]crm.Member{{Ref: crm.Ref{Portal: 1, Type: crm.Companies, ID: "1"}, Name: "Anna Works"}, {Ref: contact("1"), Name: "Anna Schmidt"}, {Ref: contact("2"), Name: "Anna van Loon"},
		{Ref: contact("3"), Name: "info@x.example"}})
	var got []string
	for _, n := range names {
		got = append(got, n.Text+"="+n.Contact.ID)
	}
	if want := []string{"Anna Schmidt=1", "Schmidt=1", "Anna van Loon=2", "Loon=2"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
