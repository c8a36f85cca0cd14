package retriever

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

func TestWeightsFile(t *testing.T) {
	w := DefaultWeights()
	raw, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseWeights(raw); err != nil {
		t.Fatalf("what was read cannot be written and read again: %v", err)
	}
	for _, class := range Classes() {
		for _, shape := range Shapes() {
			v := w.Linear[class][shape].Vector(FeatureNames())
			if v[fBM25] <= 0 || v[fBM25]+v[fSoft]+v[fCoverage]+v[fExact] <= 1 {
				t.Errorf("%s, %s: a match of words must speak for an item: %v", class, shape, w.Linear[class][shape].Weights)
			}
		}
	}
	good := string(raw)
	for name, bad := range map[string]string{
		"no json":         "{",
		"another version": strings.Replace(good, `"version":1`, `"version":2`, 1),
		"unknown feature": strings.Replace(good, `"bm25":`, `"bm26":`, 1),
		"unknown shape":   strings.Replace(good, `"chat":`, `"chatter":`, 1),
		"unknown class":   strings.Replace(good, `"lexical":`, `"lexicon":`, 1),
		"unknown answer":  strings.Replace(good, `"clarity":`, `"claritas":`, 1),
		"a class less":    `{"version":1,"linear":{}}`,
	} {
		if bad == good {
			t.Fatalf("%s: nothing was changed", name)
		}
		if _, err := ParseWeights([]byte(bad)); err == nil {
			t.Errorf("%s: accepted", name)
		} else if name != "no json" && !errors.Is(err, crm.ErrInvalid) {
			t.Errorf("%s: %v, want invalid", name, err)
		}
	}
}

func TestShapes(t *testing.T) {
	for kind, want := range map[crm.Kind]Shape{crm.Message: Chat, crm.Call: Transcript, crm.Meeting: Transcript, crm.Email: Document, crm.Note: Document, crm.Task: Document} {
		if have := ShapeOf(kind); have != want {
			t.Errorf("%s is %s, want %s", kind, have, want)
		}
	}
	for embedder, want := range map[string]Class{"": Lexical, "builtin": WordVectors, "builtin/static256": WordVectors, "ollama/all-minilm": Transformer} {
		if have := classOf(embedder); have != want {
			t.Errorf("%q is %s, want %s", embedder, have, want)
		}
	}
}
