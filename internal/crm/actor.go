package crm

import (
	"fmt"
	"strings"
	"time"
)

// ActorKind is the closed set of those who can act.
type ActorKind string

// The kinds of actor. A model never acts alone: its proposals name the model and prompt beside the system, user or token that let them through.
const (
	SystemActor  ActorKind = "system"  // contextd itself: gate, runner, sweep
	UserActor    ActorKind = "user"    // a local user at the command line or in the web pages
	TokenActor   ActorKind = "token"   // an API token, by name
	HubSpotActor ActorKind = "hubspot" // a HubSpot user id
	ModelActor   ActorKind = "model"   // model@prompt@version
)

// Actor is somebody or something that proposed, decided, edited or wrote. Audit entries name one or two.
type Actor struct {
	Kind ActorKind
	ID   string
}

// String is "kind:id"; it is the stored and shown form.
func (a Actor) String() string { return string(a.Kind) + ":" + a.ID }

// System is contextd acting by itself, with the part that acted ("gate", "applier").
func System(part string) Actor { return Actor{Kind: SystemActor, ID: part} }

// MarshalText stores an actor as "kind:id".
func (a Actor) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads "kind:id"; an unknown kind is ErrInvalid.
func (a *Actor) UnmarshalText(b []byte) error {
	kind, id, ok := strings.Cut(string(b), ":")
	switch ActorKind(kind) {
	case SystemActor, UserActor, TokenActor, HubSpotActor, ModelActor:
		if ok {
			*a = Actor{Kind: ActorKind(kind), ID: id}
			return nil
		}
	}
	return fmt.Errorf("actor %q: want kind:id with kind system, user, token, hubspot or model: %w", b, ErrInvalid)
}

// Approval is somebody's word that a policy may be gone by.
type Approval struct {
	By Actor     `json:"by"`
	At time.Time `json:"at"`
}
