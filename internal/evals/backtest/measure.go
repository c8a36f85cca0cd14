package backtest

import (
	"fmt"
	"math"
)

// Sample is one score as of then, and what became of its subject.
type Sample struct {
	Score float64 // the higher, the likelier the better outcome; any scale
	Won   bool
}

// Count says how many were won and lost.
func Count(samples []Sample) (won, lost int) {
	for _, s := range samples {
		if s.Won {
			won++
		} else {
			lost++
		}
	}
	return won, lost
}

// Order is the share of pairs of a won and a lost one of which the won one has the higher score, ties half: the area under the ROC curve. false where there are no such pairs.
func Order(samples []Sample) (float64, bool) {
	right, pairs := 0.0, 0
	for _, a := range samples {
		for _, b := range samples {
			if !a.Won || b.Won {
				continue
			}
			pairs++
			switch {
			case a.Score > b.Score:
				right++
			case a.Score == b.Score:
				right += .5
			}
		}
	}
	if pairs == 0 {
		return 0, false
	}
	return right / float64(pairs), true
}

// z is that of 95 % on both sides.
const z = 1.959963984540054

// Interval is the 95 % score interval of an order that was found on so many won and lost ones: those orders from which the found one is no further away than z standard errors of theirs
// (Newcombe 2006, Statistics in Medicine 25:559, method 5). Unlike a resampled one it keeps its width where all pairs are right.
func Interval(order float64, won, lost int) (low, high float64) {
	far := func(a float64) float64 { return math.Abs(order-a) - z*standardError(a, won, lost) }
	return bisect(far, 0, order), bisect(far, 1, order)
}

// standardError is that of an order: Hanley and McNeil's, with half of all subjects in place of either group.
func standardError(a float64, won, lost int) float64 {
	half := float64(won+lost)/2 - 1
	return math.Sqrt(a * (1 - a) * (1 + half*(1-a)/(2-a) + half*a/(1+a)) / float64(won*lost))
}

// bisect finds where far turns from above zero, at out, to below, at in. Where it is nowhere above zero, that is out itself.
func bisect(far func(float64) float64, out, in float64) float64 {
	if far(out) <= 0 {
		return out
	}
	for range 60 {
		if mid := (out + in) / 2; far(mid) > 0 {
			out = mid
		} else {
			in = mid
		}
	}
	return (out + in) / 2
}

// Brier is the mean squared distance of probabilities (0 to 1) from the outcomes: 0 is perfect, and a constant guess of one half makes .25.
func Brier(samples []Sample) float64 {
	sum := 0.0
	for _, s := range samples {
		to := 0.0
		if s.Won {
			to = 1
		}
		sum += (s.Score - to) * (s.Score - to)
	}
	return sum / float64(len(samples))
}

// enough is how wide an interval may be for a figure to say something: a tenth to either side.
const enough = .2

// TooFew says why an order on so many samples proves little; "" when it does not.
func TooFew(order float64, won, lost int) string {
	if won == 0 || lost == 0 {
		return fmt.Sprintf("%d won and %d lost: an order needs both", won, lost)
	}
	low, high := Interval(order, won, lost)
	if wide := high - low; wide > enough {
		need := int(math.Ceil(float64(won+lost) * wide * wide / enough / enough / 10))
		return fmt.Sprintf("too few: with %d won and %d lost the order may as well be %.2f or %.2f; about %d are needed to know it within a tenth", won, lost, low, high, 10*need)
	}
	return ""
}
