package web

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/contextd/contextd/internal/audit"
	"github.com/contextd/contextd/internal/crm"
)

// Every method is safe for concurrent use. Errors are the kinds of package crm and are mapped in problem.go, nowhere else; any other error is ours (500). Error
// texts of kinds 4xx are shown to the caller, so they hold names and ids only. Lists return up to limit entries, newest first unless said otherwise; cursor is ""
// or the next of an earlier call, next is "" at the end, and a cursor that nobody gave out is crm.ErrInvalid.

// Verifier decides whether a webhook request came from HubSpot; any error is a refusal, and its text is logged, never sent.
type Verifier interface {
	Verify(r *http.Request, body []byte) error
}

// Inbox keeps verified deliveries. Deliver returns nil only once the body is durable.
type Inbox interface {
	Deliver(ctx context.Context, body []byte, at time.Time) (id int64, err error)
}

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

// Token is an API token as operators see it. The secret is shown once, when it is made.
type Token struct {
	Name      string
	Role      Role
	Portal    crm.PortalID
	CreatedAt time.Time
	UsedAt    time.Time // zero: never
	RevokedAt time.Time // zero: valid
}

// Tokens makes and ends API tokens of one portal; every change is audited.
type Tokens interface {
	// CreateToken returns the secret of a new token with one of Roles. crm.ErrConflict when a valid token has that name.
	CreateToken(ctx context.Context, portal crm.PortalID, name, role string, by crm.Actor) (secret string, err error)
	// PortalTokens lists the portal's tokens, revoked ones included; there are few.
	PortalTokens(ctx context.Context, portal crm.PortalID) ([]Token, error)
	// RevokeToken ends the portal's token of that name at once; crm.ErrNotFound.
	RevokeToken(ctx context.Context, portal crm.PortalID, name string, by crm.Actor) error
}

// Retriever answers questions inside one account; see crm.Question and crm.Context.
type Retriever interface {
	Retrieve(ctx context.Context, q crm.Question) (crm.Context, error)
}

// Similar finds the accounts that are most like one, best first; see crm.SimilarQuestion and crm.Neighbour.
type Similar interface {
	Similar(ctx context.Context, q crm.SimilarQuestion) ([]crm.Neighbour, error)
}

// History is what is known of records and activities. Reads are of one portal: a Ref carries it.
type History interface {
	// Activity is the current version with its text; crm.ErrNotFound when it is not kept or deleted.
	Activity(ctx context.Context, ref crm.Ref) (crm.Stored, error)
	// Text is one version's text, also a superseded one; crm.ErrNotFound when unknown or erased.
	Text(ctx context.Context, ref crm.Ref, version string) (string, error)
	// Account is the account of a record; crm.ErrNotFound when the record is unknown.
	Account(ctx context.Context, record crm.Ref) (crm.Ref, error)
	// TimelinePage lists a record's activities since then (zero: all), without text, newest first, ours included and flagged.
	TimelinePage(ctx context.Context, record crm.Ref, since time.Time, cursor string, limit int) (page []crm.Stored, next string, err error)
}

// SuggestionFilter selects suggestions of one portal; empty fields select all.
type SuggestionFilter struct {
	Portal   crm.PortalID
	State    crm.State
	Workflow string
	Record   crm.Ref
	Assignee string
	Name     string    // a part of the record's name, whatever the case of its letters (with SQLite, of A to Z)
	Awake    bool      // leave out what is snoozed
	Snoozed  bool      // only what is snoozed
	Since    time.Time // made at or after
	Until    time.Time // made before
	ByLook   bool      // those first that a look is worth most at; see crm.LookWorth
	Oldest   bool      // those first that are oldest; else, and without ByLook, the newest
}

