package qdrant

import (
	"context"
	"strconv"
	"strings"
)

// MinVersion is the oldest server that weighs words by one portal's counts; an older one counts those of all portals, without a word.
const MinVersion = "1.19.0"

// Version asks the server for its version, such as "1.19.0", within five seconds.
func (s *Store) Version(ctx context.Context) (string, error) {
	reply, err := s.client().HealthCheck(ctx)
	if err != nil {
		return "", s.mapped(ctx, "health check", err)
	}
	return reply.GetVersion(), nil
}

// Supported reports whether a server of this version is at least MinVersion; what is no version is not.
func Supported(version string) bool {
	have, ok := numbers(version)
	least, _ := numbers(MinVersion) // a constant of ours
	return ok && (have[0] > least[0] || have[0] == least[0] && have[1] >= least[1])
}

// numbers are the major and minor number of "1.19.0" or "1.19.0-dev".
func numbers(version string) (out [2]int, ok bool) {
	parts := strings.SplitN(version, ".", 3)
	if len(parts) < 3 {
		return out, false
	}
	for i := range out {
		n, err := strconv.Atoi(parts[i])
		if err != nil || n < 0 {
			return out, false
		}
		out[i] = n
	}
	return out, true
}
