package store

import (
	"errors"

	"github.com/contextd/contextd/internal/crm"
)

// span is the part of a row's marks that one run covers: those in (from, to].
type span struct {
	portal   crm.PortalID
	kind     crm.WorkKind
	key      string
	from, to int64
}

// spanOf is what a running claim covers: everything marked since the row was last done, up to the claim. No claim (zero Seq) covers nothing.
func (t *tx) spanOf(c crm.Claim) (span, error) {
	s := span{portal: c.Portal, kind: c.Kind, key: c.Key, to: c.Seq}
	if c.Seq == 0 {
		return s, nil
	}
	err := t.one("SELECT done FROM work WHERE portal = ? AND kind = ? AND key = ?", []any{int64(c.Portal), string(c.Kind), c.Key}, &s.from)
	if errors.Is(err, crm.ErrNotFound) {
		return s, nil
	}
	return s, err
}

// markFor marks rows because of earlier work: the events that caused it now also wait for the new rows. An event that already waits for a row is left alone.
func (t *tx) markFor(cause span, marks []crm.Mark) error {
	for _, m := range marks {
		seq, err := t.mark(m)
		if err != nil {
			return err
		}
		if cause.to <= cause.from {
			continue
		}
		err = t.do(`INSERT INTO event_marks (event, portal, kind, key, seq)
			SELECT DISTINCT c.event, c.portal, CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS BIGINT) FROM event_marks c
			WHERE c.portal = ? AND c.kind = ? AND c.key = ? AND c.seq > ? AND c.seq <= ? AND NOT EXISTS (
				SELECT 1 FROM event_marks x JOIN work w ON w.portal = x.portal AND w.kind = x.kind AND w.key = x.key
				WHERE x.event = c.event AND x.kind = ? AND x.key = ? AND x.portal = ? AND x.seq > w.done)`,
			string(m.Kind), m.Key, seq, int64(cause.portal), string(cause.kind), cause.key, cause.from, cause.to, string(m.Kind), m.Key, int64(m.Portal))
		if err != nil {
			return err
		}
	}
	return nil
}

// mark raises one row's wanted number and returns it.
func (t *tx) mark(m crm.Mark) (seq int64, err error) {
	row, err := t.workRow(m.Portal, m.Kind, m.Key)
	if errors.Is(err, crm.ErrNotFound) {
		row, err = workRow{portal: m.Portal, kind: m.Kind, key: m.Key}, nil
	}
	if err != nil {
		return 0, err
	}
	row = row.marked(t.now, m)
	t.topics[topicOf(m.Kind)] = true
	return row.wanted, t.saveRow(row)
}
