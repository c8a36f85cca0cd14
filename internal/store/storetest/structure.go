package storetest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/store"
)

// rich is an activity whose chunks use every field there is.
func rich(w *world, activity crm.Ref, people []crm.Ref, accounts ...crm.Ref) crm.Kept {
	k := kept(activity, w.clock.now(), "Wir zahlen 3 000 €\nwarum am Montag?", accounts...)
	k.Activity.Generated, k.Activity.Links.Contacts, k.Activity.Thread = true, people, "thread-1"
	for i := range k.Chunks {
		c := &k.Chunks[i]
		c.Session, c.Speaker, c.Language, c.Generated, c.People = "thread-1", fmt.Sprint("Ann ", i), []string{"de", "en"}[i], true, people
		c.Time, c.Created = c.Time.Add(time.Duration(i)*time.Minute), c.Created.Add(-time.Hour)
		c.Traits = crm.HasNumber | crm.HasTime<<i
	}
	k.Digest = crm.DigestOf(k.Chunks)
	return k
}

// indexStructure: what the indexer found out about a chunk is there for ranking and for rebuilding a back end, byte for byte.
func indexStructure(w *world) {
	ann, bob, acme := ref(crm.Contacts, 7), ref(crm.Contacts, 8), ref(crm.Companies, 5)
	k := rich(w, ref(crm.Emails, 1), []crm.Ref{ann, bob}, acme)
	w.keep(kept(ref(crm.Calls, 1), w.clock.now().Add(time.Hour), "a later call", acme), k)
	w.reopen()
	chunks, err := w.Chunks(w.ctx, portal, 0, crm.Chunk{Activity: k.Activity.Ref, Pos: -1}, 10)
	w.no(err)
	if len(chunks) != 2 {
		w.Fatalf("chunks: %+v", chunks)
	}
	same(w, "digest", crm.DigestOf(chunks), k.Digest)
	p, err := w.Postings(w.ctx, acme)
	w.no(err)
	same(w, "posted chunks", len(p.Chunks), 3)
	same(w, "first by reference, not by time", p.Chunks[0].Activity, ref(crm.Calls, 1))
	for i, want := range k.Chunks {
		for what, got := range map[string]crm.Chunk{"listed": chunks[i], "posted": unposted(p.Chunks[i+1])} {
			if got.ID != want.ID || got.Pos != want.Pos || got.Kind != want.Kind || got.Session != want.Session || got.Speaker != want.Speaker || got.Language != want.Language ||
				!got.Generated || got.Traits != want.Traits || !got.Time.Equal(want.Time) || !got.Created.Equal(want.Created) || !slices.Equal(got.People, want.People) {
				w.Fatalf("%s chunk %d: %+v, want %+v", what, i, got, want)
			}
		}
		same(w, "text", chunks[i].Text, want.Text)
	}
	s, err := w.Activity(w.ctx, k.Activity.Ref)
	w.no(err)
	same(w, "generated", s.Generated, true)
	bodies, err := w.Bodies(w.ctx, portal, []string{k.Chunks[0].ID})
	w.no(err)
	same(w, "language of a passage", bodies[0].Language, "de")
	same(w, "person of a passage", bodies[0].Person, "Ann 0")

	w.keep(rich(w, k.Activity.Ref, []crm.Ref{bob}, acme)) // as for a relink
	p, err = w.Postings(w.ctx, acme)
	w.no(err)
	if !slices.Equal(p.Chunks[1].People, []crm.Ref{bob}) {
		w.Fatalf("people after a relink: %v", p.Chunks[1].People)
	}
}

// unposted is a posted chunk as a Chunk.
func unposted(p crm.PostedChunk) crm.Chunk {
	return crm.Chunk{ID: p.ID, Activity: p.Activity, Pos: p.Pos, Kind: p.Kind, Time: p.Time, Created: p.Created, Session: p.Session, Speaker: p.Speaker, People: p.People,
		Language: p.Language, Generated: p.Generated, Traits: p.Traits}
}

