package crm

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// PortalID names one HubSpot account, which is one tenant. It is part of every key; the zero value is no portal and is refused everywhere.
type PortalID int64

// String is the decimal form, as in HubSpot's URLs.
func (p PortalID) String() string { return strconv.FormatInt(int64(p), 10) }

// ParsePortalID reads a positive decimal number; anything else is ErrInvalid, never "all portals".
func ParsePortalID(s string) (PortalID, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 {
		return 0, fmt.Errorf("portal id %q: want a positive number: %w", s, ErrInvalid)
	}
	return PortalID(n), nil
}

// ObjectType is HubSpot's plural name of a kind of object, as it stands in API paths and in our own references.
type ObjectType string

// The object types that contextd knows. Other HubSpot objects are not read.
const (
	Contacts       ObjectType = "contacts"
	Companies      ObjectType = "companies"
	Deals          ObjectType = "deals"
	Tickets        ObjectType = "tickets"
	Calls          ObjectType = "calls"
	Meetings       ObjectType = "meetings"
	Emails         ObjectType = "emails"
	Notes          ObjectType = "notes"
	Tasks          ObjectType = "tasks"
	Communications ObjectType = "communications"
)

// RecordTypes lists the types that own history; ActivityTypes those that are history. Order is stable and used for display.
func RecordTypes() []ObjectType { return []ObjectType{Companies, Contacts, Deals, Tickets} }

// ActivityTypes lists the six kinds of activity in a stable order.
func ActivityTypes() []ObjectType {
	return []ObjectType{Calls, Meetings, Emails, Notes, Tasks, Communications}
}

// IsActivity tells history from the records that own it. An unknown type is neither.
func (t ObjectType) IsActivity() bool { return t.Kind() != "" }

// IsRecord reports whether t is a company, contact, deal or ticket.
func (t ObjectType) IsRecord() bool {
	switch t {
	case Companies, Contacts, Deals, Tickets:
		return true
	}
	return false
}

// ParseObjectType accepts the plural name only; anything else is ErrInvalid.
func ParseObjectType(s string) (ObjectType, error) {
	t := ObjectType(s)
	if t.IsRecord() || t.IsActivity() {
		return t, nil
	}
	return "", fmt.Errorf("object type %q: want one of companies contacts deals tickets calls meetings emails notes tasks communications: %w", s, ErrInvalid)
}

// Kind is the singular word of an activity, as users see it.
type Kind string

// The six kinds; communications (SMS, WhatsApp, LinkedIn) are messages.
const (
	Call    Kind = "call"
	Meeting Kind = "meeting"
	Email   Kind = "email"
	Note    Kind = "note"
	Task    Kind = "task"
	Message Kind = "message"
)

// Kinds lists all kinds in the order of ActivityTypes.
func Kinds() []Kind { return []Kind{Call, Meeting, Email, Note, Task, Message} }

// Kind is the activity kind of t, or "" for records and unknown types.
func (t ObjectType) Kind() Kind {
	switch t {
	case Calls:
		return Call
	case Meetings:
		return Meeting
	case Emails:
		return Email
	case Notes:
		return Note
	case Tasks:
		return Task
	case Communications:
		return Message
	}
	return ""
}

// Type is the object type of a kind, or "" for an unknown kind.
func (k Kind) Type() ObjectType {
	for _, t := range ActivityTypes() {
		if t.Kind() == k && k != "" {
			return t
		}
	}
	return ""
}

// ParseKind accepts the singular words of Kinds; anything else is ErrInvalid.
func ParseKind(s string) (Kind, error) {
	if k := Kind(s); k.Type() != "" {
		return k, nil
	}
	return "", fmt.Errorf("kind %q: want one of call meeting email note task message: %w", s, ErrInvalid)
}

// Ref names any record or activity: portal, object type, id. Ids are opaque strings (HubSpot's exceed 2^53) and unique only within one type.
type Ref struct {
	Portal PortalID   `json:"portal"`
	Type   ObjectType `json:"type"`
	ID     string     `json:"id"`
}

// Path is "type/id", the form that commands and the API use inside one portal.
func (r Ref) Path() string { return string(r.Type) + "/" + r.ID }

// String is "portal/type/id": unique across portals and the key of a Ref in storage.
func (r Ref) String() string { return r.Portal.String() + "/" + r.Path() }

// IsZero reports whether r names nothing.
func (r Ref) IsZero() bool { return r == Ref{} }

// Compare orders by portal, type, id.
func (r Ref) Compare(o Ref) int {
	return cmp.Or(cmp.Compare(r.Portal, o.Portal), cmp.Compare(r.Type, o.Type), cmp.Compare(r.ID, o.ID))
}

// ParsePath reads "type/id" within a portal. The id must be decimal digits, as all of HubSpot's are.
func ParsePath(portal PortalID, s string) (Ref, error) {
	typ, id, ok := strings.Cut(s, "/")
	if !ok {
		return Ref{}, fmt.Errorf("reference %q: want type/id, as in companies/123 or calls/9101: %w", s, ErrInvalid)
	}
	t, err := ParseObjectType(typ)
	if err != nil {
		return Ref{}, fmt.Errorf("reference %q: %w", s, err)
	}
	if !isDigits(id) {
		return Ref{}, fmt.Errorf("reference %q: the id must be digits: %w", s, ErrInvalid)
	}
	if portal <= 0 {
		return Ref{}, fmt.Errorf("reference %q: no portal: %w", s, ErrInvalid)
	}
	return Ref{Portal: portal, Type: t, ID: id}, nil
}

// ParseRef reads "portal/type/id", the inverse of String.
func ParseRef(s string) (Ref, error) {
	p, rest, ok := strings.Cut(s, "/")
	if !ok {
		return Ref{}, fmt.Errorf("reference %q: want portal/type/id: %w", s, ErrInvalid)
	}
	portal, err := ParsePortalID(p)
	if err != nil {
		return Ref{}, fmt.Errorf("reference %q: %w", s, err)
	}
	return ParsePath(portal, rest)
}

func isDigits(s string) bool {
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != "" && len(s) <= 20
}
