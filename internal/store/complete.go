package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// AuditKind counts what is in the tables against the entries that tell of it.
type AuditKind struct {
	Kind    string
	Rows    int
	Entries int
	Lacking int      // rows that no entry tells of
	Surplus int      // entries that no row stands for
	Missing []string // the first of those rows
	Extra   []string // the first of those entries' keys
	State   bool     // a row is only what holds now: entries about what has ended or was said anew since then are none too many
}

// namedAtMost is how many keys of each sort an AuditKind names.
const namedAtMost = 10

// counting is how one kind is counted: a key of each row with how often it is there, and the same of each entry.
type counting struct {
	kind  string
	query string // its parameters are the portal and the moment behind which all have entries; a state needs no such moment
	tells func(crm.AuditEntry, func(key string, n int))
	state bool // a row is what was said last: earlier entries about it are none too many
	byDay bool // rows are sums of a UTC day: those of the day of that moment are not told apart
}

// CompleteAudit counts each kind of row that leaves entries against them, in one state of the store.
func (db *DB) CompleteAudit(ctx context.Context, portal crm.PortalID) (out []AuditKind, err error) {
	if portal <= 0 {
		return nil, fmt.Errorf("completeness of the audit: portal %d: %w", portal, crm.ErrInvalid)
	}
	err = db.r.read(ctx, func(v *view) error {
		out, err = v.completeAudit(portal)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("completeness of the audit: %w", err)
	}
	return out, nil
}

func (v *view) completeAudit(portal crm.PortalID) ([]AuditKind, error) {
	var seq, since int64
	if err := v.one("SELECT seq, at FROM audit_complete", nil, &seq, &since); err != nil {
		return nil, err
	}
	kinds := auditKinds()
	told := make([]map[string]int, len(kinds))
	for i := range told {
		told[i] = map[string]int{}
	}
	err := v.each("SELECT "+auditColumns+" FROM audit WHERE portal IN (0, ?) ORDER BY seq", []any{int64(portal)}, func(scan func(...any) error) error {
		var r auditRow
		if err := r.scan(scan); err != nil {
			return err
		}
		e, err := r.entry()
		for i, k := range kinds {
			if k.state || r.seq > seq && !(k.byDay && e.IDs["day"] <= crm.Day(moment(since))) {
				k.tells(e, func(key string, n int) { told[i][key] += n })
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	var out []AuditKind
	for i, k := range kinds {
		args := []any{int64(portal), since}
		switch {
		case k.state:
			args = args[:1]
		case k.byDay:
			args[1] = crm.Day(moment(since))
		}
		rows := map[string]int{}
		err := v.each(k.query, args, func(scan func(...any) error) error {
			var key string
			var n int
			err := scan(&key, &n)
			rows[key] += n
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", k.kind, err)
		}
		out = append(out, k.compare(rows, told[i]))
	}
	return out, nil
}

func (k counting) compare(rows, told map[string]int) AuditKind {
	a := AuditKind{Kind: k.kind, State: k.state}
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		a.Rows += rows[key]
		if lacking := rows[key] - told[key]; lacking > 0 {
			a.Lacking += lacking
			a.Missing = append(a.Missing, key)[:min(len(a.Missing)+1, namedAtMost)]
		}
	}
	for _, key := range slices.Sorted(maps.Keys(told)) {
		a.Entries += told[key]
		if surplus := told[key] - rows[key]; surplus > 0 && !k.state {
			a.Surplus += surplus
			a.Extra = append(a.Extra, key)[:min(len(a.Extra)+1, namedAtMost)]
		}
	}
	return a
}

// tellOf is the key of the entries of some actions.
func tellOf(key func(crm.AuditEntry) string, actions ...string) func(crm.AuditEntry, func(string, int)) {
	return func(e crm.AuditEntry, add func(string, int)) {
		if slices.Contains(actions, e.Action) {
			add(key(e), 1)
		}
	}
}

func keySubject(e crm.AuditEntry) string { return e.Subject }

func keyID(names ...string) func(crm.AuditEntry) string {
	return func(e crm.AuditEntry) string {
		parts := make([]string, len(names))
		for i, n := range names {
			parts[i] = e.IDs[n]
		}
		return strings.Join(parts, " ")
	}
}

// auditKinds are all kinds of rows that leave entries.
func auditKinds() []counting {
	ends := []string{"effect.verified", "effect.conflict", "effect.failed", "effect.superseded"}
	return []counting{
		{kind: "delivery outcomes", query: "SELECT 'delivery/' || id, 1 FROM deliveries WHERE ? > 0 AND state <> 'new' AND decoded_at > ?", tells: tellOf(keySubject, "delivery.decoded", "delivery.dead")},
		{kind: "runs", query: "SELECT id, 1 FROM proposals WHERE portal = ? AND created_at > ?", tells: tellOf(keyID("proposal"), "run.done")},
		{kind: "gate verdicts", query: `SELECT c.proposal || ' ' || c.id, 1 FROM changes c JOIN proposals p ON p.portal = c.portal AND p.id = c.proposal WHERE c.portal = ? AND p.created_at > ?`,
			tells: tellOf(keyID("proposal", "change"), "gate.apply", "gate.review", "gate.drop")},
		{kind: "model calls", query: `SELECT s.portal || ' ' || s.day || ' ' || s.task || ' ' || s.workflow || ' ' || s.model, s.calls + s.from_cache FROM spend s
			WHERE s.portal IN (0, ?) AND s.day > ?`, byDay: true, tells: calls},
		{kind: "decisions", query: `SELECT CASE WHEN decision = 'edit' THEN 'approve' ELSE decision END || ' ' || proposal || ' ' || change, 1 FROM outcomes WHERE portal = ? AND at > ?`, tells: decisions},
		{kind: "comments", query: "SELECT proposal, 1 FROM comments WHERE portal = ?", state: true, tells: comments},
		{kind: "put away", query: "SELECT id, 1 FROM proposals WHERE portal = ? AND snoozed_till <> 0", state: true, tells: tellOf(keyID("proposal"), "review.snooze")},
		{kind: "assigned", query: "SELECT id, 1 FROM proposals WHERE portal = ? AND assignee <> ''", state: true, tells: tellOf(keyID("proposal"), "review.assign")},
		{kind: "ended without a decision", query: "SELECT state || ' ' || id, 1 FROM proposals WHERE portal = ? AND state IN ('superseded', 'expired')", state: true,
			tells: func(e crm.AuditEntry, add func(string, int)) {
				if word, is := strings.CutPrefix(e.Action, "proposal."); is {
					add(word+" "+e.IDs["proposal"], 1)
				} else if e.Action == "effect.superseded" { // all of it was overtaken before it was written
					add("superseded "+e.IDs["proposal"], 1)
				}
			}},
		{kind: "effects", query: "SELECT id, 1 FROM effects WHERE portal = ? AND created_at > ?", tells: tellOf(keyID("effect"), "effect.allowed")},
		{kind: "undoing effects", query: "SELECT id || ' ' || undo_of, 1 FROM effects WHERE portal = ? AND created_at > ? AND undo_of <> ''", tells: func(e crm.AuditEntry, add func(string, int)) {
			if e.Action == "effect.allowed" && e.IDs["undo_of"] != "" {
				add(e.IDs["effect"]+" "+e.IDs["undo_of"], 1)
			}
		}},
		{kind: "read-backs", query: `SELECT 'effect.' || e.ended || ' ' || e.id, 1 FROM
			(SELECT id, state AS ended, portal, settled_at AS at FROM effects UNION ALL SELECT id, first_end, portal, created_at FROM effects WHERE first_end <> '') e
			WHERE e.portal = ? AND e.at > ?`, tells: func(e crm.AuditEntry, add func(string, int)) {
			if slices.Contains(ends, e.Action) {
				add(e.Action+" "+e.IDs["effect"], 1)
			}
		}},
		{kind: "released fields", query: "SELECT id, 1 FROM effects WHERE portal = ? AND released_at <> 0", state: true, tells: tellOf(keyID("effect"), "field.released")},
		{kind: "policy", query: "SELECT value, 1 FROM cursors WHERE portal = ? AND name = '" + policyCursor + "'", state: true, tells: tellOf(func(e crm.AuditEntry) string { return e.Hashes["policy"] }, "policy.changed")},
		{kind: "policy approvals", query: "SELECT policy || ' ' || actor, 1 FROM policy_approvals WHERE portal = ? AND at > ?", tells: func(e crm.AuditEntry, add func(string, int)) {
			if e.Action == "policy.approved" && len(e.Actors) == 1 {
				add(e.Hashes["policy"]+" "+e.Actors[0].String(), 1)
			}
		}},
		{kind: "prompts put live", query: "SELECT 'prompt/' || workflow || ' ' || version || ' ' || back, 1 FROM prompt_decisions WHERE portal = ? AND at > ?", tells: func(e crm.AuditEntry, add func(string, int)) {
			if back := slices.Index([]string{"prompt.promoted", "prompt.rolled_back"}, e.Action); back >= 0 {
				add(e.Subject+" "+e.IDs["version"]+" "+strconv.Itoa(back), 1)
			}
		}},
		{kind: "prompts evaluated", query: "SELECT DISTINCT 'prompt/' || workflow, 1 FROM prompt_evaluations WHERE portal = ?", state: true, tells: tellOf(keySubject, "prompt.evaluated")},
		{kind: "tokens made", query: "SELECT 'token/' || name, 1 FROM tokens WHERE portal = ? AND created_at > ?", tells: tellOf(keySubject, "token.created")},
		{kind: "tokens ended", query: "SELECT 'token/' || name, 1 FROM tokens WHERE portal = ? AND revoked_at > ?", tells: tellOf(keySubject, "token.revoked")},
		{kind: "tokens used", query: "SELECT DISTINCT 'token/' || name, 1 FROM tokens WHERE portal = ? AND used_at <> 0", state: true, tells: tellOf(keySubject, "token.used")},
		{kind: "signatures", query: "SELECT CAST(size AS TEXT), 1 FROM audit_checkpoints WHERE ? > 0 AND at > ?", tells: tellOf(keyID("size"), "audit.signed")},
		{kind: "stops", query: "SELECT CAST(portal AS TEXT), 1 FROM stops WHERE portal IN (0, ?)", state: true, tells: tellOf(func(e crm.AuditEntry) string { return e.Portal.String() }, "writing.stopped")},
		{kind: "own apps recognised", query: "SELECT 'app/' || app, 1 FROM own_apps WHERE portal = ? AND at > ?", tells: tellOf(keySubject, "app.recognised")},
		{kind: "erasures", query: "SELECT ref, 1 FROM erased WHERE portal = ? AND at > (SELECT at FROM audit_complete)", state: true, tells: tellOf(keySubject, "erased")},
		{kind: "calibration fits", query: "SELECT workflow || ' ' || field || ' ' || version, 1 FROM fits WHERE portal = ? AND at > ?", tells: tellOf(keyID("workflow", "field", "fit"), fittedAction)},
		calibrationKind("calibration rollbacks", "calibration.rolled_back"),
		calibrationKind("fields closed", "calibration.closed"),
		calibrationKind("fits put in force again", "calibration.reinstated"),
		{kind: "buried work", query: "SELECT kind || '/' || key, 1 FROM work WHERE portal = ? AND buried <> 0", state: true, tells: tellOf(keySubject, "work.buried")},
	}
}

// calibrationKind counts what became of fields in one way.
func calibrationKind(kind, action string) counting {
	return counting{kind: kind, query: "SELECT body, 1 FROM calibration_events WHERE portal = ? AND at > ? AND action = '" + action + "'", tells: tellOf(func(e crm.AuditEntry) string {
		body, err := encode(e.IDs)
		if err != nil {
			return "entry " + strconv.FormatInt(e.Seq, 10) // texts always encode
		}
		return body
	}, action)}
}

// calls are keyed as the ledger's lines are, and count as often as they were made.
func calls(e crm.AuditEntry, add func(string, int)) {
	if e.Action != "model.called" {
		return
	}
	n := 0
	for _, name := range []string{"calls", "from_cache"} {
		more, err := strconv.Atoi(e.IDs[name])
		if err == nil { // absent where there were none
			n += more
		}
	}
	add(e.Portal.String()+" "+keyID("day", "task", "workflow", "model")(e), n)
}

// decisions are keyed by what was decided about which change.
func decisions(e crm.AuditEntry, add func(string, int)) {
	word, is := strings.CutPrefix(e.Action, "review.")
	if !is || !slices.Contains([]string{"approve", "reject", "undo"}, word) {
		return
	}
	for _, c := range strings.Fields(e.IDs["changes"]) {
		add(word+" "+e.IDs["proposal"]+" "+c, 1)
	}
}

// comments stand alone or come with a decision.
func comments(e crm.AuditEntry, add func(string, int)) {
	if e.Action == "review.comment" || e.IDs["comment"] != "" {
		add(e.IDs["proposal"], 1)
	}
}
