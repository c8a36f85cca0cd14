package web_test

import (
	"net/http"
	"slices"
	"testing"
)

func TestReleaseAField(t *testing.T) {
	w := newWorld()
	h := handler(w)
	for _, c := range []struct {
		path, token, body string
		code              int
	}{
		{"contacts/7", "approver", `{"property":"ai_lead_score"}`, http.StatusOK},
		{"contacts/7", "reviewer", `{"property":"ai_lead_score"}`, http.StatusForbidden},
		{"contacts/7", "approver", `{"property":"ai_nobody"}`, http.StatusConflict},
		{"contacts/7", "approver", `{"property":"amount"}`, http.StatusBadRequest},
		{"contacts/7", "approver", `{}`, http.StatusBadRequest},
		{"calls/7", "approver", `{"property":"ai_lead_score"}`, http.StatusBadRequest},
	} {
		if got := post("/api/v1/records/"+c.path+"/release", c.token, c.body).do(t, h).Code; got != c.code {
			t.Errorf("%s %s %s: %d, want %d", c.path, c.token, c.body, got, c.code)
		}
	}
	if len(w.released) != 1 || !slices.Contains(w.released, "4711 contacts/7.ai_lead_score by approver") {
		t.Errorf("released %q", w.released)
	}
}

func TestLockedFields(t *testing.T) {
	h := handler(newWorld())
	got := get("/api/v1/locked?limit=1", "viewer").do(t, h)
	mustContain(t, got.Body.String(), `{"record":{"type":"contacts","id":"7","name":"Ana Diaz"},"property":"ai_lead_score","how":"conflict","wrote":"71","present":"3","workflow":"lead_score","suggestion":"p2","by":"CRM_UI:userId:12","at":"2026-11-02T09:30:00Z"}`)
	var page struct{ Next string }
	decodeInto(t, got, &page)
	mustContain(t, get("/api/v1/locked?cursor="+page.Next, "viewer").do(t, h).Body.String(), `"present":"","workflow":"lead_score","suggestion":"p3","by":null,"at":null}`, `"next":null`)
	for _, bad := range []string{"limit=0", "cursor=x", "x=1"} {
		wantProblem(t, bad, get("/api/v1/locked?"+bad, "viewer").do(t, h), http.StatusBadRequest)
	}
}
