package storetest

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// absent fails if any file of the data directory holds one of the words.
func (w *world) absent(words ...string) {
	w.Helper()
	for _, word := range words {
		if in := w.holding(word); in != "" {
			w.Fatalf("%q is still in %s", word, in)
		}
	}
}

// holding names the files that hold a word.
func (w *world) holding(word string) string {
	w.Helper()
	var in []string
	files, err := filepath.Glob(filepath.Join(w.dir, "*"))
	w.no(err)
	for _, f := range files {
		b, err := os.ReadFile(f)
		w.no(err)
		if bytes.Contains(b, []byte(word)) {
			in = append(in, filepath.Base(f))
		}
	}
	return strings.Join(in, ", ")
}

const canary = "kanarienvogel"

// tell puts the canary everywhere an activity's text can go: two versions, chunks, terms, a cut, an event, its delivery, a suggestion and its effects, and a kept answer.
func (w *world) tell(activity crm.Ref, links crm.Links, account crm.Ref) {
	w.Helper()
	id, err := w.Deliver(w.ctx, []byte(`[{"objectId":`+activity.ID+`,"propertyValue":"`+canary+`"}]`), w.clock.now())
	w.no(err)
	e := crm.Decoded{Event: crm.Event{Portal: portal, Key: "tell " + activity.Path(), Type: crm.PropertyChange, Object: activity, Value: canary}, Marks: []crm.Mark{index(1)}}
	w.no(w.Decode(w.ctx, id, []crm.Decoded{e}, ""))
	for _, body := range []string{"first " + canary, strings.Repeat("filler ", 3000) + "second " + canary} {
		k := kept(activity, w.clock.now(), body, account)
		k.Activity.Subject, k.Activity.Links = canary, links
		k.Document.Cuts = []crm.Cut{{Kind: "signature", Text: canary}}
		k.Chunks[0].Header, k.Chunks[0].Speaker = canary, canary
		w.keep(k)
		w.clock.advance(time.Second)
	}
	for i, verdict := range []crm.Verdict{crm.Review, crm.Apply} {
		p := proposal(activity.Path()+[]string{" review", " apply"}[i], verdict)
		p.Subject, p.Account = activity, account
		p.Claims[0].Text, p.Claims[0].Evidence[0].Activity, p.Claims[0].Evidence[0].Quote = canary, activity, canary
		p.Changes[0].After, p.Changes[0].Before = canary, text(canary)
		p.Changes[0].Property = "ai_summary"
		asked := w.modelCall("", 0, 0)
		asked.Key, asked.Answer, asked.Answers, asked.Sources, asked.Usable = activity.Path()+verdict.String(), []byte("answer "+canary), "openai/m", []crm.Ref{activity}, true
		_, err = w.Propose(w.ctx, p, crm.Raw{Prompt: "prompt " + canary, Reply: "reply " + canary, Calls: []crm.ModelCall{asked}})
		w.no(err)
	}
	against := proposal(activity.Path()+" against", crm.Review) // quotes it only as what contradicts a claim
	against.Subject, against.Account = ref(crm.Calls, 4711), account
	against.Claims[0].Contradictions[0].Activity, against.Claims[0].Contradictions[0].Quote = activity, canary
	w.propose(against)
	got := w.suggestion(activity.Path() + " apply")
	_, err = w.DB.Comment(w.ctx, portal, got.ID, canary, ann, got.ETag())
	w.no(err)
}

