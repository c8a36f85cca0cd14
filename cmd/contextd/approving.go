package main

import (
	"context"
	"fmt"
	"sync"

	"github.com/contextd/contextd/engine"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/web"
)

// approving says what the gate goes by, and keeps a policy that too few people have approved from letting anything through.
type approving struct {
	s     *service
	mu    sync.Mutex
	given map[crm.PortalID]int // approvals of the policy in force
}

// load reads how many have approved the policies in force.
func (a *approving) load(ctx context.Context) error {
	for portal := range a.s.policies {
		if err := a.count(ctx, portal); err != nil {
			return err
		}
	}
	return nil
}

func (a *approving) count(ctx context.Context, portal crm.PortalID) error {
	got, err := a.s.db.PolicyApprovals(ctx, portal, a.s.policies[portal].SHA256)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.given == nil {
		a.given = map[crm.PortalID]int{}
	}
	a.given[portal] = len(got)
	return nil
}

// policy is what the gate goes by in a portal now.
func (a *approving) policy(portal crm.PortalID) engine.Policy {
	p := a.s.policies[portal]
	a.mu.Lock()
	defer a.mu.Unlock()
	if given, needed := a.given[portal], a.s.cfg.Gate.Approvals; given < needed {
		p.Unapproved = fmt.Sprintf("the policy waits for approval: %d of %d administrators have approved it", given, needed)
	}
	return p
}

// Policy is the policy of a portal as it is shown, with who has approved it.
func (a *approving) Policy(ctx context.Context, portal crm.PortalID) (web.Policy, error) {
	for _, p := range a.s.cfg.AllPortals() {
		if p.PortalID != portal {
			continue
		}
		v := viewPolicy(a.s.cfg, p, a.s.policies[portal], a.s.workflows)
		approvals, err := a.s.db.PolicyApprovals(ctx, portal, v.SHA256)
		v.Approvals = append(v.Approvals, approvals...)
		return v, err
	}
	return web.Policy{}, fmt.Errorf("portal %s: %w", portal, crm.ErrNotFound)
}

// ApprovePolicy records an approval of the policy in force.
func (a *approving) ApprovePolicy(ctx context.Context, portal crm.PortalID, sha256 string, by crm.Actor) error {
	if now := a.s.policies[portal].SHA256; sha256 != now {
		return fmt.Errorf("the policy in force is %s: look at it again: %w", now, crm.ErrConflict)
	}
	if err := a.s.db.ApprovePolicy(ctx, portal, sha256, by); err != nil {
		return err
	}
	return a.count(ctx, portal)
}
