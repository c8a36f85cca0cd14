package hubsim

import (
	"fmt"
	"strings"
	"testing"
)

const o = "/crm/objects/2026-09/"

func TestObjectLife(t *testing.T) {
	s := start(t, Options{})
	made := s.want(201, "POST", o+"contacts", `{"properties":{"email":"Kim@Buyer.example","firstname":"Kim"}}`)
	id := made.str("id")
	if made.str("properties", "email") != "kim@buyer.example" || made.str("properties", "hs_object_id") != id || made.str("properties", "lastmodifieddate") == "" || made.path("archived") != false {
		t.Errorf("created: %s", made.raw)
	}
	if a := s.want(409, "POST", o+"contacts", `{"properties":{"email":"kim@buyer.example"}}`); a.str("category") != "CONFLICT" || !strings.Contains(a.str("message"), "Existing ID: "+id) {
		t.Errorf("duplicate: %s", a.raw)
	}
	for _, form := range []string{"contacts", "contact", "0-1"} {
		for _, ver := range []string{"2026-03", "2026-09", "v3"} {
			s.want(200, "GET", "/crm/objects/"+ver+"/"+form+"/"+id, nil)
		}
	}
	s.want(404, "GET", "/crm/objects/2026-9/contacts/"+id, nil)
	s.want(400, "GET", o+"dragons/"+id, nil)

	got := s.want(200, "GET", o+"contacts/kim@buyer.example?idProperty=email&properties=phone,nonsense,firstname", nil)
	props := got.path("properties").(map[string]any)
	if v, there := props["phone"]; !there || v != nil {
		t.Errorf("a known empty property is null: %s", got.raw)
	}
	if _, there := props["nonsense"]; there {
		t.Errorf("an unknown property is left out on read: %s", got.raw)
	}
	up := s.want(200, "PATCH", o+"contacts/KIM@buyer.example?idProperty=email", `{"properties":{"phone":"+49 1","firstname":""}}`)
	if up.str("properties", "phone") != "+49 1" || up.path("properties", "firstname") != nil {
		t.Errorf("updated: %s", up.raw)
	}
	s.want(204, "DELETE", o+"contacts/"+id, nil)
	s.want(204, "DELETE", o+"contacts/"+id, nil)
	if a := s.want(404, "GET", o+"contacts/"+id, nil); a.str("category") != "OBJECT_NOT_FOUND" || a.str("correlationId") == "" || a.str("correlationId") != a.header.Get("X-HubSpot-Correlation-Id") {
		t.Errorf("missing: %s", a.raw)
	}
	if a := s.want(200, "GET", o+"contacts/"+id+"?archived=true", nil); a.path("archived") != true || a.str("archivedAt") == "" {
		t.Errorf("archived: %s", a.raw)
	}
	if a := s.want(200, "GET", o+"contacts?archived=true", nil); a.str("results", 0, "id") != id {
		t.Errorf("archived list: %s", a.raw)
	}
	if a := s.want(200, "GET", o+"contacts", nil); a.path("results", 0) != nil {
		t.Errorf("live list: %s", a.raw)
	}
}

