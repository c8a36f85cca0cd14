package calibration

import (
	"math"
	"sync"
)

// FeaturesVersion is the meaning of the features that the terms below read; outcomes of another one are not learned from.
const FeaturesVersion = 4

// term is one thing that raises or lowers confidence. Its value is between 0 and 1, 0 where its features are missing, and its weight never negative, so that a fit cannot learn
// that a doubt helps. Prior is the hand-set weight, which holds until outcomes say otherwise. A doubt keeps a change below Curve.Ceiling unless it is a light one.
type term struct {
	name  string
	sign  float64
	prior float64
	light bool
	of    func(f map[string]float64) float64
}

// bias is the hand-set log-odds of a change with nothing for or against it.
const bias = 1.83

// terms are those of the conservative prior that applies before there are outcomes; not to be changed.
var terms = sync.OnceValue(func() []term {
	up := func(name string, prior float64, of func(map[string]float64) float64) term {
		return term{name: name, sign: 1, prior: prior, of: of}
	}
	down := func(name string, prior float64, of func(map[string]float64) float64) term {
		return term{name: name, sign: -1, prior: prior, of: of}
	}
	light := func(name string, prior float64, of func(map[string]float64) float64) term {
		return term{name: name, sign: -1, prior: prior, light: true, of: of}
	}
	return []term{
		up("activities", 0.25, func(f map[string]float64) float64 { return is(f["activities"] > 1) }),
		up("sources", 0.20, func(f map[string]float64) float64 { return unit(f["sources"] / 4) }),
		up("coverage", 0.15, func(f map[string]float64) float64 { return unit(f["coverage"]) }),
		up("recent", 0.12, func(f map[string]float64) float64 { return is(f["time_known"] == 1 && f["age_days"] < 90) }),
		down("cut", 3, func(f map[string]float64) float64 { return unit(f["cut"] / math.Max(f["supported"]+f["cut"], 1)) }),
		down("repairs", 0.8, func(f map[string]float64) float64 { return unit(f["repairs"]) }),
		down("flags", 3, func(f map[string]float64) float64 { return unit(f["flags"] / 2) }),
		down("turned", 2.1, func(f map[string]float64) float64 { return unit(f["turned"] / 3) }),
		down("contradicted", 2, func(f map[string]float64) float64 { return unit(f["contradicted"] / 2) }),
		down("untimed", 0.3, func(f map[string]float64) float64 { return is(f["time_known"] != 1) }),
		down("distant", 1, func(f map[string]float64) float64 { return is(!(f["overlap"] >= 0.25)) }),
		down("jump", 0.8, func(f map[string]float64) float64 { return is(!(f["jump"] <= 0.2)) }),
		down("part", 0.4, func(f map[string]float64) float64 { return is(f["focus_whole"] != 1) }),
		up("margin", 0.02, func(f map[string]float64) float64 { return unit(f["margin"]) }),
		up("taken", 0.01, func(f map[string]float64) float64 { return unit((least(f) - usual) / (1 - usual)) }),
		down("field", 1, func(f map[string]float64) float64 { return unit((fair - track(f, "field").Share()) / fair) }),
		down("kind", 1, func(f map[string]float64) float64 { return unit((fair - track(f, "source").Share()) / fair) }),
		light("left_out", 0.3, func(f map[string]float64) float64 { return unit(f["left_out"]) }),
		light("masked", 0.2, func(f map[string]float64) float64 { return unit(f["masked"] / math.Max(f["sources"], 1)) }),
		light("unsure", 0.3, func(f map[string]float64) float64 { return unit(f["unsure"]) }),
		light("replaces", 0.05, func(f map[string]float64) float64 { return unit(f["replaces"]) }),
	}
})

func is(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func unit(x float64) float64 {
	if !(x > 0) { // NaN too
		return 0
	}
	return math.Min(x, 1)
}

// vector is the features as a fit sees them.
func vector(all []term, features map[string]float64) []float64 {
	x := make([]float64, len(all))
	for i, t := range all {
		x[i] = t.sign * t.of(features)
	}
	return x
}
