package store

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// mostChanged is how many changed activities are read one by one into an account that is assembled already.
const mostChanged = 64

// patchable reports whether it is worth while: few activities have changed, and most of its words are still in use as far as one can tell.
func (a *assembled) patchable() bool {
	return a != nil && len(a.changed) <= mostChanged && len(a.p.Words) <= 2*a.fresh+1000
}

// patch assembles an account from what it was and the activities that have changed since. Words keep their ids.
func (v *view) patch(account accountCut, before *assembled, limit int, reading func() uint64) (*assembled, error) {
	paths := make([]string, 0, len(before.changed))
	for activity := range before.changed {
		paths = append(paths, path(activity))
	}
	marks, args := listOf(paths)
	rows, chunks, words, err := v.packed(account, "AND a.activity IN ("+marks+")", args...)
	if err != nil {
		return nil, err
	}
	kept := len(before.p.Chunks)
	for i := range before.p.Chunks {
		if before.changed[before.p.Chunks[i].Activity] {
			kept--
		}
	}
	if kept+chunks > limit {
		return v.postings(account, limit, reading)
	}
	a := before.again()
	a.grow(kept+chunks, len(before.p.Sequence)+words)
	old := before.p.Chunks
	for _, r := range rows {
		ref, err := refOf(account.account.Portal, r.path)
		if err != nil {
			return nil, err
		}
		for len(old) > 0 && old[0].Activity.Compare(ref) < 0 {
			old = a.keep(old, before)
		}
		a.reading = reading()
		if err := a.add(ref, r.body); err != nil {
			return nil, err
		}
	}
	for len(old) > 0 {
		old = a.keep(old, before)
	}
	return a.done(before.fresh), nil
}

// again begins an account with the words of this one.
func (a *assembled) again() *assembly {
	words := a.words
	if words == nil {
		words = make(map[string]uint32, len(a.p.Words)+len(a.p.Words)/8)
		for id, w := range a.p.Words {
			words[w] = uint32(id)
		}
	}
	n := len(a.p.Words)
	return &assembly{p: &crm.Postings{Words: a.p.Words[:n:n]}, words: words, strings: map[string]string{}, bytes: a.text, patched: true}
}

// keep takes over the first of the chunks before, unless its activity has changed, and returns the others.
func (a *assembly) keep(old []crm.PostedChunk, before *assembled) []crm.PostedChunk {
	if c := old[0]; !before.changed[c.Activity] {
		words := before.p.Sequence[c.From:c.To]
		c.From = uint32(len(a.p.Sequence))
		a.p.Sequence = append(a.p.Sequence, words...)
		c.To = uint32(len(a.p.Sequence))
		a.p.Chunks = append(a.p.Chunks, c)
	}
	return old[1:]
}

// packed reads the rows of an account that a condition lets through, of each activity the one that picked picks, in the order of their activities, with how many chunks and
// words they have.
func (v *view) packed(account accountCut, condition string, args ...any) (rows []packedActivity, chunks, words int, err error) {
	q := `SELECT p.activity, p.chunker, p.body FROM activity_accounts a JOIN postings p ON p.portal = a.portal AND p.activity = a.activity WHERE a.portal = ? AND a.account = ?
		AND a.chunks > 0 ` + condition
	err = v.each(q, append([]any{int64(account.account.Portal), path(account.account)}, args...), func(scan func(...any) error) error {
		var r packedActivity
		err := scan(&r.path, &r.chunker, &r.body)
		rows = append(rows, r)
		return err
	})
	// No type's name is the beginning of another's, so that paths sort as crm.Ref.Compare does, whatever the database's collation.
	slices.SortFunc(rows, func(a, b packedActivity) int {
		return cmp.Or(strings.Compare(a.path, b.path), cmp.Compare(account.rank(a.chunker), account.rank(b.chunker)))
	})
	rows = slices.CompactFunc(rows, func(a, b packedActivity) bool { return a.path == b.path })
	for _, r := range rows {
		n, m := size(r.body)
		chunks, words = chunks+n, words+m
	}
	return rows, chunks, words, err
}

// with adds to what has changed.
func (a *assembled) with(changed map[crm.Ref]bool) *assembled {
	more := *a
	more.changed = maps.Clone(a.changed)
	if more.changed == nil {
		more.changed = map[crm.Ref]bool{}
	}
	maps.Copy(more.changed, changed)
	return &more
}
