package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

const activityColumns = `a.ref, a.at, a.time_unknown, a.created_at, a.modified_at, a.direction, a.subject, a.format, a.minutes, a.people, a.thread, a.status,
	a.channel, a.owner, a.links, a.accounts, a.ours, a.generated, a.version, a.deleted_at`

func scanActivity(portal crm.PortalID, scan func(...any) error) (s crm.Stored, err error) {
	var ref, people, links, accounts string
	var at, created, modified, deleted int64
	err = scan(&ref, &at, &s.TimeUnknown, &created, &modified, &s.Direction, &s.Subject, &s.Format, &s.Minutes, &people, &s.Thread, &s.Status, &s.Channel, &s.OwnerID,
		&links, &accounts, &s.Ours, &s.Generated, &s.Document.Version, &deleted)
	if err != nil {
		return s, err
	}
	if s.Ref, err = refOf(portal, ref); err != nil {
		return s, err
	}
	if s.Accounts, err = decodeRefs(portal, accounts); err != nil {
		return s, err
	}
	s.Document.Ref = s.Ref
	s.Time, s.Created, s.Modified, s.DeletedAt = moment(at), moment(created), moment(modified), optional(deleted)
	return s, errorsOf(decode(people, &s.People), decode(links, &s.Links))
}

// optional is a stored moment that may be none.
func optional(us int64) *time.Time {
	if us == 0 {
		return nil
	}
	t := moment(us)
	return &t
}

// Activity is the current version of an activity with its text; crm.ErrNotFound when it is not kept or is deleted.
func (db *DB) Activity(ctx context.Context, ref crm.Ref) (crm.Stored, error) {
	return db.activity(ctx, ref, time.Time{})
}

// ActivityAt is an activity with the text that was known at that moment: also a superseded one, also of an activity that was deleted later. People, subject and
// links are today's. crm.ErrNotFound when nothing was known of it then.
func (db *DB) ActivityAt(ctx context.Context, ref crm.Ref, known time.Time) (crm.Stored, error) {
	return db.activity(ctx, ref, known)
}

func (db *DB) activity(ctx context.Context, ref crm.Ref, known time.Time) (s crm.Stored, err error) {
	err = db.r.read(ctx, func(v *view) error {
		s, err = scanActivity(ref.Portal, func(dest ...any) error {
			return v.one("SELECT "+activityColumns+" FROM activities a WHERE a.portal = ? AND a.ref = ?", []any{int64(ref.Portal), path(ref)}, dest...)
		})
		if err != nil {
			return err
		}
		if known.IsZero() && s.DeletedAt != nil {
			return crm.ErrNotFound
		}
		return v.version(&s, known)
	})
	if err != nil {
		return crm.Stored{}, fmt.Errorf("activity %s: %w", ref, err)
	}
	return s, nil
}

// version fills in the text that is current, or was at the given moment.
func (v *view) version(s *crm.Stored, known time.Time) error {
	where, args := "v.superseded_at = 0", []any{int64(s.Ref.Portal), path(s.Ref)}
	if !known.IsZero() {
		where, args = "v.learned_at <= ? AND (v.superseded_at = 0 OR v.superseded_at > ?)", append(args, micros(known), micros(known))
	}
	var turns, cuts string
	var learned, superseded int64
	err := v.one(`SELECT v.id, v.version, v.language, v.turns, v.cuts, v.learned_at, v.superseded_at, COALESCE(t.body, '') FROM versions v
		LEFT JOIN texts t ON t.portal = v.portal AND t.hash = v.version WHERE v.portal = ? AND v.activity = ? AND `+where+" ORDER BY v.id DESC LIMIT 1", args,
		&s.Seq, &s.Document.Version, &s.Document.Language, &turns, &cuts, &learned, &superseded, &s.Document.Text)
	if err != nil {
		return err
	}
	s.LearnedAt, s.SupersededAt = moment(learned), optional(superseded)
	return errorsOf(decode(turns, &s.Document.Turns), decode(cuts, &s.Document.Cuts))
}

// Text is one version's text, also a superseded one; crm.ErrNotFound when this activity never had it or it was erased.
func (db *DB) Text(ctx context.Context, ref crm.Ref, version string) (text string, err error) {
	err = db.r.read(ctx, func(v *view) (err error) {
		text, err = v.text(ref, version)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("text %s of %s: %w", version, ref, err)
	}
	return text, nil
}

func (v *view) text(ref crm.Ref, version string) (text string, err error) {
	err = v.one(`SELECT t.body FROM texts t WHERE t.portal = ? AND t.hash = ? AND EXISTS (
		SELECT 1 FROM versions v WHERE v.portal = t.portal AND v.activity = ? AND v.version = t.hash)`, []any{int64(ref.Portal), version, path(ref)}, &text)
	return text, err
}

// Timeline lists the activities of an account or record, newest first and those without a known time last, without texts. since is inclusive; with it, activities
// of unknown time are left out.
func (db *DB) Timeline(ctx context.Context, record crm.Ref, since time.Time, limit int) (out []crm.Stored, err error) {
	err = db.r.read(ctx, func(v *view) error {
		record, err := v.resolve(record)
		if err != nil {
			return err
		}
		from := int64(-1 << 62)
		if !since.IsZero() {
			from = micros(since)
		}
		portal, p := int64(record.Portal), path(record)
		q := "SELECT " + activityColumns + `, (SELECT MIN(learned_at) FROM versions v WHERE v.portal = a.portal AND v.activity = a.ref AND v.superseded_at = 0)
			FROM (SELECT activity, at FROM activity_accounts WHERE portal = ? AND account = ? AND at >= ?
			UNION SELECT activity, at FROM links WHERE portal = ? AND record = ? AND at >= ?) x
			JOIN activities a ON a.portal = ? AND a.ref = x.activity WHERE a.deleted_at = 0 AND (? = 0 OR x.at <> 0)
			ORDER BY CASE WHEN x.at = 0 THEN 1 ELSE 0 END, x.at DESC, a.ref LIMIT ?`
		return v.each(q, []any{portal, p, from, portal, p, from, portal, flag(!since.IsZero()), limit}, func(scan func(...any) error) error {
			var learned *int64
			s, err := scanActivity(record.Portal, func(dest ...any) error { return scan(append(dest, &learned)...) })
			if learned != nil {
				s.LearnedAt = moment(*learned)
			}
			out = append(out, s)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("timeline of %s: %w", record, err)
	}
	return slices.Clip(out), nil
}
