package calibration

import (
	"fmt"
	"strings"
)

var colours = map[Policy]string{Calibrated: "#1b7837", Fixed: "#d9a441", Said: "#b2182b"}

// Plot draws rows as an SVG of two panels: in how many portals the budget holds, and how much is automated.
func Plot(rows []Row) string {
	var b strings.Builder
	b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" width="760" height="640" font-family="sans-serif" font-size="12">` + "\n" + `<rect width="760" height="640" fill="white"/>` + "\n")
	panel(&b, 0, "portals in which at most 2 % of the automatic writes are wrong", rows, func(r Row) float64 { return float64(r.Holds) / float64(max(r.Portals, 1)) }, 0.95)
	panel(&b, 300, "share of changes written without a person", rows, func(r Row) float64 { return r.Automated }, 0)
	for i, p := range Policies() {
		fmt.Fprintf(&b, `<rect x="%d" y="618" width="12" height="12" fill="%s"/><text x="%d" y="628">%s</text>`+"\n", 50+i*150, colours[p], 67+i*150, p)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// panel draws one figure of each row as a bar, from 0 to 100 %, with a line where it should be.
func panel(b *strings.Builder, down int, title string, rows []Row, of func(Row) float64, line float64) {
	const left, width, height, wide = 50, 660, 220, 20
	top := down + 40
	fmt.Fprintf(b, `<text x="%d" y="%d" font-size="13">%s</text>`+"\n", left, down+22, title)
	for share := 0; share <= 100; share += 20 {
		y := top + height - height*share/100
		fmt.Fprintf(b, `<line x1="%d" x2="%d" y1="%d" y2="%d" stroke="#ddd"/><text x="%d" y="%d" text-anchor="end">%d %%</text>`+"\n", left, left+width, y, y, left-4, y+4, share)
	}
	for i, r := range rows {
		group, bar := i/len(Policies()), i%len(Policies())
		x, h := left+8+group*72+bar*wide, of(r)*height
		fmt.Fprintf(b, `<rect x="%d" y="%.1f" width="%d" height="%.1f" fill="%s"><title>%s, %s: %.1f %%</title></rect>`+"\n", x, float64(top+height)-h, wide-2, h, colours[r.Policy], r.Class, r.Policy, 100*of(r))
		if bar == 0 {
			fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="middle">%s</text>`+"\n", x+30, top+height+16, r.Class)
		}
	}
	fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="middle">kinds of portals: by the outcomes in their lives, steady or not, with features that tell or not</text>`+"\n", left+width/2, top+height+34)
	if line > 0 {
		y := float64(top+height) - line*height
		fmt.Fprintf(b, `<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="black" stroke-dasharray="4 3"/>`+"\n", left, left+width, y, y)
	}
}
