package calibration

import "math"

// Drift finds out when more changes of a kind are wrong than was promised. It is an e-process: as long as the share of wrong ones is within the budget, whatever else changes, the chance that it ever raises an alarm is at most False. It mixes likelihood ratios of shares 2, 4 and 8 times the budget, each
// begun at every write with a weight of 1/(n(n+1)), so that a long good time does not outweigh a bad week. The zero value of its state is the beginning; State is a value to
// be stored (Shafer 2021; Shin, Ramdas and Rinaldo 2023, e-detectors).
type Drift struct {
	Budget float64    `json:"budget"` // share of wrong ones that was promised; 1: nothing is watched
	False  float64    `json:"false"`  // chance of a false alarm, ever; 0: 0.05
	State  DriftState `json:"state"`
}

// DriftState is what Drift remembers.
type DriftState struct {
	Seen  int        `json:"seen"`
	Wrong int        `json:"wrong"`
	Ratio [3]float64 `json:"ratio"` // per alternative
	Alarm bool       `json:"alarm"` // stays
}

// Observe notes what became of one change and returns whether there is an alarm. What nobody looked at counts as right unless it was undone: that makes the alarm later, never
// false.
func (d *Drift) Observe(wrong bool) bool {
	s := &d.State
	if !(d.Budget > 0 && d.Budget < 1) {
		return s.Alarm
	}
	s.Seen++
	if wrong {
		s.Wrong++
	}
	n := float64(s.Seen)
	evidence := 1 / (n + 1) // of what has not begun yet
	for i, times := range []float64{2, 4, 8} {
		other := math.Min(times*d.Budget, (1+d.Budget)/2)
		ratio := (1 - other) / (1 - d.Budget)
		if wrong {
			ratio = other / d.Budget
		}
		s.Ratio[i] = math.Min((s.Ratio[i]+1/(n*(n+1)))*ratio, 1e12)
		evidence += s.Ratio[i] / 3
	}
	limit := d.False
	if limit == 0 {
		limit = 0.05
	}
	s.Alarm = s.Alarm || evidence >= 1/limit
	return s.Alarm
}
