package web

import (
	"context"

	"github.com/contextd/contextd/internal/crm"
)

// Identity is somebody who may call: a token, or the session that was opened with it.
type Identity struct {
	ID     string       // names this very token, also after another one got its name; not secret: what a session remembers
	Name   string       // of the token, as audit entries show it
	Role   Role         // what it may do
	Portal crm.PortalID // 0: every portal of the installation
}

// Actor is the identity as audit entries show it.
func (i Identity) Actor() crm.Actor { return crm.Actor{Kind: crm.TokenActor, ID: i.Name} }

// Access knows who may call. All methods answer crm.ErrNotFound or crm.ErrForbidden for what is unknown, revoked or used up.
type Access interface {
	// Identify returns the holder of an API token, given the whole secret as it stands behind "Bearer ".
	Identify(ctx context.Context, secret string) (Identity, error)
	// Identity returns the present state of an identity by its ID, so that a revoked token ends its sessions with the next request.
	Identity(ctx context.Context, id string) (Identity, error)
	// Redeem exchanges a one-time link's word for an identity. The second call with the same word is crm.ErrNotFound.
	Redeem(ctx context.Context, once string) (Identity, error)
}
