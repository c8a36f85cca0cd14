package hubsim

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// try makes a request that may fail.
func (s *sim) try(method, path, body string) (int, string, error) {
	req, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.Options().Token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(raw), err
}

func TestFaults(t *testing.T) {
	note := `{"properties":{"hs_timestamp":"1790000000000","hs_note_body":"n"}}`
	s := start(t, Options{})
	set := func(f string) {
		t.Helper()
		s.want(204, "DELETE", "/_sim/faults", nil)
		s.want(201, "POST", "/_sim/faults", f)
	}
	notes := func() int { return s.State().Activities["note"] }

	set(`{"path":"/crm/objects/2026-09/notes","method":"POST","kind":"status","status":502,"count":2}`)
	for range 2 {
		s.want(502, "POST", o+"notes", note)
	}
	s.want(201, "POST", o+"notes", note)
	if notes() != 1 {
		t.Errorf("%d notes, a refused create is not applied", notes())
	}
	set(`{"path":"/crm","kind":"status","status":500,"after":true,"count":1}`)
	s.want(500, "POST", o+"notes", note)
	if notes() != 2 {
		t.Errorf("%d notes, a 5xx after applying is applied", notes())
	}
	set(`{"path":"/crm/objects","method":"post","kind":"drop_after_apply"}`)
	if status, _, err := s.try("POST", o+"notes", note); err == nil {
		t.Errorf("a cut connection answered %d", status)
	}
	if notes() < 3 || len(s.Writes(0)) != notes() {
		t.Errorf("%d notes, %d writes: the cut request is applied", notes(), len(s.Writes(0)))
	}
	s.want(200, "GET", o+"notes", nil)

	set(`{"path":"/crm/objects","kind":"truncate","count":1}`)
	status, body, err := s.try("GET", o+"notes", "")
	if status != 200 || err != nil || json.Valid([]byte(body)) || body == "" {
		t.Errorf("truncated: %d %q %v", status, body, err)
	}
	s.want(200, "GET", o+"notes", nil)

	set(`{"path":"/crm/objects","kind":"rate_limit","count":1,"retry_after":"3"}`)
	a := s.want(429, "GET", o+"notes", nil)
	if a.str("policyName") != "TEN_SECONDLY_ROLLING" || a.header.Get("Retry-After") != "3" || s.Refused() != 1 {
		t.Errorf("429: %s %v", a.raw, a.header)
	}
	set(`{"path":"/crm/objects","kind":"delay","delay_ms":60,"count":1}`)
	began := time.Now()
	s.want(200, "GET", o+"notes", nil)
	if time.Since(began) < 60*time.Millisecond {
		t.Error("not delayed")
	}
	set(`{"path":"/crm/objects","kind":"status","status":503,"rate":0.3}`)
	failed := 0
	for range 150 {
		if s.call("GET", o+"notes", nil).status == 503 {
			failed++
		}
	}
	if failed < 20 || failed > 75 {
		t.Errorf("%d of 150 failed at a rate of 0.3", failed)
	}
	for _, bad := range []string{`{"kind":"status"}`, `{"kind":"delay"}`, `{"kind":"explode"}`, `{"kind":"truncate","rate":2}`, `{`} {
		s.want(400, "POST", "/_sim/faults", bad)
	}
}

