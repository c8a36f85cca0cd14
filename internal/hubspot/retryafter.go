package hubspot

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	longestPause  = 24 * time.Hour // the longest that HubSpot speaks of: a data centre migration (477)
	shortestPause = time.Second    // for "0" and dates that have passed: HubSpot has just refused
)

// parseRetryAfter reads a Retry-After header: seconds, milliseconds (HubSpot's workflow documentation uses them), or an HTTP date. Numbers that cannot be seconds,
// because longest would be exceeded, are milliseconds. ok is false for everything that says nothing: absent, negative, not a number.
func parseRetryAfter(header string, now time.Time, longest time.Duration) (wait time.Duration, ok bool) {
	s := strings.TrimSpace(header)
	if s == "" {
		return 0, false
	}
	unit := time.Second
	if rest, found := strings.CutSuffix(strings.ToLower(s), "ms"); found {
		s, unit = strings.TrimSpace(rest), time.Millisecond
	}
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		if n < 0 || math.IsNaN(n) || math.IsInf(n, 0) {
			return 0, false
		}
		if unit == time.Second && n > longest.Seconds() {
			unit = time.Millisecond
		}
		n = min(n, longest.Seconds()*float64(time.Second)/float64(unit)) // before the product can overflow
		return clampPause(time.Duration(n*float64(unit)), longest), true
	}
	at, err := http.ParseTime(s)
	if err != nil {
		return 0, false
	}
	return clampPause(at.Sub(now), longest), true
}

func clampPause(d, longest time.Duration) time.Duration { return min(max(d, shortestPause), longest) }

// pauseFor is how long to leave HubSpot alone after this reply; 0: as long as the caller likes. A daily quota ends at midnight in the portal's zone.
func pauseFor(status int, policy, header string, now time.Time, zone *time.Location) time.Duration {
	longest := longestPause
	if status == http.StatusTooManyRequests && policy != "DAILY" {
		longest = 10 * time.Minute // the windows are one and ten seconds long: a larger number is milliseconds
	}
	if wait, ok := parseRetryAfter(header, now, longest); ok {
		return wait
	}
	switch status {
	case http.StatusTooManyRequests:
		switch policy {
		case "DAILY":
			return clampPause(untilMidnight(now, zone), longestPause)
		case "SECONDLY":
			return time.Second
		}
		return 10 * time.Second
	case http.StatusLocked:
		return 2 * time.Second
	case 477:
		return time.Minute
	}
	return 0
}

func untilMidnight(now time.Time, zone *time.Location) time.Duration {
	local := now.In(zone)
	return time.Date(local.Year(), local.Month(), local.Day()+1, 0, 0, 0, 0, zone).Sub(now)
}
