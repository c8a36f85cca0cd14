package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/contextd/contextd/internal/evals/retrieval"
)

// showReports writes the figures for people.
func showReports(w io.Writer, reports []evalReport) {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	var names []string
	for _, m := range retrieval.Measures() {
		names = append(names, m.String())
	}
	names = append(names, "packed500", "packing", "AUROC")
	fmt.Fprintf(tw, "SET\tQUESTIONS\t%s\tP50\tP99\n", strings.Join(names, "\t"))
	row := func(title string, n int, m map[string]float64, more string) {
		cells := []string{title, fmt.Sprint(n)}
		for _, name := range names {
			if v, ok := m[name]; ok {
				cells = append(cells, fmt.Sprintf("%.4f", v))
			} else {
				cells = append(cells, "–")
			}
		}
		fmt.Fprintln(tw, strings.Join(cells, "\t")+more)
	}
	for _, r := range reports {
		row(fmt.Sprintf("%s (%s, %s, %s)", r.Set, r.Mode, r.BackEnd, r.Embedder), r.Questions, r.Measures, fmt.Sprintf("\t%.0f µs\t%.0f µs", r.P50, r.P99))
		if len(r.Categories) > 1 {
			for _, c := range r.Categories {
				row("  "+oneLine(c.Category), c.Questions, c.Measures, "")
			}
			fmt.Fprintf(tw, "  macro nDCG@10\t\t%.4f\n", r.Measures["macro"])
		}
		for _, d := range r.Differences {
			fmt.Fprintf(tw, "  %s against the base\t\t%+.4f  95 %% [%+.4f, %+.4f]\n", d.Measure, d.Mean, d.Low, d.High)
		}
	}
	tw.Flush() // into memory: cannot fail
	for _, r := range reports {
		showExplained(w, r)
	}
}

func showExplained(w io.Writer, r evalReport) {
	for _, x := range r.Explained {
		fmt.Fprintf(w, "\n%s  nDCG@10 %.3f  %s\n", x.Question, x.NDCG, oneLine(x.Text))
		for _, group := range []struct {
			title    string
			passages []evalPassage
		}{{"best", x.Best}, {"gold", x.Gold}} {
			for _, p := range group.passages {
				fmt.Fprintf(w, "  %s %3d  %.3f  %s  %s\n       ", group.title, p.Rank, p.Score, p.Document, shorten(oneLine(p.Text), 100))
				for _, name := range slices.Sorted(maps.Keys(p.Parts)) {
					fmt.Fprintf(w, " %s %.3f", name, p.Parts[name])
				}
				fmt.Fprintln(w)
			}
		}
		if len(x.Missing) > 0 {
			fmt.Fprintf(w, "  not found: %s\n", strings.Join(x.Missing, ", "))
		}
	}
}