func TestValuesAreValidated(t *testing.T) {
	s := start(t, Options{})
	id := s.made("deals", `{"properties":{"dealname":"D","dealstage":"contractsent"}}`)
	for _, c := range []struct{ prop, value, code string }{
		{"no_such_thing", `"1"`, "PROPERTY_DOESNT_EXIST"},
		{"amount", `"12,5"`, "INVALID_LONG"},
		{"amount", `"NaN"`, "INVALID_LONG"},
		{"closedate", `"soon"`, "INVALID_DATE"},
		{"dealtype", `"rebate"`, "INVALID_OPTION"},
		{"dealstage", `"4711"`, "INVALID_OPTION"},
		{"pipeline", `"4711"`, "INVALID_OPTION"},
		{"hubspot_owner_id", `"1"`, "INVALID_OWNER_ID"},
		{"hs_object_id", `"1"`, "READ_ONLY_VALUE"},
		{"hs_is_closed", `"true"`, "READ_ONLY_VALUE"},
		{"description", `"` + strings.Repeat("é", 65_537) + `"`, "PROPERTY_VALUE_TOO_LONG"},
	} {
		a := s.want(400, "PATCH", o+"deals/"+id, `{"properties":{"`+c.prop+`":`+c.value+`}}`)
		if a.str("errors", 0, "code") != c.code || a.str("errors", 0, "context", "propertyName") != "" || !strings.HasPrefix(a.str("message"), "Property values were not valid: [{") || a.str("category") != "VALIDATION_ERROR" {
			t.Errorf("%s=%.20s: %.300s, want %s", c.prop, c.value, a.raw, c.code)
		}
	}
	s.want(200, "PATCH", o+"deals/"+id, `{"properties":{"description":"`+strings.Repeat("é", 65_536)+`"}}`)
	for in, want := range map[string]string{`"1790000000000"`: "2026-09-21T14:13:20Z", `"2026-12-15"`: "2026-12-15T00:00:00Z", `"2026-12-15T10:00:00.250+01:00"`: "2026-12-15T09:00:00.250Z"} {
		if a := s.want(200, "PATCH", o+"deals/"+id, `{"properties":{"closedate":`+in+`}}`); a.str("properties", "closedate") != want {
			t.Errorf("closedate %s is read back as %s, want %s", in, a.str("properties", "closedate"), want)
		}
	}
	if a := s.want(200, "PATCH", o+"deals/"+id, `{"properties":{"amount":12.5,"hs_next_step":null}}`); a.str("properties", "amount") != "12.5" {
		t.Errorf("a JSON number: %s", a.raw)
	}
	for typ, missing := range map[string]string{"notes": "hs_timestamp", "emails": "hs_email_direction", "communications": "hs_communication_channel_type", "deals": "dealstage", "tickets": "subject", "companies": "name"} {
		a := s.want(400, "POST", o+typ, `{"properties":{}}`)
		if !strings.Contains(a.raw, missing) || a.str("category") != "VALIDATION_ERROR" {
			t.Errorf("%s without %s: %s", typ, missing, a.raw)
		}
	}
	c := s.made("contacts", `{"properties":{"email":"a@b.example","lifecyclestage":"customer"}}`)
	if a := s.want(200, "PATCH", o+"contacts/"+c, `{"properties":{"lifecyclestage":"lead"}}`); a.str("properties", "lifecyclestage") != "customer" {
		t.Errorf("the lifecycle stage moved back: %s", a.raw)
	}
	s.want(200, "PATCH", o+"contacts/"+c, `{"properties":{"lifecyclestage":""}}`)
	if a := s.want(200, "PATCH", o+"contacts/"+c, `{"properties":{"lifecyclestage":"lead"}}`); a.str("properties", "lifecyclestage") != "lead" {
		t.Errorf("after clearing it may: %s", a.raw)
	}
	s.want(400, "PATCH", o+"contacts/"+c, `{"properties":{"email":"nonsense"}}`)
}

func TestHistoryTellsWhoWrote(t *testing.T) {
	s := start(t, Options{AppID: 77})
	id := s.made("companies", `{"properties":{"name":"One"}}`)
	s.want(200, "PATCH", o+"companies/"+id, `{"properties":{"name":"Two"}}`)
	s.want(200, "PATCH", o+"companies/"+id, `{"properties":{"name":"Two"}}`)
	a := s.want(200, "GET", o+"companies/"+id+"?propertiesWithHistory=name,nonsense", nil)
	h := a.path("propertiesWithHistory", "name").([]any)
	if len(h) != 2 || a.str("propertiesWithHistory", "name", 0, "sourceType") != "INTEGRATION" || a.str("propertiesWithHistory", "name", 0, "sourceId") != "77" ||
		a.str("propertiesWithHistory", "name", 1, "sourceType") != "CRM_UI" || a.str("propertiesWithHistory", "name", 1, "value") != "One" {
		t.Errorf("newest first, with sources: %s", a.raw)
	}
	s.want(201, "POST", "/_sim/import", `{"objects":[{"type":"companies","properties":{"name":"Three"}}]}`)
	a = s.want(200, "GET", o+"companies?propertiesWithHistory=name", nil)
	if a.str("results", 1, "propertiesWithHistory", "name", 0, "sourceType") != "IMPORT" {
		t.Errorf("imported: %s", a.raw)
	}
}

