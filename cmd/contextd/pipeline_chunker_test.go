package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/contextd/contextd/indexer"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot/hubsim"
)

// another is the chunker of another version of the program.
const another = indexer.ChunkerVersion + 1

// halves is that chunker: it divides each chunk of this one into two.
func halves() indexer.Chunker {
	return indexer.Chunker{Version: another, Divide: func(a crm.Activity, d crm.Document, accounts []string) (out []crm.Chunk) {
		for _, c := range indexer.Chunk(a, d, accounts) {
			middle := c.Start + strings.LastIndexByte(c.Text[:max(1, len(c.Text)/2)], ' ') + 1
			for _, part := range [][2]int{{c.Start, middle}, {middle, c.End}} {
				if part[0] < part[1] {
					half := c
					half.Start, half.End, half.Text, half.Pos = part[0], part[1], d.Text[part[0]:part[1]], len(out)
					half.ID = indexer.ChunkID(a.Ref, d.Version, another, half.Pos)
					out = append(out, half)
				}
			}
		}
		return out
	}}
}

// upgrade goes on as a program with another chunker would.
func (p *pipeline) upgrade() {
	p.s.index.Options.Chunker, p.s.indexer.Chunker = halves(), halves()
}

// cutBy is the chunker that made a passage's chunk.
func cutBy(c crm.Passage) int {
	for pos := range 40 {
		for _, chunker := range []int{indexer.ChunkerVersion, another} {
			if indexer.ChunkID(c.Activity, c.Version, chunker, pos) == c.Chunk {
				return chunker
			}
		}
	}
	return 0
}

// chunkers are those that made the passages of an answer, by activity; mixed names an activity with more than one.
func chunkers(found crm.Context) (of map[crm.Ref]int, mixed string) {
	of = map[crm.Ref]int{}
	for _, c := range found.Passages {
		by := cutBy(c)
		if before, ok := of[c.Activity]; ok && before != by || by == 0 {
			mixed = fmt.Sprintf("%s: chunkers %d and %d", c.Activity.Path(), before, by)
		}
		of[c.Activity] = by
	}
	return of, mixed
}

// find asks inside an account.
func (p *pipeline) find(ctx context.Context, company, text string) crm.Context {
	p.Helper()
	found, err := p.s.search.Retrieve(ctx, crm.Question{Filter: crm.Filter{Portal: p.portal(), Account: p.ref(company)}, Text: text, Limit: 60})
	if err != nil {
		p.Errorf("%q: %v", text, err)
	}
	return found
}

// verified checks that the live index holds what the store says, and that this many activities are in it.
func (p *pipeline) verified(live string, activities int) {
	p.Helper()
	v, err := (&generations{p.s}).VerifyIndex(p.Context(), p.portal(), false, crm.System("test"))
	if err != nil || v.Missing+v.Stale+v.Moved+v.Orphans > 0 || v.Same != activities || p.s.index.Live().Name != live {
		p.Errorf("%s: %+v, live %s, %v", live, v, p.s.index.Live().Name, err)
	}
}

func longMail(i int) map[string]any {
	return mailOf(i, fmt.Sprintf("Hello Dana,\n\nplease quote item %d for our depot in week %d. The technicians need it before the audit, and the board wants to see the price first.\n\nMira", 1000+i, i+1))
}

// TestAnotherChunkerIsRolledBack: a generation of another chunker answers with its own chunks from the swap on, all of them; rolled back, each answer is the one of before, to the score.
func TestAnotherChunkerIsRolledBack(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, nil)
	company, contact, deal := p.account()
	for i := range 12 {
		p.create("emails", longMail(i), contact, deal)
	}
	p.settle()
	g, by := &generations{p.s}, crm.System("test")
	texts := []string{"item 1003", "What does the board want?", "week 7"}
	answers := func(chunker int) (out []crm.Context) {
		t.Helper()
		for _, text := range texts {
			found := p.find(t.Context(), company, text)
			of, mixed := chunkers(found)
			for a, c := range of {
				if c != chunker {
					t.Errorf("%q: %s is told in chunks of chunker %d, want %d", text, a.Path(), c, chunker)
				}
			}
			if mixed != "" || len(of) == 0 {
				t.Errorf("%q: %d activities, %s", text, len(of), mixed)
			}
			out = append(out, found)
		}
		return out
	}
	before := answers(indexer.ChunkerVersion)
	p.upgrade()
	if wanted, err := p.s.index.Wanted(t.Context()); err != nil || !wanted {
		t.Errorf("no other generation is wanted: %v", err)
	}
	next, err := g.BuildGeneration(t.Context(), by)
	if err != nil {
		t.Fatal(err)
	}
	p.settle()
	answers(indexer.ChunkerVersion)
	if r, err := g.SwapGeneration(t.Context(), true, by); err != nil || !r.Swapped {
		t.Fatalf("%+v %v", r, err)
	}
	answers(another)
	p.verified(next.Name, 12)
	if _, err := g.BuildGeneration(t.Context(), by); err == nil {
		t.Error("a generation was begun for the chunker and embedder that the live one has")
	}
	if back, err := g.RollBack(t.Context(), by); err != nil || back.Name != "g1" {
		t.Fatalf("%+v %v", back, err)
	}
	p.verified("g1", 12)
	for i, got := range answers(indexer.ChunkerVersion) {
		want := before[i]
		if len(got.Passages) != len(want.Passages) || got.Left != want.Left || math.Abs(got.Coverage-want.Coverage) > 1e-9 {
			t.Fatalf("%q: %d passages, were %d", texts[i], len(got.Passages), len(want.Passages))
		}
		for j, c := range got.Passages {
			if w := want.Passages[j]; c.Chunk != w.Chunk || c.Text != w.Text || math.Abs(c.Score-w.Score) > 1e-6 {
				t.Errorf("%q, passage %d: %s at %v, was %s at %v", texts[i], j, c.Chunk, c.Score, w.Chunk, w.Score)
			}
		}
	}
	p.call("DELETE", "objects/"+contact+"?gdpr=true", nil)
	p.settle()
	for _, chunker := range []int{0, indexer.ChunkerVersion, another} {
		if posted, err := p.s.db.Cut(chunker).Postings(t.Context(), p.ref(company)); err != nil || len(posted.Chunks) != 0 {
			t.Errorf("chunker %d keeps %d chunks of who is to be forgotten: %v", chunker, len(posted.Chunks), err)
		}
	}
}

