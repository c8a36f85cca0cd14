package retriever

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

//go:embed weights.json
var embedded []byte

// weightsVersion is what this program reads: it changes when the meaning of a feature does.
const weightsVersion = 1

// Weights are what the ranker has learned: one vector per class of embedder and shape of item. They are a few dozen numbers; no text can be read back from them.
type Weights struct {
	Version int                         `json:"version"`
	Note    string                      `json:"note,omitempty"` // what they were learned on
	Linear  map[Class]map[Shape]*Linear `json:"linear"`
	Answer  Linear                      `json:"answer"` // of the features that AnswerFeatureNames lists: log odds that the question can be answered
}

// Linear is one linear function: Offset + Σ Weights[name] · feature. A feature that is not named has weight 0.
type Linear struct {
	Offset  float64            `json:"offset,omitempty"`
	Weights map[string]float64 `json:"weights"`
}

// Vector is the weights in the order of names.
func (l *Linear) Vector(names []string) []float64 {
	out := make([]float64, len(names))
	if l != nil {
		for i, n := range names {
			out[i] = l.Weights[n]
		}
	}
	return out
}

// ParseWeights reads a weights file. An unknown version, class, shape or feature, and a missing combination of class and shape, is crm.ErrInvalid: ranking by part
// of the weights would look right and be wrong.
func ParseWeights(raw []byte) (*Weights, error) {
	var w Weights
	if err := json.Unmarshal(raw, &w); err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	if w.Version != weightsVersion {
		return nil, fmt.Errorf("weights: version %d, this program reads %d: %w", w.Version, weightsVersion, crm.ErrInvalid)
	}
	for _, class := range Classes() {
		for _, shape := range Shapes() {
			l := w.Linear[class][shape]
			if l == nil {
				return nil, fmt.Errorf("weights: none for class %s and shape %s: %w", class, shape, crm.ErrInvalid)
			}
			if err := known(l, FeatureNames()); err != nil {
				return nil, fmt.Errorf("weights of class %s and shape %s: %w", class, shape, err)
			}
		}
		if len(w.Linear[class]) != len(Shapes()) {
			return nil, fmt.Errorf("weights of class %s: an unknown shape: %w", class, crm.ErrInvalid)
		}
	}
	if len(w.Linear) != len(Classes()) {
		return nil, fmt.Errorf("weights: an unknown class: %w", crm.ErrInvalid)
	}
	if err := known(&w.Answer, AnswerFeatureNames()); err != nil {
		return nil, fmt.Errorf("weights of the answer: %w", err)
	}
	return &w, nil
}

func known(l *Linear, names []string) error {
	for n := range l.Weights {
		if !slices.Contains(names, n) {
			return fmt.Errorf("unknown feature %q: %w", n, crm.ErrInvalid)
		}
	}
	return nil
}

// DefaultWeights are the embedded ones.
func DefaultWeights() *Weights {
	w, err := ParseWeights(embedded)
	if err != nil {
		panic(err) // the file is part of the program, and a test reads it
	}
	return w
}
