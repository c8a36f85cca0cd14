package hubsim

import "time"

const burstWindow = 10 * time.Second

// limits are HubSpot's rate limits of one app; a value of zero or less switches one off. Guarded by Server.mu.
type limits struct {
	burst, daily, search int
	zone                 *time.Location

	recent   []time.Time // requests of the last ten seconds, oldest first
	searches []time.Time // searches of the last second
	day      string
	today    int
	refused  int // 429 answers sent
}

// take counts one request, or names the policy that refuses it. Refused requests do not count.
func (l *limits) take(now time.Time, search bool) string {
	l.recent = since(l.recent, now.Add(-burstWindow))
	l.searches = since(l.searches, now.Add(-time.Second))
	if d := now.In(l.zone).Format(time.DateOnly); d != l.day {
		l.day, l.today = d, 0
	}
	policy := ""
	switch {
	case l.daily > 0 && l.today >= l.daily:
		policy = "DAILY"
	case l.burst > 0 && len(l.recent) >= l.burst:
		policy = "TEN_SECONDLY_ROLLING"
	case search && l.search > 0 && len(l.searches) >= l.search:
		policy = "SECONDLY"
	}
	if policy != "" {
		l.refused++
		return policy
	}
	l.today++
	if l.burst > 0 {
		l.recent = append(l.recent, now)
	}
	if search {
		l.searches = append(l.searches, now)
	}
	return ""
}

// since drops what is older than t.
func since(times []time.Time, t time.Time) []time.Time {
	i := 0
	for i < len(times) && !times[i].After(t) {
		i++
	}
	return times[i:]
}

// headers are the X-HubSpot-RateLimit-* values after the request just counted; none for a limit that is off.
func (l *limits) headers(now time.Time) map[string]int {
	h := map[string]int{}
	if l.burst > 0 {
		h["Interval-Milliseconds"], h["Max"] = int(burstWindow.Milliseconds()), l.burst
		h["Remaining"] = max(0, l.burst-len(since(l.recent, now.Add(-burstWindow))))
	}
	if l.daily > 0 {
		h["Daily"], h["Daily-Remaining"] = l.daily, max(0, l.daily-l.today)
	}
	return h
}

// Refused is how many requests were answered 429, injected ones included.
func (s *Server) Refused() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.limits.refused
}