func TestControlDoor(t *testing.T) {
	s := start(t, Options{})
	if a := s.as("", "GET", "/_sim/state", nil); a.status != 200 || a.path("companies") != 0.0 || a.path("activities", "message") != 0.0 || a.path("properties") == nil {
		t.Errorf("state: %s", a.raw)
	}
	co := s.made("companies", `{"properties":{"name":"Co"}}`)
	call := s.made("calls", `{"properties":{"hs_call_title":"T"},"associations":[{"type":"companies","id":"`+co+`"}],"transcript":"Ann Lee: Hello.\nBob: Hi.","minutes":1}`)
	got := s.want(200, "GET", o+"calls/"+call+"?properties=hs_call_transcription_id,hs_timestamp", nil)
	script := s.want(200, "GET", "/crm/extensions/calling/2026-09/transcripts/"+got.str("properties", "hs_call_transcription_id"), nil)
	if got.str("properties", "hs_timestamp") == "" || script.str("transcriptUtterances", 1, "speaker", "name") != "Bob" || script.str("transcriptSource") != "HUBSPOT_GENERATED" || fmt.Sprintf("%.0f", script.path("engagementId")) != call {
		t.Errorf("call: %s %s", got.raw, script.raw)
	}
	if st := s.State(); st.Companies != 1 || st.Activities["call"] != 1 || st.Associations != 1 {
		t.Errorf("state: %+v", st)
	}
	for path, body := range map[string]string{
		"POST /_sim/objects/dragons":                          `{}`,
		"POST /_sim/objects/companies":                        `{"properties":{"nope":"1"}}`,
		"POST /_sim/objects/notes":                            `{"associations":["companies/5"]}`,
		"PATCH /_sim/objects/companies/5":                     `{"properties":{}}`,
		"DELETE /_sim/objects/companies/5":                    ``,
		"POST /_sim/objects/companies/5/restore":              ``,
		"POST /_sim/merge":                                    `{"type":"companies","primary":"` + co + `","merged":"` + co + `"}`,
		"POST /_sim/associations":                             `{"from":"companies/` + co + `","to":"companies/5"}`,
		"DELETE /_sim/objects/companies/" + co + "?gdpr=true": ``,
	} {
		method, p, _ := strings.Cut(path, " ")
		if a := s.call(method, p, body); a.status != 400 && a.status != 404 {
			t.Errorf("%s %s: %d %s", path, body, a.status, a.raw)
		}
	}
	a := s.want(201, "POST", "/_sim/import", `{"objects":3,"activities":[{"type":"notes","properties":{"hs_note_body":"x"},"associations":["companies/`+co+`"]}]}`)
	if len(a.path("created").([]any)) != 4 || s.State().Contacts != 3 {
		t.Errorf("import: %s", a.raw)
	}
	id := s.want(201, "POST", "/_sim/objects/notes", `{"properties":{"hs_note_body":"x"},"changeSource":"INTEGRATION","sourceId":"31"}`).str("id")
	if a := s.want(200, "GET", o+"notes/"+id+"?properties=hs_object_source,hs_object_source_id", nil); a.str("properties", "hs_object_source") != "INTEGRATION" || a.str("properties", "hs_object_source_id") != "31" {
		t.Errorf("another app: %s", a.raw)
	}
}

func TestTranscriptsByApps(t *testing.T) {
	s := start(t, Options{})
	call := s.made("calls", `{"properties":{}}`)
	id := s.want(200, "POST", "/crm/extensions/calling/2026-09/transcripts", `{"engagementId":`+call+`,"transcriptCreateUtterances":[{"speaker":{"id":"1","name":"Ada","email":"ada@x.example"},"text":"Hi","languageCode":"en-US","startTimeMillis":0,"endTimeMillis":900}]}`).str("id")
	a := s.want(200, "GET", "/crm/extensions/calling/2026-09/transcripts/"+id, nil)
	if a.str("transcriptUtterances", 0, "text") != "Hi" || a.str("transcriptSource") != "INTEGRATOR_GENERATED" || a.path("transcriptUtterances", 0, "endTimeMillis") != 900.0 {
		t.Errorf("transcript: %s", a.raw)
	}
	if got := s.want(200, "GET", o+"calls/"+call+"?properties=hs_call_has_transcript,hs_call_transcription_id", nil); got.str("properties", "hs_call_transcription_id") != id || got.str("properties", "hs_call_has_transcript") != "true" {
		t.Errorf("call: %s", got.raw)
	}
	s.want(404, "POST", "/crm/extensions/calling/2026-09/transcripts", `{"engagementId":5,"transcriptCreateUtterances":[]}`)
	s.want(400, "POST", "/crm/extensions/calling/2026-09/transcripts", `{"engagementId":`+call+`}`)
	s.want(204, "DELETE", o+"calls/"+call, nil)
	s.want(404, "GET", "/crm/extensions/calling/2026-09/transcripts/"+id, nil)
}

// TestFaultsAreDocumented: the help names every kind that the door takes, and no other.
func TestFaultsAreDocumented(t *testing.T) {
	s := start(t, Options{})
	lines := strings.Split(strings.TrimRight(FaultHelp(), "\n"), "\n")
	if len(lines) != len(faultKinds) {
		t.Errorf("%d lines for %d kinds", len(lines), len(faultKinds))
	}
	for _, line := range lines {
		kind := strings.Fields(line)[0]
		s.want(201, "POST", "/_sim/faults", fmt.Sprintf(`{"kind":%q,"path":"/nowhere","status":500,"delay_ms":1}`, kind))
	}
}
