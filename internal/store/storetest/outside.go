package storetest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// outsideAnswers: what another server said counts as quoted only where its answer, as it is kept, has the words; asking is audited without them; the answer goes with the suggestion.
func outsideAnswers(w *world) {
	acme := ref(crm.Companies, 5)
	w.records(nil, crm.Record{Ref: acme, Name: "Acme", Created: w.clock.now()})
	const text = "industry: lifts\nemployees: 420\n"
	sum := sha256.Sum256([]byte(text))
	version := hex.EncodeToString(sum[:])
	says := func(version, quote string, start, end int) crm.ClaimText {
		return crm.ClaimText{Text: "420", Supported: true, Evidence: []crm.Evidence{{Record: acme, Property: "employees", Source: "http:data.example", Version: version, Quote: quote, Start: start, End: end}}}
	}
	q := crm.OutsideQuestion{Company: acme, Domain: "acme.example", Name: "Acme Secret Ltd"}
	w.no(w.AskOutside(w.ctx, q, "http:data.example"))
	w.no(w.OutsideAnswered(w.ctx, q, "http:data.example", crm.OutsideAnswer{}))
	w.no(w.OutsideAnswered(w.ctx, q, "http:data.example", crm.OutsideAnswer{Text: text, Facts: []crm.OutsideFact{{Field: "industry"}}}))
	entries, _, err := w.AuditEntries(w.ctx, portal, acme.Path(), "", 50)
	w.no(err)
	var actions []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Action, "source.") {
			continue
		}
		actions = append(actions, e.Action)
		same(w, "source of "+e.Action, e.IDs["source"], "http:data.example")
		if s := fmt.Sprint(e); e.Action == "source.answered" && e.Hashes["answer"] != version || e.Action == "source.asked" && len(e.Hashes["question"]) != 64 || strings.Contains(s, "Secret") {
			w.Errorf("entry %+v", e)
		}
	}
	slices.Sort(actions)
	same(w, "actions", fmt.Sprint(actions), "[source.answered source.asked source.silent]")

	p := proposal("p1", crm.Review)
	p.Claims = []crm.ClaimText{says(version, "420", 27, 30), says(version, "421", 27, 30), says(version, "420", 26, 29), says(version, "420", 27, 9000), says("of no answer", "420", 27, 30)}
	added, err := w.Propose(w.ctx, p, crm.Raw{Prompt: "prompt", Reply: "reply", Answers: []string{text}})
	w.no(err)
	same(w, "added", added, true)
	w.reopen()
	if e := w.suggestion("p1").Claims[0].Evidence[0]; e != p.Claims[0].Evidence[0] {
		w.Fatalf("evidence: %+v", e)
	}
	counts, err := w.Counts(w.ctx, portal)
	w.no(err)
	same(w, "claims", counts.Claims, 5)
	same(w, "quoted", counts.ClaimsQuoted, 1)

	_, err = w.Erase(w.ctx, acme, ann)
	w.no(err)
	same(w, "claims of what was erased", len(w.suggestion("p1").Claims), 0)
	again := proposal("p2", crm.Review)
	again.Claims = []crm.ClaimText{says(version, "420", 27, 30)}
	_, err = w.Propose(w.ctx, again, crm.Raw{Prompt: "prompt", Reply: "reply"})
	w.no(err)
	counts, err = w.Counts(w.ctx, portal)
	w.no(err)
	same(w, "quoted, once the answer is erased", counts.ClaimsQuoted, 1)
}
