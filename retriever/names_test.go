package retriever

import (
	"slices"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

// turns are an account of one conversation: speaker, text, speaker, text …
func turns(said ...string) *crm.Postings {
	p := &crm.Postings{}
	at := map[string]uint32{}
	for i := 0; i < len(said); i += 2 {
		from := uint32(len(p.Sequence))
		for _, w := range crm.Terms(said[i] + ": " + said[i+1]) {
			id, ok := at[w]
			if !ok {
				id = uint32(len(p.Words))
				at[w] = id
				p.Words = append(p.Words, w)
			}
			p.Sequence = append(p.Sequence, id)
		}
		p.Chunks = append(p.Chunks, crm.PostedChunk{ID: string(rune('a' + i/2)), Activity: crm.Ref{Portal: 1, Type: crm.Communications, ID: "1"}, Pos: i / 2, Kind: crm.Message,
			Session: "1", Speaker: said[i], Language: "en", From: from, To: uint32(len(p.Sequence))})
	}
	return p
}

func TestSpeakersByNicknameAndSlip(t *testing.T) {
	a := prepare(turns("Melanie Brown", "hello there, how was the weekend?", "Tim", "Hey Mel, it was fine.", "Melanie Brown", "good for you", "Tim", "Thanks Mel, and yours?",
		"Melanie Brown", "quiet", "Tim", "hi Mel, did the offer come?", "Melanie Brown", "it did"), nil, nil)
	named := func(text string) []string {
		var out []string
		for _, s := range a.ask(crm.Question{Text: text}, asked, nil, nil).speakers {
			out = append(out, a.speakers[s].words[0])
		}
		return out
	}
	for text, want := range map[string][]string{
		"What did Melanie Brown say?": {"melanie"}, "What did Brown say?": {"melanie"}, "What did Mel say?": {"melanie"}, "What did Melannie say?": {"melanie"},
		"What did Tim and Melanie say?": {"tim", "melanie"}, "What did Tom say?": nil, "What did Mell say?": nil, "What came?": nil,
	} {
		if have := named(text); !slices.Equal(have, want) {
			t.Errorf("%q names %v, want %v", text, have, want)
		}
	}
	if q := a.ask(crm.Question{Text: "What did Melanie say of the offer?"}, asked, nil, nil); len(q.terms) != 1 || q.terms[0].word != "offer" {
		t.Errorf("the name of a speaker is not what is looked for: %v", q.terms)
	}
}

func TestTheSpeakersNameIsNoWordOfHisTurn(t *testing.T) {
	a := prepare(turns("Ana", "the price is high", "Ben", "Ana said so", "Ana", "right"), nil, nil)
	s := a.vocabulary.stem("ana")
	if s == none || len(a.postings(s)) != 1 || a.postings(s)[0].chunk != 1 {
		t.Errorf("ana stands in the turn that speaks of her, and only there: %v", a.postings(s))
	}
}

func TestSpelled(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{{"mohammed", "muhhamed", false}, {"mohammed", "muhammed", true}, {"melanie", "melany", false}, {"melanie", "melannie", true}, {"anna", "anne", true}, {"anna", "hans", false}, {"tim", "tom", false}, {"maria", "maira", true}, {"nicolas", "nicholas", true}} {
		if have := spelled(c.a, c.b); have != c.want {
			t.Errorf("%s and %s: %v, want %v", c.a, c.b, have, c.want)
		}
	}
}

func TestResolveTakesTheLongestName(t *testing.T) {
	one, two := crm.Ref{Portal: 1, Type: crm.Contacts, ID: "1"}, crm.Ref{Portal: 1, Type: crm.Contacts, ID: "2"}
	names := []Name{{"Anna", two}, {"Anna Schmidt", one}, {"Schmidt", one}}
	for text, want := range map[string][]crm.Ref{"What did Anna Schmidt order?": {one}, "What did Anna order?": {two}, "What did Bob order?": nil, "Schmidt or Anna?": {one, two}} {
		var q question
		resolve(&q, crm.Terms(text), names)
		if !slices.Equal(q.people, want) {
			t.Errorf("%q: %v, want %v", text, q.people, want)
		}
	}
}
