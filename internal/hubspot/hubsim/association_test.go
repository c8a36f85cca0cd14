package hubsim

import (
	"fmt"
	"strings"
	"testing"
)

const as2 = "/crm/associations/2026-03/"

func TestAssociationsHaveTwoEnds(t *testing.T) {
	s := start(t, Options{})
	c, d := s.made("contacts", `{"properties":{"email":"a@x.example"}}`), s.made("deals", `{"properties":{"dealname":"D","dealstage":"contractsent"}}`)
	n := s.want(201, "POST", o+"notes", `{"properties":{"hs_timestamp":"1"},"associations":[{"to":{"id":`+c+`},"types":[{"associationCategory":"HUBSPOT_DEFINED","associationTypeId":202}]},{"to":{"id":"`+d+`"},"types":[{"associationCategory":"HUBSPOT_DEFINED","associationTypeId":214}]}]}`).str("id")
	r := s.want(207, "POST", as2+"contacts/notes/batch/read", `{"inputs":[{"id":"`+c+`"},{"id":"777"}]}`)
	if r.str("results", 0, "from", "id") != c || fmt.Sprintf("%.0f", r.path("results", 0, "to", 0, "toObjectId")) != n || r.path("results", 0, "to", 0, "associationTypes", 0, "typeId") != 201.0 || r.path("results", 0, "to", 0, "associationTypes", 0, "label") != nil {
		t.Errorf("read: %s", r.raw)
	}
	if e := r.path("errors", 0).(map[string]any); e["subCategory"] != "crm.associations.NO_ASSOCIATIONS_FOUND" || e["message"] != "No note is associated with contact 777." || r.path("errors", 0, "context", "fromObjectId", 0) != "777" {
		t.Errorf("none: %s", r.raw)
	}
	if !strings.Contains(r.raw, `"toObjectId":`+n) || strings.Contains(r.raw, `"toObjectId":"`) {
		t.Errorf("toObjectId is a number: %s", r.raw)
	}
	s.want(200, "POST", as2+"note/0-3/batch/read", `{"inputs":[{"id":"`+n+`"}]}`)
	s.want(400, "POST", o+"notes", `{"properties":{"hs_timestamp":"1"},"associations":[{"to":{"id":"`+c+`"},"types":[{"associationTypeId":201}]}]}`)
	s.want(400, "POST", o+"notes", `{"properties":{"hs_timestamp":"1"},"associations":[{"to":{"id":"5"},"types":[{"associationTypeId":202}]}]}`)

	s.want(204, "DELETE", o+"notes/"+n+"/associations/deals/"+d, nil)
	if r := s.want(200, "GET", o+"deals/"+d+"/associations/notes", nil); len(r.path("results").([]any)) != 0 {
		t.Errorf("the other end is still there: %s", r.raw)
	}
	if r := s.want(200, "PUT", o+"notes/"+n+"/associations/default/deals/"+d, nil); r.path("results", 0, "associationSpec", "associationTypeId") != 214.0 {
		t.Errorf("default: %s", r.raw)
	}
	s.want(400, "PUT", o+"notes/"+n+"/associations/deals/"+d, `[{"associationCategory":"HUBSPOT_DEFINED","associationTypeId":213}]`)
	s.want(404, "PUT", o+"notes/"+n+"/associations/default/deals/5", nil)
	s.want(204, "DELETE", o+"notes/"+n, nil)
	s.want(207, "POST", as2+"contacts/notes/batch/read", `{"inputs":[{"id":"`+c+`"}]}`)
}

func TestPrimaryCompany(t *testing.T) {
	s := start(t, Options{})
	c := s.made("contacts", `{"properties":{"email":"a@x.example"}}`)
	one, two := s.made("companies", `{"properties":{"name":"One"}}`), s.made("companies", `{"properties":{"name":"Two"}}`)
	primary := func() string {
		r := s.call("POST", as2+"contacts/companies/batch/read", `{"inputs":[{"id":"`+c+`"}]}`)
		var out []string
		to, _ := r.path("results", 0, "to").([]any)
		for i := range to {
			for j := range r.path("results", 0, "to", i, "associationTypes").([]any) {
				if r.path("results", 0, "to", i, "associationTypes", j, "label") == "Primary" {
					out = append(out, fmt.Sprintf("%.0f", r.path("results", 0, "to", i, "toObjectId")))
				}
			}
		}
		id := s.want(200, "GET", o+"contacts/"+c+"?properties=associatedcompanyid", nil).str("properties", "associatedcompanyid")
		if strings.Join(out, ",") != id {
			t.Errorf("primary %v, associatedcompanyid %q", out, id)
		}
		return id
	}
	s.want(200, "PUT", o+"companies/"+one+"/associations/default/contacts/"+c, nil)
	if primary() != one {
		t.Errorf("the first company is the primary one, whichever end it is linked from")
	}
	s.want(200, "POST", as2+"contacts/companies/batch/associate/default", `{"inputs":[{"from":{"id":"`+c+`"},"to":{"id":"`+two+`"}}]}`)
	if primary() != one {
		t.Errorf("a second company does not become primary by itself")
	}
	r := s.want(201, "PUT", o+"contacts/"+c+"/associations/companies/"+two, `[{"associationCategory":"HUBSPOT_DEFINED","associationTypeId":1}]`)
	if primary() != two || r.path("labels", 0) != "Primary" {
		t.Errorf("the label moves: %s", r.raw)
	}
	inline := s.want(200, "GET", o+"contacts/"+c+"?associations=companies", nil)
	kinds := map[string]int{}
	for _, e := range inline.path("associations", "companies", "results").([]any) {
		kinds[e.(map[string]any)["type"].(string)]++
	}
	if kinds["contact_to_company"] != 1 || kinds["contact_to_company_unlabeled"] != 2 {
		t.Errorf("inline: %s", inline.raw)
	}
	s.want(204, "POST", as2+"contacts/companies/batch/archive", `{"inputs":[{"from":{"id":"`+c+`"},"to":[{"id":"`+two+`"}]}]}`)
	if primary() != "" {
		t.Errorf("no primary company is left")
	}
	h := s.want(200, "GET", o+"contacts/"+c+"?propertiesWithHistory=associatedcompanyid", nil).path("propertiesWithHistory", "associatedcompanyid").([]any)
	if len(h) != 3 {
		t.Errorf("history of the company: %v", h)
	}
	if l := s.want(200, "GET", as2+"contacts/companies/labels", nil); l.str("results", 0, "label") != "Primary" || l.path("results", 0, "typeId") != 1.0 || l.path("results", 1, "typeId") != 279.0 {
		t.Errorf("labels: %s", l.raw)
	}
}

