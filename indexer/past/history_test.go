package past_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/indexer/generation"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model/builtin"
)

// moment is what was known at some time of a history, as a question asked then was answered.
type moment struct {
	at       time.Time
	postings *crm.Postings
	answers  []crm.Context
	erasures int // so far
}

var words = strings.Fields(`price budget technicians contract renewal lift depot tablets security audit invoice delivery board approval Friday Monday quote offer
	rollout training support integration warehouse Galway Cork schedule risk concern decision competitor discount`)

var questions = []string{"What about the price and the budget?", "Who approved the contract renewal?", "tablets in the Galway depot"}

// history is a random one: what is learned by and by carries a token of its own.
type history struct {
	*world
	rand     *rand.Rand
	known    []crm.Ref
	gone     map[crm.Ref]crm.Activity
	learned  map[string]time.Time // token → when
	of       map[string]crm.Ref
	erased   map[crm.Ref]bool
	moments  []moment
	restored bool
	left     bool // the contact that everything is linked to
	erasures int
}

// text is new and names its token.
func (h *history) text(ref crm.Ref) string {
	token := fmt.Sprintf("tok%dx", len(h.learned))
	h.learned[token], h.of[token] = h.at, ref
	paragraphs := make([]string, 1+h.rand.IntN(3))
	for i := range paragraphs {
		for range 20 + h.rand.IntN(80) {
			paragraphs[i] += words[h.rand.IntN(len(words))] + " "
		}
	}
	return token + " " + strings.Join(paragraphs, "\n\n")
}

// step changes one thing and reads it.
func (h *history) step() {
	var ref crm.Ref
	if len(h.known) > 0 {
		ref = h.known[h.rand.IntN(len(h.known))]
	}
	_, there := h.activities[ref]
	switch n := h.rand.IntN(20); {
	case len(h.known) == 0 || n < 5:
		ref = crm.Ref{Portal: portal, Type: []crm.ObjectType{crm.Notes, crm.Emails}[h.rand.IntN(2)], ID: fmt.Sprint(100 + len(h.known))}
		h.known = append(h.known, ref)
		h.write(ref, h.text(ref), "about "+ref.ID, true)
	case h.erased[ref]:
	case !there:
		h.restored = true
		h.activities[ref] = h.gone[ref]
		if n%2 == 0 {
			h.write(ref, h.text(ref), "about "+ref.ID, true)
		}
	case n < 12:
		h.write(ref, h.text(ref), fmt.Sprint("about ", h.at.Unix()), n > 6) // HubSpot does not date every change
	case n < 13:
		h.write(ref, "", "about nothing", true)
	case n < 15:
		h.gone[ref] = h.activities[ref]
		delete(h.activities, ref)
	case n < 16:
		delete(h.activities, ref)
		h.erased[ref] = true
		h.erasures++
		_, err := h.db.Erase(h.Context(), ref, crm.System("test"))
		h.no(err)
	}
	h.read(ref)
}

func (h *history) note() {
	p, err := h.db.Postings(h.Context(), company)
	h.no(err)
	m := moment{at: h.at, postings: p, erasures: h.erasures}
	for _, q := range questions {
		m.answers = append(m.answers, h.ask(crm.Question{Text: q, Now: h.at}))
	}
	h.moments = append(h.moments, m)
	h.pass()
}

// TestAnyHistory: a question as of a moment is answered as it was answered at that moment, word for word and score for score, but for what was erased since; nothing that was
// learned then or later appears, whatever the history.
func TestAnyHistory(t *testing.T) {
	same, seeds := 0, uint64(12)
	if testing.Short() {
		seeds = 4
	}
	for seed := range seeds {
		var e generation.Embedder = builtin.Embedder{}
		if seed%2 == 1 {
			e = windowed{}
		}
		h := &history{world: newWorld(t, e), rand: rand.New(rand.NewPCG(seed, 1)), gone: map[crm.Ref]crm.Activity{}, learned: map[string]time.Time{}, of: map[string]crm.Ref{},
			erased: map[crm.Ref]bool{}}
		for range 30 {
			h.step()
			h.note()
		}
		if seed%3 == 2 {
			h.leave()
		}
		for _, i := range h.rand.Perm(len(h.moments)) {
			same += h.compare(fmt.Sprintf("seed %d, moment %d", seed, i), h.moments[i])
		}
	}
	if same < int(seeds) {
		t.Errorf("only %d moments could be compared whole", same)
	}
}

