package hubsim

import (
	"fmt"
	"strings"
	"testing"
)

// inputs repeats a JSON object n times with its number filled in.
func inputs(n int, format string) string {
	var list []string
	for i := range n {
		list = append(list, strings.ReplaceAll(format, "%d", fmt.Sprint(i)))
	}
	return `{"properties":[],"propertiesWithHistory":[],"inputs":[` + strings.Join(list, ",") + `]}`
}

func TestBatchCaps(t *testing.T) {
	s := start(t, Options{})
	for _, op := range []string{"read", "create", "update", "upsert", "archive"} {
		s.want(400, "POST", o+"contacts/batch/"+op, inputs(101, `{"id":"%d","idProperty":"email","properties":{}}`))
		s.want(400, "POST", o+"contacts/batch/"+op, `{"inputs":[]}`)
	}
	body := strings.Replace(inputs(51, `{"id":"%d"}`), `"propertiesWithHistory":[]`, `"propertiesWithHistory":["email"]`, 1)
	if a := s.want(400, "POST", o+"contacts/batch/read", body); !strings.Contains(a.str("message"), "property histories is 50") {
		t.Errorf("history cap: %s", a.raw)
	}
}

func TestBatchReadTellsWhatIsMissing(t *testing.T) {
	s := start(t, Options{})
	a, b := s.made("notes", `{"properties":{"hs_note_body":"a"}}`), s.made("notes", `{"properties":{"hs_note_body":"b"}}`)
	if r := s.want(200, "POST", o+"notes/batch/read", `{"properties":["hs_note_body"],"inputs":[{"id":"`+b+`"},{"id":`+a+`}]}`); r.str("results", 0, "id") != a || r.path("numErrors") != nil {
		t.Errorf("read: %s", r.raw)
	}
	r := s.want(207, "POST", o+"notes/batch/read", `{"properties":["hs_note_body"],"inputs":[{"id":"`+a+`"},{"id":"99"},{"id":"98"}]}`)
	if r.path("numErrors") != 1.0 || r.str("errors", 0, "category") != "OBJECT_NOT_FOUND" || fmt.Sprint(r.path("errors", 0, "context", "ids")) != "[99 98]" || r.str("results", 0, "id") != a || r.str("status") != "COMPLETE" {
		t.Errorf("207: %s", r.raw)
	}
	c := s.made("contacts", `{"properties":{"email":"k@x.example"}}`)
	if r := s.want(200, "POST", o+"contacts/batch/read", `{"idProperty":"email","inputs":[{"id":"K@x.example"}]}`); r.str("results", 0, "id") != c {
		t.Errorf("by e-mail: %s", r.raw)
	}
	s.want(204, "POST", o+"notes/batch/archive", `{"inputs":[{"id":"`+a+`"},{"id":"99"}]}`)
	s.want(207, "POST", o+"notes/batch/read", `{"inputs":[{"id":"`+a+`"}]}`)
	s.want(200, "POST", o+"notes/batch/read?archived=true", `{"inputs":[{"id":"`+a+`"}]}`)
}

func TestBatchCreateIsAllOrNothingWithoutTraceIDs(t *testing.T) {
	s := start(t, Options{})
	bad := `{"inputs":[{"properties":{"email":"a@x.example"}},{"properties":{"email":"b@x.example","nope":"1"}}]}`
	s.want(400, "POST", o+"contacts/batch/create", bad)
	if s.State().Contacts != 0 {
		t.Fatal("a failed batch left something behind")
	}
	traced := `{"inputs":[{"objectWriteTraceId":"t1","properties":{"email":"a@x.example"}},{"objectWriteTraceId":"t2","properties":{"nope":"1"}},{"objectWriteTraceId":"t3","properties":{"email":"A@x.example"}}]}`
	r := s.want(207, "POST", o+"contacts/batch/create", traced)
	if s.State().Contacts != 1 || r.path("numErrors") != 2.0 || r.str("results", 0, "objectWriteTraceId") != "t1" ||
		r.path("errors", 0, "context", "objectWriteTraceId", 0) != "t2" || r.path("errors", 1, "context", "objectWriteTraceId", 0) != "t3" || r.str("errors", 1, "category") != "CONFLICT" {
		t.Errorf("207: %s", r.raw)
	}
	same := `{"inputs":[{"objectWriteTraceId":"t","properties":{"email":"c@x.example"}},{"objectWriteTraceId":"t","properties":{"nope":"1"}}]}`
	s.want(400, "POST", o+"contacts/batch/create", same)
	if r := s.want(201, "POST", o+"contacts/batch/create", `{"inputs":[{"properties":{"email":"d@x.example"}}]}`); r.str("results", 0, "properties", "email") != "d@x.example" {
		t.Errorf("201: %s", r.raw)
	}
}

