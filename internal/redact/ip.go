package redact

import (
	"net/netip"
	"strings"
)

// ip4At is the end of an IPv4 address at i, 0 when there is none. Small numbers are a version or a chapter ("3.14.2.1") unless they are called an
// address; this machine's own addresses are nobody's.
func ip4At(text string, i int) int {
	end, short := i, true
	for part := range 4 {
		from := end
		for end < len(text) && isDigit(text[end]) {
			end++
		}
		if n := end - from; n == 0 || n > 3 {
			return 0
		} else if n > 2 || part == 0 && n > 1 {
			short = false
		}
		if part < 3 {
			if end >= len(text) || text[end] != '.' {
				return 0
			}
			end++
		}
	}
	if end < len(text) && (isLetter(text[end]) || text[end] == '.' && end+1 < len(text) && isDigit(text[end+1])) {
		return 0
	}
	a, err := netip.ParseAddr(text[i:end])
	if err != nil || a.IsLoopback() || a.IsUnspecified() || versioned(text, i) || short && cue(text, i) != IP {
		return 0
	}
	return end
}

// versioned: what stands before a number says that it is a program's version.
func versioned(text string, i int) bool {
	before := strings.ToLower(strings.TrimRight(text[max(0, i-10):i], " :.\t"))
	for _, w := range []string{"version", "release", "firmware", "build", " v", " ver"} {
		if strings.HasSuffix(before, w) || before == strings.TrimSpace(w) {
			return true
		}
	}
	return false
}

// ip6At is the end of an IPv6 address at i; 0 when there is none.
func ip6At(text string, i int) int {
	end, colons, digits := i, 0, 0
	for end < len(text) && end-i < 46 {
		c := text[end]
		switch {
		case c == ':':
			colons++
		case isDigit(c):
			digits++
		case c == '.' || c|0x20 >= 'a' && c|0x20 <= 'f':
		default:
			goto read
		}
		end++
	}
read:
	if colons < 2 || digits == 0 {
		return 0
	}
	if end < len(text) && isLetter(text[end]) {
		return 0
	}
	end = i + len(strings.TrimRight(text[i:end], ".")) // the end of a sentence
	if strings.HasSuffix(text[i:end], ":") && !strings.HasSuffix(text[i:end], "::") {
		end--
	}
	a, err := netip.ParseAddr(text[i:end])
	if err != nil || a.IsLoopback() || a.IsUnspecified() {
		return 0
	}
	return end
}
