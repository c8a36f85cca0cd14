package retriever

import (
	"context"
	"errors"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

// foreign answers with bodies of another tenant.
type foreign struct{ *shelf }

func (f foreign) Bodies(ctx context.Context, portal crm.PortalID, ids []string) ([]crm.Passage, error) {
	out, err := f.shelf.Bodies(ctx, portal, ids)
	for i := range out {
		out[i].Activity.Portal = portal + 1
	}
	return out, err
}

func TestABodyOfAnotherTenantIsRefused(t *testing.T) {
	s := newShelf()
	for _, budget := range []int{0, 500} {
		_, err := (&Retriever{Postings: s, Bodies: foreign{s}}).Retrieve(t.Context(), crm.Question{Filter: home, Text: "contract", Budget: budget})
		if !errors.Is(err, crm.ErrForbidden) {
			t.Errorf("budget %d: %v, want forbidden", budget, err)
		}
	}
}

func TestTheFocusKeepsToTheBudget(t *testing.T) {
	s := newShelf()
	q := crm.Question{Filter: home, Text: "contract", Focus: noteRef("1"), Budget: Tokens(s.texts["chat1"]) + Tokens(s.texts["chat2"]) + 2}
	c, err := (&Retriever{Postings: s, Bodies: s}).Retrieve(t.Context(), q)
	if err != nil || len(c.Passages) != 2 || c.Passages[0].Chunk != "chat1" || c.Passages[1].Chunk != "chat2" {
		t.Errorf("%v, %v: want the first two chunks of the focus, there is no room for the third", c.Passages, err)
	}
}

// people knows one contact by name.
type people struct{ names []Name }

func (p people) Names(context.Context, crm.Ref) ([]Name, error) { return p.names, nil }

func TestNamesAndStatisticsAndTheDenseArm(t *testing.T) {
	s := newShelf()
	claire := crm.Ref{Portal: 1, Type: crm.Contacts, ID: "7"}
	s.postings.Chunks[5].People = []crm.Ref{claire}
	features := func(r *Retriever, text string) map[string]map[string]float64 {
		t.Helper()
		r.Postings, r.Bodies = s, s
		cs, err := r.Candidates(t.Context(), crm.Question{Filter: home, Text: text})
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]map[string]float64{}
		for _, c := range cs {
			out[c.Chunk] = map[string]float64{}
			for i, name := range FeatureNames() {
				out[c.Chunk][name] = c.Features[i]
			}
		}
		return out
	}
	f := features(&Retriever{Names: people{[]Name{{"Clarissa", claire}}}}, "What did Clarissa say about the price?")
	if f["call1"]["person"] != 1 || f["call2"]["person"] != 0 {
		t.Errorf("Clarissa took part in call1 alone: %v, %v", f["call1"]["person"], f["call2"]["person"])
	}
	// In the account "seats" is rarer than "contract"; in the portal everybody speaks of seats.
	rare := func(stats Statistics) float64 {
		return features(&Retriever{Statistics: stats}, "Which seats and which contract?")["chat1"]["coverage"]
	}
	alone, portal := rare(nil), rare(shelfStatistics{&crm.WordStatistics{Chunks: 10000, With: map[string]int{"seats": 5000, "contract": 3}}})
	if portal >= alone/2 {
		t.Errorf("chat1 has the seats: %.2f of the question in the account, %.2f where everybody has seats", alone, portal)
	}
	f = features(&Retriever{Dense: few{}}, "How are you?")
	if f["call1"]["dense"] != 1 || f["mail1"]["dense"] != 0.5 || f["note1"]["dense"] != 0.5 {
		t.Errorf("dense: %v for the best, %v for the last found, %v for one not found, which is at most as close", f["call1"]["dense"], f["mail1"]["dense"], f["note1"]["dense"])
	}
}

// few is a dense arm that finds two.
type few struct{}

func (few) Near(context.Context, string, crm.Filter, int) (Near, error) {
	return Near{Item: crm.CosinesOf([]crm.Hit{{Chunk: "call1", Score: 0.8}, {Chunk: "mail1", Score: 0.4}}), Embedder: "ollama/all-minilm"}, nil
}

func TestShortTextsSpeakTheLanguageOfTheirSession(t *testing.T) {
	p := turns("Ana", "the contracts of all our customers were signed by the director on the same day in March", "Ben", "contracts, si si")
	p.Chunks[1].Language = "es"
	a := prepare(p, nil, nil)
	s := a.vocabulary.stem("contract")
	if s == none || len(a.postings(s)) != 2 {
		t.Errorf("both turns are English, whatever the second one looks like: %v", a.vocabulary.stems)
	}
}

func TestNobodyCallsHimselfByName(t *testing.T) {
	a := prepare(turns("Ana", "hey chief, thanks chief, hi chief", "Ben", "hey chief", "Ana", "chief", "Ben", "chief, thanks chief, the chief", "Ana", "hello chief"), nil, nil)
	for _, s := range a.speakers {
		if len(s.called) > 0 {
			t.Errorf("%v is called %v by both", s.words, s.called)
		}
	}
}

// shelfStatistics are the same for every portal.
type shelfStatistics struct{ words *crm.WordStatistics }

func (s shelfStatistics) Statistics(context.Context, crm.PortalID) (*crm.WordStatistics, error) {
	return s.words, nil
}
