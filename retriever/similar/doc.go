// Package similar answers which accounts are like one: by what is told of them (telling words and meaning, names of people and companies left out, recent history first),
// with what became of each, and with the passages on both sides that make them alike.
package similar

import (
	"context"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Texts is what profiles are made from: the store. See retriever.Postings and retriever.Bodies.
type Texts interface {
	Postings(ctx context.Context, account crm.Ref) (*crm.Postings, error)
	Bodies(ctx context.Context, portal crm.PortalID, chunks []string) ([]crm.Passage, error)
	// Members lists the records of an account by name, itself first.
	Members(ctx context.Context, account crm.Ref) ([]crm.Member, error)
	// Facts are the firmographics of those of these accounts that are companies, and what had become of their deals before asOf (zero: now).
	Facts(ctx context.Context, accounts []crm.Ref, asOf time.Time) (map[crm.Ref]crm.AccountFacts, error)
}

// Index is where profiles are: the live generation of the index; internal/vector/vectortest states the contract.
type Index interface {
	PutProfiles(ctx context.Context, ps []crm.Profile) error
	Profiles(ctx context.Context, accounts []crm.Ref) ([]crm.Profile, error)
	NearProfiles(ctx context.Context, vec []float32, f crm.ProfileFilter, n int) ([]crm.ProfileHit, error)
	MatchProfiles(ctx context.Context, terms []crm.TermWeight, f crm.ProfileFilter, n int) ([]crm.ProfileHit, error)
}

// Embedder is that of the generation. Windows is true for transformers, which are asked for few texts only.
type Embedder interface {
	Fingerprint() string
	Windows() bool
	Embed(ctx context.Context, kind crm.EmbedKind, texts []string) ([][]float32, crm.Usage, error)
}
