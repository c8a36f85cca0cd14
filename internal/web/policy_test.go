package web_test

import (
	"net/http"
	"testing"
)

// TestPolicyIsApprovedAsItWasSeen: an approval names the policy; one of another policy, or of none, is refused.
func TestPolicyIsApprovedAsItWasSeen(t *testing.T) {
	w := newWorld()
	h := handler(w)
	for body, want := range map[string]int{`{"sha256":"0000000000000000000000000000000000000000000000000000000000000000"}`: http.StatusConflict, `{"sha256":""}`: http.StatusBadRequest, `{}`: http.StatusBadRequest} {
		wantProblem(t, body, post("/api/v1/policy/approve", "admin", body).do(t, h), want)
	}
	if len(w.approvals) != 0 {
		t.Errorf("approved: %v", w.approvals)
	}
}
