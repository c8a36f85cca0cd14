package calibration

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/optimize"
)

// Curve is a monotone logistic over the terms. Weights are by term and never negative. Ceiling is the most that a change with any doubt gets that is no light one.
type Curve struct {
	Bias    float64            `json:"bias"`
	Weights map[string]float64 `json:"weights"`
	Ceiling float64            `json:"ceiling"`
}

// Prior is the curve that applies before there are outcomes.
func Prior() Curve {
	c := Curve{Bias: bias, Weights: map[string]float64{}, Ceiling: 0.84}
	for _, t := range terms() {
		c.Weights[t.name] = t.prior
	}
	return c
}

// Of is the chance that a reviewer takes a change with these features, as this curve has it; 0 for a change that stands on nothing.
func (c Curve) Of(features map[string]float64) float64 {
	if !(features["supported"] > 0) {
		return 0
	}
	z, most := c.Bias, 1.0
	for _, t := range terms() {
		x := t.of(features)
		z += c.Weights[t.name] * t.sign * x
		if t.sign < 0 && !t.light && x > 0 {
			most = c.Ceiling
		}
	}
	return math.Min(logistic(z), most)
}

// pull is how strongly weights are held where they were: as if this many outcomes had spoken for them. It is what keeps a fit of twenty outcomes close to its parent.
const pull = 8

// learn fits a curve to samples, pulled towards another. The loss is convex in the weights; they are searched by their logarithms, which keeps them positive.
func learn(towards Curve, samples []Sample) (Curve, error) {
	if len(samples) == 0 {
		return towards, nil
	}
	all := terms()
	x, y := make([][]float64, len(samples)), make([]float64, len(samples))
	for i, s := range samples {
		x[i], y[i] = vector(all, s.Features), is(s.Right)
	}
	start := make([]float64, len(all)+1)
	start[0] = towards.Bias
	held := make([]float64, len(all))
	for i, t := range all {
		held[i] = math.Max(towards.Weights[t.name], 1e-3)
		start[i+1] = math.Log(held[i])
	}
	l := loss{x, y, towards.Bias, held}
	// Far from convergence nothing is wrong: every step lowers the loss, and the start is the parent.
	got, err := optimize.Minimize(optimize.Problem{Func: l.value, Grad: l.gradient}, start, &optimize.Settings{GradientThreshold: 1e-4, MajorIterations: 60}, &optimize.LBFGS{})
	if got == nil {
		return towards, fmt.Errorf("fit a curve to %d outcomes: %w", len(samples), err)
	}
	out := Curve{Bias: got.X[0], Weights: map[string]float64{}, Ceiling: 1}
	for i, t := range all {
		out.Weights[t.name] = math.Exp(got.X[i+1])
	}
	return out, nil
}

// loss is the negative log-likelihood and the pull.
type loss struct {
	x    [][]float64
	y    []float64
	bias float64
	held []float64
}

func (l loss) value(u []float64) float64 {
	w := weights(u)
	far := (u[0] - l.bias) * (u[0] - l.bias)
	for i, h := range l.held {
		far += (w[i] - h) * (w[i] - h)
	}
	sum := pull * far / 8
	for i, x := range l.x {
		z := u[0] + dot(w, x)
		sum += softplus(z) - l.y[i]*z
	}
	return sum
}

func (l loss) gradient(grad, u []float64) {
	w := weights(u)
	clear(grad)
	for i, x := range l.x {
		off := logistic(u[0]+dot(w, x)) - l.y[i]
		grad[0] += off
		for j, v := range x {
			grad[j+1] += off * v
		}
	}
	grad[0] += pull * (u[0] - l.bias) / 4
	for j, h := range l.held {
		grad[j+1] = (grad[j+1] + pull*(w[j]-h)/4) * w[j]
	}
}

func weights(u []float64) []float64 {
	w := make([]float64, len(u)-1)
	for i := range w {
		w[i] = math.Exp(math.Min(u[i+1], 5))
	}
	return w
}

func dot(a, b []float64) (sum float64) {
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

// softplus is log(1+e^z) without overflow.
func softplus(z float64) float64 {
	if z > 30 {
		return z
	}
	return math.Log1p(math.Exp(z))
}
