package storetest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// kept is an activity with one chunk per line of its text and one word per field.
func kept(activity crm.Ref, at time.Time, text string, accounts ...crm.Ref) crm.Kept {
	k := crm.Kept{
		Activity: crm.Activity{Ref: activity, Time: at, Created: at, Modified: at, Subject: "about", Direction: crm.Incoming, Format: crm.PlainText,
			People: []crm.Person{{Name: "Ann", Role: "from"}, {Name: "Bo", Role: "to", Ours: true}}, Links: crm.Links{}},
		Document: crm.Document{Ref: activity, Version: hash(text), Text: text, Language: "en"},
		Accounts: accounts,
		Mark:     "mark:" + hash(text),
	}
	for _, a := range accounts {
		k.Activity.Links = k.Activity.Links.Add(a)
	}
	start := 0
	for pos, line := range strings.Split(text, "\n") {
		k.Chunks = append(k.Chunks, crm.Chunk{ID: hash(fmt.Sprint(activity, k.Document.Version, pos))[:32], Activity: activity, Version: k.Document.Version, Pos: pos,
			Kind: activity.Type.Kind(), Time: at, Created: at, Session: activity.Path(), Language: "en", Traits: crm.HasName, Start: start, End: start + len(line),
			Header: "header", Text: line})
		k.Words = append(k.Words, strings.Fields(line))
		start += len(line) + 1
	}
	k.Digest = crm.DigestOf(k.Chunks)
	return k
}

func (w *world) keep(batch ...crm.Kept) {
	w.Helper()
	w.no(w.Keep(w.ctx, batch))
}

func indexKeep(w *world) {
	call, acme := ref(crm.Calls, 1), ref(crm.Companies, 5)
	k := kept(call, w.clock.now(), "price is high\nwe wait", acme)
	w.keep(k)
	w.reopen()
	marks, err := w.Marks(w.ctx, []crm.Ref{call, ref(crm.Calls, 2)})
	w.no(err)
	if len(marks) != 1 || marks[call].Mark != k.Mark || marks[call].Version != k.Document.Version || !slices.Equal(marks[call].Accounts, []crm.Ref{acme}) || !slices.Equal(marks[call].Links.Companies, []crm.Ref{acme}) {
		w.Fatalf("marks: %+v", marks)
	}
	s, err := w.Activity(w.ctx, call)
	w.no(err)
	if s.Document.Text != "price is high\nwe wait" || s.Document.Language != "en" || s.Subject != "about" || s.Body != "" || !s.Time.Equal(w.clock.now()) ||
		len(s.People) != 2 || s.SupersededAt != nil || !slices.Equal(s.Accounts, []crm.Ref{acme}) {
		w.Fatalf("stored: %+v", s)
	}
	n, err := w.ResetMarks(w.ctx, portal)
	w.no(err)
	same(w, "reset", n, 1)
	marks, err = w.Marks(w.ctx, []crm.Ref{call})
	w.no(err)
	if m, ok := marks[call]; !ok || m.Mark != "" {
		w.Fatalf("after a reset: %+v", marks)
	}
	chunks, err := w.Chunks(w.ctx, portal, 0, crm.Chunk{}, 10)
	w.no(err)
	same(w, "chunks", len(chunks), 2)
	rest, err := w.Chunks(w.ctx, portal, 0, chunks[0], 10)
	w.no(err)
	if len(rest) != 1 || rest[0].ID != chunks[1].ID || rest[0].Text == "" || rest[0].Header != "header" {
		w.Fatalf("chunks after the first: %+v", rest)
	}
}

func indexVersions(w *world) {
	call, acme := ref(crm.Calls, 1), ref(crm.Companies, 5)
	texts := []string{"first", "second", "first"}
	var moments []time.Time
	for _, text := range texts {
		w.keep(kept(call, w.clock.now(), text, acme))
		moments = append(moments, w.clock.now())
		w.clock.advance(time.Hour)
		w.keep(kept(call, w.clock.now(), text, acme)) // unchanged: no new version
		w.clock.advance(time.Hour)
	}
	w.reopen()
	var last int64
	for i, at := range moments {
		s, err := w.ActivityAt(w.ctx, call, at)
		w.no(err)
		if s.Seq <= last {
			w.Errorf("version %d has number %d after %d", i, s.Seq, last)
		}
		last = s.Seq
		same(w, fmt.Sprint("text as of version ", i), s.Document.Text, texts[i])
		same(w, "learned", s.LearnedAt, at)
		same(w, "superseded", s.SupersededAt != nil, i < 2)
	}
	newest, err := w.Known(w.ctx, acme)
	w.no(err)
	same(w, "the newest text of the account", newest, last)
	_, err = w.ActivityAt(w.ctx, call, moments[0].Add(-time.Second))
	w.is(err, crm.ErrNotFound)
	old, err := w.Text(w.ctx, call, hash("second"))
	w.no(err)
	same(w, "superseded text", old, "second")
	_, err = w.Text(w.ctx, ref(crm.Calls, 2), hash("second"))
	w.is(err, crm.ErrNotFound) // not this activity's
}

