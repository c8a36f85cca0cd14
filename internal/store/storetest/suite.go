// Package storetest is what every store must pass: durability and dedupe of the inbox, the dirty set's rules, versions and memberships, the life of proposals and
// effects, conservation of counts, an append-only audit, and erasure. Each case opens its own directory, and closes and reopens it where that could matter.
package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/store"
)

// Open opens a store in dir, again and again in one test; the test closes it.
type Open func(t *testing.T, dir string, o store.Options) *store.DB

// Run runs the suite.
func Run(t *testing.T, open Open) {
	cases := []struct {
		name string
		run  func(*world)
	}{
		{"Inbox/Durable", inboxDurable},
		{"Inbox/Dedupe", inboxDedupe},
		{"Inbox/Dead", inboxDead},
		{"Inbox/Signal", inboxSignal},
		{"Inbox/Refuses", inboxRefuses},
		{"Queue/Coalesce", queueCoalesce},
		{"Queue/LateFinish", queueLateFinish},
		{"Queue/Reclaim", queueReclaim},
		{"Queue/Lanes", queueLanes},
		{"Queue/Quiet", queueQuiet},
		{"Queue/Retry", queueRetry},
		{"Queue/Unpause", queueUnpause},
		{"Queue/Bury", queueBury},
		{"Queue/NextDue", queueNextDue},
		{"Queue/OneClaimPerKey", queueOneClaim},
		{"Queue/Rows", queueRows},
		{"Index/Keep", indexKeep},
		{"Index/Versions", indexVersions},
		{"Index/Gone", indexGone},
		{"Index/Refuses", indexRefuses},
		{"Index/Postings", indexPostings},
		{"Index/Bodies", indexBodies},
		{"Index/BodiesMany", indexBodiesMany},
		{"Index/Structure", indexStructure},
		{"Index/TooLarge", indexTooLarge},
		{"Index/Indexed", indexIndexed},
		{"Index/Earlier", indexEarlier},
		{"Index/Undated", indexUndated},
		{"Index/Restored", indexRestored},
		{"Index/Subjects", indexSubjects},
		{"Index/Hidden", indexHidden},
		{"Index/Cuts", indexCuts},
		{"Index/Ours", indexOurs},
		{"Index/Atomic", indexAtomic},
		{"Records/Memberships", recordsMemberships},
		{"Records/Merge", recordsMerge},
		{"Records/Account", recordsAccount},
		{"Records/Timeline", recordsTimeline},
		{"Records/Heard", recordsHeard},
		{"Records/Changes", recordsChanges},
		{"Records/Facts", recordsFacts},
		{"Records/History", recordsHistory},
		{"Outside/Answers", outsideAnswers},
		{"Portals", portalsApart},
		{"Proposals/Review", proposalsReview},
		{"Proposals/Automatic", proposalsAutomatic},
		{"Proposals/Supersede", proposalsSupersede},
		{"Proposals/Latest", proposalsLatest},
		{"Proposals/Fingerprint", proposalsFingerprint},
		{"Proposals/Edit", proposalsEdit},
		{"Proposals/List", proposalsList},
		{"Proposals/ByLook", proposalsByLook},
		{"Proposals/Signals", proposalsSignals},
		{"Proposals/SignalsRefused", proposalsSignalsRefused},
		{"Proposals/Waiting", proposalsWaiting},
		{"Prompts/Evaluated", promptsEvaluated},
		{"Prompts/Promoted", promptsPromoted},
		{"Proposals/Again", proposalsAgain},
		{"Proposals/Tasks", proposalsTasks},
		{"Effects/Fence", effectsFence},
		{"Effects/Conflict", effectsConflict},
		{"Effects/Ledger", effectsLedger},
		{"Effects/Place", effectsPlace},
		{"Effects/Late", effectsLate},
		{"OwnApps", ownApps},
		{"Effects/People", effectsPeople},
		{"Effects/Undo", effectsUndo},
		{"Effects/Automatic", effectsAutomatic},
		{"Audit/Policy", auditPolicy},
		{"Audit/Approvals", auditApprovals},
		{"Calibration/Kept", calibrationKept},
		{"Calibration/Caused", calibrationCaused},
		{"Counts/Conservation", countsConservation},
		{"Counts/Cause", countsCause},
		{"Counts/Review", countsReview},
		{"Proposals/Expire", proposalsExpire},
		{"Stops", stops},
		{"Audit/Tree", auditTree},
		{"Audit/Checkpoints", auditCheckpoints},
		{"Audit/Inputs", auditInputs},
		{"Tokens", tokens},
		{"Cursors", cursors},
		{"Cursors/Span", cursorsSpan},
		{"Queries/Kept", queriesKept},
		{"Queries/Erased", queriesErased},
		{"Spend/Ledger", spendLedger},
		{"Spend/Budget", spendBudget},
		{"Answers/Kept", answersKept},
		{"Answers/Erased", answersErased},
		{"Retained", retained},
		{"Erase/Activity", eraseActivity},
		{"Erase/Contact", eraseContact},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := &world{T: t, dir: t.TempDir(), clock: &clock{at: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}, open: open, ctx: t.Context()}
			w.DB = open(t, w.dir, store.Options{Now: w.clock.now})
			defer func() {
				if err := w.DB.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
			}()
			c.run(w)
		})
	}
}

