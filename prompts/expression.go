package prompts

import (
	"regexp"
	"sync"
)

// expression is compiled when it is first needed, and not whenever a program starts.
func expression(s string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(s) })
}
