package indexer

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// world is a CRM and an index in memory: every port of the Indexer, with a log of what was called.
type world struct {
	activities  map[crm.Ref]crm.Activity
	records     map[crm.Ref]crm.Record
	members     map[crm.Ref][]crm.Membership // as the CRM says
	stored      map[crm.Ref]bool
	before      map[crm.Ref]crm.Record       // as they were last kept
	known       map[crm.Ref][]crm.Membership // as the store has them
	kept        map[crm.Ref]crm.Kept
	erased      map[crm.Ref]bool
	vectors     map[crm.Ref]crm.Kept
	marked      []crm.Mark
	cursors     map[string]string
	pages       map[crm.ObjectType][]Page
	log         []string
	fingerprint string
	windows     bool
	chunker     int // of the live generation

	unread   map[crm.Ref]error // what the CRM fails on, alone
	embedErr func(texts []string) error
	badText  string // gets a zero vector
	keepErr  error
	atHold   func()
	held     bool // somebody is between the index and the store
}

func newWorld() *world {
	return &world{activities: map[crm.Ref]crm.Activity{}, records: map[crm.Ref]crm.Record{}, members: map[crm.Ref][]crm.Membership{}, stored: map[crm.Ref]bool{},
		known: map[crm.Ref][]crm.Membership{}, kept: map[crm.Ref]crm.Kept{}, vectors: map[crm.Ref]crm.Kept{}, cursors: map[string]string{},
		pages: map[crm.ObjectType][]Page{}, fingerprint: "fake/4"}
}

func (w *world) indexer() *Indexer {
	return &Indexer{Source: w, Embedder: w, Vectors: w, Texts: w, Marker: w, Names: w, Lister: w, Cursors: w, Now: func() time.Time { return may.Add(time.Hour) }}
}

func (w *world) note(format string, args ...any) { w.log = append(w.log, fmt.Sprintf(format, args...)) }

func (w *world) count(prefix string) int {
	n := 0
	for _, l := range w.log {
		if strings.HasPrefix(l, prefix) {
			n++
		}
	}
	return n
}

func (w *world) Activities(_ context.Context, refs []crm.Ref) (out []crm.Activity, _ error) {
	for _, r := range refs {
		if a, ok := w.activities[r]; ok && w.unread[r] == nil {
			out = append(out, a)
		}
	}
	return out, w.failed(refs)
}

func (w *world) failed(refs []crm.Ref) error {
	failed := map[crm.Ref]error{}
	for _, r := range refs {
		if err := w.unread[r]; err != nil {
			failed[r] = err
		}
	}
	if len(failed) == 0 {
		return nil
	}
	return &crm.Partly{Failed: failed}
}

func (w *world) Records(_ context.Context, refs []crm.Ref) (out []crm.Record, ms []crm.Membership, _ error) {
	w.note("read records %d", len(refs))
	for _, r := range refs {
		if rec, ok := w.records[r]; ok && w.unread[r] == nil {
			out = append(out, rec)
			ms = append(ms, w.members[r]...)
		}
	}
	return out, ms, w.failed(refs)
}

func (w *world) Fingerprint() string { return w.fingerprint }
func (w *world) Dimension() int      { return 4 }
func (w *world) Windows() bool       { return w.windows }
func (w *world) Chunker() int        { return w.chunker }

func (w *world) Embed(_ context.Context, _ crm.EmbedKind, texts []string) ([][]float32, crm.Usage, error) {
	w.note("embed %d", len(texts))
	if w.embedErr != nil {
		if err := w.embedErr(texts); err != nil {
			return nil, crm.Usage{}, err
		}
	}
	out := make([][]float32, len(texts))
	for i, t := range texts {
		h := fnv.New32a()
		h.Write([]byte(t))
		out[i] = []float32{1, float32(h.Sum32()), 0, 0}
		if w.badText != "" && strings.Contains(t, w.badText) {
			out[i] = make([]float32, 4)
		}
	}
	return out, crm.Usage{InputTokens: len(texts)}, nil
}

func (w *world) Hold() func() {
	if w.held {
		panic("held twice")
	}
	w.held = true
	if w.atHold != nil {
		w.atHold()
	}
	return func() { w.held = false }
}

// between checks that nobody may compare index and store at the moment.
func (w *world) between() {
	if !w.held {
		panic("index and store are written without being held")
	}
}

func (w *world) Replace(_ context.Context, batch []crm.Kept) error {
	for _, k := range batch {
		for _, c := range k.Chunks {
			if len(k.Accounts) > 0 && (!crm.ValidVector(c.Vector, 4) || crm.ValidVector(c.Window, 4) != w.windows || k.Embedder != w.fingerprint) {
				w.note("refused")
				return crm.ErrInvalid
			}
		}
	}
	for _, k := range batch {
		w.note("replace %s %d", k.Activity.Ref.Path(), len(k.Chunks))
		if len(k.Chunks) == 0 || len(k.Accounts) == 0 {
			delete(w.vectors, k.Activity.Ref)
			continue
		}
		w.vectors[k.Activity.Ref] = k
	}
	return nil
}

func (w *world) Relink(_ context.Context, ref crm.Ref, accounts, people []crm.Ref) error {
	w.between()
	w.note("relink %s", ref.Path())
	k, ok := w.vectors[ref]
	if !ok {
		return crm.ErrNotFound
	}
	k.Accounts, k.Chunks = accounts, slices.Clone(k.Chunks)
	for i := range k.Chunks {
		k.Chunks[i].People = people
	}
	w.vectors[ref] = k
	return nil
}

