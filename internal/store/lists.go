package store

import "strings"

// mostListed bounds how many values one statement compares with.
const mostListed = 256

// inParts calls fn with parts of a list that one statement can take.
func inParts(all []string, fn func(part []string) error) error {
	for len(all) > 0 {
		n := min(len(all), mostListed)
		if err := fn(all[:n]); err != nil {
			return err
		}
		all = all[n:]
	}
	return nil
}

// listOf makes the inside of an IN (…) for at most mostListed values. Its length is a power of two (the last value is repeated), so that few different statements are prepared.
func listOf(values []string) (marks string, args []any) {
	n := 1
	for n < len(values) {
		n *= 2
	}
	args = make([]any, n)
	for i := range args {
		args[i] = values[min(i, len(values)-1)]
	}
	return strings.Repeat("?, ", n-1) + "?", args
}
