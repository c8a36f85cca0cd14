package calibration

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/contextd/contextd/internal/calibration"
)

var update = flag.Bool("update", false, "write docs/calibration.md and its plot anew")

var budget = calibration.Budget{Wrong: 0.02, Confidence: 0.9}

// usual is how many portals a test run simulates; CONTEXTD_TEST_PORTALS names another number, and whole is that of the figures in docs.
const (
	usual = 200
	whole = 1000
)

func lives(t *testing.T, n int) []map[Policy]Life {
	t.Helper()
	var out []map[Policy]Life
	for seed := range uint64(n) {
		l, err := Simulate(seed, budget)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, l)
	}
	return out
}

// The budget holds in 95 of 100 portals at least, of every kind of which there are enough to tell; a rule that keeps it not is chosen in one of ten at most; something is automated, and neither the fixed threshold nor the model's own word would have kept it.
func TestTheBudgetHolds(t *testing.T) {
	n := usual
	if s := os.Getenv("CONTEXTD_TEST_PORTALS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil || n < 50 {
			t.Fatalf("CONTEXTD_TEST_PORTALS=%s: want a number from 50", s)
		}
	}
	rows := Rows(lives(t, n), budget.Wrong)
	t.Log("\n" + Table(rows))
	all := rows[len(rows)-len(Policies()):]
	for _, r := range rows {
		held := float64(r.Holds) / float64(max(r.Portals, 1))
		switch {
		case r.Policy == Calibrated && r.Portals >= 60 && (held < 0.95 || float64(r.Bad) > 0.1*float64(r.Portals)):
			t.Errorf("%+v", r)
		case r.Policy != Calibrated && r.Class == all[0].Class && held > 0.8:
			t.Errorf("control: %+v holds without calibration: the portals are too easy", r)
		}
	}
	if r := all[0]; r.Policy != Calibrated || r.Automated < 0.08 || r.Wrong > budget.Wrong || r.Automating < n/10 {
		t.Errorf("%+v", r)
	}
	most := n
	if n != whole {
		most = n / 4 // they cost as much as the portals
	}
	pools := pooled(t, most)
	if n == whole {
		document(t, rows, pools)
	}
}

// pooled measures what would come of pooling the outcomes of fields: a rare field that breaks the budget is hardly ever opened by its own, and often by those of good ones.
func pooled(t *testing.T, n int) []Pool {
	t.Helper()
	pools, err := Pools(n, budget, Others{900, 0.01}, Others{3900, 0.01}, Others{900, 0.005}, Others{3900, 0.005})
	if err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + PoolTable(pools))
	for _, p := range pools {
		if float64(p.Alone) > (1-budget.Confidence)*float64(n) {
			t.Errorf("a field that breaks the budget is opened by its own outcomes: %+v", p)
		}
	}
	if p := pools[len(pools)-1]; p.Wrong < 2*budget.Wrong || p.Together < n/3 {
		t.Errorf("control: pooling does no harm: %+v", p)
	}
	return pools
}

// document compares the figures in docs with these, or writes them.
func document(t *testing.T, rows []Row, pools []Pool) {
	dir := filepath.Join("..", "..", "..", "docs")
	for name, want := range map[string]string{"calibration.svg": Plot(rows), "calibration.md": page(rows, pools)} {
		path := filepath.Join(dir, name)
		if *update {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("docs/%s holds other figures (%v): make calibration UPDATE=-update", name, err)
		}
	}
}

func page(rows []Row, pools []Pool) string {
	return fmt.Sprintf(`# Error budgets, in %d simulated portals

Made by `+"`make calibration UPDATE=-update`"+`. Each portal has 20 to 5,000 proposals; of the clean ones between 0.1 %% and 10 %% are wrong, in a fifth of the portals the features say nothing ("silent", the
others are "telling"), and in three of ten something breaks on the way ("breaking": log-odds 1 to 2.5 worse). A tenth of what would be written is shown to a person, who undoes three of ten wrong writes by
themselves. The budget is 2 %% at 90 %%.

What is promised is that a rule (a curve and its threshold) that lets more than 2 %% wrong writes through is chosen in at most one of ten portals, ever: "chose a bad rule" is how often it was, as things were at
that moment. What is aimed at is that the budget holds in 95 of 100 portals of every kind, whatever happens after the choice: it holds in a portal when the mean risk of all its automatic writes, which the
simulation knows, is not above it. Where nothing is automated it holds, too: "automating" says where anything was.

![Budgets and automation](calibration.svg)

%s
## Why fields are not pooled

A field with few outcomes could borrow those of similar fields. For its curve it does: weights are pulled towards its workflow's, and that costs no guarantee, because the outcomes that test the threshold are the field's
own. For the threshold it may not. The exact test says how often so few wrong ones are seen when *one* share of them is just the budget. Of a pool it bounds the share of the whole. Measured: a rare field of whose changes
%g %% are wrong, beside others of whose changes fewer are, where nothing that is known of a change tells them apart, at one look with the budget above.

%s
What the rare field writes where the pool opened it is and stays as wrong as the last column says, against 2 %% that were promised, and the figures of the pool say nothing of it. The rest is reasoning, not measured: a bound for
each field from a pool needs an assumption about how far their shares can differ, and that assumption would be the promise; a test whether they differ has least power where it matters, with few outcomes. So a promise is
tested on a field alone, also where that means that a rare field is never automated. Whoever wants one promise about several fields together can only be told about them together, which is not what an error budget per
field says.
`, whole, Table(rows), 100*rareWrong, PoolTable(pools))
}

// A life is the same every time it is lived.
func TestLivesRepeat(t *testing.T) {
	for seed := range uint64(5) {
		a, errA := Simulate(seed, budget)
		b, errB := Simulate(seed, budget)
		if errA != nil || errB != nil || fmt.Sprint(a) != fmt.Sprint(b) {
			t.Errorf("portal %d: %v and %v (%v, %v)", seed, a, b, errA, errB)
		}
	}
}

func TestPlot(t *testing.T) {
	rows := Rows(lives(t, 3), budget.Wrong)
	if svg := Plot(rows); strings.Count(svg, "<title>") != 2*len(rows) || strings.Contains(svg, "NaN") {
		t.Errorf("%d bars", strings.Count(svg, "<title>"))
	}
}

// When everything breaks in a portal that writes by itself (log-odds 4 worse: from a few in a thousand to a fifth wrong), the field is closed while there is little harm done;
// where nothing does, hardly ever.
func TestAlarms(t *testing.T) {
	const portals = 60
	falsely, rightly, harm, broke := 0, 0, 0, 0
	for seed := range uint64(portals) {
		for _, breaks := range []bool{false, true} {
			p := newPortal(seed)
			p.outcomes, p.bias, p.drifts = 2000, 5.5, -1
			if breaks {
				p.drifts, p.worse = 1000, 4
			}
			l, err := live(p, fmt.Sprint(seed), budget)
			if err != nil {
				t.Fatal(err)
			}
			x := l[Calibrated]
			switch {
			case !breaks:
				falsely += min(x.Alarms, 1)
			case x.Automatic > 0:
				broke++
				rightly += is(!x.Open)
				harm += x.Wrong
			}
		}
	}
	t.Logf("alarms in %d of %d steady portals; of %d that broke %d are closed, after %.1f wrong writes each", falsely, portals, broke, rightly, float64(harm)/float64(max(broke, 1)))
	if falsely > portals/10 || broke < portals/3 || rightly < broke*95/100 || harm > 50*broke {
		t.Error("too many false alarms, or too few or too late ones")
	}
}
