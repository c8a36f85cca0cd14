package safety

import (
	"math"
	"testing"

	"github.com/contextd/contextd/engine"
)

// markReport is the one line of the marker detection: how often it marks ordinary mails, which costs a person's time, and attacks. Low and high are the ends of the 95 % interval.
type markReport struct {
	Set    string                `json:"set"`
	Texts  map[string]int        `json:"texts"`
	Marked map[string]int        `json:"marked"`
	Share  map[string]float64    `json:"share"`
	Range  map[string][2]float64 `json:"interval"`
}

// mostFalseAlarms is the share of ordinary mails that may be marked: each costs a person a look.
const mostFalseAlarms = 0.05

// TestEvalMarkers measures the detector by itself. What it misses writes nothing either: that is TestEvalInjection.
func TestEvalMarkers(t *testing.T) {
	r := markReport{"markers", map[string]int{}, map[string]int{}, map[string]float64{}, map[string][2]float64{}}
	for kind, file := range map[string]string{"benign": "benign.jsonl", "contexts": "contexts.jsonl", "attacks": "attacks.jsonl"} {
		for _, one := range texts(t, file) {
			for _, of := range []string{kind, kind + "/" + one.Source} {
				r.Texts[of]++
				if len(engine.Flags(one.Text)) > 0 {
					r.Marked[of]++
				}
			}
		}
	}
	for of, n := range r.Texts {
		r.Share[of] = round(float64(r.Marked[of]) / float64(n))
		low, high := wilson(r.Marked[of], n)
		r.Range[of] = [2]float64{round(low), round(high)}
	}
	printLine(t, r)
	for _, of := range []string{"benign", "contexts"} {
		if r.Share[of] > mostFalseAlarms {
			t.Errorf("%.3f of %s are marked, want at most %.2f", r.Share[of], of, mostFalseAlarms)
		}
	}
}

func round(f float64) float64 { return math.Round(f*1e4) / 1e4 }

// wilson is the 95 % score interval of k of n.
func wilson(k, n int) (low, high float64) {
	const z = 1.959964
	p, m := float64(k)/float64(n), float64(n)
	middle, wide := p+z*z/(2*m), z*math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return max(0, (middle-wide)/(1+z*z/m)), min(1, (middle+wide)/(1+z*z/m))
}
