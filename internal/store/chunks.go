package store

import (
	"context"
	"fmt"

	"github.com/contextd/contextd/internal/crm"
)

// Postings is the keyword side of one account; see retriever.Postings. It is loaded on first use and kept until a commit touches the account or the cache is full.
func (db *DB) Postings(ctx context.Context, account crm.Ref) (*crm.Postings, error) {
	p, err := db.postings.load(account, func() (*crm.Postings, int64, error) {
		a := newAssembly()
		// Others may wait for this load, so the caller that began it may not take it along when it goes.
		err := db.r.read(context.WithoutCancel(ctx), func(v *view) error {
			q := `SELECT p.activity, p.body FROM activity_accounts a JOIN postings p ON p.portal = a.portal AND p.activity = a.activity
				WHERE a.portal = ? AND a.account = ? ORDER BY a.at, a.activity`
			return v.each(q, []any{int64(account.Portal), path(account)}, func(scan func(...any) error) error {
				var activity string
				var packed []byte
				if err := scan(&activity, &packed); err != nil {
					return err
				}
				ref, err := refOf(account.Portal, activity)
				if err != nil {
					return err
				}
				return a.add(ref, packed)
			})
		})
		p, bytes := a.done()
		return p, bytes, err
	})
	if err != nil {
		return nil, fmt.Errorf("postings of %s: %w", account, err)
	}
	return p, nil
}

// Bodies reads the texts of chunks; see retriever.Bodies. Chunks that are gone, or whose text was erased, are left out.
func (db *DB) Bodies(ctx context.Context, portal crm.PortalID, chunks []string) (out []crm.Passage, err error) {
	err = db.r.read(ctx, func(v *view) error {
		for _, id := range chunks {
			if err := v.passages(portal, id, &out); err != nil {
				return fmt.Errorf("chunk %s: %w", id, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("texts of %d chunks: %w", len(chunks), err)
	}
	return out, nil
}

// passages appends the passage of a chunk, if it exists.
func (v *view) passages(portal crm.PortalID, id string, out *[]crm.Passage) error {
	q := `SELECT c.activity, c.version, c.kind, c.at, c.speaker, c.start_at, c.end_at, a.direction, a.subject, a.people, t.body,
		COALESCE((SELECT MAX(language) FROM versions v WHERE v.portal = c.portal AND v.activity = c.activity AND v.version = c.version), '')
		FROM chunks c JOIN activities a ON a.portal = c.portal AND a.ref = c.activity JOIN texts t ON t.portal = c.portal AND t.hash = c.version
		WHERE c.portal = ? AND c.id = ?`
	return v.each(q, []any{int64(portal), id}, func(scan func(...any) error) error {
		p := crm.Passage{Chunk: id}
		var activity, people, body string
		var at int64
		err := scan(&activity, &p.Version, &p.Kind, &at, &p.Person, &p.Start, &p.End, &p.Direction, &p.Subject, &people, &body, &p.Language)
		if err != nil {
			return err
		}
		if p.Activity, err = refOf(portal, activity); err != nil {
			return err
		}
		if p.Start < 0 || p.End < p.Start || p.End > len(body) {
			return fmt.Errorf("[%d, %d) lies outside of its text of %d bytes", p.Start, p.End, len(body))
		}
		p.Time, p.Text = moment(at), body[p.Start:p.End]
		if p.Person == "" {
			p.Person, err = author(people)
		}
		*out = append(*out, p)
		return err
	})
}

// author is who an activity comes from, as far as its people say: the sender of a mail, else the first speaker.
func author(people string) (string, error) {
	var all []crm.Person
	if err := decode(people, &all); err != nil {
		return "", err
	}
	for _, role := range []string{"from", "speaker", "owner"} {
		for _, p := range all {
			if p.Role == role && p.Name != "" {
				return p.Name, nil
			}
			if p.Role == role && p.Email != "" {
				return p.Email, nil
			}
		}
	}
	return "", nil
}

// Chunks lists a portal's chunks with their texts but without vectors, activity by activity and in reading order, to rebuild a dense index. after is the zero Chunk or
// the last one seen.
func (db *DB) Chunks(ctx context.Context, portal crm.PortalID, after crm.Chunk, limit int) (out []crm.Chunk, err error) {
	last, pos := "", -1
	if !after.Activity.IsZero() {
		last, pos = path(after.Activity), after.Pos
	}
	err = db.r.read(ctx, func(v *view) error {
		q := `SELECT c.id, c.activity, c.version, c.pos, c.kind, c.at, c.created_at, c.speaker, c.start_at, c.end_at, c.header, t.body
			FROM chunks c JOIN texts t ON t.portal = c.portal AND t.hash = c.version WHERE c.portal = ? AND (c.activity, c.pos) > (?, ?)
			ORDER BY c.activity, c.pos LIMIT ?`
		return v.each(q, []any{int64(portal), last, pos, limit}, func(scan func(...any) error) error {
			var c crm.Chunk
			var activity, body string
			var at, created int64
			err := scan(&c.ID, &activity, &c.Version, &c.Pos, &c.Kind, &at, &created, &c.Speaker, &c.Start, &c.End, &c.Header, &body)
			if err != nil {
				return err
			}
			if c.Activity, err = refOf(portal, activity); err != nil {
				return err
			}
			if c.Start < 0 || c.End < c.Start || c.End > len(body) {
				return fmt.Errorf("chunk %s: [%d, %d) lies outside of its text of %d bytes", c.ID, c.Start, c.End, len(body))
			}
			c.Time, c.Created, c.Text = moment(at), moment(created), body[c.Start:c.End]
			out = append(out, c)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list chunks of portal %d: %w", portal, err)
	}
	return out, nil
}
