package builtin

import (
	"context"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

func embed(t *testing.T, texts ...string) [][]float32 {
	t.Helper()
	v, _, err := Hash{}.Embed(context.Background(), crm.EmbedDocument, texts)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func dot(a, b []float32) (sum float64) {
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

func TestSimilarTextsAreNearer(t *testing.T) {
	v := embed(t, "The renewal price for 95 technicians is too high for our board.",
		"Renewal pricing for ninety-five technicians: the board says it is too high.",
		"The lift in the northern depot is out of order since Tuesday.")
	near, far := dot(v[0], v[1]), dot(v[0], v[2])
	if near < far+.15 {
		t.Errorf("similar texts %.3f, different ones %.3f: want them well apart", near, far)
	}
}

func TestTypingErrorsAndWordFormsMeet(t *testing.T) {
	v := embed(t, "technician scheduling", "technicians schedulling", "quarterly invoice")
	if near, far := dot(v[0], v[1]), dot(v[0], v[2]); near < far+.2 {
		t.Errorf("misspelt %.3f, unrelated %.3f", near, far)
	}
}

func TestTextsWithoutWordsAreOrthogonalToAllOthers(t *testing.T) {
	v := embed(t, "", " \n…!?", "a word")
	if dot(v[0], v[1]) < .999 || dot(v[0], v[2]) != 0 {
		t.Errorf("empty texts: %v and %v, want 1 and 0", dot(v[0], v[1]), dot(v[0], v[2]))
	}
}

func TestRepetitionIsDamped(t *testing.T) {
	v := embed(t, "price price price price price price notice board", "price", "notice board")
	if dot(v[0], v[1]) > .95 || dot(v[0], v[2]) < .15 {
		t.Errorf("one repeated word drowns the others: %.3f, %.3f", dot(v[0], v[1]), dot(v[0], v[2]))
	}
}

func BenchmarkEmbedShortTexts(b *testing.B) {
	texts := make([]string, 256)
	for i := range texts {
		texts[i] = "We are at 140 technicians and need a price by Friday."
	}
	for b.Loop() {
		if _, _, err := (Hash{}).Embed(context.Background(), crm.EmbedDocument, texts); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(texts))/b.Elapsed().Seconds(), "texts/s")
}
