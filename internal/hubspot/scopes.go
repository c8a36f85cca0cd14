package hubspot

import (
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

// Scope is a permission of the app, with what goes missing without it.
type Scope struct {
	Name     string
	Why      string
	Optional bool
}

// Scopes lists what a person must grant in the app's settings ("Scopes"; reference of each API).
func Scopes() []Scope {
	return []Scope{
		{Name: "oauth", Why: "every app needs it"},
		{Name: "crm.objects.contacts.read", Why: "contacts, and all activities"},
		{Name: "crm.objects.contacts.write", Why: "ai_* properties of contacts, and our notes and tasks"},
		{Name: "crm.objects.companies.read", Why: "accounts"},
		{Name: "crm.objects.companies.write", Why: "ai_* properties of companies"},
		{Name: "crm.objects.deals.read", Why: "deals"},
		{Name: "crm.objects.deals.write", Why: "ai_* properties of deals"},
		{Name: "tickets", Why: "tickets and their ai_* properties"},
		{Name: "crm.objects.owners.read", Why: "who is a colleague and who a customer"},
		{Name: "crm.schemas.contacts.write", Why: "creating the properties of contacts, notes and tasks"},
		{Name: "crm.schemas.companies.write", Why: "creating the properties of companies"},
		{Name: "crm.schemas.deals.write", Why: "creating the properties of deals"},
		{Name: "sales-email-read", Why: "the text of emails; without it HubSpot hands out empty ones"},
		{Name: TranscriptScope, Why: "transcripts of calls", Optional: true},
		{Name: "automation", Why: "answering workflow actions later than at once", Optional: true},
	}
}

// Subscription is a webhook subscription that a person must create in the app. Property is set for property changes only.
type Subscription struct {
	Type     string // object.creation, …
	Object   crm.ObjectType
	Property string
}

// watchedProperties are the changes that matter for context: what people write, who owns it, where it stands. Machine properties are left out, so that our own writes
// do not come back; HubSpot offers no subscription for bodies and subjects of emails and messages.
var watchedProperties = map[crm.ObjectType][]string{
	crm.Contacts:  {"firstname", "lastname", "email", "jobtitle", "lifecyclestage", "hs_lead_status", "hubspot_owner_id", companyProperty},
	crm.Companies: {"name", "domain", "industry", "lifecyclestage", "hubspot_owner_id"},
	crm.Deals:     {"dealname", "dealstage", "pipeline", "amount", "closedate", "hubspot_owner_id"},
	crm.Tickets:   {"subject", "content", "hs_pipeline_stage", "hs_ticket_priority", "hubspot_owner_id"},
	crm.Calls:     {"hs_call_title", "hs_call_body", "hs_call_status", "hs_call_transcription_id", "hs_timestamp"},
	crm.Meetings:  {"hs_meeting_title", "hs_meeting_body", "hs_internal_meeting_notes", "hs_meeting_outcome", "hs_timestamp"},
	crm.Notes:     {"hs_note_body", "hs_timestamp"},
	crm.Tasks:     {"hs_task_subject", "hs_task_body", "hs_task_status", "hs_timestamp"},
}

// Subscriptions lists the webhooks to subscribe to. Of the properties of these definitions only crm.ReviewDecision is among them, which people set.
func Subscriptions(definitions []Definition) []Subscription {
	var out []Subscription
	for _, t := range append(crm.RecordTypes(), crm.ActivityTypes()...) {
		types := []string{"object.creation", "object.deletion", "object.restore", "object.associationChange"}
		if t.IsRecord() {
			types = append(types, "object.merge")
		}
		for _, typ := range types {
			out = append(out, Subscription{Type: typ, Object: t})
		}
		for _, p := range watchedProperties[t] {
			if !slices.ContainsFunc(definitions, func(d Definition) bool { return d.Object == t && d.Name == p }) {
				out = append(out, Subscription{Type: "object.propertyChange", Object: t, Property: p})
			}
		}
		if t.IsRecord() {
			out = append(out, Subscription{Type: "object.propertyChange", Object: t, Property: crm.ReviewDecision})
		}
	}
	return append(out, Subscription{Type: "contact.privacyDeletion", Object: crm.Contacts})
}
