package store

import (
	"context"
	"fmt"

	"github.com/contextd/contextd/internal/crm"
)

// WordStatistics counts how common words are in a portal, from all of its chunks or, when it has more than about most, from a sample of its activities that is drawn by
// the digest of their content: the same content, the same sample.
func (db *DB) WordStatistics(ctx context.Context, portal crm.PortalID, most int) (*crm.WordStatistics, error) {
	return db.wordStatistics(ctx, portal, most, 0)
}

func (db *DB) wordStatistics(ctx context.Context, portal crm.PortalID, most, chunker int) (*crm.WordStatistics, error) {
	a := newAssembly()
	err := db.r.read(ctx, func(v *view) error {
		var all int
		if err := v.one("SELECT COALESCE(SUM(p.chunks), 0) FROM postings p WHERE p.portal = ? AND "+picked, []any{int64(portal), chunker}, &all); err != nil {
			return err
		}
		share := "g" // beyond every hex digit: everything
		if all > most {
			share = fmt.Sprintf("%04x", max(1, most*0x10000/all))
		}
		return v.each("SELECT p.activity, p.body FROM postings p WHERE p.portal = ? AND p.digest < ? AND "+picked, []any{int64(portal), share, chunker}, func(scan func(...any) error) error {
			var activity string
			var body []byte
			if err := scan(&activity, &body); err != nil {
				return err
			}
			ref, err := refOf(portal, activity)
			if err != nil {
				return err
			}
			return a.add(ref, body)
		})
	})
	if err != nil {
		return nil, fmt.Errorf("word statistics of portal %d: %w", portal, err)
	}
	return countWords(a.p), nil
}

// countWords counts the chunks that hold each word.
func countWords(p *crm.Postings) *crm.WordStatistics {
	with, last := make([]int, len(p.Words)), make([]int, len(p.Words))
	for i, c := range p.Chunks {
		for _, w := range p.Sequence[c.From:c.To] {
			if last[w] != i+1 {
				last[w] = i + 1
				with[w]++
			}
		}
	}
	out := &crm.WordStatistics{Chunks: len(p.Chunks), With: make(map[string]int, len(p.Words))}
	for i, w := range p.Words {
		out.With[w] = with[i]
	}
	return out
}
