package backtest

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func samples(won, lost []float64) (out []Sample) {
	for _, s := range won {
		out = append(out, Sample{s, true})
	}
	for _, s := range lost {
		out = append(out, Sample{s, false})
	}
	return out
}

func TestOrderAndBrier(t *testing.T) {
	for name, c := range map[string]struct {
		won, lost []float64
		want      float64
	}{
		"all right": {[]float64{3, 4}, []float64{1, 2}, 1}, "all wrong": {[]float64{1}, []float64{2, 3}, 0}, "tied": {[]float64{5}, []float64{5}, .5},
		"one pair of four wrong": {[]float64{1, 4}, []float64{2, 0}, .75},
	} {
		if got, ok := Order(samples(c.won, c.lost)); !ok || got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if _, ok := Order(samples([]float64{1}, nil)); ok {
		t.Error("an order of nothing but won ones")
	}
	if got := Brier(samples([]float64{1, .5}, []float64{.5, 0})); got != .125 {
		t.Errorf("Brier %v", got)
	}
}

// TestIntervalHolds: of many samples whose true order is known, about 95 % have it inside their interval. The control: an interval half as wide does not.
func TestIntervalHolds(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		apart     float64
		won, lost int
	}{{0, 10, 10}, {1, 10, 10}, {2, 12, 8}, {1, 40, 60}} {
		truth := .5 * (1 + math.Erf(c.apart/2)) // of two normal distributions of variance 1 that are so far apart
		inside, narrow := 0, 0
		const rounds = 4000
		for range rounds {
			var list []Sample
			for range c.won {
				list = append(list, Sample{rng.NormFloat64() + c.apart, true})
			}
			for range c.lost {
				list = append(list, Sample{rng.NormFloat64(), false})
			}
			order, _ := Order(list)
			low, high := Interval(order, c.won, c.lost)
			if low > order || high < order || low < 0 || high > 1 {
				t.Fatalf("order %v in [%v, %v]", order, low, high)
			}
			if low <= truth && truth <= high {
				inside++
			}
			if (low+order)/2 <= truth && truth <= (high+order)/2 {
				narrow++
			}
		}
		if share := float64(inside) / rounds; share < .93 || share > .985 {
			t.Errorf("%+v: %.3f of the intervals hold %.3f", c, share, truth)
		}
		if share := float64(narrow) / rounds; share > .9 {
			t.Errorf("%+v: half as wide, %.3f still do, so this test proves nothing", c, share)
		}
	}
}

func TestTooFew(t *testing.T) {
	if low, high := Interval(1, 10, 10); high != 1 || low > .9 || low < .6 {
		t.Errorf("all pairs of ten and ten right: [%v, %v]", low, high)
	}
	if why := TooFew(.8, 7, 2); !strings.Contains(why, "7 won and 2 lost") {
		t.Errorf("nine deals: %q", why)
	}
	if why := TooFew(0, 7, 0); why == "" {
		t.Error("nothing lost, and it is enough")
	}
	if why := TooFew(.8, 400, 300); why != "" {
		t.Errorf("700 deals: %q", why)
	}
}