func eraseActivity(w *world) {
	acme := ref(crm.Companies, 5)
	mail, other := ref(crm.Emails, 987654321), ref(crm.Emails, 2)
	w.keep(kept(other, w.clock.now(), "stays", acme))
	w.tell(mail, crm.Links{Companies: []crm.Ref{acme}}, acme)
	uncited := proposal("uncited", crm.Review) // its run read the canary and quotes something else
	uncited.Subject, uncited.Claims = other, nil
	_, err := w.Propose(w.ctx, uncited, crm.Raw{Prompt: "another prompt with " + canary})
	w.no(err)
	if w.holding(canary) == "" {
		w.Fatal("the canary was never written: this test is blind")
	}
	p, err := w.Postings(w.ctx, acme)
	w.no(err)
	same(w, "posted chunks before", len(p.Chunks), 2)
	gone, err := w.Erase(w.ctx, mail, ann)
	w.no(err)
	same(w, "erased", len(gone), 1)
	w.absent(canary)
	p, err = w.Postings(w.ctx, acme)
	w.no(err)
	same(w, "posted chunks after", len(p.Chunks), 1)
	_, err = w.Activity(w.ctx, mail)
	w.is(err, crm.ErrNotFound)
	_, err = w.Text(w.ctx, mail, hash("first "+canary))
	w.is(err, crm.ErrNotFound)
	apply := w.suggestion(mail.Path() + " apply")
	same(w, "text of its change", apply.Changes[0].After, "")
	pending, err := w.PendingEffects(w.ctx, portal, 10)
	w.no(err)
	same(w, "writes left to do", len(pending), 0) // an erased value must not be written as ""
	s, err := w.Activity(w.ctx, other)
	w.no(err)
	same(w, "the other text", s.Document.Text, "stays")

	late := kept(mail, w.clock.now(), "late "+canary, acme) // a late webhook and a late run
	w.keep(late)
	id, err := w.Deliver(w.ctx, []byte(canary), w.clock.now())
	w.no(err)
	again := crm.Decoded{Event: crm.Event{Portal: portal, Key: "late", Type: crm.PropertyChange, Object: mail, Value: canary}, Marks: []crm.Mark{index(1)}}
	w.no(w.Decode(w.ctx, id, []crm.Decoded{again}, ""))
	w.no(w.Checkpoint(w.ctx))
	w.absent(canary)
	erased, err := w.Erased(w.ctx, []crm.Ref{mail, other})
	w.no(err)
	same(w, "erased ones", len(erased), 1)
	same(w, "erased", erased[mail], true)
	row, err := w.Row(w.ctx, portal, crm.IndexWork, mail.Path())
	w.no(err)
	same(w, "index work that takes its vectors out", row.State, "ready")
	w.reopen()
	w.absent(canary)
}

func eraseContact(w *world) {
	person, acme := ref(crm.Contacts, 55512345), ref(crm.Companies, 5)
	mail, call, other := ref(crm.Emails, 11), ref(crm.Calls, 12), ref(crm.Calls, 13)
	w.records([]crm.Membership{{Member: person, Account: acme, Primary: true}},
		crm.Record{Ref: person, Name: canary, Properties: map[string]string{"email": canary}}, crm.Record{Ref: acme, Name: "Acme"})
	w.tell(mail, crm.Links{Contacts: []crm.Ref{person}}, acme)
	w.tell(call, crm.Links{Contacts: []crm.Ref{person}}, acme)
	w.no(w.Gone(w.ctx, []crm.Ref{call}, crm.Claim{})) // deleted earlier: its text is still here
	w.keep(kept(other, w.clock.now(), "stays", acme))
	head, err := w.VerifyAudit(w.ctx)
	w.no(err)
	gone, err := w.Erase(w.ctx, person, ann)
	w.no(err)
	same(w, "erased activities", len(gone), 2)
	w.absent(canary)
	_, err = w.Record(w.ctx, person)
	w.is(err, crm.ErrNotFound)
	w.records(nil, crm.Record{Ref: person, Name: canary})
	_, err = w.Record(w.ctx, person)
	w.is(err, crm.ErrNotFound)
	_, err = w.Activity(w.ctx, other)
	w.no(err)
	_, err = w.Record(w.ctx, acme)
	w.no(err)
	_, err = w.VerifyAudit(w.ctx, head)
	w.no(err) // the audit names no text, so erasing leaves it whole
}
