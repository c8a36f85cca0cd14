package crm

import (
	"strconv"
	"strings"
	"time"
)

// SameValue says whether two texts are spellings of one value of a property. HubSpot hands numbers back in a form of its own and times as milliseconds, and cuts blanks off texts.
func SameValue(a, b string) bool {
	a, b = strings.TrimSpace(a), strings.TrimSpace(b)
	if a == b {
		return true
	}
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	switch {
	case errX == nil && errY == nil:
		return x == y
	case errX == nil:
		return sameTime(b, a)
	case errY == nil:
		return sameTime(a, b)
	}
	s, errS := time.Parse(time.RFC3339, a)
	t, errT := time.Parse(time.RFC3339, b)
	return errS == nil && errT == nil && s.Equal(t)
}

func sameTime(text, millis string) bool {
	t, err := time.Parse(time.RFC3339, text)
	ms, errMS := strconv.ParseInt(millis, 10, 64)
	return err == nil && errMS == nil && t.UnixMilli() == ms
}
