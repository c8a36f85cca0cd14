package calibration

import "math"

// Bin is a range of confidence, what was predicted in it and what became of it.
type Bin struct {
	From      float64 `json:"from"`
	To        float64 `json:"to"`
	Count     int     `json:"count"`
	Right     int     `json:"right"`
	Predicted float64 `json:"predicted"` // mean
}

// Reliability is how well confidences agree with outcomes.
type Reliability struct {
	Count int     `json:"count"`
	Brier float64 `json:"brier"` // mean squared difference; 0 is perfect, a constant of the share of right ones has share·(1−share)
	Bins  []Bin   `json:"bins"`  // those that are not empty
}

// bins is how many ranges there are between 0 and 1.
const bins = 10

// Reliable compares a confidence with what became of samples.
func Reliable(samples []Sample, confidence func(Sample) float64) Reliability {
	var r Reliability
	all := make([]Bin, bins)
	for _, s := range samples {
		c := confidence(s)
		b := &all[min(int(c*bins), bins-1)]
		b.Count++
		b.Predicted += c
		if s.Right {
			b.Right++
		}
		r.Brier += math.Pow(c-is(s.Right), 2)
	}
	for i, b := range all {
		if b.Count > 0 {
			b.From, b.To, b.Predicted = float64(i)/bins, float64(i+1)/bins, b.Predicted/float64(b.Count)
			r.Bins = append(r.Bins, b)
		}
	}
	if r.Count = len(samples); r.Count > 0 {
		r.Brier /= float64(r.Count)
	}
	return r
}