func indexGone(w *world) {
	call, acme := ref(crm.Calls, 1), ref(crm.Companies, 5)
	w.keep(kept(call, w.clock.now(), "text", acme))
	learned := w.clock.now()
	w.clock.advance(time.Hour)
	quoting := proposal("quoting", crm.Review) // stands on the call
	quoting.Workflow, quoting.Subject = "reply_draft", ref(crm.Deals, 3)
	w.propose(quoting)
	quoting = proposal("written", crm.Apply) // does so too, and is written already
	quoting.Workflow, quoting.Subject = "lead_score", ref(crm.Contacts, 3)
	w.propose(quoting)
	w.no(w.Gone(w.ctx, []crm.Ref{call, ref(crm.Calls, 9)}, crm.Claim{}))
	again := w.claims(crm.ConsiderWork, 5)
	same(w, "considered again", len(again), 1)
	same(w, "considered again", again[0].Key, "reply_draft:deals/3")
	_, err := w.Activity(w.ctx, call)
	w.is(err, crm.ErrNotFound)
	marks, err := w.Marks(w.ctx, []crm.Ref{call})
	w.no(err)
	same(w, "marks", len(marks), 1)
	same(w, "mark", marks[call].Mark, "")
	same(w, "gone", marks[call].Gone, true)
	p, err := w.Postings(w.ctx, acme)
	w.no(err)
	same(w, "posted chunks", len(p.Chunks), 0)
	line, err := w.Timeline(w.ctx, acme, time.Time{}, 10)
	w.no(err)
	same(w, "timeline", len(line), 0)
	s, err := w.ActivityAt(w.ctx, call, learned)
	w.no(err)
	same(w, "text as of before", s.Document.Text, "text")
	w.keep(kept(call, w.clock.now(), "text", acme)) // restored
	s, err = w.Activity(w.ctx, call)
	w.no(err)
	same(w, "text after a restore", s.Document.Text, "text")
}

func indexRefuses(w *world) {
	call := ref(crm.Calls, 1)
	good := kept(call, w.clock.now(), "some text\nmore")
	for name, broken := range map[string]func(*crm.Kept){
		"version":  func(k *crm.Kept) { k.Document.Version = hash("other") },
		"slice":    func(k *crm.Kept) { k.Chunks[0].End = 100 },
		"negative": func(k *crm.Kept) { k.Chunks[0].Start = -1 },
		"text":     func(k *crm.Kept) { k.Chunks[0].Text = "other" },
		"words":    func(k *crm.Kept) { k.Words = nil },
		"people":   func(k *crm.Kept) { k.Chunks[1].People = []crm.Ref{ref(crm.Contacts, 7)} },
		"record":   func(k *crm.Kept) { k.Activity.Ref = ref(crm.Companies, 1) },
	} {
		k := kept(call, w.clock.now(), "some text\nmore")
		broken(&k)
		if err := w.Keep(w.ctx, []crm.Kept{k}); err == nil {
			w.Fatalf("%s was accepted", name)
		} else {
			w.is(err, crm.ErrInvalid)
		}
	}
	w.keep(good)
}

// spell writes the words of one chunk.
func spell(p *crm.Postings, chunk int) string {
	var words []string
	for _, id := range p.Sequence[p.Chunks[chunk].From:p.Chunks[chunk].To] {
		words = append(words, p.Words[id])
	}
	return strings.Join(words, " ")
}

func indexPostings(w *world) {
	acme, beta := ref(crm.Companies, 5), ref(crm.Companies, 6)
	one := kept(ref(crm.Calls, 1), w.clock.now(), "price price high\nlow", acme)
	two := kept(ref(crm.Emails, 2), w.clock.now().Add(time.Hour), "price", acme, beta)
	w.keep(one, two)
	for range 2 { // loaded, then from the cache
		p, err := w.Postings(w.ctx, acme)
		w.no(err)
		same(w, "chunks", len(p.Chunks), 3)
		same(w, "words", spell(p, 0), "price price high")
		same(w, "words", spell(p, 1), "low")
		same(w, "words", spell(p, 2), "price")
		same(w, "distinct words", strings.Join(p.Words, " "), "price high low")
		c := p.Chunks[2]
		if c.ID != two.Chunks[0].ID || c.Activity != ref(crm.Emails, 2) || c.Kind != crm.Email || !c.Time.Equal(two.Activity.Time) || c.Tokens() != 1 {
			w.Fatalf("posted chunk: %+v", c)
		}
	}
	of := func(account crm.Ref) int {
		p, err := w.Postings(w.ctx, account)
		w.no(err)
		return len(p.Chunks)
	}
	same(w, "beta", of(beta), 1)
	w.keep(kept(ref(crm.Emails, 2), w.clock.now(), "price\nmore", beta)) // leaves acme
	same(w, "acme after a move", of(acme), 2)
	same(w, "beta after a move", of(beta), 2)
	same(w, "unknown account", of(ref(crm.Companies, 99)), 0)
	other := acme
	other.Portal++
	same(w, "same id in another portal", of(other), 0)
}