func TestListPages(t *testing.T) {
	s := start(t, Options{RateLimit: -1})
	for i := range 25 {
		s.made("notes", fmt.Sprintf(`{"properties":{"hs_note_body":"n%d"}}`, i))
	}
	seen, after, pages := map[string]bool{}, "", 0
	for {
		a := s.want(200, "GET", o+"notes?limit=10&properties=hs_note_body&after="+after, nil)
		for _, r := range a.path("results").([]any) {
			seen[r.(map[string]any)["id"].(string)] = true
		}
		pages++
		if after = a.str("paging", "next", "after"); after == "" {
			break
		}
	}
	if len(seen) != 25 || pages != 3 {
		t.Errorf("%d notes on %d pages, want 25 on 3", len(seen), pages)
	}
	if a := s.want(200, "GET", o+"notes", nil); len(a.path("results").([]any)) != 10 {
		t.Errorf("the default page has 10")
	}
	for _, bad := range []string{"limit=101", "limit=0", "limit=x", "after=x", "limit=51&propertiesWithHistory=hs_note_body"} {
		s.want(400, "GET", o+"notes?"+bad, nil)
	}
	s.want(414, "GET", o+"notes?properties="+strings.Repeat("hs_note_body,", 900), nil)
}

func TestMergeMakesANewRecord(t *testing.T) {
	s := start(t, Options{})
	c := s.made("companies", `{"properties":{"name":"Co"}}`)
	a := s.made("contacts", `{"properties":{"email":"a@x.example"},"associations":["companies/`+c+`"]}`)
	b := s.made("contacts", `{"properties":{"email":"b@x.example","phone":"1"}}`)
	note := s.made("notes", `{"properties":{"hs_note_body":"n"},"associations":["contacts/`+b+`"]}`)
	s.want(400, "POST", o+"contacts/merge", `{"primaryObjectId":"`+a+`","objectIdToMerge":"`+a+`"}`)
	m := s.want(200, "POST", o+"contacts/merge", `{"primaryObjectId":"`+a+`","objectIdToMerge":"`+b+`"}`)
	id := m.str("id")
	if id == a || id == b {
		t.Fatalf("a merge makes a new id, got %s of %s and %s", id, a, b)
	}
	for _, old := range []string{a, b, id} {
		got := s.want(200, "GET", o+"contacts/"+old+"?properties=email,phone,hs_merged_object_ids,associatedcompanyid&associations=notes,companies", nil)
		if got.str("id") != id || got.str("properties", "email") != "a@x.example" || got.str("properties", "phone") != "1" || got.str("properties", "hs_merged_object_ids") != a+";"+b {
			t.Errorf("GET %s: %s", old, got.raw)
		}
		if got.str("associations", "notes", "results", 0, "id") != note || got.str("properties", "associatedcompanyid") != c {
			t.Errorf("the associations moved: %s", got.raw)
		}
	}
	s.want(200, "PATCH", o+"contacts/"+b, `{"properties":{"phone":"2"}}`)
	if r := s.want(207, "POST", o+"contacts/batch/update", `{"inputs":[{"id":"`+b+`","properties":{"phone":"3"}}]}`); r.str("errors", 0, "context", "ids") != "" || r.path("errors", 0, "context", "ids", 0) != b {
		t.Errorf("batch update does not follow merged ids: %s", r.raw)
	}
}

