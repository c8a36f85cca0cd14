package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// unknown reports a name that is no key, with the closest one that is.
func (l *loader) unknown(keys map[string]key, name, prefix, where string) {
	words := map[string]bool{}
	for k := range keys {
		words[k] = true
		if section, _, nested := strings.Cut(k, "."); nested {
			words[section] = true
		}
		if keys[k].secret {
			words[k+fileSuffix] = true
		}
	}
	names := slices.Sorted(maps.Keys(words))
	fix := "remove it; contextd config print --defaults lists every key"
	if best := closest(name, names); best != "" {
		fix = "did you mean " + prefix + best + "?"
		if strings.HasPrefix(where, envPrefix) {
			fix = "did you mean " + key{name: best}.env() + "?"
		}
	}
	l.add(prefix+name+" is not a key", where, fix)
}

// closest is the candidate that is meant, or the one that ends in it ("listen" is server.listen); "" when none is near.
func closest(name string, candidates []string) string {
	if best := crm.Meant(name, candidates); best != "" {
		return best
	}
	last := name[strings.LastIndex(name, ".")+1:]
	for _, c := range candidates {
		if strings.HasSuffix(c, "."+last) {
			return c
		}
	}
	return ""
}
