package main

import (
	"maps"
	"slices"
	"strings"
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

// closest is the candidate with the fewest edits from name, or the one that ends in it ("listen" is server.listen); "" when none is near.
func closest(name string, candidates []string) string {
	best, fewest := "", max(2, len(name)/3)+1
	for _, c := range candidates {
		if d := edits(name, c); d < fewest {
			best, fewest = c, d
		}
	}
	if best != "" {
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

// edits is the Levenshtein distance of two ASCII words.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