func TestLabels(t *testing.T) {
	s := start(t, Options{})
	c, d := s.made("contacts", `{"properties":{"email":"a@x.example"}}`), s.made("deals", `{"properties":{"dealname":"D","dealstage":"contractsent"}}`)
	l := s.want(200, "POST", as2+"contacts/deals/labels", `{"name":"champion","label":"Champion","inverseLabel":"Championed by"}`)
	id := fmt.Sprintf("%.0f", l.path("results", 0, "typeId"))
	s.want(201, "POST", as2+"contacts/deals/batch/create", `{"inputs":[{"from":{"id":"`+c+`"},"to":{"id":"`+d+`"},"types":[{"associationCategory":"USER_DEFINED","associationTypeId":`+id+`}]}]}`)
	r := s.want(200, "POST", as2+"deals/contacts/batch/read", `{"inputs":[{"id":"`+d+`"}]}`)
	if !strings.Contains(r.raw, `"Championed by"`) || !strings.Contains(r.raw, `"typeId":3`) || !strings.Contains(r.raw, "USER_DEFINED") {
		t.Errorf("the label from the other end, and the plain association: %s", r.raw)
	}
	s.want(204, "POST", as2+"contacts/deals/batch/labels/archive", `{"inputs":[{"from":{"id":"`+c+`"},"to":{"id":"`+d+`"},"types":[{"associationCategory":"USER_DEFINED","associationTypeId":`+id+`}]}]}`)
	if r := s.want(200, "POST", as2+"deals/contacts/batch/read", `{"inputs":[{"id":"`+d+`"}]}`); strings.Contains(r.raw, "Championed") {
		t.Errorf("the label is still there: %s", r.raw)
	}
	s.want(201, "PUT", o+"contacts/"+c+"/associations/deals/"+d, `[{"associationCategory":"USER_DEFINED","associationTypeId":`+id+`}]`)
	s.want(201, "PUT", o+"contacts/"+c+"/associations/deals/"+d, `[{"associationCategory":"HUBSPOT_DEFINED","associationTypeId":4}]`)
	if r := s.want(200, "GET", o+"contacts/"+c+"/associations/deals", nil); strings.Contains(r.raw, "Champion") {
		t.Errorf("PUT replaces labels: %s", r.raw)
	}
	s.want(207, "POST", as2+"contacts/deals/batch/create", `{"inputs":[{"from":{"id":"`+c+`"},"to":{"id":"`+d+`"},"types":[{"associationCategory":"HUBSPOT_DEFINED","associationTypeId":3}]}]}`)
}

func TestAssociationPages(t *testing.T) {
	s := start(t, Options{RateLimit: -1})
	s.want(201, "POST", "/_sim/import", `{"objects":1,"activities":1203}`)
	c := s.want(200, "GET", o+"contacts", nil).str("results", 0, "id")
	seen, after := map[float64]bool{}, ""
	for range 5 {
		r := s.want(200, "POST", as2+"contacts/notes/batch/read", `{"inputs":[{"id":"`+c+`","after":"`+after+`"}]}`)
		for _, to := range r.path("results", 0, "to").([]any) {
			seen[to.(map[string]any)["toObjectId"].(float64)] = true
		}
		if after = r.str("results", 0, "paging", "next", "after"); after == "" {
			break
		}
	}
	if len(seen) != 1203 || after != "" {
		t.Errorf("%d notes read, want 1203", len(seen))
	}
	if r := s.want(200, "GET", o+"contacts/"+c+"/associations/notes?limit=500", nil); len(r.path("results").([]any)) != 500 || r.str("paging", "next", "after") == "" {
		t.Errorf("single form: %d", len(r.path("results").([]any)))
	}
	s.want(400, "GET", o+"contacts/"+c+"/associations/notes?limit=501", nil)
	if r := s.want(200, "GET", o+"contacts/"+c+"?associations=notes", nil); len(r.path("associations", "notes", "results").([]any)) != 100 || r.str("associations", "notes", "paging", "next", "after") == "" {
		t.Errorf("inline lists end at 100")
	}
	s.want(400, "POST", as2+"contacts/notes/batch/read", inputs(1001, `{"id":"%d"}`))
	s.want(400, "POST", as2+"contacts/notes/batch/create", inputs(2001, `{"from":{"id":"%d"},"to":{"id":"1"}}`))
}