func (w *world) Marks(_ context.Context, refs []crm.Ref) (map[crm.Ref]Marked, error) {
	out := map[crm.Ref]Marked{}
	for _, r := range refs {
		if k, ok := w.kept[r]; ok {
			out[r] = Marked{Mark: k.Mark, Version: k.Document.Version, Accounts: k.Accounts, Links: k.Activity.Links, Modified: k.Activity.Modified, Chunker: k.Chunker}
			if len(k.Chunks) > 0 {
				m := out[r]
				m.Learned = k.Chunks[0].Created
				out[r] = m
			}
		}
	}
	return out, nil
}

func (w *world) Keep(_ context.Context, batch []crm.Kept) error {
	w.between()
	if w.keepErr != nil {
		return w.keepErr
	}
	for _, k := range batch {
		w.note("keep %s", k.Activity.Ref.Path())
		w.kept[k.Activity.Ref] = k
		w.marked = append(w.marked, k.Triggers...)
	}
	return nil
}

func (w *world) Gone(_ context.Context, refs []crm.Ref, _ crm.Claim) error {
	w.between()
	for _, r := range refs {
		w.note("gone %s", r.Path())
		delete(w.kept, r)
	}
	return nil
}

func (w *world) Erased(_ context.Context, refs []crm.Ref) (map[crm.Ref]bool, error) {
	out := map[crm.Ref]bool{}
	for _, r := range refs {
		out[r] = w.erased[r]
	}
	return out, nil
}

func (w *world) Erase(_ context.Context, r crm.Ref, by crm.Actor) (out []crm.Ref, _ error) {
	w.note("erase %s by %s", r.Path(), by.ID)
	if w.erased == nil {
		w.erased = map[crm.Ref]bool{}
	}
	w.erased[r] = true
	for a, k := range w.kept {
		if a == r || slices.Contains(k.Activity.Links.All(), r) {
			w.erased[a], out = true, append(out, a)
			delete(w.kept, a)
		}
	}
	return out, nil
}

func (w *world) Memberships(_ context.Context, members []crm.Ref) (out []crm.Membership, _ error) {
	for _, m := range members {
		out = append(out, w.known[m]...)
	}
	return out, nil
}

func (w *world) KeepRecords(_ context.Context, records []crm.Record, ms []crm.Membership, gone []crm.Ref, cause crm.Claim, triggers []crm.Mark) (moved []crm.Ref, _ error) {
	for _, r := range records {
		w.note("keep record %s", r.Ref.Path())
		w.stored[r.Ref] = true
		if w.before == nil {
			w.before = map[crm.Ref]crm.Record{}
		}
		w.before[r.Ref] = r
		var mine []crm.Membership
		for _, m := range ms {
			if m.Member == r.Ref {
				mine = append(mine, m)
			}
		}
		if !slices.Equal(w.known[r.Ref], mine) {
			w.known[r.Ref] = mine
			for ref, k := range w.kept {
				if slices.Contains(k.Activity.Links.All(), r.Ref) {
					moved = append(moved, ref)
				}
			}
		}
	}
	for _, g := range gone {
		w.note("record gone %s", g.Path())
		w.stored[g] = true
	}
	w.marked = append(w.marked, triggers...)
	for _, r := range moved {
		w.marked = append(w.marked, crm.Mark{Portal: r.Portal, Kind: crm.IndexWork, Key: r.Path(), Lane: cause.Lane})
	}
	return moved, nil
}

func (w *world) HasRecords(_ context.Context, refs []crm.Ref) (map[crm.Ref]bool, error) {
	out := map[crm.Ref]bool{}
	for _, r := range refs {
		out[r] = w.stored[r]
	}
	return out, nil
}

func (w *world) KnownRecords(_ context.Context, refs []crm.Ref) (map[crm.Ref]crm.Record, error) {
	out := map[crm.Ref]crm.Record{}
	for _, r := range refs {
		if before, ok := w.before[r]; ok {
			out[r] = before
		}
	}
	return out, nil
}

func (w *world) Mark(_ context.Context, marks []crm.Mark, _ crm.Claim) error {
	w.marked = append(w.marked, marks...)
	return nil
}

func (w *world) Names(_ context.Context, refs []crm.Ref) (map[crm.Ref]string, error) {
	out := map[crm.Ref]string{}
	for _, r := range refs {
		out[r] = w.records[r].Name
	}
	return out, nil
}

func (w *world) List(_ context.Context, _ crm.PortalID, t crm.ObjectType, after string) (Page, error) {
	w.note("list %s %q", t, after)
	at := 0
	if after != "" {
		fmt.Sscan(after, &at)
	}
	if at >= len(w.pages[t]) {
		return Page{}, nil
	}
	p := w.pages[t][at]
	if at+1 < len(w.pages[t]) {
		p.Next = fmt.Sprint(at + 1)
	}
	return p, nil
}

func (w *world) Cursor(_ context.Context, _ crm.PortalID, name string) (after string, done int, finished bool, err error) {
	if s, ok := w.cursors[name]; ok {
		_, err = fmt.Sscanf(s, "%q %d %t", &after, &done, &finished)
	}
	return after, done, finished, err
}

func (w *world) KeepCursor(_ context.Context, _ crm.PortalID, name, after string, done int, finished bool) error {
	w.cursors[name] = fmt.Sprintf("%q %d %t", after, done, finished)
	return nil
}

var errRefused = errors.New("500 internal error")
