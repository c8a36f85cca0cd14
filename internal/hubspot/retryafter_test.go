package hubspot

import (
	"testing"
	"time"
)

func TestPauseFor(t *testing.T) {
	now := time.Date(2026, 11, 23, 22, 0, 0, 0, time.UTC)
	berlin := time.FixedZone("berlin", 3600)
	for _, c := range []struct {
		status         int
		policy, header string
		want           time.Duration
	}{
		{429, "TEN_SECONDLY_ROLLING", "", 10 * time.Second},
		{429, "SECONDLY", "", time.Second},
		{429, "DAILY", "", time.Hour},
		{429, "", "", 10 * time.Second},
		{429, "", "7", 7 * time.Second},
		{429, "", " 7 ", 7 * time.Second},
		{429, "", "1.5", 1500 * time.Millisecond},
		{429, "", "1500ms", 1500 * time.Millisecond},
		{429, "", "3000", 3 * time.Second}, // milliseconds: no window is that long
		{429, "", "1e9", 10 * time.Minute},
		{429, "", "1000000000", 10 * time.Minute},
		{429, "", "99999999999999999999999999", 10 * time.Minute},
		{429, "", "0", time.Second},
		{429, "", "-5", 10 * time.Second},
		{429, "", "soon", 10 * time.Second},
		{429, "", "NaN", 10 * time.Second},
		{429, "", "Inf", 10 * time.Second},
		{429, "", "Mon, 23 Nov 2026 22:00:30 GMT", 30 * time.Second},
		{429, "", "Mon, 23 Nov 2020 22:00:30 GMT", time.Second},
		{429, "", "Mon, 23 Nov 2099 22:00:30 GMT", 10 * time.Minute},
		{429, "DAILY", "7200", 2 * time.Hour},
		{477, "", "86400", 24 * time.Hour},
		{477, "", "1000000000", 24 * time.Hour},
		{477, "", "", time.Minute},
		{423, "", "", 2 * time.Second},
		{503, "", "", 0},
		{503, "", "20", 20 * time.Second},
		{400, "", "", 0},
	} {
		if got := pauseFor(c.status, c.policy, c.header, now, berlin); got != c.want {
			t.Errorf("%d %s %q: %s, want %s", c.status, c.policy, c.header, got, c.want)
		}
	}
}
