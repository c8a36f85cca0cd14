package flat

import (
	"errors"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// grows is a resident that counts the changes it is told of.
type grows struct {
	bytes, applied int
	refuses        bool
}

func (g *grows) size() int { return g.bytes }

func (g *grows) apply(c *change) bool {
	g.applied++
	g.bytes += 60
	return !c.unclear && !g.refuses
}

func told(portal crm.PortalID) []*change { return []*change{{portal: portal, n: 1, now: &facts{}}} }

// TestChangesDuringALoadReachIt: a write that commits while the file is read may be missing in what was read.
func TestChangesDuringALoadReachIt(t *testing.T) {
	for name, c := range map[string]struct {
		during func(*cache)
		kept   bool
	}{
		"a change of the portal":   {func(c *cache) { c.apply(told(1)) }, true},
		"an unclear commit":        {func(c *cache) { c.clear() }, false},
		"a change of another one":  {func(c *cache) { c.apply(told(2)) }, true},
		"none":                     {func(*cache) {}, true},
		"one that cannot be added": {func(c *cache) { c.apply(told(1)) }, false},
	} {
		held := cache{limit: 1000}
		at, loads := portalAddress(wordPart, 1), 0
		load := func() (resident, error) {
			loads++
			c.during(&held)
			return &grows{bytes: 10, refuses: name == "one that cannot be added"}, nil
		}
		for range 2 {
			v, err := held.find(t.Context(), at, load)
			if err != nil {
				t.Fatal(err)
			}
			if want := name != "a change of another one" && name != "none"; (v.(*grows).applied == 1) != want {
				t.Errorf("%s: %d changes were applied", name, v.(*grows).applied)
			}
		}
		if (loads == 1) != c.kept {
			t.Errorf("%s: loaded %d times", name, loads)
		}
	}
}

// TestGrowthIsBounded: what grows by changes pushes others out, and in the end itself.
func TestGrowthIsBounded(t *testing.T) {
	held := cache{limit: 200}
	for portal := range crm.PortalID(3) {
		if _, err := held.find(t.Context(), portalAddress(wordPart, portal+1), func() (resident, error) { return &grows{bytes: 50}, nil }); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []int{2, 1, 0} { // 3 × 50; 2: 110, 50 and 50 → the oldest goes; 170; 230
		held.apply(told(3))
		if len(held.items) != want || held.used > held.limit {
			t.Errorf("after change %d: %d kept in %d bytes, want %d", i+1, len(held.items), held.used, want)
		}
	}
	if held.used != 0 {
		t.Errorf("%d bytes are counted for nothing", held.used)
	}
}

func TestAFailedLoadIsTriedAgain(t *testing.T) {
	held, fault := cache{limit: 100}, errors.New("fault")
	for _, want := range []error{fault, nil} {
		_, err := held.find(t.Context(), portalAddress(wordPart, 1), func() (resident, error) { return &grows{bytes: 1}, want })
		if !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
}

// TestSieveIsTheFilter compares bounds between two micros, which no back end stores, with crm.Filter.
func TestSieveIsTheFilter(t *testing.T) {
	at := time.Date(2026, 3, 1, 9, 0, 0, 1000, time.UTC)
	var held table
	held.add(1, &facts{time: micros(at), created: micros(at), ids: make([]byte, idBytes)}, false)
	for _, shift := range []time.Duration{-1000, -1, 0, 1, 999, 1000} {
		for name, f := range map[string]crm.Filter{"since": {Since: at.Add(shift)}, "as of": {AsOf: at.Add(shift)}} {
			s := sift(f, &held, false)
			if got, want := s.passes(&held.spans[0]), f.Matches(crm.Facets{Time: at, Created: at}); got != want {
				t.Errorf("%s %v from it: %t, want %t", name, shift, got, want)
			}
		}
	}
	for _, created := range []time.Time{{}, at} {
		held = table{}
		held.add(1, &facts{time: micros(at), created: micros(created), ids: make([]byte, idBytes)}, false)
		f := crm.Filter{AsOf: at.Add(time.Second)}
		if s := sift(f, &held, false); s.passes(&held.spans[0]) != f.Matches(crm.Facets{Time: at, Created: created}) {
			t.Errorf("created %v", created)
		}
	}
}
