package calibration

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/calibration"
)

// A rare field with few outcomes, of which more are wrong than a budget allows.
const (
	rareOutcomes = 100
	rareWrong    = 0.05
)

// Others are the fields whose outcomes are pooled with those of a rare one: how many they have, and which share of them is wrong.
type Others struct {
	Outcomes int
	Wrong    float64
}

// Pool is what would come of testing the threshold of a rare field on its outcomes and those of other fields together, beside testing it on its own. Nothing that is known of a change tells the two kinds
// of fields apart.
type Pool struct {
	Others          Others
	Pools           int     // that were simulated
	Together, Alone int     // of these: where the rare field is opened by all outcomes, and by its own
	Wrong           float64 // share of what the rare field then writes, where it was opened by all, that is wrong
}

// Pools simulates so many pools with each kind of other fields.
func Pools(pools int, budget calibration.Budget, others ...Others) (out []Pool, err error) {
	for _, o := range others {
		p := Pool{Others: o, Pools: pools}
		written, wrong := 0, 0
		for seed := range uint64(pools) {
			rare, other := plainField(seed, rareWrong), plainField(seed+1<<32, o.Wrong)
			samples := append(rare.samples("rare", rareOutcomes), other.samples("other", o.Outcomes)...)
			rng := rand.New(rand.NewPCG(seed, 20260304)) // they come in any order
			rng.Shuffle(len(samples), func(i, j int) { samples[i], samples[j] = samples[j], samples[i] })
			together, err := opened(budget, samples, "rare", "other")
			if err != nil {
				return nil, err
			}
			alone, err := opened(budget, samples, "rare")
			if err != nil {
				return nil, err
			}
			p.Together, p.Alone = p.Together+is(together.Open), p.Alone+is(alone.Open)
			for i := range rareOutcomes {
				if x := rare.next(i); together.Passes(x.features) {
					written, wrong = written+1, wrong+is(x.wrong)
				}
			}
		}
		p.Wrong = float64(wrong) / float64(max(written, 1))
		out = append(out, p)
	}
	return out, nil
}

// plainField draws the proposals of a field of which a share is wrong, whatever is known of them.
func plainField(seed uint64, wrong float64) *portal {
	return &portal{rng: rand.New(rand.NewPCG(seed, 20260305)), drifts: -1, bias: math.Log((1 - wrong) / wrong)}
}

func (p *portal) samples(name string, n int) (out []calibration.Sample) {
	for i := range n {
		x := p.next(i)
		out = append(out, calibration.Sample{ID: fmt.Sprint(name, i), Workflow: workflow, Field: name, Features: x.features, Right: !x.wrong, At: time.Unix(int64(i), 0)})
	}
	return out
}

func opened(budget calibration.Budget, samples []calibration.Sample, fields ...string) (calibration.Fit, error) {
	f, err := calibration.Learn(calibration.Group{Workflow: workflow, Fields: fields, Budget: budget}, samples, time.Unix(0, 0))
	if err != nil {
		return f, fmt.Errorf("fields %v: %w", fields, err)
	}
	return f, nil
}

// PoolTable shows pools as Markdown.
func PoolTable(pools []Pool) string {
	var b strings.Builder
	b.WriteString("| outcomes of the rare field | of the others | wrong of these | pools | opened by all outcomes | opened by its own | wrong of what it then writes |\n|---|---|---|---|---|---|---|\n")
	for _, p := range pools {
		fmt.Fprintf(&b, "| %d | %d | %g %% | %d | %.1f %% | %.1f %% | %.2f %% |\n", rareOutcomes, p.Others.Outcomes, 100*p.Others.Wrong, p.Pools, 100*float64(p.Together)/float64(p.Pools), 100*float64(p.Alone)/float64(p.Pools), 100*p.Wrong)
	}
	return b.String()
}

func is(b bool) int {
	if b {
		return 1
	}
	return 0
}
