package redact

import (
	"fmt"
	"slices"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// Kind is a kind of data that is kept back.
type Kind string

// The kinds. Term is what the configuration names; Person is who took part in what a request quotes; Token is text that looks like one of our pseudonyms and is
// replaced with every other kind, so that nothing a customer wrote can stand for anything else.
const (
	Mail   Kind = "mail"
	Phone  Kind = "phone"
	IBAN   Kind = "iban"
	Card   Kind = "card"
	SSN    Kind = "ssn"
	IP     Kind = "ip"
	ID     Kind = "id"
	Person Kind = "person"
	Term   Kind = "term"
	Token  Kind = "text"
)

// Kinds are those that can be chosen, in the order in which they are shown.
func Kinds() []Kind { return []Kind{Mail, Phone, IBAN, Card, SSN, IP, ID, Person} }

// Usual are the kinds that are kept back when nothing is chosen: all that a model need not know to write. Names are not among them, because it writes worse without.
func Usual() []Kind { return []Kind{Mail, Phone, IBAN, Card, SSN, IP, ID} }

// ParseKind reads a kind that can be chosen; crm.ErrInvalid.
func ParseKind(s string) (Kind, error) {
	if k := Kind(s); slices.Contains(Kinds(), k) {
		return k, nil
	}
	return "", fmt.Errorf("%q is not a kind of data: there are %s: %w", s, List(Kinds()), crm.ErrInvalid)
}

// List is kinds as a person reads them.
func List(kinds []Kind) string {
	out := make([]string, len(kinds))
	for i, k := range kinds {
		out[i] = string(k)
	}
	return strings.Join(out, ", ")
}
