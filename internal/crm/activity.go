package crm

import (
	"cmp"
	"time"
)

// Direction says who an activity came from, seen from the portal's own people.
type Direction string

// Directions of calls, mails and messages; notes and tasks have none.
const (
	Incoming  Direction = "in"
	Outgoing  Direction = "out"
	Forwarded Direction = "forwarded"
)

// Format is how an activity's body is written.
type Format string

// The two body formats HubSpot hands out.
const (
	PlainText Format = "text"
	HTML      Format = "html"
)

// Person is a participant as the activity names them: any field may be empty. Role is one of from, to, cc, bcc, speaker, owner, associated.
type Person struct {
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
	Role  string `json:"role,omitempty"`
	Ref   Ref    `json:"ref,omitzero"`   // the contact, where known
	Ours  bool   `json:"ours,omitempty"` // one of the portal's own people (owner or their address)
}

// Author is who an activity comes from, as far as its people say: the sender of a mail, else the first speaker, else the owner; "" when they do not.
func Author(people []Person) string {
	for _, role := range []string{"from", "speaker", "owner"} {
		for _, p := range people {
			if name := cmp.Or(p.Name, p.Email); p.Role == role && name != "" {
				return name
			}
		}
	}
	return ""
}

// Turn is one utterance of a transcript. Start is its offset from the beginning, 0 when unknown.
type Turn struct {
	Speaker string        `json:"speaker"`
	Text    string        `json:"text"`
	Start   time.Duration `json:"start,omitempty"`
}

// Activity is a call, meeting, email, note, task or message as HubSpot has it now: raw body or transcript, people, time and links. The indexer normalises it
// into a Document; nothing else reads Body.
type Activity struct {
	Ref         Ref
	Time        time.Time // hs_timestamp: the position on the timeline (tasks: due); zero when absent or absurd
	TimeUnknown bool      // the time was filled in by an import or is absurd: never reason about dates with it
	Created     time.Time // when HubSpot learned of it
	Modified    time.Time // does not move when only associations change (a fact of HubSpot)
	Direction   Direction
	Subject     string
	Body        string
	Format      Format
	Turns       []Turn // transcript; empty for everything without one
	Minutes     int
	People      []Person
	Thread      string // HubSpot's thread id of an email, or ""
	Status      string // HubSpot's status word of a call, email, meeting or task
	Channel     string // WHATS_APP, LINKEDIN_MESSAGE, SMS for messages
	OwnerID     string
	Links       Links
	Ours        bool // written by contextd: shown, never evidence
	Generated   bool // written by another machine, as its source in HubSpot says: found by a question that does not ask for people's words alone, never evidence
}

// Links are the records an activity is associated with, as HubSpot says. Which account it belongs to follows from them and from the dated memberships.
type Links struct {
	Companies []Ref `json:"companies,omitempty"` // the primary one first, where HubSpot marks one
	Contacts  []Ref `json:"contacts,omitempty"`
	Deals     []Ref `json:"deals,omitempty"`
	Tickets   []Ref `json:"tickets,omitempty"`
}

// All lists every linked record: companies, contacts, deals, tickets.
func (l Links) All() []Ref {
	out := make([]Ref, 0, len(l.Companies)+len(l.Contacts)+len(l.Deals)+len(l.Tickets))
	out = append(out, l.Companies...)
	out = append(out, l.Contacts...)
	out = append(out, l.Deals...)
	return append(out, l.Tickets...)
}

// Add returns l with r in the list of its type; other types are left out. Duplicates stay out.
func (l Links) Add(r Ref) Links {
	add := func(s []Ref) []Ref {
		for _, x := range s {
			if x == r {
				return s
			}
		}
		return append(s[:len(s):len(s)], r)
	}
	switch r.Type {
	case Companies:
		l.Companies = add(l.Companies)
	case Contacts:
		l.Contacts = add(l.Contacts)
	case Deals:
		l.Deals = add(l.Deals)
	case Tickets:
		l.Tickets = add(l.Tickets)
	}
	return l
}

// Cut is a piece that normalisation took out of what a person wrote: kept as metadata, never indexed.
type Cut struct {
	Kind string `json:"kind"` // quote, signature or footer
	Text string `json:"text"`
}

// Span is one speaker's turn inside a Document's text: byte offsets, half open.
type Span struct {
	Speaker string `json:"speaker"`
	Start   int    `json:"start"`
	End     int    `json:"end"`
}

// Document is the normalised text of one version of an activity: what offsets, quotes and chunks refer to. Version is the lower-case hex SHA-256 of Text.
type Document struct {
	Ref      Ref
	Version  string
	Text     string
	Cuts     []Cut
	Turns    []Span // transcript turns in order; empty for everything else
	Language string // ISO 639-1 as guessed from the text, "" when too short
}

// Stored is an activity as the store keeps it: metadata, current text version, links and the accounts it belongs to.
type Stored struct {
	Activity                // Body and Turns are empty: the text is Document.Text
	Document     Document   // of the asked version; Text is "" once erased
	Accounts     []Ref      // primary first
	Seq          int64      // number of this version: it grows in the order in which the store met the versions of a portal; 0 where it was not asked for
	LearnedAt    time.Time  // when this version became known to people: the creation of the activity, for a later version its modification
	SupersededAt *time.Time // nil while current
	DeletedAt    *time.Time // nil while it exists in HubSpot
}

// Record is a company, contact, deal or ticket as last read. Property values are strings, as on the wire; a missing key and "" mean the same.
type Record struct {
	Ref        Ref
	Name       string // display name: company name, person's name or email, deal name, ticket subject
	Properties map[string]string
	History    map[string][]Value // newest first and bounded, of the properties whose past HubSpot was asked for
	Created    time.Time
	Modified   time.Time
	Archived   bool
	MergedIDs  []string // ids that HubSpot merged into this one
	Links      Links    // associated records
}
