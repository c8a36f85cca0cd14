package web

import (
	"strings"
	"testing"
)

func TestWordDiff(t *testing.T) {
	marked := func(pieces []piece) (out string) {
		for _, p := range pieces {
			if p.Changed {
				p.Text = "[" + p.Text + "]"
			}
			out += p.Text
		}
		return out
	}
	const old = "They renew in December. The budget is 90,000 and Ana Diaz decides about it.\nNext: a call."
	for _, c := range []struct{ after, removed, added string }{
		{"They renew in March. The budget is 90,000 and Ana Diaz decides about it soon.\nNext: a call.", "They renew in [December. ]The budget is 90,000 and Ana Diaz decides about [it.\n]Next: a call.",
			"They renew in [March. ]The budget is 90,000 and Ana Diaz decides about [it soon.\n]Next: a call."},
		{old, old, old},
		{"Nothing of that is true any more, as was said on the phone to everybody in the room today.", "", ""},
		{"They renew in March.", "", ""},
		{old + strings.Repeat(" über", 3), strings.TrimSuffix(old, "call.") + "[call.]", strings.TrimSuffix(old, "call.") + "[call. über über über]"},
	} {
		removed, added := wordDiff(old, c.after)
		if marked(removed) != c.removed || marked(added) != c.added {
			t.Errorf("%q:\n%q\n%q", c.after, marked(removed), marked(added))
		}
	}
}