// leave has the contact go when the last moments were asked for: what is gone is gone together with it.
func (h *history) leave() {
	for _, m := range h.moments[len(h.moments)-5:] {
		_, err := h.past.At(h.Context(), company, m.at)
		h.no(err)
	}
	_, err := h.db.KeepRecords(h.Context(), nil, nil, []crm.Ref{contact}, crm.Claim{}, nil)
	h.no(err)
	h.left = true
}

// said are the chunks of an account with their words: how these are numbered, and when they were read, makes no difference.
func said(p *crm.Postings) (out []any) {
	for _, c := range p.Chunks {
		for _, w := range p.Sequence[c.From:c.To] {
			out = append(out, p.Words[w])
		}
		c.From, c.To, c.Read = 0, 0, 0
		out = append(out, c)
	}
	return out
}

// compare asks as of a moment, and says whether everything could be compared.
func (h *history) compare(name string, m moment) int {
	whole := h.erasures == m.erasures && !h.restored && !h.left
	p, err := h.past.At(h.Context(), company, m.at)
	h.no(err)
	if whole && !reflect.DeepEqual(said(p.Postings), said(m.postings)) {
		h.Fatalf("%s: the account differs from what it was:\n%+v\n%+v", name, p.Postings, m.postings)
	}
	for i, q := range questions {
		got := h.ask(crm.Question{Text: q, Now: m.at, Filter: crm.Filter{AsOf: m.at}})
		if whole {
			h.equal(fmt.Sprintf("%s, %q", name, q), got, m.answers[i])
		}
		for _, p := range got.Passages {
			h.verify(name, p, m.at)
		}
	}
	for _, id := range p.Postings.Sequence {
		w := p.Postings.Words[id]
		if of, ok := h.of[w]; ok && h.left && h.activities[of].Ref != of {
			h.Errorf("%s: the account as of %v holds %s of %s, which is gone together with a contact", name, m.at, w, of.Path())
		}
		if at, ok := h.learned[w]; ok && (!at.Before(m.at) || h.erased[h.of[w]]) {
			h.Errorf("%s: the account as of %v holds %s, learned at %v, erased: %v", name, m.at, w, at, h.erased[h.of[w]])
		}
	}
	if whole {
		return 1
	}
	return 0
}

func (h *history) equal(name string, got, want crm.Context) {
	h.Helper()
	if len(got.Passages) != len(want.Passages) || got.Left != want.Left || math.Abs(got.Coverage-want.Coverage) > 1e-6 || math.Abs(got.Answerable-want.Answerable) > 1e-4 {
		h.Fatalf("%s: %d passages, %d left, coverage %v, answerable %v; were %d, %d, %v, %v", name, len(got.Passages), got.Left, got.Coverage, got.Answerable, len(want.Passages),
			want.Left, want.Coverage, want.Answerable)
	}
	for i, p := range got.Passages {
		w := want.Passages[i]
		if math.Abs(p.Score-w.Score) > 1e-4 {
			h.Fatalf("%s: passage %d scores %v, was %v", name, i, p.Score, w.Score)
		}
		p.Score, w.Score, p.Parts, w.Parts = 0, 0, nil, nil
		w.Subject = p.Subject // where only the subject changed, the present one is shown
		if !reflect.DeepEqual(p, w) {
			h.Fatalf("%s: passage %d:\n%+v\nwas\n%+v", name, i, p, w)
		}
	}
}

// verify checks a passage of the past against the store.
func (h *history) verify(name string, p crm.Passage, at time.Time) {
	h.Helper()
	text, err := h.db.Text(h.Context(), p.Activity, p.Version)
	if err != nil || text[p.Start:p.End] != p.Text {
		h.Fatalf("%s: %s@%s [%d, %d): %v", name, p.Activity.Path(), p.Version, p.Start, p.End, err)
	}
	for _, w := range strings.Fields(p.Text) {
		if learned, ok := h.learned[w]; ok && !learned.Before(at) || h.erased[p.Activity] {
			h.Fatalf("%s: %s tells %s as of %v, learned %v, erased %v", name, p.Activity.Path(), w, at, learned, h.erased[p.Activity])
		}
	}
	if p.Subject != "" && strings.HasPrefix(p.Subject, "about 17") && slices.Contains(h.known, p.Activity) {
		var said int64
		if _, err := fmt.Sscanf(p.Subject, "about %d", &said); err != nil || !time.Unix(said, 0).Before(at) {
			h.Fatalf("%s: %s is called %q as of %v", name, p.Activity.Path(), p.Subject, at)
		}
	}
}
