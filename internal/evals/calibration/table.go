package calibration

import (
	"fmt"
	"strings"
)

// class is a kind of portal.
type class struct {
	name string
	has  func(Life) bool
}

// classes are portals by their outcomes, by what happens in them, and all of them, which come last.
func classes() []class {
	size := func(from, to int) class {
		return class{fmt.Sprintf("%d–%d", from, to-1), func(l Life) bool { return l.Proposals >= from && l.Proposals < to }}
	}
	return []class{size(20, 100), size(100, 300), size(300, 1000), size(1000, 5001),
		{"steady", func(l Life) bool { return !l.Breaks }}, {"breaking", func(l Life) bool { return l.Breaks }},
		{"telling", func(l Life) bool { return l.Telling }}, {"silent", func(l Life) bool { return !l.Telling }},
		{"all", func(Life) bool { return true }}}
}

// Policies are those that are compared, in the order of tables.
func Policies() []Policy { return []Policy{Calibrated, Fixed, Said} }

// Row sums up portals of one class under one policy.
type Row struct {
	Class      string
	Policy     Policy
	Portals    int
	Holds      int     // portals whose automatic writes kept the budget
	Automated  float64 // share of all proposals
	Wrong      float64 // share of automatic writes that were wrong
	Automating int     // portals with any automatic write
	Bad        int     // portals in which a rule was put in force that lets more through than the budget allows, as things were then
}

// Rows sums up lives for a budget.
func Rows(lives []map[Policy]Life, budget float64) (out []Row) {
	for _, c := range classes() {
		for _, p := range Policies() {
			r := Row{Class: c.name, Policy: p}
			var proposals, automatic, wrong int
			for _, l := range lives {
				x := l[p]
				if !c.has(x) {
					continue
				}
				r.Portals++
				proposals, automatic, wrong = proposals+x.Proposals, automatic+x.Automatic, wrong+x.Wrong
				if x.Holds(budget) {
					r.Holds++
				}
				if x.Bad {
					r.Bad++
				}
				if x.Automatic > 0 {
					r.Automating++
				}
			}
			r.Automated = float64(automatic) / float64(max(proposals, 1))
			r.Wrong = float64(wrong) / float64(max(automatic, 1))
			out = append(out, r)
		}
	}
	return out
}

// Table shows rows as Markdown.
func Table(rows []Row) string {
	var b strings.Builder
	b.WriteString("| kind | policy | portals | budget holds in | automating | budget holds in these | chose a bad rule | automated | wrong of these |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s | %s | %d | %.1f %% | %d | %s | %s | %.1f %% | %.2f %% |\n", r.Class, r.Policy, r.Portals, 100*float64(r.Holds)/float64(max(r.Portals, 1)), r.Automating, r.heldThere(), r.chosen(), 100*r.Automated, 100*r.Wrong)
	}
	return b.String()
}

// heldThere is the share of the portals with automatic writes that kept the budget.
func (r Row) heldThere() string {
	if r.Automating == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(r.Holds-(r.Portals-r.Automating))/float64(r.Automating))
}

// chosen is the share of portals that chose a bad rule; the other policies choose none.
func (r Row) chosen() string {
	if r.Policy != Calibrated {
		return "–"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(r.Bad)/float64(max(r.Portals, 1)))
}