// indexTooLarge: an account beyond the limit is refused until it is within it again.
func indexTooLarge(w *world) {
	w.no(w.Close())
	w.reopened(store.Options{PostingsChunks: 3})
	acme, beta, call := ref(crm.Companies, 5), ref(crm.Companies, 6), ref(crm.Calls, 2)
	w.keep(kept(ref(crm.Calls, 1), w.clock.now(), "one\ntwo", acme, beta), kept(call, w.clock.now(), "three\nfour", acme))
	for range 2 { // found out, then remembered
		_, err := w.Postings(w.ctx, acme)
		w.is(err, crm.ErrTooLarge)
	}
	p, err := w.Postings(w.ctx, beta)
	w.no(err)
	same(w, "a small account", len(p.Chunks), 2)
	w.keep(kept(call, w.clock.now(), "three", acme))
	p, err = w.Postings(w.ctx, acme)
	w.no(err)
	same(w, "within the limit", len(p.Chunks), 3)
}

// indexBodiesMany: more ids than one statement takes, some unknown, some twice.
func indexBodiesMany(w *world) {
	var ids []string
	want := map[string]string{}
	for i := range 3 {
		lines := make([]string, 100)
		for l := range lines {
			lines[l] = fmt.Sprintf("line %d of %d", l, i)
		}
		k := kept(ref(crm.Calls, i+1), w.clock.now(), strings.Join(lines, "\n"), ref(crm.Companies, 5))
		w.keep(k)
		for _, c := range k.Chunks {
			ids, want[c.ID] = append(ids, c.ID), c.Text
		}
	}
	got, err := w.Bodies(w.ctx, portal, append(ids, "unknown"))
	w.no(err)
	same(w, "passages", len(got), 300)
	for _, p := range got {
		same(w, "text", p.Text, want[p.Chunk])
		delete(want, p.Chunk)
	}
	same(w, "left out", len(want), 0)
	got, err = w.Bodies(w.ctx, portal, nil)
	w.no(err)
	same(w, "passages of nothing", len(got), 0)
	got, err = w.Bodies(w.ctx, portal, []string{ids[0], ids[1], ids[0]})
	w.no(err)
	same(w, "asked twice", len(got), 2)
}

// indexIndexed: exactly what a vector back end must hold.
func indexIndexed(w *world) {
	acme, ann := ref(crm.Companies, 5), ref(crm.Contacts, 7)
	want := map[string]crm.Indexed{}
	var batch []crm.Kept
	for i := range 512 { // a whole number of pages
		k := kept(ref(crm.Calls, i+1), w.clock.now(), "one\ntwo", acme)
		batch = append(batch, k)
	}
	batch[3] = rich(w, batch[3].Activity.Ref, []crm.Ref{ann}, acme, ann)
	for _, k := range batch {
		for _, c := range k.Chunks {
			want[c.ID] = crm.Indexed{Chunk: c.ID, Activity: c.Activity, Digest: k.Digest, Chunks: 2, Accounts: k.Accounts, People: c.People}
		}
	}
	ours := kept(ref(crm.Notes, 1), w.clock.now(), "ours", acme)
	ours.Activity.Ours = true
	elsewhere := kept(crm.Ref{Portal: portal + 1, Type: crm.Calls, ID: "1"}, w.clock.now(), "theirs", crm.Ref{Portal: portal + 1, Type: crm.Companies, ID: "5"})
	w.keep(append(batch, ours, elsewhere, kept(ref(crm.Notes, 2), w.clock.now(), "nobody's"))...)
	last := ""
	for x, err := range w.Indexed(w.ctx, portal, 0) {
		w.no(err)
		y, ok := want[x.Chunk]
		if !ok || x.Activity != y.Activity || x.Digest != y.Digest || x.Chunks != y.Chunks || !slices.Equal(x.Accounts, y.Accounts) || !slices.Equal(x.People, y.People) {
			w.Fatalf("indexed %+v, want %+v", x, y)
		}
		delete(want, x.Chunk)
		last = x.Chunk
	}
	if len(want) > 0 || last == "" {
		w.Fatalf("%d chunks were not named", len(want))
	}
	for range w.Indexed(w.ctx, portal, 0) {
		break // and nobody is left holding a snapshot
	}
	w.no(w.Checkpoint(w.ctx))
	for range w.Indexed(w.ctx, portal+2, 0) {
		w.Fatal("an unknown portal has chunks")
	}
	w.no(w.Close())
	failed := 0
	for _, err := range w.Indexed(w.ctx, portal, 0) {
		w.is(err, crm.ErrTemporary)
		failed++
	}
	same(w, "errors of a closed store", failed, 1)
	w.reopened(store.Options{})
}