func indexBodies(w *world) {
	k := kept(ref(crm.Emails, 1), w.clock.now(), "grüße\nfrom Köln", ref(crm.Companies, 5))
	w.keep(k)
	got, err := w.Bodies(w.ctx, portal, []string{k.Chunks[1].ID, "unknown"})
	w.no(err)
	if len(got) != 1 {
		w.Fatalf("passages: %+v", got)
	}
	p := got[0]
	if p.Text != "from Köln" || p.Start != len("grüße\n") || p.Person != "Ann" || p.Subject != "about" || p.Direction != crm.Incoming || p.Kind != crm.Email ||
		p.Version != k.Document.Version || p.Language != "en" || !p.Time.Equal(w.clock.now()) {
		w.Fatalf("passage: %+v", p)
	}
	got, err = w.Bodies(w.ctx, portal+1, []string{k.Chunks[1].ID})
	w.no(err)
	same(w, "passages in another portal", len(got), 0)
}

func indexOurs(w *world) {
	note, acme := ref(crm.Notes, 1), ref(crm.Companies, 5)
	k := kept(note, w.clock.now(), "we wrote this", acme)
	k.Activity.Ours = true
	w.keep(k)
	p, err := w.Postings(w.ctx, acme)
	w.no(err)
	same(w, "chunks of our own note", len(p.Chunks), 0)
	line, err := w.Timeline(w.ctx, acme, time.Time{}, 10)
	w.no(err)
	if len(line) != 1 || !line[0].Ours {
		w.Fatalf("timeline: %+v", line)
	}
	ours, err := w.Ours(w.ctx, note)
	w.no(err)
	same(w, "ours", ours, true)
	ours, err = w.Ours(w.ctx, ref(crm.Notes, 2))
	w.no(err)
	same(w, "somebody else's", ours, false)
}

// indexAtomic: one bad activity of a batch, and nothing of it is kept.
func indexAtomic(w *world) {
	good, bad := kept(ref(crm.Calls, 1), w.clock.now(), "good", ref(crm.Companies, 5)), kept(ref(crm.Calls, 2), w.clock.now(), "bad")
	good.Triggers = []crm.Mark{consider(1)}
	bad.Document.Version = "wrong"
	w.is(w.Keep(w.ctx, []crm.Kept{good, bad}), crm.ErrInvalid)
	_, err := w.Activity(w.ctx, ref(crm.Calls, 1))
	w.is(err, crm.ErrNotFound)
	_, err = w.Row(w.ctx, portal, crm.ConsiderWork, consider(1).Key)
	w.is(err, crm.ErrNotFound)
}

func portalsApart(w *world) {
	other := portal + 1
	here, there := ref(crm.Calls, 1), crm.Ref{Portal: other, Type: crm.Calls, ID: "1"}
	acmeHere, acmeThere := ref(crm.Companies, 5), crm.Ref{Portal: other, Type: crm.Companies, ID: "5"}
	w.keep(kept(here, w.clock.now(), "ours", acmeHere), kept(there, w.clock.now(), "theirs", acmeThere))
	for account, want := range map[crm.Ref]string{acmeHere: "ours", acmeThere: "theirs"} {
		p, err := w.Postings(w.ctx, account)
		w.no(err)
		same(w, "chunks", len(p.Chunks), 1)
		bodies, err := w.Bodies(w.ctx, account.Portal, []string{p.Chunks[0].ID})
		w.no(err)
		same(w, "text", bodies[0].Text, want)
		line, err := w.Timeline(w.ctx, account, time.Time{}, 10)
		w.no(err)
		same(w, "timeline", len(line), 1)
		same(w, "timeline's portal", line[0].Ref.Portal, account.Portal)
		chunks, err := w.Chunks(w.ctx, account.Portal, 0, crm.Chunk{}, 10)
		w.no(err)
		same(w, "chunks of portal", len(chunks), 1)
	}
	_, err := w.Text(w.ctx, here, hash("theirs"))
	w.is(err, crm.ErrNotFound)
	_, err = w.Status(w.ctx, 0)
	w.is(err, crm.ErrInvalid)
	_, err = w.Counts(w.ctx, 0)
	w.is(err, crm.ErrInvalid)
}