// Suggestions reads the review queue.
type Suggestions interface {
	// Proposals lists suggestions with their changes and claims.
	Proposals(ctx context.Context, f SuggestionFilter, cursor string, limit int) (page []crm.Proposal, next string, err error)
	// Beside are the ids of those before and behind one in such a list, "" where there is none. One that is not in the list has only the first of it behind it.
	Beside(ctx context.Context, f SuggestionFilter, id string) (before, behind string, err error)
	// Proposal by id; crm.ErrNotFound, also for another portal's.
	Proposal(ctx context.Context, portal crm.PortalID, id string) (crm.Proposal, error)
}

// Decider carries out a person's decision: crm.ErrConflict when Seen is not the suggestion's present ETag or nothing is pending, crm.ErrStopped when an approval
// is refused because writing is off (it stays pending), crm.ErrInvalid for changes that do not exist.
type Decider interface {
	Decide(ctx context.Context, d crm.Decision) (crm.Proposal, error)
	// Undo puts applied changes back (all when changes is empty); crm.ErrConflict says who changed what stands there now, or that it is too late.
	Undo(ctx context.Context, portal crm.PortalID, id string, changes []string, by crm.Actor, seen string) (crm.Proposal, error)
}

// Stops is the stop button for writing to HubSpot. Portal 0 is every portal.
type Stops interface {
	// Stop holds from its return on, and after restarts; a stop that is there keeps its reason.
	Stop(ctx context.Context, portal crm.PortalID, reason string, by crm.Actor) error
	// Resume ends it; crm.ErrNotFound when there is none.
	Resume(ctx context.Context, portal crm.PortalID, by crm.Actor) error
	// Stops lists all, the one of every portal first.
	Stops() []crm.Stop
}

// Desk keeps what surrounds a suggestion. seen is the ETag that the person was shown: crm.ErrConflict when the suggestion has moved, crm.ErrNotFound when there is none.
type Desk interface {
	// Snooze hides it until then (zero: shows it again).
	Snooze(ctx context.Context, portal crm.PortalID, id string, till time.Time, by crm.Actor, seen string) (crm.Proposal, error)
	// Assign gives it to somebody; "" is nobody.
	Assign(ctx context.Context, portal crm.PortalID, id, assignee string, by crm.Actor, seen string) (crm.Proposal, error)
	// Comment adds a remark and leaves the ETag as it is.
	Comment(ctx context.Context, portal crm.PortalID, id, text string, by crm.Actor, seen string) (crm.Proposal, error)
	// Comments are oldest first.
	Comments(ctx context.Context, portal crm.PortalID, id string) ([]crm.Comment, error)
	// Release lets the gate write to a property by itself again that a person has changed or undone; crm.ErrNotFound when nothing was written there, crm.ErrConflict when nobody has.
	Release(ctx context.Context, target crm.Ref, property string, by crm.Actor) error
	// Locked lists the properties that a person had the last word on and nobody has released, the newest first.
	Locked(ctx context.Context, portal crm.PortalID, cursor string, limit int) (page []crm.LockedField, next string, err error)
	// ReviewStats counts what waits, and by workflow and week what became of suggestions since then.
	ReviewStats(ctx context.Context, portal crm.PortalID, since time.Time) (crm.ReviewStats, error)
}

// RunRequest asks for one run of a workflow.
type RunRequest struct {
	Portal   crm.PortalID
	Workflow string
	Subject  crm.Ref
	AsOf     time.Time // zero: now
	By       crm.Actor
}

// Run is one run as callers see it. State is queued, running, done or dead.
type Run struct {
	ID          string
	Workflow    string
	Subject     crm.Ref
	State       string
	Suggestions []string
	Error       string
}

// RunCheck is what one deterministic check said of one claim.
type RunCheck struct {
	Claim string `json:"claim"`
	Check string `json:"check"`
	OK    bool   `json:"ok"`
	Why   string `json:"why"`
}

// DryRun is a whole run of which nothing was stored.
type DryRun struct {
	Proposal   crm.Proposal
	Passages   []crm.Passage
	PromptText string
	Reply      string
	Checks     []RunCheck
}

