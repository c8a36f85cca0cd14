package calibration

import (
	"fmt"
	"strings"
)

// classes are portals by their outcomes.
var classes = []struct {
	from, to int
}{{20, 100}, {100, 300}, {300, 1000}, {1000, 5001}, {20, 5001}}

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
}

// Rows sums up lives for a budget.
func Rows(lives []map[Policy]Life, budget float64) (out []Row) {
	for _, c := range classes {
		for _, p := range Policies() {
			r := Row{Class: fmt.Sprintf("%d–%d", c.from, c.to-1), Policy: p}
			var proposals, automatic, wrong int
			for _, l := range lives {
				x := l[p]
				if x.Proposals < c.from || x.Proposals >= c.to {
					continue
				}
				r.Portals++
				proposals, automatic, wrong = proposals+x.Proposals, automatic+x.Automatic, wrong+x.Wrong
				if x.Holds(budget) {
					r.Holds++
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
	b.WriteString("| outcomes | policy | portals | budget holds in | automating | budget holds in these | automated | wrong of these |\n|---|---|---|---|---|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s | %s | %d | %.1f %% | %d | %s | %.1f %% | %.2f %% |\n", r.Class, r.Policy, r.Portals, 100*float64(r.Holds)/float64(max(r.Portals, 1)), r.Automating, r.heldThere(), 100*r.Automated, 100*r.Wrong)
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
