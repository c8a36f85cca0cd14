package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	Name     string    // a part of the record's name, whatever the case of its letters (with SQLite, of A to Z)
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
	if f.ByLook && f.Oldest {
		return "", nil, fmt.Errorf("two orders at once: %w", crm.ErrInvalid)
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
	if f.Name != "" {
		add("lower(record_name) LIKE lower(?) ESCAPE '!'", "%"+strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(f.Name)+"%")
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
	if err != nil {
		return nil, "", fmt.Errorf("list suggestions: %w", err)
	}
	rest, order := f.from(false)
	if cursor != "" {
		where += " AND " + rest
		args = append(args, f.at(after)...)
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

// from is the condition that something stands behind a place of the list, and the order in which it is reached from there; backwards, before it.
func (f SuggestionFilter) from(backwards bool) (rest, order string) {
	columns, places := "created_at, id", "?, ?"
	if f.ByLook {
		columns, places = "look, "+columns, "?, "+places
	}
	if f.Oldest != backwards { // of the two orders that go downwards when they go forwards, the other way
		return "(" + columns + ") > (" + places + ")", columns
	}
	return "(" + columns + ") < (" + places + ")", strings.ReplaceAll(columns, ",", " DESC,") + " DESC"
}

// at are the values that from has places for.
func (f SuggestionFilter) at(place pageCursor) []any {
	if f.ByLook {
		return []any{place.id, place.at, place.key}
	}
	return []any{place.at, place.key}
}

// Beside are the ids of the suggestions before and behind one in the list that Suggestions gives, "" where there is none. One that is not in the list has only the first of it
// behind it.
func (db *DB) Beside(ctx context.Context, f SuggestionFilter, id string) (before, behind string, err error) {
	where, args, err := f.where(db.now())
	if err != nil {
		return "", "", fmt.Errorf("suggestions beside %s: %w", id, err)
	}
	err = db.r.read(ctx, func(v *view) error {
		next := func(backwards bool, from ...any) (string, error) {
			rest, order := f.from(backwards)
			q, all := "SELECT id FROM proposals WHERE "+where, args
			if len(from) > 0 {
				q, all = q+" AND "+rest, append(slices.Clip(args), from...)
			}
			ids, err := v.strings(q+" ORDER BY "+order+" LIMIT 1", all...)
			return strings.Join(ids, ""), err
		}
		place := pageCursor{key: id}
		err := v.one("SELECT look, created_at FROM proposals WHERE "+where+" AND id = ?", append(slices.Clip(args), id), &place.id, &place.at)
		if errors.Is(err, crm.ErrNotFound) {
			behind, err = next(false)
			return err
		}
		if err == nil {
			before, err = next(true, f.at(place)...)
		}
		if err == nil {
			behind, err = next(false, f.at(place)...)
		}
		return err
	})
	if err != nil {
		return "", "", fmt.Errorf("suggestions beside %s: %w", id, err)
	}
	return before, behind, nil
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