// Runs starts workflows by hand. An unknown workflow or a subject it does not take is crm.ErrInvalid; an unknown subject crm.ErrNotFound.
type Runs interface {
	// StartRun queues a run durably and returns its id.
	StartRun(ctx context.Context, r RunRequest) (id string, err error)
	// DryRun runs at once, calls the model and stores nothing.
	DryRun(ctx context.Context, r RunRequest) (DryRun, error)
	// Run by id; crm.ErrNotFound, also for another portal's.
	Run(ctx context.Context, portal crm.PortalID, id string) (Run, error)
}

// Audit lists what happened in a portal; subject "" is everything.
type Audit interface {
	AuditEntries(ctx context.Context, portal crm.PortalID, subject, cursor string, limit int) (page []crm.AuditEntry, next string, err error)
	// AuditLines are entries from number first on, oldest first, byte for byte as the audit's tree was made of them; next is 0 at the end.
	AuditLines(ctx context.Context, portal crm.PortalID, first int64, limit int) (lines []json.RawMessage, next int64, err error)
	// VerifyAudit makes the tree anew from the entries and compares it with the stored one, with every checkpoint made here, and with those given. crm.ErrConflict says
	// what does not fit.
	VerifyAudit(ctx context.Context, checkpoints []string) (AuditVerified, error)
	// CompleteAudit counts the rows of a portal's tables that leave entries against the entries.
	CompleteAudit(ctx context.Context, portal crm.PortalID) ([]AuditCount, error)
	// ProveAudit proves one entry of the portal by a fresh checkpoint; crm.ErrNotFound.
	ProveAudit(ctx context.Context, portal crm.PortalID, seq int64) (audit.Proof, error)
	// Checkpoint signs the present head and sends it where checkpoints go.
	Checkpoint(ctx context.Context) (AuditCheckpoint, error)
	// ReplayAudit repeats the gate's verdicts of a portal behind entry number after from what they followed from, at most limit of them (0: all), and looks for the texts of
	// the runs.
	ReplayAudit(ctx context.Context, portal crm.PortalID, after int64, limit int) (AuditReplayed, error)
}

// AuditVerified is what a comparison found: everything fits.
type AuditVerified struct {
	Entries int64  `json:"entries"`
	Root    string `json:"root"`    // of the tree, in base64
	Kept    int    `json:"kept"`    // checkpoints that were made here
	Outside int    `json:"outside"` // checkpoints that were given
	Key     string `json:"key"`     // public, of this installation

	Complete []AuditCount `json:"complete,omitempty"` // when it was asked for
}

// AuditCount counts one kind of row against the entries that tell of it. Of a state, such as a stop, there may be more entries than rows.
type AuditCount struct {
	Kind    string   `json:"kind"`
	Rows    int      `json:"rows"`
	Entries int      `json:"entries"`
	Lacking int      `json:"lacking"`           // rows without an entry
	Surplus int      `json:"surplus"`           // entries without a row
	Missing []string `json:"missing,omitempty"` // the first of those rows
	Extra   []string `json:"extra,omitempty"`   // the first of those entries
}

// AuditReplayed counts verdicts that were repeated. Those whose inputs were erased, or that are older than the keeping of inputs, are no faults.
type AuditReplayed struct {
	Verdicts int           `json:"verdicts"` // of the gate, as the audit tells
	Replayed int           `json:"replayed"` // whose inputs are kept
	Same     int           `json:"same"`     // that came out as they did then
	Erased   int           `json:"erased"`
	Unstated int           `json:"unstated"`
	Runs     int           `json:"runs"`
	Texts    AuditTexts    `json:"texts"`  // of the runs: prompts, replies and what was read
	Values   AuditTexts    `json:"values"` // that were to be written
	Last     int64         `json:"last"`   // number of the last entry that was looked at
	Faults   []AuditReplay `json:"faults"`
	Omitted  int           `json:"omitted"` // faults beyond those that are listed
}

// AuditTexts counts texts that entries name by their hashes.
type AuditTexts struct {
	Kept   int `json:"kept"`
	Erased int `json:"erased"`
}

