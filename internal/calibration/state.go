package calibration

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// State is what is known about a group over time: a value that is stored. Fits are kept beside it under their versions; the one in force is Live.
type State struct {
	Features  int       `json:"features"`   // FeaturesVersion of the looks that count
	Live      int       `json:"live"`       // version of the fit in force; 0: none, so nothing is written without a person
	Made      int       `json:"made"`       // version of the newest fit
	Looks     []Look    `json:"looks"`      // all that were ever made: neither a rollback nor an alarm takes one back
	TakenBack []int     `json:"taken_back"` // versions that a person took out of force
	From      int64     `json:"from"`       // outcomes up to this number count no more: something got worse since
	Seen      int64     `json:"seen"`       // outcomes up to this number have been watched
	Since     time.Time `json:"since"`      // automatic writes from here on are watched
	Watch     Watch     `json:"watch"`
	Tally     Tally     `json:"tally"`  // of the outcomes that count
	Why       string    `json:"why"`    // why it is closed though it was open; "" when it is not
	Needed    int       `json:"needed"` // about how many more right outcomes at or above the fixed threshold open it; 0 when it is open
}

// Look is one look at the outcomes of a group and what it cost of the promise.
type Look struct {
	Version  int       `json:"version"`
	At       time.Time `json:"at"`
	Budget   Budget    `json:"budget"`
	From     int64     `json:"from"`
	Outcomes int       `json:"outcomes"`
	Level    float64   `json:"level"` // how likely it was allowed to err
	Spent    float64   `json:"spent"` // how likely it could err at the most
}

// reserve is the part of what a promise may err that the first look leaves to all later ones. It is small, because the number of outcomes that prove a budget grows with the
// logarithm of the level: 2 % at 90 % is proved by 114 right outcomes still, and a second look, should the first fail, by 525.
const reserve = 1.0 / 2000

// Level is how likely the next look under a promise may err. The first takes nearly all, each later one half of what is left, so that all together never err more often than the
// promise allows, however many there are: whatever fits they made are right together with the budget's confidence.
func (s State) Level(b Budget) float64 { return levelAfter(b, s.spent(b)) }

// spent counts the looks under a promise that could prove something.
func (s State) spent(b Budget) (n int) {
	for _, l := range s.Looks {
		if l.Budget == b && l.Spent > 0 {
			n++
		}
	}
	return n
}

func levelAfter(b Budget, looks int) float64 {
	whole := 1 - b.Confidence
	if looks == 0 {
		return whole * (1 - reserve)
	}
	return whole * reserve * math.Pow(0.5, float64(looks))
}

// last is the newest look under a promise at the outcomes that count now; the zero value when there is none.
func (s State) last(b Budget) (last Look) {
	for _, l := range s.Looks {
		if l.Budget == b && l.From == s.From {
			last = l
		}
	}
	return last
}

// Due tells whether the outcomes of a group are to be looked at: when they could prove something, and have grown by half since the last look. It goes by how many there are
// and by their features, never by what became of them: a moment that is chosen by what it shows is a look of its own.
func (s State) Due(g Group, own []Sample) bool { return s.due(g, g.tally(own)) }

func (s State) due(g Group, t Tally) bool {
	bar := Budget{g.Budget.Wrong, 1 - s.Level(g.Budget)}
	return t.Own >= grown(s.last(g.Budget).Outcomes) && bar.Holds(t.Own, 0) && bar.Holds(t.above().N, 0)
}

// grown is how many outcomes the next look waits for.
func grown(outcomes int) int { return outcomes + outcomes/2 }

// need is how many more outcomes at or above the fixed threshold open the group if all are right: exact until its curve is learned, a forecast from then on.
func (s State) need(g Group, t Tally) int {
	above := t.above()
	due, looks := grown(s.last(g.Budget).Outcomes), s.spent(g.Budget)
	for {
		bar := Budget{g.Budget.Wrong, 1 - levelAfter(g.Budget, looks)}
		more := max(due-t.Own, until(bar.Needed(0)-above.N, t.Own), 1)
		if proves := until(bar.Needed(above.Wrong)-above.N, t.Own); proves <= more || looks > 60 {
			return max(more, 1)
		}
		due, looks = grown(t.Own+more), looks+1
	}
}

