package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// SuggestionFilter selects suggestions of one portal; empty fields select all. Record matches the record a suggestion is shown on, or its subject.
type SuggestionFilter struct {
	Portal   crm.PortalID
	State    crm.State
	Workflow string
	Record   crm.Ref
	Assignee string
	Awake    bool      // leave out what is snoozed
	Snoozed  bool      // only what is snoozed
	Since    time.Time // made at or after
	Until    time.Time // made before
	ByLook   bool      // what a look is worth most at first, instead of what is newest; see crm.LookWorth
	Oldest   bool      // what is oldest first
}

func (f SuggestionFilter) where(now time.Time) (string, []any, error) {
	if f.Portal <= 0 {
		return "", nil, fmt.Errorf("portal %d: %w", f.Portal, crm.ErrInvalid)
	}
	parts, args := []string{"portal = ?"}, []any{int64(f.Portal)}
	add := func(part string, values ...any) { parts, args = append(parts, part), append(args, values...) }
	if f.State != "" {
		add("state = ?", string(f.State))
	}
	if f.Workflow != "" {
		add("workflow = ?", f.Workflow)
	}
	if !f.Record.IsZero() {
		add("(record = ? OR subject = ?)", path(f.Record), path(f.Record))
	}
	if f.Assignee != "" {
		add("assignee = ?", f.Assignee)
	}
	if f.Awake {
		add("snoozed_till <= ?", micros(now))
	}
	if f.Snoozed {
		add("snoozed_till > ?", micros(now))
	}
	if !f.Since.IsZero() {
		add("created_at >= ?", micros(f.Since))
	}
	if !f.Until.IsZero() {
		add("created_at < ?", micros(f.Until))
	}
	return strings.Join(parts, " AND "), args, nil
}

// Suggestions lists them whole, newest first or as the filter says. cursor is "" or what the last call returned; next is "" at the end.
func (db *DB) Suggestions(ctx context.Context, f SuggestionFilter, cursor string, limit int) (out []crm.Proposal, next string, err error) {
	after, err := parseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	where, args, err := f.where(db.now())
	if err == nil && f.ByLook && f.Oldest {
		err = fmt.Errorf("two orders at once: %w", crm.ErrInvalid)
	}
	if err != nil {
		return nil, "", fmt.Errorf("list suggestions: %w", err)
	}
	order, rest := "created_at DESC, id DESC", "created_at < ? OR (created_at = ? AND id < ?)"
	switch {
	case f.ByLook:
		order = "look DESC, " + order
	case f.Oldest:
		order, rest = "created_at, id", "created_at > ? OR (created_at = ? AND id > ?)"
	}
	if cursor != "" {
		if f.ByLook {
			rest = "look < ? OR (look = ? AND (" + rest + "))"
			args = append(args, after.id, after.id)
		}
		where += " AND (" + rest + ")"
		args = append(args, after.at, after.at, after.key)
	}
	err = db.r.read(ctx, func(v *view) error {
		q := "SELECT " + proposalColumns + " FROM proposals WHERE " + where + " ORDER BY " + order + " LIMIT ?"
		err := v.each(q, append(args, limit+1), func(scan func(...any) error) error {
			p, err := scanProposal(f.Portal, scan)
			if len(out) == limit {
				last := out[limit-1]
				next = pageCursor{id: last.Look, at: micros(last.CreatedAt), key: last.ID}.String()
				return err
			}
			out = append(out, p)
			return err
		})
		for i := range out {
			if err == nil {
				out[i].Changes, err = v.changes(f.Portal, out[i].ID)
			}
		}
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("list suggestions: %w", err)
	}
	return out, next, nil
}

// SuggestionsOf lists the ids of what one run proposed: the claim's row and number. Empty while it is under way or when nothing came of it.
func (db *DB) SuggestionsOf(ctx context.Context, run crm.Claim) (ids []string, err error) {
	workflow, subject, _ := strings.Cut(run.Key, ":") // a consider key is workflow:type/id
	err = db.r.read(ctx, func(v *view) (err error) {
		ids, err = v.strings(`SELECT id FROM proposals WHERE portal = ? AND workflow = ? AND subject = ? AND cause_kind = ? AND cause_key = ? AND cause_seq >= ?
			ORDER BY created_at, id`, int64(run.Portal), workflow, subject, string(run.Kind), run.Key, run.Seq)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("suggestions of %s: %w", run.Key, err)
	}
	return ids, nil
}

// RunText is the rendered prompt and the model's reply of a suggestion; crm.ErrNotFound once erased.
func (db *DB) RunText(ctx context.Context, portal crm.PortalID, id string) (raw crm.Raw, err error) {
	err = db.r.read(ctx, func(v *view) error {
		return v.one(`SELECT a.body, b.body FROM proposals p JOIN texts a ON a.portal = p.portal AND a.hash = p.prompt_hash
			JOIN texts b ON b.portal = p.portal AND b.hash = p.reply_hash WHERE p.portal = ? AND p.id = ?`, []any{int64(portal), id}, &raw.Prompt, &raw.Reply)
	})
	if err != nil {
		return crm.Raw{}, fmt.Errorf("texts of suggestion %s: %w", id, err)
	}
	return raw, nil
}