// AuditReplay is one fault: a verdict that comes out otherwise now (different), or something that is altered or missing.
type AuditReplay struct {
	Seq      int64      `json:"seq"`
	Proposal string     `json:"proposal"`
	Change   string     `json:"change,omitempty"`
	Property string     `json:"property,omitempty"`
	Fault    string     `json:"fault"`
	What     string     `json:"what"` // verdict, inputs, prompt, reply or read
	Then     *AuditWord `json:"then,omitempty"`
	Now      *AuditWord `json:"now,omitempty"`
}

// AuditWord is what the gate said. Confidence and threshold are texts: either can be NaN.
type AuditWord struct {
	Verdict    string   `json:"verdict"`
	Would      bool     `json:"would"`
	Confidence string   `json:"confidence"`
	Threshold  string   `json:"threshold"`
	Reasons    []string `json:"reasons"`
}

// AuditCheckpoint is a signed head. Exported says whether it has left this machine; Problem why not.
type AuditCheckpoint struct {
	Size       int64  `json:"size"`
	Checkpoint string `json:"checkpoint"`
	Key        string `json:"key"`
	Exported   bool   `json:"exported"`
	Problem    string `json:"problem,omitempty"`
}

// WorkFilter selects rows of one portal; empty fields select all. State is ready, waiting, running, buried, done or open (unfinished and not buried).
type WorkFilter struct {
	Portal crm.PortalID
	Kind   crm.WorkKind
	Key    string
	State  string
}

// Work is the dirty set as operators see and mend it.
type Work interface {
	WorkRows(ctx context.Context, f WorkFilter, cursor string, limit int) (page []crm.WorkRow, next string, err error)
	// Redrive makes the filter's buried rows ready again and says how many.
	Redrive(ctx context.Context, f WorkFilter, by crm.Actor) (int, error)
	// BuryRows ends the filter's unfinished rows that nobody works on, and says how many.
	BuryRows(ctx context.Context, f WorkFilter, cause string, by crm.Actor) (int, error)
}

// EventCounts says where a portal's events stand. Each counts once: Received = Done + InReview + Dead + Open + the sum of Ignored.
type EventCounts struct {
	Received int
	Done     int
	InReview int
	Dead     int
	Open     int            // under way
	Ignored  map[string]int // by reason
}

// Status is how a portal stands. Coverage is the share (0…1) of each object type's known objects that are indexed.
type Status struct {
	Events        EventCounts
	Work          map[string]int // unfinished rows that are not buried, by lane name
	OldestSeconds float64        // age of the oldest change that is not worked off; 0: none
	Undecoded     int            // deliveries that wait to be decoded
	Coverage      map[string]float64
	Paused        []Paused
	Failing       []Paused // without Next: it is tried again by itself
	Held          []Held
}

// Held is what a workflow does not look at of itself because its model costs money, or nobody has said what it costs. CostUSD is about what it would cost at most; nil: nobody knows.
type Held struct {
	Workflow string
	Type     string // of the records
	Records  int
	Model    string
	CostUSD  *float64
}

// Paused is a model that is not asked until a person has acted, but for a trial at Next. What it would have been asked waits in work.
type Paused struct {
	Model     string
	Workflows []string // that it writes for; empty: all that have no model of their own, or it is the embedder
	Cause     string
	Since     time.Time
	Next      time.Time
}

// Budget is what models may cost in one portal and month (0: anything), what they did cost, and how many runs wait for money.
type Budget struct {
	Limit crm.USD
	crm.MonthSpend
}

// Usage tells what models cost. Months are UTC calendar months, named by any moment in them.
type Usage interface {
	Budget(ctx context.Context, portal crm.PortalID, month time.Time) (Budget, error)
	// Spending lists the ledger of a month: one line for each day, task, workflow and model.
	Spending(ctx context.Context, portal crm.PortalID, month time.Time) ([]crm.Spent, error)
}

