package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/audit"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/web"
)

const (
	portal  = crm.PortalID(4711)
	foreign = crm.PortalID(4712)
	pat     = "contextd_pat_"
)

var now = time.Date(2026, 11, 2, 9, 30, 0, 0, time.UTC)

// world is every port in memory. Tests change it before they call.
type world struct {
	approvals  []crm.Approval
	mu         sync.Mutex
	verifyErr  error
	deliverErr error
	deliver    func(ctx context.Context) error
	panics     bool
	bodies     []string
	err        error // what every other port answers, if set
	tokens     map[string]web.Identity
	once       map[string]web.Identity
	revoked    []string
	proposals  []crm.Proposal
	decisions  []crm.Decision
	refuse     map[string]error // what a decision about a suggestion answers
	entries    []crm.AuditEntry
	comments   []crm.Comment
	desked     []string
	stopped    []crm.Stop
	activities map[crm.Ref]crm.Stored
	texts      map[string]string
	questions  []crm.Question
	started    []web.RunRequest
	moved      []string
	backfills  []web.Backfill
	similar    []crm.SimilarQuestion
	released   []string
	created    []string
	field      *web.CalibratedField // nil: one that nothing is known about
	calls      int
}

func newWorld() *world {
	w := &world{tokens: map[string]web.Identity{}, once: map[string]web.Identity{}, activities: map[crm.Ref]crm.Stored{}, texts: map[string]string{}}
	for _, role := range web.Roles() {
		w.tokens[pat+string(role)] = web.Identity{ID: "id-" + string(role), Name: string(role), Role: role, Portal: portal}
	}
	w.tokens[pat+"foreign"] = web.Identity{ID: "id-foreign", Name: "foreign", Role: web.Administrator, Portal: foreign}
	w.tokens[pat+"every"] = web.Identity{ID: "id-every", Name: "every", Role: web.Administrator}
	w.tokens[pat+"odd"] = web.Identity{ID: "id-odd", Name: "odd", Role: "owner", Portal: portal}
	w.once["ONCE"] = w.tokens[pat+"approver"]
	w.proposals = []crm.Proposal{proposal("p1", crm.Pending), proposal("p2", crm.Applied), proposal("p3", crm.Rejected)}
	call := crm.Ref{Portal: portal, Type: crm.Calls, ID: "9101"}
	w.activities[call] = crm.Stored{
		Activity: crm.Activity{Ref: call, Time: now.Add(-time.Hour), Subject: "Renewal call", Direction: crm.Incoming,
			People: []crm.Person{{Name: "Ana Diaz", Email: "ana@northwind.example", Role: "from", Ref: crm.Ref{Portal: portal, Type: crm.Contacts, ID: "7"}}},
			Links:  crm.Links{Companies: []crm.Ref{{Portal: portal, Type: crm.Companies, ID: "123"}}}},
		Document: crm.Document{Ref: call, Version: "v2", Text: "Hello. We renew in March, not in December. Bye."},
		Accounts: []crm.Ref{{Portal: portal, Type: crm.Companies, ID: "123"}},
	}
	w.texts["v1"] = "Hello. We renew in December. Bye."
	return w
}

func (w *world) server() web.Server {
	return web.Server{
		Verifier: w, Inbox: w, Access: w, Tokens: w, Retriever: w, History: w, Suggestions: w, Decider: w, Desk: w, Stops: w, Policies: w, Runs: w, Audit: w, Work: w, Status: w, Usage: w, Prompts: w, Calibration: w, Backfills: w, Generations: w, Similar: w,
		Portals: []crm.PortalID{portal}, PublicURL: "http://contextd.test", Writing: true, Version: "1.2.3", Now: func() time.Time { return now }, Log: quiet(),
	}
}

// touch counts a call that reached a port and answers with the world's error.
func (w *world) touch() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls++
	return w.err
}

func (w *world) Verify(*http.Request, []byte) error { return w.verifyErr }

