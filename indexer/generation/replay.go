package generation

import (
	"context"
	"fmt"
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

// Probe is a question to compare generations with. Want is the activity that answers it; zero when nobody knows: then only the agreement of both answers counts.
type Probe struct {
	Question crm.Question
	Want     crm.Ref
}

// Replayed is how two generations answered the same probes.
type Replayed struct {
	Known     int     // probes with a wanted activity
	OldMRR    float64 // mean reciprocal rank of the wanted activity among the first ten
	NewMRR    float64
	Other     int     // probes without one
	Agreement float64 // of those: mean share of the old ten that are among the new ten
}

// tolerance is how much of the mean reciprocal rank a generation may lose and still count as not worse: less than what one question in a hundred makes.
const tolerance = 0.01

// Worse tells whether the new generation finds less of what is known to be wanted.
func (r Replayed) Worse() bool { return r.Known > 0 && r.NewMRR < r.OldMRR-tolerance }

// Replay asks both generations. ask returns the activities of the best passages, best first.
func Replay(ctx context.Context, probes []Probe, older, newer *Open, ask func(context.Context, *Open, crm.Question) ([]crm.Ref, error)) (Replayed, error) {
	var r Replayed
	for _, p := range probes {
		var found [2][]crm.Ref
		for i, o := range []*Open{older, newer} {
			var err error
			if found[i], err = ask(ctx, o, p.Question); err != nil {
				return r, fmt.Errorf("replay a question of portal %s on generation %s: %w", p.Question.Portal, o.Name, err) // not its text: it may be another portal's
			}
		}
		if !p.Want.IsZero() {
			r.Known++
			r.OldMRR += reciprocal(found[0], p.Want)
			r.NewMRR += reciprocal(found[1], p.Want)
			continue
		}
		r.Other++
		r.Agreement += shared(found[0], found[1])
	}
	if r.Known > 0 {
		r.OldMRR /= float64(r.Known)
		r.NewMRR /= float64(r.Known)
	}
	if r.Other > 0 {
		r.Agreement /= float64(r.Other)
	}
	return r, nil
}

func reciprocal(found []crm.Ref, want crm.Ref) float64 {
	if i := slices.Index(found, want); i >= 0 {
		return 1 / float64(i+1)
	}
	return 0
}

// shared is the share of a that is in b; two empty answers agree.
func shared(a, b []crm.Ref) float64 {
	if len(a) == 0 {
		if len(b) == 0 {
			return 1
		}
		return 0
	}
	n := 0
	for _, r := range a {
		if slices.Contains(b, r) {
			n++
		}
	}
	return float64(n) / float64(len(a))
}

// Named opens a generation by its name.
func (s *Set) Named(ctx context.Context, name string) (*Open, error) {
	g, err := s.named(ctx, name)
	if err != nil {
		return nil, err
	}
	return s.open(ctx, g)
}
