package calibration

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

func TestNeeded(t *testing.T) {
	for _, c := range []struct {
		wrong, confidence float64
		errors, want      int
	}{{0.02, 0.9, 0, 114}, {0.05, 0.9, 0, 45}, {0.02, 0.95, 0, 149}, {0.01, 0.9, 0, 230}, {0.02, 0.9, 1, 194}, {0.5, 0.5, 0, 1}} {
		b := Budget{c.wrong, c.confidence}
		got := b.Needed(c.errors)
		if got != c.want || !b.Holds(got, c.errors) || b.Holds(got-1, c.errors) {
			t.Errorf("%+v with %d wrong: %d, want %d", b, c.errors, got, c.want)
		}
	}
}

// The chance of the test is the binomial distribution's, summed term by term; the interval's end is where it crosses the level.
func TestExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		b := Budget{0.001 + 0.5*rng.Float64(), 0.8 + 0.19*rng.Float64()}
		n := 1 + rng.IntN(300)
		k := rng.IntN(n)
		sum := 0.0
		for i := 0; i <= k; i++ {
			a, _ := math.Lgamma(float64(n + 1))
			x, _ := math.Lgamma(float64(i + 1))
			y, _ := math.Lgamma(float64(n - i + 1))
			sum += math.Exp(a - x - y + float64(i)*math.Log(b.Wrong) + float64(n-i)*math.Log1p(-b.Wrong))
		}
		if got := b.chance(n, k); math.Abs(got-sum) > 1e-9 {
			t.Fatalf("%d of %d at %v: %v, want %v", k, n, b.Wrong, got, sum)
		}
		most := b.Most(n, k)
		if got := (Budget{most, b.Confidence}).chance(n, k); math.Abs(got-(1-b.Confidence)) > 1e-6 || b.Holds(n, k) != (most <= b.Wrong+1e-9) {
			t.Fatalf("%d of %d: most %v, chance there %v", k, n, most, got)
		}
	}
	b := Budget{0.02, 0.9}
	if b.Most(0, 0) != 1 || b.Most(3, 3) != 1 || b.Holds(0, 0) {
		t.Error("without outcomes nothing is known")
	}
	for _, bad := range []Budget{{}, {1, 0.9}, {0.02, 1}, {math.NaN(), 0.9}} {
		if err := bad.Check(); !errors.Is(err, crm.ErrInvalid) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}
