package crm

import "testing"

func TestSameValue(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"72", "72", true}, {"72", "72.0", true}, {"7.2e1", "72", true}, {"72", "73", false}, {"", "", true}, {"", "0", false}, {"high", " high\n", true}, {"high", "High", false},
		{"2026-11-29T10:00:00Z", "1795946400000", true}, {"1795946400000", "2026-11-29T11:00:00+01:00", true}, {"2026-11-29T10:00:00Z", "1795946400001", false},
		{"2026-11-29T10:00:00Z", "2026-11-29T11:00:00+01:00", true}, {"2026-11-29T10:00:00Z", "2026-11-29T10:00:01Z", false}, {"NaN", "72", false},
	} {
		if SameValue(c.a, c.b) != c.same || SameValue(c.b, c.a) != c.same {
			t.Errorf("%q and %q: want %v", c.a, c.b, c.same)
		}
	}
}