func TestBatchUpdateTiesErrorsToInputs(t *testing.T) {
	s := start(t, Options{})
	a, b := s.made("contacts", `{"properties":{"email":"a@x.example"}}`), s.made("contacts", `{"properties":{"email":"b@x.example"}}`)
	r := s.want(207, "POST", o+"contacts/batch/update", `{"inputs":[{"id":"`+a+`","properties":{"phone":"1"}},{"id":"`+b+`","properties":{"nope":"1"}},{"id":"7","properties":{"phone":"1"}}]}`)
	if r.str("results", 0, "id") != a || r.path("errors", 0, "context", "ids", 0) != b || r.path("errors", 1, "context", "ids", 0) != "7" || r.str("errors", 0, "errors", 0, "code") != "PROPERTY_DOESNT_EXIST" {
		t.Errorf("207: %s", r.raw)
	}
	s.want(400, "POST", o+"contacts/batch/update", `{"inputs":[{"id":"`+a+`","properties":{}},{"id":"`+a+`","properties":{}}]}`)
	s.want(200, "POST", o+"contacts/batch/update", `{"inputs":[{"id":"a@x.example","idProperty":"email","properties":{"phone":"2"}}]}`)
}

func TestUpsertOnAUniqueProperty(t *testing.T) {
	s := start(t, Options{})
	s.want(400, "POST", o+"notes/batch/upsert", `{"inputs":[]}`)
	s.want(201, "POST", "/crm/properties/2026-09/notes", `{"name":"ai_ctx_key","label":"Key","type":"string","fieldType":"text","groupName":"engagement","hasUniqueValue":true}`)
	body := `{"inputs":[{"id":"k1","idProperty":"ai_ctx_key","properties":{"hs_note_body":"x","hs_timestamp":"1790000000000"}}]}`
	first := s.want(200, "POST", o+"notes/batch/upsert", body)
	second := s.want(200, "POST", o+"notes/batch/upsert", body)
	if first.path("results", 0, "new") != true || second.path("results", 0, "new") != false || first.str("results", 0, "id") != second.str("results", 0, "id") || s.State().Activities["note"] != 1 {
		t.Errorf("upserts: %s then %s", first.raw, second.raw)
	}
	w := s.Writes(0)
	if last := w[len(w)-1]; !last.Repeat || w[len(w)-2].Repeat || last.Object != "notes/"+first.str("results", 0, "id") {
		t.Errorf("the second upsert is an exact repeat, the first is not: %+v", w)
	}
	if a := s.want(400, "PATCH", o+"notes/"+s.made("notes", `{"properties":{}}`), `{"properties":{"ai_ctx_key":"k1"}}`); a.str("errors", 0, "code") != "CONFLICTING_UNIQUE_VALUE" {
		t.Errorf("conflict: %s", a.raw)
	}
	if r := s.want(207, "POST", o+"notes/batch/upsert", `{"inputs":[{"id":"x","idProperty":"hs_note_body","properties":{}},{"id":"y","idProperty":"ai_ctx_key","properties":{}}]}`); r.path("numErrors") != 2.0 {
		t.Errorf("not unique, and without a timestamp: %s", r.raw)
	}
	s.want(204, "DELETE", o+"notes/"+first.str("results", 0, "id"), nil)
	if again := s.want(200, "POST", o+"notes/batch/upsert", body); again.path("results", 0, "new") != true {
		t.Errorf("an archived note frees its key: %s", again.raw)
	}
}

func TestWritesAreLogged(t *testing.T) {
	s := start(t, Options{AppID: 5})
	id := s.made("deals", `{"properties":{"dealname":"D","dealstage":"contractsent"}}`)
	if len(s.Writes(0)) != 0 {
		t.Fatalf("people's changes are not in the log: %+v", s.Writes(0))
	}
	s.want(200, "PATCH", o+"deals/"+id, `{"properties":{"amount":"5","description":""}}`)
	s.want(200, "PATCH", o+"deals/"+id, `{"properties":{"amount":"5"}}`)
	s.want(400, "PATCH", o+"deals/"+id, `{"properties":{"amount":"x"}}`)
	note := s.want(201, "POST", o+"notes", `{"properties":{"hs_timestamp":"1","hs_note_body":"n"},"associations":[{"to":{"id":"`+id+`"},"types":[{"associationCategory":"HUBSPOT_DEFINED","associationTypeId":214}]}]}`)
	items := s.want(200, "GET", "/_sim/writes?since=0", nil).path("items").([]any)
	if len(items) != 3 {
		t.Fatalf("%d writes, want 3: %v", len(items), items)
	}
	first, second, third := items[0].(map[string]any), items[1].(map[string]any), items[2].(map[string]any)
	if first["repeat"] != false || second["repeat"] != true || third["repeat"] != false || first["app"] != "5" || first["object"] != "deals/"+id || first["method"] != "PATCH" ||
		first["before"].(map[string]any)["amount"] != "" || first["after"].(map[string]any)["amount"] != "5" || second["seq"] != 2.0 {
		t.Errorf("log: %v", items)
	}
	if third["object"] != "notes/"+note.str("id") || fmt.Sprint(third["associations"]) != "[deals/"+id+"]" {
		t.Errorf("create: %v", third)
	}
	if a := s.want(200, "GET", "/_sim/writes?since=2", nil); len(a.path("items").([]any)) != 1 {
		t.Errorf("since: %s", a.raw)
	}
	s.want(400, "GET", "/_sim/writes?since=yesterday", nil)
}
