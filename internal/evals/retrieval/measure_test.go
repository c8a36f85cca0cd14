package retrieval

import (
	"math"
	"path/filepath"
	"testing"
)

func small(t *testing.T) (*Set, Run, Run) {
	t.Helper()
	dir := filepath.Join("testdata", "small")
	s, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	run, err := ReadRun(filepath.Join(dir, "run.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	base, err := ReadRun(filepath.Join(dir, "base.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	return s, run, base
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > .00005001 {
		t.Errorf("%s is %.5f, the published scorer says %.4f", what, got, want)
	}
}

// The figures are what the published scorer (score.py of the evaluation sets) printed for testdata/small, with shuffled, doubled, equally ranked and missing answers in it.
func TestTheMeasuresAreThePublishedScorers(t *testing.T) {
	s, run, base := small(t)
	for _, c := range []struct {
		name       string
		sel        Selection
		run, base  [6]float64
		categories map[string][2]float64 // R@10, nDCG@10 of the run
		macro      float64
		diff       [3][3]float64 // of R@10, MRR@10, nDCG@10: mean, low, high
	}{
		{"everything", Selection{}, [6]float64{.5298, .5595, .5625, .7500, .6679, .5691}, [6]float64{.4018, .5357, .5685, .7500, .5699, .4963},
			map[string][2]float64{"": {.3929, .3167}, "when": {.7833, .8197}, "who": {.4621, .5020}}, .5461,
			[3][3]float64{{.0238, -.2113, .2440}, {.0979, -.1310, .3134}, {.0728, -.1498, .2959}}},
		{"a part", Selection{Splits: []string{"dev"}, Without: []string{"who"}}, [6]float64{.4537, .4630, .4630, .5556, .5556, .4992}, [6]float64{.3426, .5741, .6019, .7778, .5139, .4289},
			map[string][2]float64{"": {.1667, .1913}, "when": {.7000, .7455}}, .4684,
			[3][3]float64{{-.1111, -.5556, .3889}, {.0417, -.4583, .5000}, {.0703, -.3662, .5033}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, b := Evaluate(s, run, c.sel), Evaluate(s, base, c.sel)
			for i := range c.run {
				near(t, "run "+Measure(i).String(), a.Mean[i], c.run[i])
				near(t, "base "+Measure(i).String(), b.Mean[i], c.base[i])
			}
			if len(a.Categories) != len(c.categories) {
				t.Errorf("%d categories, not %d", len(a.Categories), len(c.categories))
			}
			for _, x := range a.Categories {
				near(t, x.Category+" R@10", x.Mean[R10], c.categories[x.Category][0])
				near(t, x.Category+" nDCG@10", x.Mean[NDCG10], c.categories[x.Category][1])
			}
			near(t, "macro", a.Macro, c.macro)
			diff, err := Compare(a, b, 0)
			if err != nil {
				t.Fatal(err)
			}
			for i, d := range diff {
				near(t, "difference "+d.Measure.String(), d.Mean, c.diff[i][0])
				near(t, "low "+d.Measure.String(), d.Low, c.diff[i][1])
				near(t, "high "+d.Measure.String(), d.High, c.diff[i][2])
			}
		})
	}
}

func TestWordBudgets(t *testing.T) {
	words := map[string]int{"a": 300, "b": 200, "c": 1, "d": 499, "e": 1}
	relevant := map[string]bool{"a": true, "b": true, "c": true, "d": true}
	s := Judge([]string{"a", "a", "b", "c", "d", "e"}, relevant, func(d string) int { return words[d] })
	if s[B500] != .5 || s[B1000] != 1 {
		t.Errorf("B500 %v and B1000 %v: a and b fill 500 words, a to d 1,000; the second a takes no room", s[B500], s[B1000])
	}
	s = Judge([]string{"d", "a", "c"}, relevant, func(d string) int { return words[d] })
	if s[B500] != .25 || s[B1000] != .75 {
		t.Errorf("B500 %v and B1000 %v: packing ends with the document that does not fit", s[B500], s[B1000])
	}
}

func TestAUROC(t *testing.T) {
	for _, c := range []struct {
		positive, negative []float64
		want               float64
	}{
		{[]float64{.9, .8}, []float64{.1, .2}, 1},
		{[]float64{.1}, []float64{.2, .3}, 0},
		{[]float64{.5, .5}, []float64{.5}, .5},
		{[]float64{.9, .4, .6}, []float64{.5, .4}, 4.5 / 6},
	} {
		if got := AUROC(c.positive, c.negative); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("AUROC(%v, %v) is %v, not %v", c.positive, c.negative, got, c.want)
		}
	}
	if got := AUROC(nil, []float64{1}); !math.IsNaN(got) {
		t.Errorf("AUROC without positives is %v, not NaN", got)
	}
}
