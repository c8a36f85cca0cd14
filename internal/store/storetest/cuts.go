package storetest

import (
	"fmt"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// whole is an activity as another chunker cuts it: into one chunk, or none when the text says so.
func whole(k crm.Kept, chunker int) crm.Kept {
	first := k.Chunks[0]
	first.ID, first.Start, first.End, first.Text = hash(fmt.Sprint(first.ID, chunker))[:32], 0, len(k.Document.Text), k.Document.Text
	k.Chunks, k.Words, k.Chunker = []crm.Chunk{first}, [][]string{strings.Fields(k.Document.Text)}, chunker
	if strings.HasPrefix(k.Document.Text, "nothing") {
		k.Chunks, k.Words = nil, nil
	}
	k.Digest = crm.DigestOf(k.Chunks)
	return k
}

// seen is what a chunker's generation sees of the account: the activities with their numbers of chunks, the same in postings, listing and what an index must hold.
func (w *world) seen(account crm.Ref, chunker int) string {
	w.Helper()
	count := func(of map[crm.Ref]int) (out string) {
		for i := range 10 {
			if n := of[ref(crm.Calls, i)]; n > 0 {
				out += fmt.Sprintf("%d:%d ", i, n)
			}
		}
		return out
	}
	posted, listed, indexed := map[crm.Ref]int{}, map[crm.Ref]int{}, map[crm.Ref]int{}
	p, err := w.Cut(chunker).Postings(w.ctx, account)
	w.no(err)
	words := 0
	for _, c := range p.Chunks {
		posted[c.Activity]++
		words += c.Tokens()
	}
	if words != len(p.Sequence) {
		w.Fatalf("%d words of %d", words, len(p.Sequence))
	}
	for after := (crm.Chunk{}); ; {
		page, err := w.Chunks(w.ctx, portal, chunker, after, 2)
		w.no(err)
		for _, c := range page {
			listed[c.Activity]++
			after = c
		}
		if len(page) < 2 {
			break
		}
	}
	for x, err := range w.Indexed(w.ctx, portal, chunker) {
		w.no(err)
		indexed[x.Activity]++
		if x.Chunks != posted[x.Activity] {
			w.Fatalf("%s: %d chunks in the index, %d posted", x.Activity, x.Chunks, posted[x.Activity])
		}
	}
	stats, err := w.Cut(chunker).WordStatistics(w.ctx, portal, 1000)
	w.no(err)
	same(w, "chunks counted", stats.Chunks, len(p.Chunks))
	same(w, "listed", count(listed), count(posted))
	same(w, "indexed", count(indexed), count(posted))
	return count(posted)
}

// indexCuts: a generation sees the chunks that its chunker made, and of what it has not cut the newest; whatever changes or goes, does so for all.
func indexCuts(w *world) {
	acme := ref(crm.Companies, 5)
	var all []crm.Kept
	for i, text := range []string{"zero\none", "two\nthree\nfour", "five\nsix", "nothing\nat all", "seven\neight"} {
		all = append(all, kept(ref(crm.Calls, i), w.clock.now(), text, acme))
	}
	w.keep(all...)
	same(w, "before", w.seen(acme, 3), "0:2 1:3 2:2 3:2 4:2 ")
	uncut, err := w.Uncut(w.ctx, portal, 3, crm.Ref{}, 3)
	w.no(err)
	same(w, "to be cut", len(uncut), 3)
	for i, s := range uncut {
		if s.Ref != all[i].Activity.Ref || s.Document.Text != all[i].Document.Text || !s.LearnedAt.Equal(all[i].Chunks[0].Created) || len(s.Accounts) != 1 {
			w.Fatalf("%+v", s)
		}
	}
	changed := kept(ref(crm.Calls, 4), w.clock.now(), "changed\nmeanwhile", acme)
	w.keep(changed)
	w.no(w.KeepCut(w.ctx, []crm.Kept{whole(all[1], 3), whole(all[2], 3), whole(all[3], 3), whole(all[4], 3), whole(kept(ref(crm.Calls, 9), w.clock.now(), "unknown", acme), 3)}))
	w.no(w.KeepCut(w.ctx, []crm.Kept{whole(all[1], 3)})) // twice is once
	same(w, "its own", w.seen(acme, 3), "0:2 1:1 2:1 4:2 ")
	same(w, "the first one's", w.seen(acme, crm.FirstChunker), "0:2 1:3 2:2 3:2 4:2 ")
	same(w, "the newest", w.seen(acme, 0), "0:2 1:1 2:1 4:2 ")
	same(w, "another's", w.seen(acme, 7), "0:2 1:1 2:1 4:2 ")
	uncut, err = w.Uncut(w.ctx, portal, 3, crm.Ref{}, 10)
	w.no(err)
	same(w, "still to be cut", len(uncut), 2)
	w.reopen()
	bodies, err := w.Bodies(w.ctx, portal, []string{all[1].Chunks[1].ID, whole(all[1], 3).Chunks[0].ID})
	w.no(err)
	same(w, "bodies", len(bodies), 2)
	marks, err := w.Marks(w.ctx, []crm.Ref{ref(crm.Calls, 0), ref(crm.Calls, 1)})
	w.no(err)
	same(w, "cut by", marks[ref(crm.Calls, 0)].Chunker, crm.FirstChunker)
	same(w, "cut by", marks[ref(crm.Calls, 1)].Chunker, 3)
	counts, err := w.Counts(w.ctx, portal)
	w.no(err)
	same(w, "counted", counts.Chunks, 6)

	w.keep(whole(kept(ref(crm.Calls, 2), w.clock.now(), "new\ntext", acme), 3))
	w.no(w.Gone(w.ctx, []crm.Ref{ref(crm.Calls, 4)}, crm.Claim{}))
	same(w, "changed and gone for all", w.seen(acme, crm.FirstChunker), "0:2 1:3 2:1 3:2 ")
	w.no(w.ForgetCuts(w.ctx, []int{crm.FirstChunker, 3}))
	same(w, "nothing forgotten", w.seen(acme, crm.FirstChunker), "0:2 1:3 2:1 3:2 ")
	w.no(w.ForgetCuts(w.ctx, []int{3}))
	w.reopen()
	same(w, "forgotten but for what nobody cut since", w.seen(acme, crm.FirstChunker), "0:2 1:1 2:1 ")
	_, err = w.Erase(w.ctx, ref(crm.Calls, 1), ann)
	w.no(err)
	same(w, "erased", w.seen(acme, 3), "0:2 2:1 ")
}
