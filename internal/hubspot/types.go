package hubspot

import (
	"fmt"

	"github.com/contextd/contextd/internal/crm"
)

// objectTypeIDs maps our object types to HubSpot's numeric type ids ("Understanding the CRM", object type ids).
var objectTypeIDs = map[crm.ObjectType]string{
	crm.Contacts: "0-1", crm.Companies: "0-2", crm.Deals: "0-3", crm.Tickets: "0-5",
	crm.Communications: "0-18", crm.Tasks: "0-27", crm.Notes: "0-46", crm.Meetings: "0-47", crm.Calls: "0-48", crm.Emails: "0-49",
}

// singulars maps our object types to the singular names used in association paths and in classic subscription types ("contact.creation").
var singulars = map[crm.ObjectType]string{
	crm.Contacts: "contact", crm.Companies: "company", crm.Deals: "deal", crm.Tickets: "ticket",
	crm.Communications: "communication", crm.Tasks: "task", crm.Notes: "note", crm.Meetings: "meeting", crm.Calls: "call", crm.Emails: "email",
}

// TypeID is HubSpot's numeric object type id ("0-1"), or "" for a type that contextd does not know.
func TypeID(t crm.ObjectType) string { return objectTypeIDs[t] }

// RecordURL is the page of a record in HubSpot, as HubSpot names it in its answers ("url" of an object); accounts in other data centres are sent on from there.
func RecordURL(record crm.Ref) string {
	return fmt.Sprintf("https://app.hubspot.com/contacts/%s/record/%s/%s", record.Portal, TypeID(record.Type), record.ID)
}

// Singular is HubSpot's singular name of t ("company"), or "".
func Singular(t crm.ObjectType) string { return singulars[t] }

// ParseType accepts what HubSpot uses for one object type: plural name, singular name (any case, also MEETING_EVENT) or type id. The second result is false for anything else.
func ParseType(s string) (crm.ObjectType, bool) {
	for t, id := range objectTypeIDs {
		if s == id || s == string(t) {
			return t, true
		}
	}
	switch lower := asciiLower(s); lower {
	case "meeting_event":
		return crm.Meetings, true
	default:
		for t, name := range singulars {
			if lower == name || lower == string(t) {
				return t, true
			}
		}
	}
	return "", false
}

func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

type pair struct{ from, to crm.ObjectType }

// associationTypes holds the default HUBSPOT_DEFINED association type ids per direction ("Associate records", association type id values).
var associationTypes = func() map[pair]int {
	m := map[pair]int{
		{crm.Contacts, crm.Companies}: 279, {crm.Companies, crm.Contacts}: 280,
		{crm.Contacts, crm.Deals}: 4, {crm.Deals, crm.Contacts}: 3,
		{crm.Contacts, crm.Tickets}: 15, {crm.Tickets, crm.Contacts}: 16,
		{crm.Deals, crm.Companies}: 341, {crm.Companies, crm.Deals}: 342,
		{crm.Tickets, crm.Companies}: 339, {crm.Companies, crm.Tickets}: 340,
		{crm.Deals, crm.Tickets}: 27, {crm.Tickets, crm.Deals}: 28,
		{crm.Contacts, crm.Contacts}: 449, {crm.Companies, crm.Companies}: 450, {crm.Deals, crm.Deals}: 451, {crm.Tickets, crm.Tickets}: 452,
	}
	records := []crm.ObjectType{crm.Contacts, crm.Companies, crm.Deals, crm.Tickets}
	table := []struct {
		activity    crm.ObjectType
		forth, back [4]int
	}{
		{crm.Notes, [4]int{202, 190, 214, 228}, [4]int{201, 189, 213, 227}},
		{crm.Calls, [4]int{194, 182, 206, 220}, [4]int{193, 181, 205, 219}},
		{crm.Emails, [4]int{198, 186, 210, 224}, [4]int{197, 185, 209, 223}},
		{crm.Meetings, [4]int{200, 188, 212, 226}, [4]int{199, 187, 211, 225}},
		{crm.Tasks, [4]int{204, 192, 216, 230}, [4]int{203, 191, 215, 229}},
		{crm.Communications, [4]int{81, 87, 85, 83}, [4]int{82, 88, 86, 84}},
	}
	for _, row := range table {
		for i, r := range records {
			m[pair{row.activity, r}] = row.forth[i]
			m[pair{r, row.activity}] = row.back[i]
		}
	}
	return m
}()

// primaryTypes holds the ids of the "Primary" label between a record and a company, per direction.
var primaryTypes = map[pair]int{
	{crm.Contacts, crm.Companies}: 1, {crm.Companies, crm.Contacts}: 2,
	{crm.Deals, crm.Companies}: 5, {crm.Companies, crm.Deals}: 6,
	{crm.Tickets, crm.Companies}: 26, {crm.Companies, crm.Tickets}: 25,
}

// AssociationType is the default, unlabelled association type id from one type to another, or 0 where HubSpot defines none.
func AssociationType(from, to crm.ObjectType) int { return associationTypes[pair{from, to}] }

// PrimaryType is the id of the "Primary" company label for that direction, or 0 where there is none.
func PrimaryType(from, to crm.ObjectType) int { return primaryTypes[pair{from, to}] }