// clock is the time a test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// world is one test's store, directory and clock.
type world struct {
	*testing.T
	*store.DB
	ctx   context.Context
	dir   string
	clock *clock
	open  Open
}

// reopen closes the store and opens it again, as after a restart.
func (w *world) reopen() {
	w.Helper()
	w.no(w.Close())
	w.reopened(store.Options{})
}

// reopened opens a store that the test has closed.
func (w *world) reopened(o store.Options) {
	w.Helper()
	o.Now = w.clock.now
	w.DB = w.open(w.T, w.dir, o)
}

func (w *world) no(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) is(err, kind error) {
	w.Helper()
	if !errors.Is(err, kind) {
		w.Fatalf("got error %v, want %v", err, kind)
	}
}

func same[T comparable](w *world, what string, got, want T) {
	w.Helper()
	if got != want {
		w.Fatalf("%s: got %v, want %v", what, got, want)
	}
}

const portal crm.PortalID = 77

func ref(typ crm.ObjectType, id int) crm.Ref {
	return crm.Ref{Portal: portal, Type: typ, ID: fmt.Sprint(id)}
}

func hash(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

// event is one decoded event that marks the given rows.
func event(key string, marks ...crm.Mark) crm.Decoded {
	return crm.Decoded{Event: crm.Event{Portal: portal, Key: key, Type: crm.Creation, Object: ref(crm.Calls, 1)}, Marks: marks}
}

func index(id int) crm.Mark {
	return crm.Mark{Portal: portal, Kind: crm.IndexWork, Key: ref(crm.Calls, id).Path()}
}

func consider(id int) crm.Mark {
	return crm.Mark{Portal: portal, Kind: crm.ConsiderWork, Key: "call_summary:" + ref(crm.Calls, id).Path()}
}

// happen delivers and decodes events.
func (w *world) happen(events ...crm.Decoded) {
	w.Helper()
	id, err := w.Deliver(w.ctx, []byte("[]"), w.clock.now())
	w.no(err)
	w.no(w.Decode(w.ctx, id, events, ""))
}

func (w *world) mark(marks ...crm.Mark) {
	w.Helper()
	w.no(w.Mark(w.ctx, marks, crm.Claim{}))
}

func (w *world) claims(kind crm.WorkKind, n int) []crm.Claim {
	w.Helper()
	got, err := w.Claim(w.ctx, kind, crm.Lanes(), n, "a", time.Minute)
	w.no(err)
	return got
}

// claim takes the one row that must be due.
func (w *world) claim(kind crm.WorkKind) crm.Claim {
	w.Helper()
	got := w.claims(kind, 10)
	if len(got) != 1 {
		w.Fatalf("claimed %d %s rows, want 1: %+v", len(got), kind, got)
	}
	return got[0]
}

func (w *world) finish(c crm.Claim) {
	w.Helper()
	errs, err := w.Finish(w.ctx, []crm.Claim{c})
	w.no(err)
	w.no(errs[0])
}

func (w *world) state(m crm.Mark) string {
	w.Helper()
	row, err := w.Row(w.ctx, m.Portal, m.Kind, m.Key)
	w.no(err)
	return row.State
}
