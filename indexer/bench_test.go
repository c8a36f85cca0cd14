package indexer

import (
	"fmt"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

// BenchmarkDecide is what an activity costs before it is embedded and stored: normalising, chunking, words, terms and traits.
func BenchmarkDecide(b *testing.B) {
	bodies := benchBodies()
	chunks := 0
	b.ReportAllocs()
	for b.Loop() {
		w, _ := noted(0)
		x := w.indexer()
		jobs := make([]*job, len(bodies))
		for i, body := range bodies {
			r := noteRef(i)
			jobs[i] = &job{ref: r, present: true, claim: claimOf(r), activity: crm.Activity{Ref: r, Time: may, Created: may, Body: body, Format: crm.PlainText}}
		}
		x.decideAll(b.Context(), jobs)
		chunks = 0
		for _, j := range jobs {
			if j.err != nil {
				b.Fatal(j.err)
			}
			chunks += len(j.kept.Chunks)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(chunks), "ns/chunk")
}

// benchBodies are 300 texts of one to some hundred words in four languages.
func benchBodies() []string {
	words := map[string][]string{
		"en": {"We", "spoke", "about", "the", "renewal", "of", "their", "contract", "and", "a", "discount", "for", "seats", "in", "June", "because", "pricing", "changed", "Dana", "asked", "whether", "support", "is", "included", "to", "the", "budget", "was", "approved", "yesterday"},
		"de": {"Wir", "sprachen", "über", "die", "Verlängerung", "des", "Vertrages", "und", "einen", "Rabatt", "für", "Lizenzen", "im", "Juni", "weil", "der", "Preis", "nicht", "stimmt", "Frau", "Voss", "fragte", "nach", "Kündigung"},
		"fr": {"Nous", "avons", "parlé", "du", "renouvellement", "de", "leur", "contrat", "et", "une", "remise", "pour", "les", "postes", "en", "juin", "prix", "négociation"},
		"es": {"Hablamos", "de", "la", "renovación", "del", "contrato", "y", "un", "descuento", "para", "los", "puestos", "en", "junio", "porque", "el", "precio", "subió"},
	}
	langs := []string{"en", "en", "en", "de", "fr", "es"}
	var out []string
	seed := uint32(7)
	next := func(n int) int {
		seed = seed*1664525 + 1013904223
		return int(seed>>8) % n
	}
	for i := range 300 {
		list := words[langs[i%len(langs)]]
		text := ""
		for k := range 20 + next(300) {
			if k > 0 && next(12) == 0 {
				text += ". "
			}
			if next(9) == 0 {
				text += fmt.Sprintf("%s%d ", list[next(len(list))], next(400))
				continue
			}
			text += list[next(len(list))] + " "
		}
		out = append(out, text)
	}
	return out
}
