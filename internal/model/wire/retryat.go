package wire

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// longestWait bounds what a server may ask for: proxies have been seen to send years.
const longestWait = time.Hour

// RetryAt reads when a server wants to be asked again: Retry-After-Ms (milliseconds), else Retry-After as seconds, with a unit or as an HTTP date. Nonsense and the
// past are no answer; more than an hour is an hour.
func RetryAt(h http.Header, now time.Time) (time.Time, bool) {
	if ms, ok := number(h.Get("Retry-After-Ms")); ok {
		return later(now, ms/1000)
	}
	v := strings.TrimSpace(h.Get("Retry-After"))
	if s, ok := number(v); ok {
		return later(now, s)
	}
	if d, err := time.ParseDuration(v); err == nil {
		return later(now, d.Seconds())
	}
	if at, err := http.ParseTime(v); err == nil {
		return later(now, at.Sub(now).Seconds())
	}
	return time.Time{}, false
}

func number(v string) (float64, bool) {
	f, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
	return f, err == nil && f == f // not NaN
}

func later(now time.Time, seconds float64) (time.Time, bool) {
	d := time.Duration(min(seconds, longestWait.Seconds()) * float64(time.Second))
	if d <= 0 {
		return time.Time{}, false
	}
	return now.Add(d), true
}
