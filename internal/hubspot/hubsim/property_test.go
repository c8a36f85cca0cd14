package hubsim

import (
	"strings"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

const p = "/crm/properties/2026-09/"

func TestPropertyDefinitions(t *testing.T) {
	s := start(t, Options{})
	def := func(change ...string) string {
		return strings.NewReplacer(change...).Replace(`{"name":"ai_score","label":"Score","type":"number","fieldType":"number","groupName":"ai_context"}`)
	}
	s.want(400, "POST", p+"contacts", def())
	s.want(201, "POST", p+"contacts/groups", `{"name":"ai_context","label":"AI context"}`)
	s.want(409, "POST", p+"contacts/groups", `{"name":"ai_context","label":"AI context"}`)
	s.want(400, "PATCH", o+"contacts/"+s.made("contacts", `{"properties":{"email":"a@x.example"}}`), `{"properties":{"ai_score":"1"}}`)
	for _, change := range [][2]string{{"ai_score", "AI_Score"}, {"ai_score", "1ai"}, {`"fieldType":"number"`, `"fieldType":"date"`}, {`"type":"number"`, `"type":"money"`}, {"ai_context", "nowhere"},
		{`"Score"`, `""`}, {`"type":"number","fieldType":"number"`, `"type":"enumeration","fieldType":"select"`}, {`"type":"number","fieldType":"number"`, `"type":"bool","fieldType":"booleancheckbox","hasUniqueValue":true`}} {
		if a := s.call("POST", p+"contacts", def(change[0], change[1])); a.status != 400 || a.str("category") != "VALIDATION_ERROR" {
			t.Errorf("%v: %d %s", change, a.status, a.raw)
		}
	}
	if a := s.want(201, "POST", p+"contacts", def()); a.path("hubspotDefined") != false || a.path("modificationMetadata", "readOnlyValue") != false {
		t.Errorf("created: %s", a.raw)
	}
	if a := s.want(409, "POST", p+"contacts", def()); a.str("category") != "OBJECT_ALREADY_EXISTS" || a.str("subCategory") != "Properties.PROPERTY_WITH_NAME_EXISTS" {
		t.Errorf("again: %s", a.raw)
	}
	s.want(200, "GET", p+"contacts/ai_score", nil)
	s.want(404, "GET", p+"contacts/ai_nothing", nil)
	s.want(404, "GET", p+"deals/ai_score", nil)
	s.want(400, "PATCH", p+"contacts/ai_score", `{"hasUniqueValue":true}`)
	s.want(400, "PATCH", p+"contacts/email", `{"label":"x"}`)
	if a := s.want(200, "PATCH", p+"contacts/ai_score", `{"label":"Better"}`); a.str("label") != "Better" || a.str("type") != "number" {
		t.Errorf("patched: %s", a.raw)
	}
	r := s.want(207, "POST", p+"contacts/batch/create", `{"inputs":[`+def()+`,`+def("ai_score", "ai_other")+`]}`)
	if r.str("results", 0, "name") != "ai_other" || r.path("errors", 0, "context", "name", 0) != "ai_score" || r.str("errors", 0, "category") != "OBJECT_ALREADY_EXISTS" {
		t.Errorf("batch: %s", r.raw)
	}
	s.want(207, "POST", p+"contacts/batch/read", `{"inputs":[{"name":"email"},{"name":"nope"}]}`)
	if a := s.want(400, "DELETE", p+"contacts/groups/ai_context", nil); a.str("subCategory") != "PropertyGroupError.GROUP_WITH_ACTIVE_PROPERTIES" {
		t.Errorf("group in use: %s", a.raw)
	}
	s.want(400, "DELETE", p+"contacts/email", nil)
	s.want(204, "DELETE", p+"contacts/ai_score", nil)
	s.want(404, "GET", p+"contacts/ai_score", nil)
	if a := s.want(200, "GET", p+"contacts?archived=true", nil); a.str("results", 0, "name") != "ai_score" {
		t.Errorf("archived: %s", a.raw)
	}
	s.want(201, "POST", p+"contacts", def())
	if got := strings.Join(s.State().Properties, " "); got != "ai_other ai_score" {
		t.Errorf("state lists %q", got)
	}
}

func TestStandardProperties(t *testing.T) {
	s := start(t, Options{})
	for typ, names := range map[string]string{
		"contacts":       "firstname lastname email hs_additional_emails phone mobilephone jobtitle company lifecyclestage hs_lead_status hubspot_owner_id hs_language hs_timezone country notes_last_contacted notes_last_updated num_notes hs_last_sales_activity_timestamp hs_email_optout createdate lastmodifieddate hs_merged_object_ids hs_calculated_merged_vids hs_object_source_label",
		"companies":      "name domain industry numberofemployees annualrevenue lifecyclestage hubspot_owner_id description hs_lastmodifieddate createdate",
		"deals":          "dealname pipeline dealstage amount deal_currency_code closedate createdate hubspot_owner_id dealtype description hs_is_closed hs_is_closed_won hs_deal_stage_probability hs_lastmodifieddate",
		"tickets":        "subject content hs_pipeline hs_pipeline_stage hs_ticket_priority hs_ticket_category hubspot_owner_id createdate hs_lastmodifieddate closed_date",
		"notes":          "hs_note_body hs_timestamp hubspot_owner_id hs_attachment_ids hs_createdate hs_lastmodifieddate hs_object_source_label hs_object_source_id hs_gdpr_deleted",
		"calls":          "hs_call_title hs_call_body hs_call_direction hs_call_disposition hs_call_duration hs_call_status hs_call_from_number hs_call_to_number hs_call_recording_url hs_call_has_transcript hs_call_transcription_id hs_call_summary hs_activity_type",
		"meetings":       "hs_meeting_title hs_meeting_body hs_internal_meeting_notes hs_meeting_start_time hs_meeting_end_time hs_meeting_outcome hs_meeting_location hs_meeting_external_url",
		"emails":         "hs_email_subject hs_email_text hs_email_html hs_email_direction hs_email_status hs_email_headers hs_email_from_email hs_email_to_email hs_email_cc_email hs_email_thread_id hs_email_message_id hs_email_bounce_error_detail_message",
		"tasks":          "hs_task_subject hs_task_body hs_task_status hs_task_priority hs_task_type hs_task_completion_date",
		"communications": "hs_communication_channel_type hs_communication_body hs_communication_logged_from",
	} {
		for name := range strings.FieldsSeq(names) {
			if a := s.Server.tables[crm.ObjectType(typ)].props[name]; a == nil {
				t.Errorf("%s has no %s", typ, name)
			}
		}
	}
	if a := s.want(200, "GET", p+"notes", nil); len(a.path("results").([]any)) < 20 {
		t.Errorf("list: %s", a.raw)
	}
	if a := s.want(200, "GET", p+"deals/hubspot_owner_id", nil); a.str("referencedObjectType") != "OWNER" || len(a.path("options").([]any)) != 0 || a.str("type") != "enumeration" {
		t.Errorf("owner: %s", a.raw)
	}
}

func TestUniquePropertiesOnActivities(t *testing.T) {
	body := `{"name":"ai_ctx_key","label":"Key","type":"string","fieldType":"text","groupName":"engagement","hasUniqueValue":true}`
	s := start(t, Options{RefuseUniqueOnActivities: true})
	for _, typ := range []string{"notes", "tasks", "calls"} {
		s.want(400, "POST", p+typ, body)
	}
	s.want(201, "POST", p+"deals", strings.Replace(body, "engagement", "dealinformation", 1))
	start(t, Options{}).want(201, "POST", p+"notes", body)
}

func TestSensitiveProperties(t *testing.T) {
	for _, granted := range []bool{false, true} {
		scopes := []string{"crm.objects.contacts.read", "crm.objects.contacts.write", "crm.schemas.contacts.write"}
		if granted {
			scopes = append(scopes, "crm.objects.contacts.sensitive.read")
		}
		s := start(t, Options{Scopes: scopes})
		s.want(201, "POST", p+"contacts", `{"name":"illness","label":"Illness","type":"string","fieldType":"text","groupName":"contactinformation","dataSensitivity":"sensitive"}`)
		id := s.made("contacts", `{"properties":{"email":"a@x.example","illness":"flu"}}`)
		if a := s.want(200, "GET", o+"contacts/"+id+"?properties=illness", nil); strings.Contains(a.raw, "flu") != granted {
			t.Errorf("granted %v: %s", granted, a.raw)
		}
		if a := s.want(200, "GET", p+"contacts", nil); strings.Contains(a.raw, "illness") {
			t.Errorf("sensitive properties are listed only on demand")
		}
		s.want(200, "GET", p+"contacts?dataSensitivity=sensitive", nil)
	}
}
