package generation_test

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/indexer"
	"github.com/contextd/contextd/indexer/generation"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model/builtin"
)

// picky counts what it embeds and refuses texts that say so.
type picky struct {
	generation.Embedder
	documents *int
}

func (p picky) Embed(ctx context.Context, kind crm.EmbedKind, texts []string) ([][]float32, crm.Usage, error) {
	for _, t := range texts {
		if strings.Contains(t, "refuse me") {
			return nil, crm.Usage{}, fmt.Errorf("too long: %w", crm.ErrInvalid)
		}
	}
	if kind == crm.EmbedDocument {
		*p.documents += len(texts)
	}
	return p.Embedder.Embed(ctx, kind, texts)
}

// beside divides notes that no index holds.
func beside(texts ...string) (out []crm.Chunk) {
	for i, text := range texts {
		a := crm.Activity{Ref: note(1000 + i), Time: now, Created: now, Body: text, Format: crm.PlainText}
		out = append(out, indexer.Chunk(a, indexer.Normalise(a), []string{"Acme"})...)
	}
	return out
}

// TestNearBeside: what is beside the index is ranked among what is in it as if it were there, in both views; each text is embedded once.
func TestNearBeside(t *testing.T) {
	for _, e := range []generation.Embedder{builtin.Hash{}, short{}} {
		embedded := 0
		w := newWorld(t)
		w.set.Options.Make = func(context.Context, string) (generation.Embedder, error) { return picky{e, &embedded}, nil }
		check(t, w.back.Create(t.Context(), crm.Generation{Name: "g2", Fingerprint: e.Fingerprint(), Dimension: e.Dimension(), Windows: e.Windows(), Embedder: "any"}))
		o, err := w.set.Named(t.Context(), "g2")
		check(t, err)
		f := crm.Filter{Portal: portal, Account: company}
		texts := []string{"the price of the licence", "a depot in Galway", "weather and football", "the price is too high"}
		all := beside(texts...)
		var held []crm.Kept
		for i, text := range texts {
			held = append(held, kept(t, e, note(1000+i), text, company))
		}
		check(t, o.Index.Replace(t.Context(), held))
		wantItem, wantWindow, _, err := o.Near(t.Context(), "licence price", f, 10)
		check(t, err)
		check(t, o.Index.Replace(t.Context(), []crm.Kept{{Activity: crm.Activity{Ref: note(1001)}}, {Activity: crm.Activity{Ref: note(1003)}}}))
		for range 2 {
			item, window, name, err := o.NearBeside(t.Context(), "licence price", f, 10, []crm.Chunk{all[1], all[3]})
			check(t, err)
			if name != e.Name() || !alike(item, wantItem) || !alike(window, wantWindow) {
				t.Errorf("%s: %v %v, want %v %v", name, item, window, wantItem, wantWindow)
			}
		}
		if want := map[bool]int{false: 2, true: 4}[e.Windows()]; embedded != want {
			t.Errorf("%s: %d texts were embedded, want %d", e.Name(), embedded, want)
		}
		if item, _, _, err := o.NearBeside(t.Context(), "licence price", f, 2, []crm.Chunk{all[1], all[3]}); err != nil || !alike(item, crm.CosinesOf(hitsOf(wantItem)[:2])) {
			t.Errorf("%v %v", item, err)
		}
		f.Since = now.Add(time.Hour)
		if item, window, _, err := o.NearBeside(t.Context(), "licence price", f, 10, all); err != nil || len(item.Of)+len(window.Of) > 0 {
			t.Errorf("what the filter keeps out is found: %v %v %v", item, window, err)
		}
	}
}

// hitsOf are cosines, the closest first.
func hitsOf(c crm.Cosines) []crm.Hit {
	out := make([]crm.Hit, len(c.Of))
	for i, x := range c.Of {
		out[i] = crm.Hit{Chunk: c.Chunks[i], Score: float64(x)}
	}
	slices.SortFunc(out, func(a, b crm.Hit) int { return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Chunk, b.Chunk)) })
	return out
}

func alike(a, b crm.Cosines) bool {
	return slices.EqualFunc(hitsOf(a), hitsOf(b), func(x, y crm.Hit) bool { return x.Chunk == y.Chunk && math.Abs(x.Score-y.Score) < 1e-5 })
}

// TestBesideIsBounded: with an embedder that costs a call, those that share most with the question are compared; what it refuses is left out alone.
func TestBesideIsBounded(t *testing.T) {
	embedded := 0
	w := newWorld(t)
	w.set.Options.Make = func(context.Context, string) (generation.Embedder, error) { return picky{short{}, &embedded}, nil }
	check(t, w.back.Create(t.Context(), crm.Generation{Name: "g2", Fingerprint: short{}.Fingerprint(), Dimension: short{}.Dimension(), Windows: true, Embedder: "any"}))
	o, err := w.set.Named(t.Context(), "g2")
	check(t, err)
	var texts []string
	for i := range 300 {
		texts = append(texts, fmt.Sprintf("weather number %d", i))
	}
	texts[250], texts[251] = "the licence price", "refuse me, licence price"
	all := beside(texts...)
	item, _, _, err := o.NearBeside(t.Context(), "licence price", crm.Filter{Portal: portal, Account: company}, 400, all)
	check(t, err)
	if len(item.Of) != 127 || hitsOf(item)[0].Chunk != all[250].ID || embedded != 2*127 {
		t.Errorf("%d hits, %d texts embedded", len(item.Of), embedded)
	}
}
