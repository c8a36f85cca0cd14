package indexer

import (
	"regexp"
	"sync"
)

// expression is compiled when it is first needed: together they would take milliseconds of every start, of the shortest command as well.
func expression(s string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(s) })
}