// until is after how many more outcomes than there are so many more are there to test with.
func until(tests, own int) int {
	if tests <= 0 || own+tests < enough {
		return tests
	}
	return int(math.Ceil(float64(tests) / (1 - share)))
}

// Look makes a fit of the outcomes, notes what it cost, and puts it in force when it proves something and lets more of them through than the one in force.
func (s *State) Look(g Group, live Fit, own, all []Sample, at time.Time) (Fit, error) {
	g.Level = s.Level(g.Budget)
	f, err := Learn(g, all, at)
	if err != nil {
		return f, err
	}
	s.Made++
	s.Features = FeaturesVersion
	f.Version, f.From = s.Made, s.From
	s.Looks = append(slices.Clone(s.Looks), Look{Version: f.Version, At: at, Budget: g.Budget, From: s.From, Outcomes: len(own), Level: f.Level, Spent: f.Spent})
	if f.Open && (s.Live == 0 || live.lets(own) < f.lets(own)) {
		s.put(f)
	}
	return f, nil
}

// put puts a fit in force.
func (s *State) put(f Fit) {
	if s.Live == 0 {
		s.Since = f.At
	}
	s.Live, s.Why, s.Needed, s.Watch = f.Version, "", 0, NewWatch(f, s.Watch)
}

// Close closes the group: outcomes up to a number count no more.
func (s *State) Close(why string, upTo int64) {
	s.leave(why)
	s.From = upTo
}

func (s *State) leave(why string) { s.Live, s.Why, s.Watch = 0, why, Watch{} }

// RollBack puts an earlier fit in force again, or none (0), and takes back what came after it. It looks at no outcomes: all fits hold together with the confidence of the
// budget, so any of them may be chosen; and what their looks cost stays spent.
func (s *State) RollBack(g Group, fits []Fit, to int) error {
	if s.Live == 0 {
		return fmt.Errorf("no fit is in force")
	}
	if to >= s.Live {
		return fmt.Errorf("version %d is not earlier than version %d, which is in force", to, s.Live)
	}
	var target Fit
	if to > 0 {
		if target = find(fits, to); !s.may(g, target) {
			return fmt.Errorf("version %d opens nothing: it proved nothing, was made for another policy or before the field was closed, or was taken back", to)
		}
	}
	s.TakenBack = slices.Clone(s.TakenBack)
	for v := to + 1; v <= s.Made; v++ {
		if !slices.Contains(s.TakenBack, v) {
			s.TakenBack = append(s.TakenBack, v)
		}
	}
	if to > 0 {
		s.put(target)
		return nil
	}
	s.leave("a person took the fit back")
	return nil
}

// Before is the version that a rollback without a name goes to: the newest one that may be in force before the present one; 0: none.
func (s State) Before(g Group, fits []Fit) (version int) {
	for _, f := range fits {
		if f.Version < s.Live && s.may(g, f) {
			version = max(version, f.Version)
		}
	}
	return version
}

// may tells whether a fit may be in force: what it proved holds for the present policy and the outcomes that count now.
func (s State) may(g Group, f Fit) bool {
	return f.Version > 0 && f.Open && f.For(g) && f.From == s.From && !slices.Contains(s.TakenBack, f.Version)
}

// For tells whether a fit was made for a group as it is set up now.
func (f Fit) For(g Group) bool {
	return f.Budget == g.Budget && f.First == g.first() && f.FeaturesVersion == FeaturesVersion
}

func (f Fit) lets(samples []Sample) (n int) {
	for _, s := range samples {
		if f.Passes(s.Features) {
			n++
		}
	}
	return n
}

func find(fits []Fit, version int) Fit {
	for _, f := range fits {
		if f.Version == version {
			return f
		}
	}
	return Fit{}
}
