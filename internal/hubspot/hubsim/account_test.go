package hubsim

import (
	"net/http"
	"strings"
	"testing"
)

func TestAuthScopesAndAccount(t *testing.T) {
	s := start(t, Options{Scopes: []string{"crm.objects.contacts.read", "crm.objects.owners.read"}, Token: "secret"})
	for _, token := range []string{"", "wrong"} {
		if a := s.as(token, "GET", o+"contacts", nil); a.status != 401 || a.str("category") != "INVALID_AUTHENTICATION" {
			t.Errorf("token %q: %d %s", token, a.status, a.raw)
		}
	}
	for path, scope := range map[string]string{"GET " + o + "deals": "crm.objects.deals.read", "GET " + o + "tickets": "tickets", "POST " + o + "notes": "crm.objects.contacts.write",
		"POST /crm/properties/2026-09/deals": "crm.schemas.deals.write", "POST /crm/associations/2026-03/contacts/companies/batch/read": "crm.objects.companies.read"} {
		method, p, _ := strings.Cut(path, " ")
		a := s.want(403, method, p, `{}`)
		if a.str("category") != "MISSING_SCOPES" || a.path("errors", 0, "context", "requiredGranularScopes", 0) != scope {
			t.Errorf("%s: %s, want %s", path, a.raw, scope)
		}
	}
	s.want(200, "GET", o+"calls", nil)
	mail := s.made("emails", `{"properties":{"hs_email_direction":"EMAIL","hs_email_text":"private"}}`)
	if a := s.want(200, "GET", o+"emails/"+mail+"?properties=hs_email_text", nil); strings.Contains(a.raw, "private") || a.path("properties", "hs_email_text") != nil {
		t.Errorf("mail content without sales-email-read: %s", a.raw)
	}
	if a := s.want(200, "GET", "/crm/owners/2026-09?limit=2", nil); a.str("results", 0, "lastName") != "Whitlock" || a.str("paging", "next", "after") != "9102" {
		t.Errorf("owners: %s", a.raw)
	}
	if a := s.want(200, "GET", "/crm/owners/2026-09?limit=3&after=9102", nil); len(a.path("results").([]any)) != 3 || a.str("paging", "next", "after") != "" {
		t.Errorf("owners, second page: %s", a.raw)
	}
	s.want(200, "GET", "/crm/owners/2026-09/7102?idProperty=userId", nil)
	s.want(404, "GET", "/crm/owners/2026-09/1", nil)
	if a := s.want(200, "GET", "/account-info/2026-09/details", nil); a.path("portalId") != 4242001.0 || a.str("timeZone") != "Europe/Berlin" {
		t.Errorf("account: %s", a.raw)
	}
	full := start(t, Options{})
	if a := full.want(200, "GET", "/crm/pipelines/2026-09/deals", nil); len(a.path("results", 0, "stages").([]any)) != 7 || a.str("results", 0, "stages", 5, "metadata", "isClosed") != "true" {
		t.Errorf("pipelines: %s", a.raw)
	}
}

func TestOAuthTokensExpire(t *testing.T) {
	s := start(t, Options{})
	post := func(form string) answer {
		resp, err := http.Post(s.url+"/oauth/2026-03/token", "application/x-www-form-urlencoded", strings.NewReader(form))
		if err != nil {
			t.Fatal(err)
		}
		return decoded(t, resp)
	}
	if a := post("grant_type=refresh_token&client_id=1&client_secret=demo-client-secret&refresh_token=old"); a.status != 400 || a.str("status") != "BAD_REFRESH_TOKEN" || a.str("error") != "invalid_grant" {
		t.Errorf("bad refresh token: %d %s", a.status, a.raw)
	}
	a := post("grant_type=refresh_token&client_id=1&client_secret=demo-client-secret&refresh_token=demo-refresh-token")
	token := a.str("access_token")
	if token == "" || a.path("expires_in") != 1800.0 {
		t.Fatalf("token: %s", a.raw)
	}
	if got := s.as(token, "GET", o+"notes", nil); got.status != 200 {
		t.Errorf("a fresh token: %d", got.status)
	}
	s.want(200, "POST", "/_sim/clock", `{"advance":"31m"}`)
	if got := s.as(token, "GET", o+"notes", nil); got.status != 401 {
		t.Errorf("a token of 31 minutes: %d", got.status)
	}
}
