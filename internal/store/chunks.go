package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// Bodies reads the texts of chunks; see retriever.Bodies. Chunks that are gone, or whose text was erased, are left out.
func (db *DB) Bodies(ctx context.Context, portal crm.PortalID, chunks []string) (out []crm.Passage, err error) {
	err = db.r.read(ctx, func(v *view) error {
		err := inParts(chunks, func(ids []string) error { return v.passages(portal, ids, &out) })
		if err != nil {
			return err
		}
		versions := make([]string, len(out))
		for i := range out {
			versions[i] = out[i].Version
		}
		texts, err := v.texts(portal, versions)
		if err != nil {
			return err
		}
		kept := out[:0]
		for _, p := range out {
			text, ok := texts[p.Version]
			if !ok {
				continue
			}
			if p.Text, err = slice(text, p.Chunk, p.Start, p.End); err != nil {
				return err
			}
			kept = append(kept, p)
		}
		out = kept
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("texts of %d chunks: %w", len(chunks), err)
	}
	return out, nil
}

// slice is a chunk's part of its text. It is a copy where the text is much longer, which would otherwise stay in memory with it.
func slice(text, chunk string, start, end int) (string, error) {
	if start < 0 || end < start || end > len(text) {
		return "", fmt.Errorf("chunk %s: [%d, %d) lies outside of its text of %d bytes", chunk, start, end, len(text))
	}
	if part := text[start:end]; len(text) <= 4*len(part) {
		return part, nil
	}
	return strings.Clone(text[start:end]), nil
}

// passages appends the passages of these chunks, as far as they exist, without their texts.
func (v *view) passages(portal crm.PortalID, ids []string, out *[]crm.Passage) error {
	marks, args := listOf(ids)
	q := `SELECT c.id, c.activity, c.version, c.kind, c.at, c.speaker, c.start_at, c.end_at, c.language, a.direction, a.subject, CASE WHEN c.speaker = '' THEN a.people ELSE '' END
		FROM chunks c JOIN activities a ON a.portal = c.portal AND a.ref = c.activity WHERE c.portal = ? AND c.id IN (` + marks + `)`
	return v.each(q, append([]any{int64(portal)}, args...), func(scan func(...any) error) error {
		var p crm.Passage
		var activity, people string
		var at int64
		err := scan(&p.Chunk, &activity, &p.Version, &p.Kind, &at, &p.Person, &p.Start, &p.End, &p.Language, &p.Direction, &p.Subject, &people)
		if err != nil {
			return err
		}
		p.Time = moment(at)
		if p.Activity, err = refOf(portal, activity); err != nil {
			return err
		}
		if p.Person == "" {
			var all []crm.Person
			err = decode(people, &all)
			p.Person = crm.Author(all)
		}
		*out = append(*out, p)
		return err
	})
}

// texts reads texts by hash, each once.
func (v *view) texts(portal crm.PortalID, hashes []string) (map[string]string, error) {
	hashes = slices.Compact(slices.Sorted(slices.Values(hashes)))
	out := make(map[string]string, len(hashes))
	err := inParts(hashes, func(part []string) error {
		marks, args := listOf(part)
		q := "SELECT hash, body FROM texts WHERE portal = ? AND hash IN (" + marks + ")"
		return v.each(q, append([]any{int64(portal)}, args...), func(scan func(...any) error) error {
			var hash, body string
			err := scan(&hash, &body)
			out[hash] = body
			return err
		})
	})
	return out, err
}

// Chunks lists a portal's chunks with their texts but without vectors, activity by activity and in reading order, to rebuild a dense index. after is the zero Chunk or
// the last one seen, as a generation of a chunker sees them (0: of each activity the newest); with position -1, the listing begins with that activity. crm.DigestOf an activity's chunks is the digest it was kept with.
func (db *DB) Chunks(ctx context.Context, portal crm.PortalID, chunker int, after crm.Chunk, limit int) (out []crm.Chunk, err error) {
	err = db.r.read(ctx, func(v *view) error {
		if err := v.chunks(portal, chunker, after, limit, &out); err != nil {
			return err
		}
		versions := make([]string, len(out))
		for i := range out {
			versions[i] = out[i].Version
		}
		texts, err := v.texts(portal, versions)
		if err != nil {
			return err
		}
		for i := range out {
			c := &out[i]
			text, ok := texts[c.Version]
			if !ok {
				return fmt.Errorf("chunk %s: its text %s is not kept", c.ID, c.Version)
			}
			if c.Text, err = slice(text, c.ID, c.Start, c.End); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list chunks of portal %d: %w", portal, err)
	}
	return out, nil
}

// chunks appends a page of chunks without their texts.
func (v *view) chunks(portal crm.PortalID, chunker int, after crm.Chunk, limit int, out *[]crm.Chunk) error {
	last, pos := "", -1
	if !after.Activity.IsZero() {
		last, pos = path(after.Activity), after.Pos
	}
	var of crm.Chunk // the chunk before: people are those of its activity
	q := `SELECT c.id, c.activity, c.version, c.pos, c.kind, c.at, c.created_at, c.session, c.speaker, c.language, c.generated, c.traits, c.start_at, c.end_at, c.header,
		p.people FROM chunks c JOIN postings p ON p.portal = c.portal AND p.activity = c.activity AND p.chunker = c.chunker WHERE c.portal = ?
		AND (c.activity, c.pos) > (?, ?) AND ` + picked + `
		ORDER BY c.activity, c.pos LIMIT ?`
	return v.each(q, []any{int64(portal), last, pos, chunker, limit}, func(scan func(...any) error) error {
		var c crm.Chunk
		var activity, people string
		var at, created int64
		err := scan(&c.ID, &activity, &c.Version, &c.Pos, &c.Kind, &at, &created, &c.Session, &c.Speaker, &c.Language, &c.Generated, &c.Traits, &c.Start, &c.End, &c.Header,
			&people)
		if err != nil {
			return err
		}
		if c.Activity, err = refOf(portal, activity); err != nil {
			return err
		}
		c.Time, c.Created, c.People = moment(at), moment(created), of.People
		if c.Activity != of.Activity {
			if c.People, err = decodeRefs(portal, people); err != nil {
				return err
			}
		}
		of = c
		*out = append(*out, c)
		return nil
	})
}
