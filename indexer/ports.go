// Package indexer makes the index agree with the CRM: it fetches the current activity, normalises it, chunks it, embeds what changed, replaces the vectors and
// marks the activity as indexed last of all. Normalising and chunking are pure. Running twice changes nothing and costs nothing.
package indexer

import (
	"context"

	"github.com/contextd/contextd/internal/crm"
)

// Source reads the CRM as it is now.
type Source interface {
	// Activities returns the current state of each ref that exists, in any order; archived and unknown ones are left out (gone). All refs share one portal. With a crm.Partly
	// the refs that it names failed, and only they.
	Activities(ctx context.Context, refs []crm.Ref) ([]crm.Activity, error)
	// Records is the same for companies, contacts, deals and tickets, with their associated records and dated memberships in the company (contacts: from the
	// property history; deals and tickets: since their creation).
	Records(ctx context.Context, refs []crm.Ref) ([]crm.Record, []crm.Membership, error)
}

// Embedder turns texts into unit vectors, one per text, in order. Fingerprint changes whenever vectors of the same text would.
type Embedder interface {
	Fingerprint() string
	Dimension() int
	Embed(ctx context.Context, kind crm.EmbedKind, texts []string) ([][]float32, crm.Usage, error)
}

// Windowed is an Embedder whose vectors gain from a second one per chunk, of its text between its neighbours. Where Windows is true, chunks have a Window vector.
type Windowed interface {
	Windows() bool
}

// Vectors is the dense side of the index. Replace and Relink are durable when they return and total: what they are given replaces what was there.
type Vectors interface {
	// Replace makes chunks (of the activities in batch) the only ones of each activity and puts them into its accounts. No chunks: the activity is removed. An activity
	// without accounts is not stored. Vectors (and windows, exactly where the embedder is Windowed) must be valid (crm.ValidVector); else crm.ErrInvalid and nothing changes.
	Replace(ctx context.Context, batch []crm.Kept) error
	// Relink moves an activity's chunks to exactly these accounts and people without new vectors. crm.ErrNotFound when the activity has no chunks here.
	Relink(ctx context.Context, activity crm.Ref, accounts, people []crm.Ref) error
	// Hold is called before a write of which the store is to be told next, and done once it has been: until then index and store disagree, nobody may compare them, and
	// no other generation may take the live one's place. Holders do not exclude each other; holding twice at a time may never end.
	Hold() (done func())
}

// Texts is the SQL side of the index: documents, chunk texts, postings, links and marks.
type Texts interface {
	// Marks returns mark, text version and place of each activity that is kept; of one that is deleted only its last version; unknown ones are absent from the map.
	Marks(ctx context.Context, refs []crm.Ref) (map[crm.Ref]Marked, error)
	// Keep stores a batch in one transaction: document version (if new), metadata, links, accounts, chunks, postings, the mark, the triggers with their cause, and an
	// audit entry each. It is called last.
	Keep(ctx context.Context, batch []crm.Kept) error
	// Gone removes chunks, postings and links of activities that no longer exist, keeps a tombstone, and audits it.
	Gone(ctx context.Context, refs []crm.Ref, cause crm.Claim) error
	// Memberships returns every membership of these members.
	Memberships(ctx context.Context, members []crm.Ref) ([]crm.Membership, error)
	// KeepRecords stores records and replaces their memberships; gone ones are marked deleted. Activities whose accounts may be others because a membership changed are
	// marked as index work, in the cause's lane, in the same transaction, as triggers are; they are also returned.
	KeepRecords(ctx context.Context, records []crm.Record, memberships []crm.Membership, gone []crm.Ref, cause crm.Claim, triggers []crm.Mark) ([]crm.Ref, error)
	// Erased tells which of these were erased for good; Erase forgets a record or activity, and with a contact the activities it took part in, and names those: nothing
	// of them may come back, whatever the CRM still has.
	Erased(ctx context.Context, refs []crm.Ref) (map[crm.Ref]bool, error)
	Erase(ctx context.Context, ref crm.Ref, by crm.Actor) ([]crm.Ref, error)
	// HasRecords tells which of these records are stored (deleted ones count).
	HasRecords(ctx context.Context, refs []crm.Ref) (map[crm.Ref]bool, error)
	// KnownRecords reads records as they were last stored; unknown and deleted ones are absent.
	KnownRecords(ctx context.Context, refs []crm.Ref) (map[crm.Ref]crm.Record, error)
}

// Deals finds the deals of an account.
type Deals interface {
	// RecordsOf lists the records of a type that belong to an account now, newest first, deleted ones left out.
	RecordsOf(ctx context.Context, account crm.Ref, typ crm.ObjectType) ([]crm.Record, error)
}

// Marked is what the index knows of an activity: the mark of its content, and where it is.
type Marked = crm.Marked