// load asks and writes until it is stopped; the answers must not fail, nor tell one activity in chunks of two chunkers.
type load struct {
	*pipeline
	company, contact, deal string
	mails                  []string
	asked, wide            atomic.Int64
	parts                  sync.WaitGroup
}

func (l *load) start(ctx context.Context, readers int) {
	for n := range readers {
		l.parts.Go(func() {
			r := rand.New(rand.NewPCG(uint64(n), 9))
			for ctx.Err() == nil {
				f := crm.Filter{Portal: l.portal(), Account: l.ref(l.company)}
				if n%3 == 2 {
					f = crm.Filter{Portal: l.portal(), Wide: true}
					l.wide.Add(1)
				}
				found, err := l.s.search.Retrieve(l.Context(), crm.Question{Filter: f, Text: fmt.Sprintf("which price for item %d does the board want?", 1000+r.IntN(30)), Limit: 30})
				of, mixed := chunkers(found)
				if err != nil || mixed != "" || len(of) == 0 {
					l.Errorf("an answer of %d activities: %s %v", len(of), mixed, err)
					return
				}
				l.asked.Add(1)
			}
		})
	}
	l.parts.Go(func() {
		tick := time.NewTicker(40 * time.Millisecond) // people are not faster
		defer tick.Stop()
		for i := 0; ctx.Err() == nil; i++ {
			switch mail := l.mails[i%len(l.mails)]; i % 4 {
			case 0:
				l.create("emails", longMail(200+i), l.contact, l.deal)
			case 1: // another subject: nothing of the text
				l.call("PATCH", "objects/"+mail, map[string]any{"properties": map[string]any{"hs_email_subject": fmt.Sprint("Later question ", i)}})
			default:
				text := fmt.Sprintf("Hello Dana,\n\nwe changed our mind about item %d: the board wants another price, and the depot needs it in round %d already.\n\nMira", 1000+i%30, i)
				l.call("PATCH", "objects/"+mail, map[string]any{"properties": map[string]any{"hs_email_text": text}})
			}
			<-tick.C
		}
	})
}

// TestAnotherChunkerUnderLoad: built, swapped and rolled back while people ask and write: no question fails and no answer mixes chunkers, and afterwards the index is whole.
func TestAnotherChunkerUnderLoad(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, nil)
	l := &load{pipeline: p}
	l.company, l.contact, l.deal = p.account()
	for i := range 30 {
		l.mails = append(l.mails, p.create("emails", longMail(i), l.contact, l.deal))
	}
	p.settle()
	p.upgrade()
	ctx, stop := context.WithCancel(t.Context())
	l.start(ctx, 3)
	g, by := &generations{p.s}, crm.System("test")
	step := func(do func() error) {
		t.Helper()
		if err := do(); err != nil {
			t.Error(err)
		}
		l.more(20)
	}
	swap := func() error {
		tick := time.NewTicker(20 * time.Millisecond) // building is work, and says so until it is done
		defer tick.Stop()
		for ; ; <-tick.C {
			r, err := g.SwapGeneration(t.Context(), true, by)
			if !errors.Is(err, crm.ErrConflict) {
				return errors.Join(err, map[bool]error{false: errors.New("it did not swap")}[r.Swapped])
			}
		}
	}
	step(func() error { _, err := g.BuildGeneration(t.Context(), by); return err })
	step(swap)
	step(func() error { _, err := g.RollBack(t.Context(), by); return err })
	step(swap)
	stop()
	l.parts.Wait()
	p.settle()
	counts, err := p.s.db.Counts(t.Context(), p.portal())
	if err != nil {
		t.Fatal(err)
	}
	p.verified("g2", counts.Indexed)
	of, _ := chunkers(p.find(t.Context(), l.company, "which price does the board want?"))
	for a, c := range of {
		if c != another {
			t.Errorf("%s is told in chunks of chunker %d", a.Path(), c)
		}
	}
	t.Logf("%d questions, %d of them to the whole portal", l.asked.Load(), l.wide.Load())
}

// more waits until so many more questions were answered.
func (l *load) more(n int64) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for seen := l.asked.Load(); l.asked.Load() < seen+n && !l.Failed(); {
		<-tick.C
	}
}
