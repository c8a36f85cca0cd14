package embedding

import (
	"strings"
	"testing"
)

func TestPartsKeepEveryByteAndFit(t *testing.T) {
	count := Estimate{}
	for _, text := range []string{"", "a", strings.Repeat("word ", 1000), strings.Repeat("日本語", 500), strings.Repeat("x", 5000), strings.Repeat("a\u00a0\u2003b ", 300), "\n" + strings.Repeat(" ", 900) + "end"} {
		got := parts(text, count, 40)
		if strings.Join(got, "") != text {
			t.Errorf("%.20q: parts do not make the text again", text)
		}
		for _, p := range got {
			if n := count.Count(p); n > 40 {
				t.Errorf("%.20q: a part of %d tokens", text, n)
			}
		}
		if least := (count.Count(text) + 39) / 40; len(got) > 2*least+1 {
			t.Errorf("%.20q: %d parts, %d would do", text, len(got), least)
		}
	}
}
