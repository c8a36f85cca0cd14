package retriever

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/analysis"
	"github.com/contextd/contextd/internal/crm"
)

var update = flag.Bool("update", false, "write the golden files anew")

// story is an account that somebody can judge: a chat over two days, one call, two mails and a note.
func story() (*crm.Postings, map[string]string) {
	p, texts := &crm.Postings{}, map[string]string{}
	at := map[string]uint32{}
	add := func(id string, kind crm.Kind, session, speaker string, when time.Time, text string) {
		from := uint32(len(p.Sequence))
		for _, w := range crm.Terms(text) {
			n, ok := at[w]
			if !ok {
				n = uint32(len(p.Words))
				at[w] = n
				p.Words = append(p.Words, w)
			}
			p.Sequence = append(p.Sequence, n)
		}
		pos := 0
		for _, c := range p.Chunks {
			if c.Session == session {
				pos++
			}
		}
		p.Chunks = append(p.Chunks, crm.PostedChunk{ID: id, Activity: crm.Ref{Portal: 1, Type: crm.Notes, ID: session}, Pos: pos, Kind: kind, Time: when, Created: when, Session: session,
			Speaker: speaker, Language: "en", Traits: analysis.Traits(text, "en"), From: from, To: uint32(len(p.Sequence))})
		texts[id] = text
	}
	march := func(day, hour int) time.Time { return time.Date(2026, 3, day, hour, 0, 0, 0, time.UTC) }
	add("chat1", crm.Message, "1", "Ana Ruiz", march(2, 9), "Ana Ruiz: Hi Tom, how many seats do you want to renew?")
	add("chat2", crm.Message, "1", "Tom Berg", march(2, 9), "Tom Berg: We had 120, I think 95 will do.")
	add("chat3", crm.Message, "1", "Ana Ruiz", march(2, 10), "Ana Ruiz: Fine. The contract ends on 30 April.")
	add("chat4", crm.Message, "2", "Tom Berg", march(5, 8), "Tom Berg: Our warehouse in Lyon opens in June, can the scanners work offline there?")
	add("chat5", crm.Message, "2", "Ana Ruiz", march(5, 9), "Ana Ruiz: They can, for about two days.")
	add("call1", crm.Call, "3", "", march(9, 14), "Tom Berg: the price of the scanners is too high. Ana Ruiz: with 95 seats there is a discount of ten percent.")
	add("call2", crm.Call, "3", "", march(9, 14), "Tom Berg: then Ms Laurent will sign. Ana Ruiz: the contract renewal goes out on Monday.")
	add("mail1", crm.Email, "4", "Ana Ruiz", march(10, 8), "Contract renewal. Dear Tom, attached is the renewal of your contract for 95 seats with a discount of ten percent.")
	add("mail2", crm.Email, "5", "Claire Laurent", march(20, 8), "Signed. Here is the signed contract, best regards, Claire")
	add("note1", crm.Note, "6", "", march(21, 8), "Competitor: they looked at Zebra's mobile computers before.")
	return p, texts
}

// shelf answers the ports from the story.
type shelf struct {
	postings *crm.Postings
	texts    map[string]string
}

func newShelf() *shelf {
	p, texts := story()
	return &shelf{p, texts}
}

func (s *shelf) Postings(context.Context, crm.Ref) (*crm.Postings, error) { return s.postings, nil }

func (s *shelf) Bodies(_ context.Context, portal crm.PortalID, ids []string) ([]crm.Passage, error) {
	var out []crm.Passage
	for _, c := range s.postings.Chunks {
		if slices.Contains(ids, c.ID) {
			out = append(out, crm.Passage{Chunk: c.ID, Activity: c.Activity, Kind: c.Kind, Time: c.Time, Text: s.texts[c.ID], Start: c.Pos * 1000})
		}
	}
	return out, nil
}

// kin is a tiny Static: words of one line of the list mean about the same.
type kin struct{}

var families = [][]string{{"price", "discount", "cost", "percent"}, {"device", "scanners", "computers", "devices"}, {"sign", "signed", "contract", "renewal"}}

func (kin) Dimension() int { return len(families) + 1 }

