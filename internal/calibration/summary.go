package calibration

// Summary is a group as people see it.
type Summary struct {
	Proof       Proof
	Needed      int     // about how many more right outcomes open it; 0 when it is open
	Threshold   float64 // that holds now
	Outcomes    int     // that count
	Wrong       int     // of these
	Looks       int     // that were made under the budget
	NextLevel   float64 // how likely the next one may err
	Fitted      bool    // the curve that holds now was learned
	Reliability Reliability
}

// Sum sums a group up. It shows outcomes and chooses nothing by them.
func Sum(g Group, s State, live Fit, past Past) Summary {
	own := g.of(Samples(after(past.Outcomes, s.From)))
	out := Summary{Proof: s.Proof(g, live), Threshold: g.first(), Outcomes: len(own), NextLevel: s.Level(g.Budget)}
	_, out.Wrong = counts(own)
	for _, l := range s.Looks {
		if l.Budget == g.Budget {
			out.Looks++
		}
	}
	curve := Prior()
	if out.Proof.Open {
		curve, out.Fitted, out.Threshold = out.Proof.Curve, live.Fitted, max(out.Threshold, live.Threshold)
	} else if g.Budget.Check() == nil {
		out.Needed = s.need(g, g.tally(own))
	}
	if out.Fitted {
		_, own = split(own)
	}
	out.Reliability = Reliable(own, func(x Sample) float64 { return curve.Of(x.Features) })
	return out
}

// Decisive is the test that a fit rests on: of its threshold, or, when it opens nothing, the one that failed; false when nothing was tested.
func (f Fit) Decisive() (Test, bool) {
	for i := len(f.Tests) - 1; i >= 0; i-- {
		if f.Tests[i].Holds || !f.Open {
			return f.Tests[i], true
		}
	}
	return Test{}, false
}
