package hubspot

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// The properties that contextd asks for, per type. HubSpot leaves out those that a portal does not have, so the lists are safe everywhere.
var (
	commonActivityNames = []string{"hs_timestamp", "hubspot_owner_id", "hs_createdate", "hs_lastmodifieddate", "hs_object_source", "hs_object_source_id", "hs_object_source_label", "hs_gdpr_deleted", keyProperty, timeUnknownProperty}

	activityNames = map[crm.ObjectType][]string{
		crm.Notes:    {"hs_note_body"},
		crm.Calls:    {"hs_call_title", "hs_call_body", "hs_call_direction", "hs_call_duration", "hs_call_status", "hs_call_transcription_id"},
		crm.Meetings: {"hs_meeting_title", "hs_meeting_body", "hs_internal_meeting_notes", "hs_meeting_start_time", "hs_meeting_end_time", "hs_meeting_outcome"},
		crm.Emails: {"hs_email_subject", "hs_email_text", "hs_email_html", "hs_email_direction", "hs_email_status", "hs_email_headers", "hs_email_from_email",
			"hs_email_from_firstname", "hs_email_from_lastname", "hs_email_to_email", "hs_email_cc_email", "hs_email_bcc_email", "hs_email_thread_id"},
		crm.Tasks:          {"hs_task_subject", "hs_task_body", "hs_task_status", "hs_task_priority", "hs_task_type"},
		crm.Communications: {"hs_communication_channel_type", "hs_communication_body"},
	}

	recordNames = map[crm.ObjectType][]string{
		crm.Contacts: {"firstname", "lastname", "email", "hs_additional_emails", "phone", "mobilephone", "jobtitle", "company", "lifecyclestage", "hs_lead_status", "hubspot_owner_id",
			"hs_language", "hs_buying_role", "hs_timezone", "country", "notes_last_contacted", "notes_last_updated", "num_notes", "hs_last_sales_activity_timestamp", "hs_email_optout", "createdate",
			"lastmodifieddate", "hs_merged_object_ids", "hs_calculated_merged_vids", "hs_object_source_label", companyProperty},
		crm.Companies: {"name", "domain", "industry", "country", "numberofemployees", "annualrevenue", "lifecyclestage", "hubspot_owner_id", "description", "hs_lastmodifieddate", "createdate",
			"hs_merged_object_ids"},
		crm.Deals: {"dealname", "pipeline", "dealstage", "amount", "deal_currency_code", "closedate", "createdate", "hubspot_owner_id", "dealtype", "description", "hs_is_closed",
			"hs_is_closed_won", "hs_deal_stage_probability", "hs_lastmodifieddate", "hs_merged_object_ids"},
		crm.Tickets: {"subject", "content", "hs_pipeline", "hs_pipeline_stage", "hs_ticket_priority", "hs_ticket_category", "hubspot_owner_id", "createdate", "hs_lastmodifieddate",
			"closed_date", "hs_merged_object_ids"},
	}

	// historyNames are those whose earlier values are asked for, too: what a run of the past must know as it was then, and what dates memberships.
	historyNames = map[crm.ObjectType][]string{
		crm.Contacts:  {companyProperty, "firstname", "lastname", "jobtitle", "lifecyclestage"},
		crm.Companies: {"name", "lifecyclestage"},
		crm.Deals:     {"dealname", "dealstage", "amount", "closedate"},
		crm.Tickets:   {"subject", "hs_pipeline_stage", "hs_ticket_priority", "createdate", "closed_date"},
	}
)

// mostValues is how many values of one property are kept, the newest ones.
const mostValues = 20

const (
	keyProperty         = "ai_ctx_key"       // our own unique key on notes and tasks
	timeUnknownProperty = "ctx_time_unknown" // set by importers that had to make up hs_timestamp
	companyProperty     = "associatedcompanyid"
)

type cachedNames struct {
	names []string
	until time.Time
}

// names lists what to ask for: the usual properties and the operator's further ones, never what is excluded or what HubSpot calls sensitive.
func (c *Client) names(ctx context.Context, t crm.ObjectType) ([]string, error) {
	var names []string
	if t.IsActivity() {
		names = append(slices.Clone(commonActivityNames), activityNames[t]...)
	} else {
		names = slices.Clone(recordNames[t])
	}
	var further []string
	for _, name := range slices.Concat(c.opt.Properties[t], c.opt.Histories[t]) {
		if strings.HasPrefix(name, machinePrefix) { // ours: asked for even before the set-up has made them; HubSpot leaves out what it does not know
			names = append(names, name)
		} else {
			further = append(further, name)
		}
	}
	if len(further) > 0 {
		open, err := c.openNames(ctx, t)
		if err != nil {
			return nil, err
		}
		for _, name := range further {
			if slices.Contains(open, name) && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return slices.DeleteFunc(names, c.excluded), nil
}

func (c *Client) excluded(name string) bool { return slices.Contains(c.opt.ExcludeProperties, name) }

// openNames are the portal's properties that are not sensitive, remembered for an hour.
func (c *Client) openNames(ctx context.Context, t crm.ObjectType) ([]string, error) {
	c.mu.Lock()
	cached, ok := c.sensible[t]
	c.mu.Unlock()
	if ok && time.Now().Before(cached.until) {
		return cached.names, nil
	}
	defs, err := c.Properties(ctx, t)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, d := range defs {
		if !d.Sensitive {
			names = append(names, d.Name)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sensible[t] = cachedNames{names: names, until: time.Now().Add(time.Hour)}
	return names, nil
}
