package generation

import (
	"context"
	"fmt"
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

// Report is how an index differs from the store: numbers of activities. Missing ones are not, or not whole, in the index; Stale ones are there with other content;
// Moved ones in other accounts or with other people; Orphans are there and not in the store. Same agrees.
type Report struct {
	Same    int `json:"same"`
	Missing int `json:"missing"`
	Stale   int `json:"stale"`
	Moved   int `json:"moved"`
	Orphans int `json:"orphans"`
	Mended  int `json:"mended"`
}

// Differs tells whether anything is not as the store says.
func (r Report) Differs() int { return r.Missing + r.Stale + r.Moved + r.Orphans }

// held is an activity as one side holds it.
type held struct {
	digest   string
	chunks   int // that it has
	seen     int
	accounts []crm.Ref
	people   []crm.Ref
}

// Reconcile compares one portal of a generation ("" is the live one) with the store and, with mend, makes the index agree: level-triggered, so that it repairs whatever
// the reason was. It reads both sides without stopping anybody: what changes meanwhile may be counted as a difference, and is left
// to whoever changes it.
func (s *Set) Reconcile(ctx context.Context, name string, portal crm.PortalID, mend bool) (Report, error) {
	return s.reconcile(ctx, name, portal, mend, false)
}

func (s *Set) reconcile(ctx context.Context, name string, portal crm.PortalID, mend, alone bool) (Report, error) {
	begin := s.watch
	if alone {
		begin = s.watchSettled
	}
	watched := begin()
	defer watched.stop()
	o := s.Live()
	if name != "" {
		g, err := s.named(ctx, name)
		if err != nil {
			return Report{}, err
		}
		if o, err = s.open(ctx, g); err != nil {
			return Report{}, err
		}
	}
	if mend { // another chunker may have cut what changed meanwhile, or all of it
		if err := s.cut(ctx, portal, o.Chunker); err != nil {
			return Report{}, fmt.Errorf("reconcile portal %s: %w", portal, err)
		}
	}
	want, err := gather(s.Texts.Indexed(ctx, portal, o.Chunker))
	if err != nil {
		return Report{}, fmt.Errorf("reconcile portal %s: the store: %w", portal, err)
	}
	have, err := gather(o.Index.Scan(ctx, portal))
	if err != nil {
		return Report{}, fmt.Errorf("reconcile portal %s: generation %s: %w", portal, o.Name, err)
	}
	r, write, move, remove := compare(want, have)
	if !mend {
		return r, nil
	}
	m := mender{s, o, portal, watched, alone}
	if err := m.mend(ctx, append(write, remove...), move, want); err != nil {
		return r, fmt.Errorf("reconcile portal %s: generation %s: %w", portal, o.Name, err)
	}
	r.Mended = len(write) + len(move) + len(remove)
	return r, nil
}

func gather(chunks func(func(crm.Indexed, error) bool)) (map[crm.Ref]*held, error) {
	out := map[crm.Ref]*held{}
	for c, err := range chunks {
		if err != nil {
			return nil, err
		}
		h := out[c.Activity]
		if h == nil {
			h = &held{digest: c.Digest, chunks: c.Chunks, accounts: sorted(c.Accounts), people: sorted(c.People)}
			out[c.Activity] = h
		}
		if h.digest != c.Digest || h.chunks != c.Chunks || !slices.Equal(h.accounts, sorted(c.Accounts)) || !slices.Equal(h.people, sorted(c.People)) {
			h.digest = "" // its chunks disagree among themselves
		}
		h.seen++
	}
	return out, nil
}

func sorted(refs []crm.Ref) []crm.Ref {
	if slices.IsSortedFunc(refs, crm.Ref.Compare) {
		return refs
	}
	return slices.SortedFunc(slices.Values(refs), crm.Ref.Compare)
}

func compare(want, have map[crm.Ref]*held) (r Report, write, move, remove []crm.Ref) {
	for ref, w := range want {
		if len(w.accounts) == 0 {
			continue // not searchable: must not be in the index
		}
		h := have[ref]
		switch {
		case h == nil || h.seen < w.seen:
			r.Missing++
			write = append(write, ref)
		case h.digest != w.digest || h.seen != w.seen:
			r.Stale++
			write = append(write, ref)
		case !slices.Equal(h.accounts, w.accounts) || !slices.Equal(h.people, w.people):
			r.Moved++
			move = append(move, ref)
		default:
			r.Same++
		}
	}
	for ref := range have {
		if w := want[ref]; w == nil || len(w.accounts) == 0 {
			r.Orphans++
			remove = append(remove, ref)
		}
	}
	for _, refs := range [][]crm.Ref{write, move, remove} {
		slices.SortFunc(refs, crm.Ref.Compare)
	}
	return r, write, move, remove
}

// mender makes one generation agree with the store.
type mender struct {
	*Set
	o       *Open
	portal  crm.PortalID
	watched *watch // since before the first read
	alone   bool   // the caller holds s.settled and s.writes
}

// mend writes activities as the store has them now (not at all, when it has none), and relinks others.
func (m mender) mend(ctx context.Context, write, move []crm.Ref, want map[crm.Ref]*held) error {
	for _, ref := range move {
		if err := m.relink(ctx, ref, want[ref]); err != nil {
			return fmt.Errorf("relink %s: %w", ref, err)
		}
	}
	for part := range slices.Chunk(write, 64) {
		var batch []crm.Kept
		for _, ref := range part {
			chunks, err := m.chunksOf(ctx, m.portal, m.o.Chunker, ref)
			if err != nil {
				return err
			}
			batch = append(batch, crm.Kept{Activity: crm.Activity{Ref: ref}, Chunks: chunks})
		}
		if err := m.write(ctx, m.o, batch, m.watched, m.alone); err != nil {
			return fmt.Errorf("write %d activities: %w", len(batch), err)
		}
	}
	return nil
}

func (m mender) relink(ctx context.Context, ref crm.Ref, to *held) error {
	if !m.alone {
		m.writes.Lock()
		defer m.writes.Unlock()
	}
	if m.watched.overtook(m.o.Name, ref) {
		return nil
	}
	return m.o.Index.Relink(ctx, ref, to.accounts, to.people)
}

func (s *Set) chunksOf(ctx context.Context, portal crm.PortalID, chunker int, ref crm.Ref) ([]crm.Chunk, error) {
	var out []crm.Chunk
	for after := (crm.Chunk{Activity: ref, Pos: -1}); ; {
		chunks, err := s.Texts.Chunks(ctx, portal, chunker, after, 64)
		if err != nil {
			return nil, fmt.Errorf("chunks of %s: %w", ref, err)
		}
		for _, c := range chunks {
			if c.Activity != ref {
				return out, nil
			}
			out = append(out, c)
			after = c
		}
		if len(chunks) < 64 {
			return out, nil
		}
	}
}

// SwapWhole makes a built generation live once it agrees with the store: it mends what changed during the build until a pass finds little, then waits until what is in the
// index is in the store, too, and stops writers for a last pass and the swap. Searches never wait and never fail.
func (s *Set) SwapWhole(ctx context.Context, name string, portals []crm.PortalID) error {
	for pass := 0; pass < 5; pass++ {
		found, err := s.reconcileAll(ctx, name, portals, false)
		if err != nil {
			return err
		}
		if found < 64 {
			break
		}
	}
	return s.swapAfter(ctx, name, func() error {
		_, err := s.reconcileAll(ctx, name, portals, true)
		return err
	})
}

func (s *Set) reconcileAll(ctx context.Context, name string, portals []crm.PortalID, alone bool) (found int, err error) {
	for _, p := range portals {
		r, err := s.reconcile(ctx, name, p, true, alone)
		if err != nil {
			return found, err
		}
		found += r.Differs()
	}
	return found, nil
}
