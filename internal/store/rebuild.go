package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

// postingsSchema is the migration that makes all postings anew: they hold the words in order since then. They come from the texts and not from indexing again, so that no
// account is without its keyword side after an upgrade, and nothing is spent on it.
const postingsSchema = 7

// rebuildPage is how many chunks are in memory at a time, but for those of one activity.
const rebuildPage = 1000

// rebuildPostings fills the empty postings from chunks and texts, inside the migration's transaction.
func rebuildPostings(ctx context.Context, tx *sql.Tx, d dialect) error {
	insert, err := tx.PrepareContext(ctx, d.query("INSERT INTO postings (portal, activity, chunks, digest, people, body) VALUES (?, ?, ?, ?, ?, ?)"))
	if err != nil {
		return err
	}
	defer insert.Close()
	var page, open []crm.Chunk // open: chunks of an activity that may go on
	for after := (crm.Chunk{}); ; {
		if page, err = oldChunks(ctx, tx, d, after); err != nil {
			return fmt.Errorf("chunks after %s: %w", after.Activity, err)
		}
		for _, c := range page {
			if len(open) > 0 && open[0].Activity != c.Activity {
				if err := rebuildOne(ctx, insert, open); err != nil {
					return err
				}
				open = open[:0]
			}
			open = append(open, c)
			after = c
		}
		if len(page) == 0 {
			return rebuildOne(ctx, insert, open)
		}
	}
}

func rebuildOne(ctx context.Context, insert *sql.Stmt, chunks []crm.Chunk) error {
	if len(chunks) == 0 {
		return nil
	}
	words := make([][]string, len(chunks))
	for i := range chunks {
		words[i] = crm.Terms(chunks[i].Text)
	}
	ref := chunks[0].Activity
	people, err := encodeRefs(peopleOf(chunks))
	if err == nil {
		_, err = insert.ExecContext(ctx, int64(ref.Portal), path(ref), len(chunks), crm.DigestOf(chunks), people, packPostings(chunks, words))
	}
	if err != nil {
		return fmt.Errorf("postings of %s: %w", ref, err)
	}
	return nil
}

// oldChunks reads a page of chunks as they are stored before their postings exist, by portal, activity and position.
func oldChunks(ctx context.Context, tx *sql.Tx, d dialect, after crm.Chunk) (out []crm.Chunk, err error) {
	rows, err := tx.QueryContext(ctx, d.query(`SELECT c.portal, c.id, c.activity, c.version, c.pos, c.kind, c.at, c.created_at, c.session, c.speaker, c.language, c.start_at,
		c.end_at, c.header, a.links, t.body FROM chunks c JOIN activities a ON a.portal = c.portal AND a.ref = c.activity
		JOIN texts t ON t.portal = c.portal AND t.hash = c.version WHERE (c.portal, c.activity, c.pos) > (?, ?, ?) ORDER BY c.portal, c.activity, c.pos LIMIT ?`),
		int64(after.Activity.Portal), path(after.Activity), after.Pos, rebuildPage)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var c crm.Chunk
		var activity, links, body string
		var portal crm.PortalID
		var at, created int64
		err := rows.Scan(&portal, &c.ID, &activity, &c.Version, &c.Pos, &c.Kind, &at, &created, &c.Session, &c.Speaker, &c.Language, &c.Start, &c.End, &c.Header, &links, &body)
		if err != nil {
			return nil, err
		}
		if c.Activity, err = refOf(portal, activity); err != nil {
			return nil, err
		}
		var l crm.Links
		if err := decode(links, &l); err != nil {
			return nil, fmt.Errorf("links of %s: %w", c.Activity, err)
		}
		c.People = slices.Compact(slices.SortedFunc(slices.Values(l.Contacts), crm.Ref.Compare))
		c.Time, c.Created = moment(at), moment(created)
		if c.Text, err = slice(body, c.ID, c.Start, c.End); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, rows.Err()
}
