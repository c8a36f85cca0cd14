package calibration

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mathext"

	"github.com/contextd/contextd/internal/crm"
)

// Budget is what an administrator promises: of the changes that are written without a person at most this share is wrong, and that this holds is known with this confidence
// (0.02 and 0.9: of all fits that open a field at most one in ten has a share above 2 %).
type Budget struct {
	Wrong      float64 `json:"wrong"`
	Confidence float64 `json:"confidence"`
}

// Check is crm.ErrInvalid unless both lie strictly between 0 and 1.
func (b Budget) Check() error {
	if !(b.Wrong > 0 && b.Wrong < 1 && b.Confidence > 0 && b.Confidence < 1) {
		return fmt.Errorf("error budget: wrong %v and confidence %v must lie between 0 and 1: %w", b.Wrong, b.Confidence, crm.ErrInvalid)
	}
	return nil
}

// Holds tests with the exact binomial distribution whether n outcomes of which so many were wrong prove that the share of wrong ones is within the budget: were it larger, so
// few would be seen with a probability of 1 − Confidence at most.
func (b Budget) Holds(n, wrong int) bool { return b.chance(n, wrong) <= 1-b.Confidence+1e-12 }

// chance is the probability of at most so many wrong ones among n when the share is just the budget.
func (b Budget) chance(n, wrong int) float64 {
	if wrong >= n {
		return 1
	}
	return mathext.RegIncBeta(float64(n-wrong), float64(wrong+1), 1-b.Wrong)
}

// Needed is the least number of outcomes that prove the budget when so many of them are wrong: 114 without a wrong one for 2 % at 90 %, 45 for 5 %.
func (b Budget) Needed(wrong int) int {
	low, high := wrong, wrong+1
	for !b.Holds(high, wrong) {
		low, high = high, 2*high
	}
	for high-low > 1 {
		if mid := (low + high) / 2; b.Holds(mid, wrong) {
			high = mid
		} else {
			low = mid
		}
	}
	return high
}

// size is how likely the test of n outcomes errs at the most: the chance of passing when the share of wrong ones is just the budget.
func (b Budget) size(n int) float64 {
	size := 0.0
	for wrong := 0; wrong < n && b.Holds(n, wrong); wrong++ {
		size = b.chance(n, wrong)
	}
	return size
}

// Most is the upper end of the one-sided Clopper–Pearson interval: the largest share of wrong ones that these outcomes do not rule out. 1 without outcomes.
func (b Budget) Most(n, wrong int) float64 {
	if n <= 0 || wrong >= n {
		return 1
	}
	return mathext.InvRegIncBeta(float64(wrong+1), float64(n-wrong), b.Confidence)
}

// Least is the lower end: the smallest share that they do not rule out.
func (b Budget) Least(n, wrong int) float64 {
	if n <= 0 || wrong <= 0 {
		return 0
	}
	return mathext.InvRegIncBeta(float64(wrong), float64(n-wrong+1), 1-b.Confidence)
}

func logistic(z float64) float64 { return 1 / (1 + math.Exp(-z)) }
