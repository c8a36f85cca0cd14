package bench

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

// goal is one line of the table. A line without a limit is told for comparison only.
type goal struct {
	name    string
	what    string  // which two things the ratio is of, and in which unit
	limit   float64 // 0: none
	atMost  bool    // the limit is an upper one
	ratios  []float64
	unsound int    // rounds in which the machine was not itself: left out of ratios, or in it when no five others were found
	note    string // absolute figures, for orientation
}

// table collects what the benchmarks of one run found.
type table struct {
	goals   []goal
	skipped []string // lines that were not measured, and why
}

// measured is the table of this process: benchmarks have no other way to hand something to TestMain.
var measured table

func (t *table) add(b *testing.B, g goal) {
	if len(g.ratios) == 0 {
		b.Fatalf("%s: no round was measured", g.name)
	}
	b.ReportMetric(median(g.ratios), "median")
	b.ReportMetric(g.worst(), "worst")
	t.goals = append(t.goals, g)
}

func median(values []float64) float64 {
	s := slices.Sorted(slices.Values(values))
	if n := len(s); n%2 == 0 {
		return (s[n/2-1] + s[n/2]) / 2
	}
	return s[len(s)/2]
}

func (g goal) worst() float64 {
	if g.atMost {
		return slices.Max(g.ratios)
	}
	return slices.Min(g.ratios)
}

// slack is how much worse than its limit the worst round of a goal that holds may be.
const slack = 0.8

// unsure says that the ratios hold rounds in which the machine was not itself.
func (g goal) unsure() bool { return len(g.ratios) == mostRounds && g.unsound > mostRounds-rounds }

// verdict judges the median, and the worst round with some slack; too few sound rounds judge nothing.
func (g goal) verdict() string {
	m, w := median(g.ratios), g.worst()
	switch {
	case g.limit == 0:
		return "-"
	case g.unsure():
		return "unsure"
	case g.atMost && (m > g.limit || w > g.limit/slack), !g.atMost && (m < g.limit || w < g.limit*slack):
		return "miss"
	}
	return "ok"
}

func (g goal) threshold() string {
	switch {
	case g.limit == 0:
		return "-"
	case g.atMost:
		return "<= " + figure(g.limit)
	}
	return ">= " + figure(g.limit)
}

func figure(x float64) string { return strconv.FormatFloat(x, 'g', 3, 64) }

func (t *table) print(w io.Writer, date time.Time) error {
	fmt.Fprintf(w, "\n%s, %d cores, %s/%s, %s, %s\n", cpu(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), date.UTC().Format("2006-01-02 15:04 MST"))
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "goal\tmedian\tworst\tthreshold\tholds\trounds\tabsolute\twhat")
	for _, g := range t.goals {
		n := strconv.Itoa(len(g.ratios))
		switch {
		case g.unsure():
			n += fmt.Sprintf(" (%d unsound)", g.unsound)
		case g.unsound > 0:
			n += fmt.Sprintf(" (%d dropped)", g.unsound)
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", g.name, figure(median(g.ratios)), figure(g.worst()), g.threshold(), g.verdict(), n, g.note, g.what)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	for _, line := range t.skipped {
		fmt.Fprintln(w, "SKIPPED:", line)
	}
	return nil
}

// cpu is the processor's name where the system tells it.
func cpu() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "unknown processor"
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if key, value, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}

func TestMain(m *testing.M) {
	code := m.Run()
	if err := postgresServers.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	if len(measured.goals)+len(measured.skipped) > 0 {
		if err := measured.print(os.Stdout, time.Now()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}