func TestPrivacyDeletionLeavesNothing(t *testing.T) {
	s := start(t, Options{})
	id := s.made("contacts", `{"properties":{"email":"a@x.example"}}`)
	note := s.made("notes", `{"properties":{"hs_note_body":"n"},"associations":["contacts/`+id+`"]}`)
	s.want(204, "POST", o+"contacts/gdpr-delete", `{"objectId":"a@x.example","idProperty":"email"}`)
	s.want(404, "GET", o+"contacts/"+id+"?archived=true", nil)
	s.want(404, "GET", o+"contacts/"+id, nil)
	if a := s.want(200, "GET", o+"notes/"+note+"?associations=contacts", nil); a.path("associations") != nil {
		t.Errorf("the note still names the person: %s", a.raw)
	}
	s.want(204, "POST", o+"contacts/gdpr-delete", `{"objectId":"nobody@x.example","idProperty":"email"}`)
	s.want(404, "POST", o+"deals/gdpr-delete", `{"objectId":"1"}`)
}

func TestCalculatedProperties(t *testing.T) {
	s := start(t, Options{})
	d := s.made("deals", `{"properties":{"dealname":"D","dealstage":"closedwon"}}`)
	a := s.want(200, "GET", o+"deals/"+d+"?properties=hs_is_closed,hs_is_closed_won,hs_deal_stage_probability,pipeline", nil)
	if a.str("properties", "hs_is_closed_won") != "true" || a.str("properties", "hs_deal_stage_probability") != "1.0" || a.str("properties", "pipeline") != "default" {
		t.Errorf("deal: %s", a.raw)
	}
	n := s.made("notes", `{"properties":{"hs_note_body":"<p>a &amp; <b>b</b></p>","hs_timestamp":"2026-01-01T00:00:00Z"},"associations":["deals/`+d+`"],"user":7103}`)
	a = s.want(200, "GET", o+"notes/"+n+"?properties=hs_body_preview,hs_object_source,hs_object_source_id,hs_created_by_user_id", nil)
	if a.str("properties", "hs_body_preview") != "a & b" || a.str("properties", "hs_object_source_id") != "userId:7103" || a.str("properties", "hs_created_by_user_id") != "7103" {
		t.Errorf("note: %s", a.raw)
	}
	a = s.want(200, "GET", o+"deals/"+d+"?properties=num_notes,notes_last_updated,notes_last_contacted", nil)
	if a.str("properties", "num_notes") != "1" || a.str("properties", "notes_last_updated") != "2026-01-01T00:00:00Z" || a.path("properties", "notes_last_contacted") != nil {
		t.Errorf("sums: %s", a.raw)
	}
}

func TestAdministratorsRules(t *testing.T) {
	s := start(t, Options{Rules: []Rule{{Type: "deals", Property: "amount"}, {Type: "deals", Property: "closed_lost_reason", When: "dealstage", Is: "closedlost"}}})
	if a := s.want(400, "POST", o+"deals", `{"properties":{"dealname":"D","dealstage":"contractsent"}}`); a.str("errors", 0, "code") != "MISSING_REQUIRED_PROPERTY" || a.path("errors", 0, "context", "propertyName", 0) != "amount" {
		t.Errorf("create: %s", a.raw)
	}
	id := s.want(201, "POST", o+"deals", `{"properties":{"dealname":"D","dealstage":"contractsent","amount":"1"}}`).str("id")
	s.want(200, "PATCH", o+"deals/"+id, `{"properties":{"amount":""}}`)
	if a := s.want(400, "PATCH", o+"deals/"+id, `{"properties":{"dealstage":"closedlost"}}`); a.str("errors", 0, "code") != "MISSING_CONDITIONAL_REQUIRED_PROPERTY" {
		t.Errorf("update: %s", a.raw)
	}
	s.want(200, "PATCH", o+"deals/"+id, `{"properties":{"dealstage":"closedlost","closed_lost_reason":"price"}}`)
}
