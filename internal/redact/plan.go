package redact

import (
	_ "embed"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// plans.txt is what phonenumbers (Google's libphonenumber) knows of the numbers of all regions, without what only formatting needs; the test of this file makes it.
// One line is one region, regions of one country code together, the main one first.
//
//go:embed plans.txt
var plansFile string

// plan says which numbers a region has.
type plan struct {
	region, code string
	abroad       string // what is dialled before a number of another country, an expression
	prefix       string // what is dialled before a number of the same country, an expression
	becomes      string // what stands for the prefix; empty: nothing
	leading      string // how numbers of the region begin where another region has the same code; empty: not told
	general      form
	kinds        []form
}

// form is an expression that numbers match, and how many digits they have; none: as many as the expression wants.
type form struct {
	lengths, local []int // local: without the area, which is no whole number
	pattern        string
}

type allPlans struct {
	byRegion map[string]*plan
	byCode   map[string][]*plan
	compiled sync.Map // of expressions, *regexp.Regexp
}

var plans = sync.OnceValue(func() *allPlans {
	a := &allPlans{byRegion: map[string]*plan{}, byCode: map[string][]*plan{}}
	for line := range strings.Lines(plansFile) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		p := &plan{region: f[0], code: f[1], abroad: f[2], prefix: f[3], becomes: f[4], leading: f[5], general: readForm(f[6])}
		for _, k := range f[7:] {
			p.kinds = append(p.kinds, readForm(k))
		}
		a.byCode[p.code] = append(a.byCode[p.code], p)
		if p.region != "001" { // the world: services that belong to no region
			a.byRegion[p.region] = p
		}
	}
	return a
})

// readForm reads "lengths/local lengths:expression".
func readForm(s string) form {
	sizes, pattern, _ := strings.Cut(s, ":")
	lengths, local, _ := strings.Cut(sizes, "/")
	return form{readLengths(lengths), readLengths(local), pattern}
}

func readLengths(s string) (out []int) {
	for l := range strings.SplitSeq(s, ",") {
		if n, err := strconv.Atoi(l); err == nil { // empty: none
			out = append(out, n)
		}
	}
	return out
}

// valid: number, which begins with a plus or a zero, can be assigned; with a zero, it is dialled in region. It agrees with phonenumbers.Parse and IsValidNumber, whose
// tables take 8 ms and 3 MB whenever a program with them starts.
func valid(number, region string) bool {
	a := plans()
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, number)
	p := a.byRegion[region]
	if from := strings.IndexAny(number, "+0123456789"); from < 0 || number[from] != '+' {
		if p == nil {
			return false
		}
		rest, abroad := a.dialled(p, digits)
		if !abroad {
			return a.assigned(p, digits)
		}
		digits = rest
	}
	if p, digits = a.country(digits); p == nil {
		return false
	}
	return a.assigned(p, digits)
}

// dialled cuts what is dialled in a region to reach another country. No country code begins with zero.
func (a *allPlans) dialled(p *plan, digits string) (rest string, abroad bool) {
	at := a.expression("^(?:" + p.abroad + ")").FindStringIndex(digits)
	if at == nil || strings.HasPrefix(digits[at[1]:], "0") {
		return digits, false
	}
	return digits[at[1]:], true
}

// country cuts the country code and returns the plan of its main region; nil when no country has it.
func (a *allPlans) country(digits string) (*plan, string) {
	for n := 1; n <= 3 && n < len(digits) && len(digits) > 2; n++ {
		if p := a.byCode[digits[:n]]; p != nil {
			return p[0], digits[n:]
		}
	}
	return nil, ""
}

// assigned: the digits behind the country code are a number of one of its regions.
func (a *allPlans) assigned(p *plan, digits string) bool {
	if short := a.unprefixed(p, digits); p.general.fits(len(short)) {
		digits = short
	}
	if len(digits) < 2 || len(digits) > 17 {
		return false
	}
	all := a.byCode[p.code]
	if len(all) == 1 {
		return a.kind(p, digits)
	}
	for _, p := range all {
		if p.leading == "" && a.kind(p, digits) {
			return true
		}
		if p.leading != "" && a.expression("^(?:"+p.leading+")").MatchString(digits) {
			return a.kind(p, digits)
		}
	}
	return false
}

// unprefixed cuts the prefix of calls within the country, unless that makes something else of a number.
func (a *allPlans) unprefixed(p *plan, digits string) string {
	if p.prefix == "" {
		return digits
	}
	prefix := a.expression("^(?:" + p.prefix + ")")
	at := prefix.FindStringSubmatchIndex(digits)
	if at == nil {
		return digits
	}
	short := digits[at[1]:]
	if p.becomes != "" && at[len(at)-2] >= 0 {
		short = prefix.ReplaceAllString(digits, p.becomes)
	}
	whole := a.expression("^(?:" + p.general.pattern + ")$")
	if whole.MatchString(digits) && !whole.MatchString(short) {
		return digits
	}
	return short
}

// fits: a number of n digits is whole, or longer than any.
func (f form) fits(n int) bool {
	return len(f.lengths) > 0 && f.lengths[0] > 0 && !slices.Contains(f.local, n) && (slices.Contains(f.lengths, n) || n > f.lengths[len(f.lengths)-1])
}

// kind: the region has a kind of numbers that digits are one of.
func (a *allPlans) kind(p *plan, digits string) bool {
	return a.match(p.general, digits) && slices.ContainsFunc(p.kinds, func(f form) bool { return a.match(f, digits) })
}

func (a *allPlans) match(f form, digits string) bool {
	return (len(f.lengths) == 0 || slices.Contains(f.lengths, len(digits))) && a.expression("^(?:"+f.pattern+")$").MatchString(digits)
}

// expression is compiled when it is first needed: few of the two thousand ever are.
func (a *allPlans) expression(s string) *regexp.Regexp {
	if r, ok := a.compiled.Load(s); ok {
		return r.(*regexp.Regexp)
	}
	r, _ := a.compiled.LoadOrStore(s, regexp.MustCompile(s))
	return r.(*regexp.Regexp)
}
