package calibration

import (
	"cmp"
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

// Track is what people did with changes of one sort before: how many they decided about, and how many of these they took as they were.
type Track struct {
	Right   int
	Decided int
}

// What is supposed of changes that nobody has decided about yet: as if ten had been, of which nine were taken. Below four of five, a sort of changes is in doubt.
const (
	supposed = 10
	usual    = 0.9
	fair     = 0.8
)

// Share is how much of them is taken, pulled towards what is supposed: 0.9 of none; two rejections in a row, and nothing else, bring it below 0.8.
func (t Track) Share() float64 {
	return (float64(t.Right) + usual*supposed) / (float64(t.Decided) + supposed)
}

// track reads one of the two from features.
func track(f map[string]float64, of string) Track {
	return Track{Right: int(f[of+"_right"]), Decided: int(f[of+"_decided"])}
}

// least is the lower share of the two.
func least(f map[string]float64) float64 {
	return min(track(f, "field").Share(), track(f, "source").Share())
}

// QuotesOf begins the features that count a change's quotes by the kind of their source.
const QuotesOf = "quotes_"

// Tracks tells from a workflow's outcomes how changes of a field fared, and how those changes of the workflow that quoted the kinds of sources given: of several kinds, the one
// that fared worst (the first in order of their names among equals). As for Samples, the last word on a change counts, and what was only ever undone is left out.
func Tracks(log []crm.Outcome, field string, kinds []string) (ofField, ofSource Track) {
	log = slices.Clone(log)
	slices.SortStableFunc(log, func(a, b crm.Outcome) int { return cmp.Compare(a.Seq, b.Seq) })
	by := map[string]Track{}
	for _, o := range lastWords(log) {
		one := Track{Right: int(is(o.Decision == "approve")), Decided: 1}
		if o.Field == field {
			ofField = ofField.add(one)
		}
		for _, k := range kinds {
			if o.Features[QuotesOf+k] > 0 {
				by[k] = by[k].add(one)
			}
		}
	}
	for i, k := range slices.Sorted(slices.Values(kinds)) {
		if t := by[k]; i == 0 || t.Share() < ofSource.Share() {
			ofSource = t
		}
	}
	return ofField, ofSource
}

func (t Track) add(o Track) Track { return Track{t.Right + o.Right, t.Decided + o.Decided} }
