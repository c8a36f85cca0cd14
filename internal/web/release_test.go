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
