package web

import (
	"fmt"
	"math"
)

// diagram is a reliability diagram in units of its view box: what was predicted to the right, what came out right upwards, how many there were below.
type diagram struct {
	Count  int
	Brier  string
	Bins   []diagramBin
	Points string // of the line through them
}

type diagramBin struct {
	Range                  string
	Count, Right           int
	Predicted, Share       string
	X, Y, Low, High        int
	BarX, BarY, BarW, BarH int
}

// The drawing: a square of this side with its origin at the left and top margins, and bars of counts below it.
const (
	plotSide, plotLeft, plotTop = 300, 48, 12
	barTop, barHeight           = plotTop + plotSide + 36, 48
)

func diagramOf(r Reliability) diagram {
	out := diagram{Count: r.Count, Brier: brierWords(r)}
	most := 1
	for _, b := range r.Bins {
		most = max(most, b.Count)
	}
	x := func(v float64) int { return plotLeft + int(math.Round(plotSide*min(max(v, 0), 1))) }
	y := func(v float64) int { return plotTop + plotSide - int(math.Round(plotSide*min(max(v, 0), 1))) }
	for _, b := range r.Bins {
		if b.Count == 0 {
			continue
		}
		right := float64(b.Right) / float64(b.Count)
		low, high := wilson(b.Right, b.Count)
		height := int(math.Ceil(barHeight * float64(b.Count) / float64(most)))
		out.Bins = append(out.Bins, diagramBin{Range: fmt.Sprintf("%.1f to %.1f", b.From, b.To), Count: b.Count, Right: b.Right, Predicted: percent(b.Predicted), Share: percent(right),
			X: x(b.Predicted), Y: y(right), Low: y(low), High: y(high), BarX: x(b.From) + 1, BarY: barTop + barHeight - height, BarW: max(x(b.To)-x(b.From)-2, 1), BarH: height})
		out.Points += fmt.Sprintf("%d,%d ", x(b.Predicted), y(right))
	}
	return out
}

// wilson is the range that a share lies in with 90 %, by Wilson's score.
func wilson(right, n int) (low, high float64) {
	const z = 1.6449
	p, m := float64(right)/float64(n), float64(n)
	mid, half := (p+z*z/(2*m))/(1+z*z/m), z/(1+z*z/m)*math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return max(mid-half, 0), min(mid+half, 1)
}
