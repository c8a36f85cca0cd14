package calibration

import (
	"math"
	"math/rand/v2"
)

// portal is one simulated customer: how good its proposals are, and what tells the good ones from the bad.
type portal struct {
	rng      *rand.Rand
	outcomes int                // proposals in its life
	bias     float64            // log-odds of a clean proposal to be right
	telling  bool               // its features tell the good ones from the bad
	weights  map[string]float64 // what doubts cost here, in log-odds
	drifts   int                // from this proposal on everything is worse; -1: never
	worse    float64            // by so much, in log-odds
}

// proposal is one change, with the chance that it is wrong, which nobody in the portal knows.
type proposal struct {
	features map[string]float64
	said     float64 // the model's own confidence
	risk     float64
	wrong    bool
}

// doubts are what lowers the chance of a proposal to be right, and by how much in a portal like any other.
var doubts = []struct {
	name string
	cost float64
}{{"cut", 3}, {"repairs", 0.8}, {"flags", 1.5}, {"turned", 0.7}, {"untimed", 0.3}, {"distant", 1}, {"jump", 0.8}, {"part", 0.4}}

// newPortal draws a customer: 20 to 5,000 proposals, of whose clean ones between one in a thousand and one in ten are wrong; in a fifth of the portals features say nothing, in
// three of ten something breaks on the way.
func newPortal(seed uint64) *portal {
	rng := rand.New(rand.NewPCG(seed, 20260302))
	p := &portal{rng: rng, drifts: -1, weights: map[string]float64{}}
	p.outcomes = int(math.Exp(math.Log(20) + rng.Float64()*math.Log(250)))
	clean := math.Exp(math.Log(0.001) + rng.Float64()*math.Log(100))
	p.bias = math.Log((1 - clean) / clean)
	p.telling = rng.Float64() >= 0.2
	for _, d := range doubts {
		if p.telling {
			p.weights[d.name] = d.cost * math.Exp(rng.NormFloat64()*0.6)
		}
	}
	if rng.Float64() < 0.3 {
		p.drifts, p.worse = rng.IntN(p.outcomes), 1+1.5*rng.Float64()
	}
	return p
}

// next draws the proposal number i.
func (p *portal) next(i int) proposal {
	r := p.rng
	chance := func(share float64) float64 {
		if r.Float64() < share {
			return 1
		}
		return 0
	}
	f := map[string]float64{"version": 1, "supported": float64(1 + r.IntN(5)), "cut": chance(0.15) * float64(1+r.IntN(2)), "repairs": chance(0.08), "flags": chance(0.03), "sources": float64(1 + r.IntN(6)),
		"activities": float64(1 + r.IntN(3)), "age_days": r.ExpFloat64() * 30, "time_known": 1 - chance(0.05), "coverage": r.Float64(), "overlap": 1 - 0.9*chance(0.1), "turned": chance(0.05),
		"jump": chance(0.08), "focus_whole": 1 - chance(0.08)}
	z := p.bias - p.weights["cut"]*f["cut"]/(f["supported"]+f["cut"]) - p.weights["repairs"]*f["repairs"] - p.weights["flags"]*f["flags"] - p.weights["turned"]*f["turned"] -
		p.weights["untimed"]*(1-f["time_known"]) - p.weights["jump"]*f["jump"] - p.weights["part"]*(1-f["focus_whole"])
	if f["overlap"] < 0.25 {
		z -= p.weights["distant"]
	}
	if p.drifts >= 0 && i >= p.drifts {
		z -= p.worse
	}
	out := proposal{features: f, risk: 1 / (1 + math.Exp(z))}
	out.wrong = r.Float64() < out.risk
	out.said = math.Min(1, 0.8+0.2*r.Float64()+0.03*(1-2*chance(out.risk))) // it always sounds sure
	return out
}

// risk is how many of the proposals that a rule lets through are wrong, as things are at the proposal number i: measured with proposals that are none of its life.
func (p *portal) risk(i int, passes func(map[string]float64) bool) float64 {
	other := *p
	other.rng = rand.New(rand.NewPCG(uint64(i), 20260303))
	sum, n := 0.0, 0
	for range 4000 {
		if x := other.next(i); passes(x.features) {
			sum, n = sum+x.risk, n+1
		}
	}
	return sum / float64(max(n, 1))
}