// StatusReader reads the status of one portal.
type StatusReader interface {
	Status(ctx context.Context, portal crm.PortalID) (Status, error)
}

// Backfill says what history to read: the given records, or whole object types (neither: all), changed since then (zero: ever), at most limit objects (0: all).
type Backfill struct {
	Portal  crm.PortalID
	Records []crm.Ref
	Objects []crm.ObjectType
	Since   time.Time
	Limit   int
	By      crm.Actor
}

// Progress is how far a backfill of one object type is. State is queued, running, done or failed.
type Progress struct {
	Object     crm.ObjectType
	State      string
	Listed     int64 // objects found in HubSpot so far
	Indexed    int64
	Failed     int64
	StartedAt  time.Time
	FinishedAt time.Time // zero while it runs
	LastError  string
}

// Backfills reads history on demand, resumably.
type Backfills interface {
	// StartBackfill queues the work durably and says how many objects that are; -1 when whole types are read, whose number only the reading tells. crm.ErrConflict
	// when a backfill of the same objects is under way, crm.ErrNotFound for a record that nobody has.
	StartBackfill(ctx context.Context, b Backfill) (objects int, err error)
	// BackfillProgress lists the newest backfill of each object type; empty when there was none.
	BackfillProgress(ctx context.Context, portal crm.PortalID) ([]Progress, error)
}

// Reindex asks to check everything that is indexed against HubSpot: with Changed only what differs is indexed again, else everything is.
type Reindex struct {
	Portal  crm.PortalID
	Changed bool
	By      crm.Actor
}

// GenerationState is a generation of the index and how far it is: Done of Total activities of the portal. State is live, building, failed, built or kept (for a rollback).
type GenerationState struct {
	crm.Generation
	State     string
	Done      int
	Total     int
	LastError string
}

// Replay compares a built generation with the live one on known questions (whose activity is known: the subject of a mail finds the mail) and on recent real ones.
type Replay struct {
	From, To  string
	Known     int     // questions with a known answer
	FromMRR   float64 // mean reciprocal rank of the known answer
	ToMRR     float64
	Recent    int     // real questions that were asked lately
	Agreement float64 // mean share of the ten best passages that both generations return
	Worse     bool
	Swapped   bool
}

// Verified is how one portal's index differs from the store, in activities; see generation.Report.
type Verified struct {
	Same    int `json:"same"`
	Missing int `json:"missing"`
	Stale   int `json:"stale"`
	Moved   int `json:"moved"`
	Orphans int `json:"orphans"`
	Mended  int `json:"mended"`
}

// Generations rebuilds the index without a gap.
type Generations interface {
	// Reindex queues the check of everything; crm.ErrConflict when one is under way.
	Reindex(ctx context.Context, r Reindex) error
	// BuildGeneration queues the building of a generation for the configured embedder, or goes on with one; crm.ErrConflict when the live one is of that embedder.
	BuildGeneration(ctx context.Context, by crm.Actor) (crm.Generation, error)
	// SwapGeneration compares the built generation with the live one and makes it live when it is not worse, or when forced. crm.ErrNotFound when none is built,
	// crm.ErrConflict while it is being built.
	SwapGeneration(ctx context.Context, force bool, by crm.Actor) (Replay, error)
	// RollBack makes the generation before the live one live again; crm.ErrNotFound when there is none.
	RollBack(ctx context.Context, by crm.Actor) (crm.Generation, error)
	// GenerationStates lists all generations, oldest first.
	GenerationStates(ctx context.Context, portal crm.PortalID) ([]GenerationState, error)
	// VerifyIndex compares the live index of a portal with the store and, with mend, makes it agree.
	VerifyIndex(ctx context.Context, portal crm.PortalID, mend bool, by crm.Actor) (Verified, error)
}

// Check is one thing that must work before requests are sent here. Run must respect its context; its error text is logged, never sent.
type Check struct {
	Name string
	Run  func(ctx context.Context) error
}
