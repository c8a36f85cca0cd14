package retriever

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

// TestPackingTakesWhatPromisesMostPerToken: three short answers are worth more than one long text that only ranks a little higher, and what brings a new word of the
// question is worth more than what repeats one.
func TestPackingTakesWhatPromisesMostPerToken(t *testing.T) {
	s := &selection{scale: 1, account: &account{session: []int32{0, 1, 2, 3}}, evidence: &evidence{mask: []uint64{1, 1, 2, 1}}, question: &question{mass: 2, masses: masses{}}}
	s.question.masses = massesOf([]term{{idf: 1}, {idf: 1}}, 2)
	pool := []item{{ranked: ranked{0, 2}, body: &body{tokens: 300}}, {ranked: ranked{1, 1.9}, body: &body{tokens: 30}}, {ranked: ranked{2, 1.8}, body: &body{tokens: 30}}, {ranked: ranked{3, 1.85}, body: &body{tokens: 30}}}
	p := packing{s: s, scale: 1, top: 2, sessions: map[int32]bool{}}
	var order []int32
	for room := 350; ; {
		i := p.next(pool, room)
		if i < 0 {
			break
		}
		order = append(order, pool[i].chunk)
		room -= pool[i].tokens
		p.take(pool[i].ranked)
		pool = slices.Delete(pool, i, i+1)
	}
	if !slices.Equal(order, []int32{1, 2, 3}) {
		t.Errorf("taken %v, want 1 (short), 2 (the other word), 3; the long one does not fit any more", order)
	}
}

func TestBudgetIsNeverExceeded(t *testing.T) {
	s := newShelf()
	r := &Retriever{Postings: s, Bodies: s, Static: kin{}}
	last := 0
	for budget := 1; budget < 300; budget += 7 {
		c, err := r.Retrieve(t.Context(), crm.Question{Filter: home, Text: "contract renewal discount for seats", Budget: budget})
		if err != nil {
			t.Fatal(err)
		}
		used := 0
		for i, p := range c.Passages {
			used += Tokens(p.Text)
			if p.ID != fmt.Sprintf("P%d", i+1) || i > 0 && chronological(c.Passages[i-1], p) > 0 {
				t.Errorf("budget %d: passages are not numbered in chronological order", budget)
			}
		}
		if used > budget {
			t.Errorf("budget %d: %d used", budget, used)
		}
		last = used
	}
	if last == 0 {
		t.Error("a large budget brought nothing")
	}
}

// TestAnswerableTellsQuestionsApart: by the weights that ship.
func TestAnswerableTellsQuestionsApart(t *testing.T) {
	s := newShelf()
	r := &Retriever{Postings: s, Bodies: s, Static: kin{}}
	ask := func(text string) float64 {
		c, err := r.Retrieve(t.Context(), crm.Question{Filter: home, Text: text})
		if err != nil {
			t.Fatal(err)
		}
		return c.Answerable
	}
	yes, no := ask("When does the contract end?"), ask("Which insurance broker recommended the vineyard?")
	if yes <= no || no >= 0.5 {
		t.Errorf("answerable: %.2f with an answer, %.2f without one", yes, no)
	}
	if x := ask(""); x != 0 {
		t.Errorf("no question: %.2f", x)
	}
}

// TestDepthChangesNothing: an account above Small is ranked from the best of both arms and what surrounds them; the first places must not change.
func TestDepthChangesNothing(t *testing.T) {
	p, texts := story()
	s := &shelf{p, texts}
	r := &Retriever{Postings: s, Bodies: s, Static: kin{}}
	a := prepare(p, kin{}, nil)
	for _, text := range []string{"How many seats does Tom Berg want to renew?", "When does the contract end?", "price of devices"} {
		q := crm.Question{Filter: home, Text: text}
		sel, err := r.rank(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		order := newQueue(sel)
		top := order.some(2)
		seen := sel.evidence.best(a, 3)
		for _, c := range top {
			if !seen[c.chunk] {
				t.Errorf("%q: %s is among the first and would not be considered at depth 3", text, sel.id(c))
			}
		}
		r.release(sel)
	}
}

// portal answers for accounts that are too large to hold.
type portal struct {
	*shelf
	asked []string
	hits  []crm.Hit
}

func (p *portal) Postings(context.Context, crm.Ref) (*crm.Postings, error) {
	return nil, crm.ErrTooLarge
}

func (p *portal) Match(_ context.Context, terms []string, _ crm.Filter, _ int) ([]crm.Hit, error) {
	p.asked = terms
	return p.hits, nil
}

func (p *portal) Near(context.Context, string, crm.Filter, int) (Near, error) {
	return Near{Item: crm.CosinesOf([]crm.Hit{{Chunk: "mail2", Score: 0.9}, {Chunk: "chat3", Score: 0.45}}), Embedder: "builtin"}, nil
}

func TestWideQuestionsAndLargeAccounts(t *testing.T) {
	p := &portal{shelf: newShelf(), hits: []crm.Hit{{Chunk: "chat3", Score: 8}, {Chunk: "call2", Score: 4}}}
	r := &Retriever{Postings: p, Bodies: p, Dense: p, Matcher: p}
	for _, f := range []crm.Filter{home, {Portal: 1, Wide: true}} {
		c, err := r.Retrieve(t.Context(), crm.Question{Filter: f, Text: "When do the contracts end?"})
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, x := range c.Passages {
			ids = append(ids, x.Chunk)
		}
		if have := strings.Join(ids, " "); have != "chat3 call2 mail2" || strings.Join(p.asked, " ") != "contract end" {
			t.Errorf("asked for %v, found %s; want chat3 (.8+.1), call2 (.4), mail2 (.2) by the stems of the question", p.asked, have)
		}
		if c.Coverage != 1 {
			t.Errorf("coverage %.2f, want 1: both words stand in chat3", c.Coverage)
		}
	}
	if _, err := (&Retriever{Postings: p, Bodies: p}).Retrieve(t.Context(), crm.Question{Filter: home, Text: "end"}); !errors.Is(err, crm.ErrTooLarge) {
		t.Errorf("a large account without a keyword search behind it: %v", err)
	}
	if _, err := (&Retriever{Postings: p, Bodies: p}).Retrieve(t.Context(), crm.Question{Filter: crm.Filter{Portal: 1, Wide: true}, Text: "end"}); !errors.Is(err, crm.ErrInvalid) {
		t.Errorf("a wide question without a keyword search behind it: %v", err)
	}
}