func (kin) Word(w string) []float32 {
	v := make([]float32, len(families)+1)
	v[len(families)] = 0.1
	for i, f := range families {
		if slices.Contains(f, w) {
			v[i] = 1
		}
	}
	return v
}

func (kin) Neighbours(w string) []Neighbour {
	var out []Neighbour
	for _, f := range families {
		if slices.Contains(f, w) {
			for _, o := range f {
				if o != w {
					out = append(out, Neighbour{Word: o, Cosine: 0.8})
				}
			}
		}
	}
	return out
}

var home = crm.Filter{Portal: 1, Account: crm.Ref{Portal: 1, Type: crm.Companies, ID: "1"}}

// TestFeatures keeps every feature of every candidate of some questions, for people to judge.
func TestFeatures(t *testing.T) {
	s := newShelf()
	r := &Retriever{Postings: s, Bodies: s, Static: kin{}, Weights: PriorWeights()}
	var out strings.Builder
	for _, q := range []crm.Question{{Text: "How many seats does Tom Berg want to renew?"}, {Text: "When does the contract end?"}, {Text: "What was said last week about the price of the devices?"},
		{Text: "discount of ten percent"}, {Text: "And who signs it?", History: []string{"Is there a contract renewal?"}}, {Text: "What did Claire say on 20 March?"}} {
		q.Filter, q.Now = home, time.Date(2026, 3, 18, 12, 0, 0, 0, time.UTC)
		cs, err := r.Candidates(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "# %s\n", q.Text)
		for _, c := range cs {
			fmt.Fprintf(&out, "%s %s %.2f", c.Chunk, c.Shape, c.Score)
			for i, name := range FeatureNames() {
				if c.Features[i] != 0 {
					fmt.Fprintf(&out, " %s=%.2f", name, c.Features[i])
				}
			}
			out.WriteByte('\n')
		}
	}
	golden(t, "testdata/features.golden", out.String())
}

func golden(t *testing.T, path, have string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(have), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	h, w := strings.Split(have, "\n"), strings.Split(string(want), "\n")
	for i := range max(len(h), len(w)) {
		if line(h, i) != line(w, i) {
			t.Errorf("%s:%d\nhave %s\nwant %s", path, i+1, line(h, i), line(w, i))
		}
	}
}

func line(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return ""
}

// TestPartsSumToTheScore: what search --explain prints is what the score is made of.
func TestPartsSumToTheScore(t *testing.T) {
	s := newShelf()
	c, err := (&Retriever{Postings: s, Bodies: s, Static: kin{}}).Retrieve(t.Context(), crm.Question{Filter: home, Text: "How many seats does Tom Berg want to renew?"})
	if err != nil || len(c.Passages) == 0 {
		t.Fatal(c, err)
	}
	for _, p := range c.Passages {
		var sum float64
		for _, x := range p.Parts {
			sum += x.Value
		}
		if sum < p.Score-1e-4 || sum > p.Score+1e-4 {
			t.Errorf("%s: parts %v sum to %f, the score is %f", p.Chunk, p.Parts, sum, p.Score)
		}
	}
	if c.Passages[0].Chunk != "chat2" {
		t.Errorf("the answer is chat2, it follows the question; first is %s", c.Passages[0].Chunk)
	}
}

// TestTheFutureSaysNothing: what a filter hides lends nothing to its neighbours and its session.
func TestTheFutureSaysNothing(t *testing.T) {
	s := newShelf()
	q := crm.Question{Filter: home, Text: "When does the contract end?"}
	q.AsOf = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC) // chat3, which answers, is of ten o'clock
	cs, err := (&Retriever{Postings: s, Bodies: s, Static: kin{}}).Candidates(t.Context(), q)
	if err != nil || len(cs) != 2 {
		t.Fatalf("%d candidates, %v; want chat1 and chat2", len(cs), err)
	}
	for _, c := range cs {
		for i, name := range FeatureNames() {
			switch name {
			case "bm25", "bm25_next", "bm25_next2", "wide", "session", "window_coverage", "wide_coverage", "session_coverage", "history":
				if c.Features[i] != 0 {
					t.Errorf("%s: %s is %f, and only what is hidden has a word of the question", c.Chunk, name, c.Features[i])
				}
			}
		}
	}
}
