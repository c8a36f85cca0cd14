package web

import (
	"context"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

// Policy is a portal's policy as it is shown.
type Policy struct {
	Portal             crm.PortalID   `json:"portal"`
	SHA256             string         `json:"sha256"`
	Write              string         `json:"write"`
	Mode               string         `json:"mode"`
	Canary             float64        `json:"canary"`
	CanaryOwners       []string       `json:"canary_owners"`
	ErrorBudget        float64        `json:"error_budget"` // 0: none
	BudgetConfidence   float64        `json:"budget_confidence"`
	Explore            float64        `json:"explore"`
	MaxPerHour         int            `json:"max_per_hour"`
	MaxPerRecordPerDay int            `json:"max_per_record_per_day"`
	Rules              []string       `json:"rules"`
	Fields             []PolicyField  `json:"fields"`
	Core               []string       `json:"core_fields"`
	ApprovalsNeeded    int            `json:"approvals_needed"`
	Approvals          []crm.Approval `json:"approvals"` // of a running service
}

// PolicyField is where one field of a workflow stands, and why. Class is automatic, human or never.
type PolicyField struct {
	Workflow  string   `json:"workflow"`
	Field     string   `json:"field"`
	Class     string   `json:"class"`
	Risk      crm.Risk `json:"risk"`         // class of the field: low, medium or high
	Threshold float64  `json:"threshold"`    // as its class has it
	Budget    float64  `json:"error_budget"` // as its class has it; 0: none
	Why       string   `json:"why"`
}

// Policies is what the gate goes by.
type Policies interface {
	// Policy is the one in force.
	Policy(ctx context.Context, portal crm.PortalID) (Policy, error)
	// ApprovePolicy records somebody's approval of the policy in force; crm.ErrConflict when that is another one than sha256.
	ApprovePolicy(ctx context.Context, portal crm.PortalID, sha256 string, by crm.Actor) error
}

// showPolicy shows the policy that the service goes by, and who has approved it.
func (s *server) showPolicy(c *gin.Context) {
	if q := queryOf(c); q.err != nil {
		s.fail(c, q.err)
		return
	}
	s.replyPolicy(c, portalOf(c))
}

func (s *server) replyPolicy(c *gin.Context, portal crm.PortalID) {
	p, err := s.Policies.Policy(c.Request.Context(), portal)
	p.CanaryOwners, p.Rules, p.Fields, p.Core, p.Approvals = list(p.CanaryOwners), list(p.Rules), list(p.Fields), list(p.Core), list(p.Approvals)
	s.answer(c, http.StatusOK, p, err, "policy")
}

// approvePolicy is an administrator's approval of the policy whose hash they name.
func (s *server) approvePolicy(c *gin.Context) {
	var body struct {
		SHA256 string `json:"sha256"`
	}
	err := readJSON(c, &body)
	if err == nil && len(body.SHA256) != 64 {
		err = fmt.Errorf("sha256: name the policy that you have seen by the 64 letters of its hash: %w", crm.ErrInvalid)
	}
	who := callerOf(c)
	if err == nil {
		err = s.Policies.ApprovePolicy(c.Request.Context(), who.portal, body.SHA256, who.Actor())
	}
	if err != nil {
		s.fail(c, fmt.Errorf("approve the policy: %w", err))
		return
	}
	s.replyPolicy(c, who.portal)
}