func (w *world) Deliver(ctx context.Context, body []byte, at time.Time) (int64, error) {
	if w.panics {
		panic("customer text that nobody may read")
	}
	if w.deliver != nil {
		return 0, w.deliver(ctx)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.deliverErr != nil {
		return 0, w.deliverErr
	}
	w.bodies = append(w.bodies, string(body))
	return int64(len(w.bodies)), nil
}

func (w *world) Identify(_ context.Context, secret string) (web.Identity, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if who, ok := w.tokens[secret]; ok {
		return who, nil
	}
	return web.Identity{}, fmt.Errorf("token: %w", crm.ErrNotFound)
}

func (w *world) Identity(_ context.Context, id string) (web.Identity, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, who := range w.tokens {
		if who.ID == id {
			return who, nil
		}
	}
	return web.Identity{}, fmt.Errorf("identity: %w", crm.ErrNotFound)
}

func (w *world) Redeem(_ context.Context, once string) (web.Identity, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	who, ok := w.once[once]
	delete(w.once, once)
	if !ok {
		return web.Identity{}, fmt.Errorf("link: %w", crm.ErrNotFound)
	}
	return who, nil
}

func (w *world) CreateToken(_ context.Context, p crm.PortalID, name, role string, by crm.Actor) (string, error) {
	if err := w.touch(); err != nil {
		return "", err
	}
	w.created = append(w.created, fmt.Sprintf("%s %s %s by %s", p, name, role, by))
	return pat + "new", nil
}

func (w *world) PortalTokens(context.Context, crm.PortalID) ([]web.Token, error) {
	return []web.Token{{Name: "ci", Role: web.Viewer, Portal: portal, CreatedAt: now}, {Name: "ann", Role: web.Reviewer, Portal: portal, CreatedAt: now},
		{Name: "gone", Role: web.Administrator, Portal: portal, CreatedAt: now, RevokedAt: now}}, w.touch()
}

func (w *world) RevokeToken(_ context.Context, p crm.PortalID, name string, _ crm.Actor) error {
	w.revoked = append(w.revoked, p.String()+" "+name)
	return w.touch()
}

func (w *world) Retrieve(_ context.Context, q crm.Question) (crm.Context, error) {
	if err := w.touch(); err != nil {
		return crm.Context{}, err
	}
	w.questions = append(w.questions, q)
	return crm.Context{Coverage: 0.5, Left: 2, Passages: []crm.Passage{{ID: "P1", Chunk: "x", Activity: crm.Ref{Portal: portal, Type: crm.Calls, ID: "9101"}, Version: "v2",
		Kind: crm.Call, Time: now, Person: "Ana Diaz", Text: "We renew in March", Start: 7, End: 24, Score: 0.9, Parts: crm.Parts{{Name: "dense", Value: 0.8}}}}}, nil
}

func (w *world) Activity(_ context.Context, ref crm.Ref) (crm.Stored, error) {
	if err := w.touch(); err != nil {
		return crm.Stored{}, err
	}
	if a, ok := w.activities[ref]; ok {
		return a, nil
	}
	return crm.Stored{}, fmt.Errorf("%s: %w", ref.Path(), crm.ErrNotFound)
}

func (w *world) Text(_ context.Context, ref crm.Ref, version string) (string, error) {
	if text, ok := w.texts[version]; ok {
		return text, w.touch()
	}
	return "", fmt.Errorf("%s: %w", ref.Path(), crm.ErrNotFound)
}

func (w *world) Account(_ context.Context, r crm.Ref) (crm.Ref, error) {
	return crm.Ref{Portal: r.Portal, Type: crm.Companies, ID: "123"}, w.touch()
}

func (w *world) TimelinePage(_ context.Context, r crm.Ref, _ time.Time, cursor string, limit int) ([]crm.Stored, string, error) {
	if err := w.touch(); err != nil {
		return nil, "", err
	}
	all := make([]crm.Stored, 5)
	for i := range all {
		ref := crm.Ref{Portal: r.Portal, Type: crm.Notes, ID: strconv.Itoa(i + 1)}
		all[i] = crm.Stored{Activity: crm.Activity{Ref: ref, TimeUnknown: true, Time: now}, Document: crm.Document{Version: "v"}}
	}
	return cut(all, cursor, limit)
}

// cut is the paging of every list of the world: the cursor is the index to go on from.
func cut[T any](all []T, cursor string, limit int) ([]T, string, error) {
	from := 0
	if cursor != "" {
		n, err := strconv.Atoi(cursor)
		if err != nil || n > len(all) {
			return nil, "", fmt.Errorf("cursor: %w", crm.ErrInvalid)
		}
		from = n
	}
	to := min(from+limit, len(all))
	next := ""
	if to < len(all) {
		next = strconv.Itoa(to)
	}
	return all[from:to], next, nil
}

func (w *world) Proposals(_ context.Context, f web.SuggestionFilter, cursor string, limit int) ([]crm.Proposal, string, error) {
	if err := w.touch(); err != nil {
		return nil, "", err
	}
	return cut(w.list(f), cursor, limit)
}

func (w *world) Beside(_ context.Context, f web.SuggestionFilter, id string) (before, behind string, err error) {
	all := w.list(f)
	at := slices.IndexFunc(all, func(p crm.Proposal) bool { return p.ID == id })
	if at > 0 {
		before = all[at-1].ID
	}
	if at+1 < len(all) {
		behind = all[at+1].ID
	}
	return before, behind, w.touch()
}

func (w *world) list(f web.SuggestionFilter) (out []crm.Proposal) {
	for _, p := range w.proposals {
		if p.Portal == f.Portal && (f.State == "" || p.State == f.State) && (f.Workflow == "" || p.Workflow == f.Workflow) && (f.Record.IsZero() || p.Record == f.Record || p.Subject == f.Record) &&
			(f.Assignee == "" || p.Assignee == f.Assignee) && strings.Contains(strings.ToLower(p.RecordName), strings.ToLower(f.Name)) && (!f.Awake || !p.SnoozedTill.After(now)) && (!f.Snoozed || p.SnoozedTill.After(now)) {
			out = append(out, p)
		}
	}
	if f.Oldest {
		slices.Reverse(out)
	}
	return out
}

func (w *world) Proposal(_ context.Context, p crm.PortalID, id string) (crm.Proposal, error) {
	if err := w.touch(); err != nil {
		return crm.Proposal{}, err
	}
	for _, have := range w.proposals {
		if have.Portal == p && have.ID == id {
			return have, nil
		}
	}
	return crm.Proposal{}, fmt.Errorf("proposal: %w", crm.ErrNotFound)
}

func (w *world) Decide(ctx context.Context, d crm.Decision) (crm.Proposal, error) {
	p, err := w.Proposal(ctx, d.Portal, d.Proposal)
	if err != nil {
		return p, err
	}
	if d.Seen != p.ETag() {
		return p, fmt.Errorf("it has moved: %w", crm.ErrConflict)
	}
	if w.refuse[d.Proposal] != nil {
		return p, w.refuse[d.Proposal]
	}
	w.decisions = append(w.decisions, d)
	p.Rev++
	p.Changes = slices.Clone(p.Changes)
	for i := range p.Changes {
		if len(d.Changes) == 0 || slices.Contains(d.Changes, p.Changes[i].ID) {
			p.Changes[i].State = crm.Approved
		}
	}
	return p, nil
}

func (w *world) Undo(ctx context.Context, p crm.PortalID, id string, changes []string, by crm.Actor, seen string) (crm.Proposal, error) {
	return w.desk(ctx, p, id, seen, fmt.Sprintf("undo %v by %s", changes, by.ID))
}

func (w *world) Snooze(ctx context.Context, p crm.PortalID, id string, till time.Time, by crm.Actor, seen string) (crm.Proposal, error) {
	return w.desk(ctx, p, id, seen, fmt.Sprintf("snooze %s by %s", till.Format(time.DateOnly), by.ID))
}

func (w *world) Assign(ctx context.Context, p crm.PortalID, id, assignee string, by crm.Actor, seen string) (crm.Proposal, error) {
	return w.desk(ctx, p, id, seen, fmt.Sprintf("assign %q by %s", assignee, by.ID))
}

func (w *world) Release(_ context.Context, target crm.Ref, property string, by crm.Actor) error {
	if property == "ai_nobody" {
		return crm.ErrConflict
	}
	w.released = append(w.released, fmt.Sprintf("%d %s.%s by %s", target.Portal, target.Path(), property, by.ID))
	return nil
}

func (w *world) Locked(_ context.Context, p crm.PortalID, cursor string, limit int) ([]crm.LockedField, string, error) {
	contact := func(id string) crm.Ref { return crm.Ref{Portal: p, Type: crm.Contacts, ID: id} }
	page, next, err := cut([]crm.LockedField{
		{Record: contact("7"), RecordName: "Ana Diaz", Property: "ai_lead_score", How: crm.LockConflict, Wrote: "71", Present: "3", Workflow: "lead_score", Proposal: "p2", By: "CRM_UI:userId:12", At: now},
		{Record: contact("8"), Property: "ai_lead_score", How: crm.LockEdited, Wrote: "50", Workflow: "lead_score", Proposal: "p3"},
	}, cursor, limit)
	return page, next, errors.Join(err, w.touch())
}

func (w *world) Comment(ctx context.Context, p crm.PortalID, id, text string, by crm.Actor, seen string) (crm.Proposal, error) {
	got, err := w.desk(ctx, p, id, seen, fmt.Sprintf("comment %q by %s", text, by.ID))
	got.Rev--
	return got, err
}

func (w *world) desk(ctx context.Context, p crm.PortalID, id, seen, what string) (crm.Proposal, error) {
	got, err := w.Proposal(ctx, p, id)
	if err != nil {
		return got, err
	}
	if seen != got.ETag() && seen != fmt.Sprintf(`"%s.%d"`, got.ID, got.Rev+1) {
		return got, fmt.Errorf("it has moved: %w", crm.ErrConflict)
	}
	w.desked = append(w.desked, what)
	got.Rev++
	return got, nil
}

func (w *world) Comments(_ context.Context, _ crm.PortalID, id string) ([]crm.Comment, error) {
	return append([]crm.Comment{{Actor: crm.Actor{Kind: crm.TokenActor, ID: "a"}, At: now, Text: "about " + id}}, w.comments...), w.touch()
}

func (w *world) ReviewStats(_ context.Context, _ crm.PortalID, since time.Time) (crm.ReviewStats, error) {
	return crm.ReviewStats{Since: since, Pending: 3, Weeks: []crm.ReviewWeek{{Workflow: "lead_score", Week: "2026-10-26", Approved: 2}}}, w.touch()
}

func (w *world) Stop(_ context.Context, p crm.PortalID, reason string, by crm.Actor) error {
	w.stopped = append(w.stopped, crm.Stop{Portal: p, At: now, By: by, Reason: reason})
	return w.touch()
}

func (w *world) Resume(_ context.Context, p crm.PortalID, _ crm.Actor) error {
	n := len(w.stopped)
	if w.stopped = slices.DeleteFunc(w.stopped, func(s crm.Stop) bool { return s.Portal == p }); len(w.stopped) == n {
		return fmt.Errorf("not stopped: %w", crm.ErrNotFound)
	}
	return w.touch()
}

func (w *world) Stops() []crm.Stop { return w.stopped }

func (w *world) StartRun(_ context.Context, r web.RunRequest) (string, error) {
	w.started = append(w.started, r)
	return "r1", w.touch()
}

func (w *world) DryRun(_ context.Context, r web.RunRequest) (web.DryRun, error) {
	w.started = append(w.started, r)
	return web.DryRun{Proposal: proposal("dry", crm.Pending), PromptText: "prompt", Reply: "{}", Checks: []web.RunCheck{{Claim: "a", Check: "quote", OK: true}}}, w.touch()
}

func (w *world) Run(_ context.Context, p crm.PortalID, id string) (web.Run, error) {
	if id != "r1" || p != portal {
		return web.Run{}, fmt.Errorf("run: %w", errors.Join(crm.ErrNotFound, w.touch()))
	}
	return web.Run{ID: id, Workflow: "call_summary", Subject: crm.Ref{Portal: p, Type: crm.Calls, ID: "9101"}, State: "done", Suggestions: []string{"p1"}}, w.touch()
}

func (w *world) AuditEntries(_ context.Context, p crm.PortalID, subject, cursor string, limit int) ([]crm.AuditEntry, string, error) {
	if w.entries != nil {
		return w.entries, "", w.touch()
	}
	all := []crm.AuditEntry{{Seq: 2, Time: now, Action: "review.approve", Actors: []crm.Actor{{Kind: crm.TokenActor, ID: "a"}}, Portal: p, Subject: subject}, {Seq: 1, Time: now, Portal: p}}
	page, next, err := cut(all, cursor, limit)
	return page, next, errors.Join(err, w.touch())
}

func (w *world) AuditLines(_ context.Context, p crm.PortalID, first int64, limit int) ([]json.RawMessage, int64, error) {
	all := []json.RawMessage{json.RawMessage(`{"seq":1,"portal":` + p.String() + `}`), json.RawMessage(`{"seq":2,"action":"a\u0026b"}`)}
	all = all[min(first-1, 2):]
	if len(all) > limit {
		return all[:limit], first + int64(limit), w.touch()
	}
	return all, 0, w.touch()
}

func (w *world) VerifyAudit(_ context.Context, checkpoints []string) (web.AuditVerified, error) {
	if len(checkpoints) > 0 && checkpoints[0] == "forged" {
		return web.AuditVerified{}, errors.Join(fmt.Errorf("entry 2 is not the one that was written: %w", crm.ErrConflict), w.touch())
	}
	return web.AuditVerified{Entries: 2, Root: "r", Kept: 1, Outside: len(checkpoints), Key: "k"}, w.touch()
}

func (w *world) CompleteAudit(context.Context, crm.PortalID) ([]web.AuditCount, error) {
	return []web.AuditCount{{Kind: "runs", Rows: 2, Entries: 2}}, w.touch()
}

func (w *world) ReplayAudit(_ context.Context, p crm.PortalID, after int64, limit int) (web.AuditReplayed, error) {
	return web.AuditReplayed{Verdicts: limit, Last: after}, w.touch()
}

func (w *world) ProveAudit(_ context.Context, p crm.PortalID, seq int64) (audit.Proof, error) {
	return audit.Proof{Entry: "{}", Seq: seq, Checkpoint: p.String()}, w.touch()
}

func (w *world) Checkpoint(context.Context) (web.AuditCheckpoint, error) {
	return web.AuditCheckpoint{Size: 2, Checkpoint: "c", Key: "k", Exported: true}, w.touch()
}

func (w *world) WorkRows(_ context.Context, f web.WorkFilter, cursor string, limit int) ([]crm.WorkRow, string, error) {
	all := []crm.WorkRow{{Claim: crm.Claim{Portal: f.Portal, Kind: crm.IndexWork, Key: "calls/9101", Attempts: 3}, State: "buried", LastError: "embed: 429"}}
	page, next, err := cut(all, cursor, limit)
	return page, next, errors.Join(err, w.touch())
}

func (w *world) Redrive(_ context.Context, f web.WorkFilter, by crm.Actor) (int, error) {
	w.moved = append(w.moved, fmt.Sprintf("redrive %s %s %s by %s", f.Portal, f.Kind, f.Key, by))
	return 1, w.touch()
}

func (w *world) BuryRows(_ context.Context, f web.WorkFilter, cause string, _ crm.Actor) (int, error) {
	w.moved = append(w.moved, fmt.Sprintf("bury %s %s %s because %s", f.Portal, f.Kind, f.Key, cause))
	return 0, w.touch()
}

var heldCost = 12.4

func (w *world) Status(context.Context, crm.PortalID) (web.Status, error) {
	return web.Status{Events: web.EventCounts{Received: 9, Done: 4, InReview: 2, Dead: 1, Ignored: map[string]int{"echo": 2}}, Work: map[string]int{"live": 3},
		OldestSeconds: 1.5, Coverage: map[string]float64{"calls": 1}, Failing: []web.Paused{{Model: "ollama/m", Workflows: []string{"call_summary"}, Cause: "connection refused", Since: now}},
		Held: []web.Held{{Workflow: "churn_risk", Type: "companies", Records: 4100, Model: "openai/m", CostUSD: &heldCost}, {Workflow: "lead_score", Type: "contacts", Records: 7, Model: "anthropic/m"}}}, w.touch()
}

func (w *world) Policy(_ context.Context, p crm.PortalID) (web.Policy, error) {
	return web.Policy{Portal: p, SHA256: strings.Repeat("ab", 32), Write: "on", Mode: "canary", Canary: .1, ApprovalsNeeded: 2, Approvals: w.approvals,
		Fields: []web.PolicyField{{Workflow: "lead_score", Field: "ai_lead_score", Class: "automatic", Risk: crm.RiskMedium, Threshold: .85, Why: "from confidence 0.85 on"}}}, w.touch()
}

func (w *world) ApprovePolicy(_ context.Context, _ crm.PortalID, sha256 string, by crm.Actor) error {
	if sha256 != strings.Repeat("ab", 32) {
		return fmt.Errorf("another policy: %w", errors.Join(w.touch(), crm.ErrConflict))
	}
	w.approvals = append(w.approvals, crm.Approval{By: by, At: now})
	return w.touch()
}

func (w *world) Budget(_ context.Context, p crm.PortalID, month time.Time) (web.Budget, error) {
	if p != portal || crm.Month(month) != crm.Month(now) {
		return web.Budget{}, w.touch()
	}
	return web.Budget{Limit: 20_000_000_000, MonthSpend: crm.MonthSpend{Spent: 19_500_000_000, Reserved: 100_000_000, Waiting: 2}}, w.touch()
}

func (w *world) Spending(_ context.Context, p crm.PortalID, month time.Time) ([]crm.Spent, error) {
	if p != portal || crm.Month(month) != crm.Month(now) {
		return nil, w.touch()
	}
	chat := crm.Spent{Day: "2026-11-19", Task: crm.ChatTask, Workflow: "call_summary", Model: "openai/m", Calls: 3, Unsure: 1, Saved: 900,
		Usage: crm.Usage{InputTokens: 3000, OutputTokens: 200, CachedTokens: 100, FromCache: 1}, Cost: 19_000_000_000}
	later := chat
	later.Day, later.Cost = "2026-11-20", 500_000_000
	unknown := crm.Spent{Day: "2026-11-20", Task: crm.EmbeddingTask, Model: "openai/e", Calls: 2, Unpriced: 2, Usage: crm.Usage{InputTokens: 500}}
	return []crm.Spent{chat, later, unknown}, w.touch()
}

func (w *world) StartBackfill(_ context.Context, b web.Backfill) (int, error) {
	w.backfills = append(w.backfills, b)
	if err := w.touch(); err != nil || len(b.Records) == 0 {
		return -1, err
	}
	return len(b.Records), nil
}

func (w *world) BackfillProgress(context.Context, crm.PortalID) ([]web.Progress, error) {
	return []web.Progress{{Object: crm.Calls, State: "running", Listed: 10, Indexed: 4, StartedAt: now}}, w.touch()
}

func mustContain(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in:\n%s", part, text)
		}
	}
}
