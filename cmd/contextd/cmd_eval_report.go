package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"net/url"
	"slices"
	"strings"

	"github.com/contextd/contextd/internal/evals/retrieval"
)

// evalReport is what is printed of one set.
type evalReport struct {
	Set         string             `json:"set"`
	Mode        string             `json:"mode"`
	BackEnd     string             `json:"back_end"`
	Embedder    string             `json:"embedder"`
	Questions   int                `json:"questions"`
	Answered    int                `json:"answered"`
	Measures    map[string]float64 `json:"measures"` // by name; packed500 is the recall of what the retriever packs into 500 words, AUROC of answerable against unanswerable
	Categories  []evalCategory     `json:"categories"`
	Differences []evalDifference   `json:"differences,omitempty"`
	P50         float64            `json:"p50_us"`
	P99         float64            `json:"p99_us"`
	Explained   []evalExplained    `json:"explained,omitempty"`
}

type evalCategory struct {
	Category  string             `json:"category"`
	Questions int                `json:"questions"`
	Measures  map[string]float64 `json:"measures"`
}

type evalDifference struct {
	Measure string  `json:"measure"`
	Mean    float64 `json:"mean"`
	Low     float64 `json:"low"`
	High    float64 `json:"high"`
}

// evalExplained is a question that went badly: its best passages and its gold documents, with what their scores are made of.
type evalExplained struct {
	Question string        `json:"question"`
	Text     string        `json:"text"`
	NDCG     float64       `json:"ndcg"`
	Best     []evalPassage `json:"best"`
	Gold     []evalPassage `json:"gold"` // those that were found
	Missing  []string      `json:"missing,omitempty"`
}

type evalPassage struct {
	Rank     int                `json:"rank"`
	Document string             `json:"document"`
	Score    float64            `json:"score"`
	Parts    map[string]float64 `json:"parts"`
	Text     string             `json:"text"`
}

// runOf is the answers as a run.
func (w *evalWorld) runOf(answers []evalAnswer) retrieval.Run {
	run := retrieval.Run{}
	for i, a := range answers {
		run[w.set.Questions[i].ID] = a.ranking
	}
	return run
}

func named(s retrieval.Scores) map[string]float64 {
	out := map[string]float64{}
	for _, m := range retrieval.Measures() {
		out[m.String()] = s[m]
	}
	return out
}

// evalModeOf names how figures came about: accepted ones are compared with the same only.
func evalModeOf(o evalOptions) string {
	mode := o.mode
	if o.fusion != "l3" {
		mode += "/" + o.fusion
	}
	if o.folds == "protocol" {
		mode += "/folds"
	}
	return mode
}

// evalBackEnd is the back end's name without its address.
func evalBackEnd(o evalOptions) string {
	if o.embedder == "none" {
		return "none"
	}
	u, err := url.Parse(o.vectors)
	if err != nil {
		return o.vectors
	}
	return strings.TrimSuffix(strings.TrimSuffix(u.Scheme, "s"), "ql")
}

func evalReportOf(o evalOptions, w *evalWorld, answers []evalAnswer) (evalReport, error) {
	run := w.runOf(answers)
	e := retrieval.Evaluate(w.set, run, o.selection)
	embedder, _, _ := strings.Cut(o.embedder, "@")
	r := evalReport{Set: w.set.Name, Mode: evalModeOf(o), BackEnd: evalBackEnd(o), Embedder: embedder, Questions: len(e.Questions), Answered: e.Answered, Measures: named(e.Mean)}
	r.Measures["macro"] = e.Macro
	w.packing(o, answers, &r)
	if file := o.ofSet(o.run, w.set.Name); file != "" {
		if err := retrieval.WriteRun(file, w.set, run); err != nil {
			return r, err
		}
	}
	categories := o.selection
	categories.Without = nil // what the total leaves out is reported apart
	for _, c := range retrieval.Evaluate(w.set, run, categories).Categories {
		r.Categories = append(r.Categories, evalCategory{c.Category, c.Questions, named(c.Mean)})
	}
	if file := o.ofSet(o.base, w.set.Name); file != "" {
		base, err := retrieval.ReadRun(file)
		if err != nil {
			return r, err
		}
		diff, err := retrieval.Compare(e, retrieval.Evaluate(w.set, base, o.selection), 0)
		if err != nil {
			return r, err
		}
		for _, d := range diff {
			r.Differences = append(r.Differences, evalDifference{d.Measure.String(), d.Mean, d.Low, d.High})
		}
	}
	r.P50, r.P99 = latencies(answers)
	r.Explained = w.explain(o, e, answers)
	return r, nil
}

// packing adds the recall within the packed words, and how well answerable and unanswerable questions are told apart.
func (w *evalWorld) packing(o evalOptions, answers []evalAnswer, r *evalReport) {
	recall, n := 0.0, 0
	var yes, no []float64
	labels := w.labels(o)
	judged := map[string]bool{}
	for _, id := range retrieval.Evaluate(w.set, nil, o.selection).Questions {
		judged[id] = true
	}
	for i, a := range answers {
		q := &w.set.Questions[i]
		if answerable, labelled := labels[i]; labelled && answerable {
			yes = append(yes, a.answerable)
		} else if labelled {
			no = append(no, a.answerable)
		}
		if !judged[q.ID] {
			continue
		}
		found := map[string]bool{}
		for _, d := range a.packed {
			if w.set.Relevant[q.ID][d] {
				found[d] = true
			}
		}
		recall += float64(len(found)) / float64(len(w.set.Relevant[q.ID]))
		n++
	}
	if n > 0 {
		r.Measures["packed500"] = recall / float64(n)
	}
	if len(yes) > 0 && len(no) > 0 {
		r.Measures["AUROC"] = retrieval.AUROC(yes, no)
	}
}

// latencies are the median and the 99th percentile in microseconds, with as many questions at once as there are processors.
func latencies(answers []evalAnswer) (p50, p99 float64) {
	if len(answers) == 0 {
		return 0, 0
	}
	took := make([]float64, len(answers))
	for i, a := range answers {
		took[i] = float64(a.took.Nanoseconds()) / 1e3
	}
	slices.Sort(took)
	at := func(p float64) float64 { return math.Round(took[int(p*float64(len(took)-1))]) }
	return at(.5), at(.99)
}

// explain picks the questions with the lowest nDCG@10.
func (w *evalWorld) explain(o evalOptions, e retrieval.Report, answers []evalAnswer) []evalExplained {
	order := make([]int, len(e.Questions))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(e.Each[a][retrieval.NDCG10], e.Each[b][retrieval.NDCG10]) })
	at := map[string]int{}
	for i := range w.set.Questions {
		at[w.set.Questions[i].ID] = i
	}
	var out []evalExplained
	for _, i := range order[:min(o.explain, len(order))] {
		q := at[e.Questions[i]]
		x := evalExplained{Question: e.Questions[i], Text: w.set.Questions[q].Text, NDCG: e.Each[i][retrieval.NDCG10]}
		gold := maps.Clone(w.set.Relevant[x.Question])
		for rank, p := range answers[q].found {
			ids, err := w.documents(p)
			if err != nil {
				continue // asked before, without an error
			}
			for _, d := range ids {
				one := evalPassage{rank + 1, d, p.Score, p.Parts.Map(), p.Text}
				if rank < 3 {
					x.Best = append(x.Best, one)
				}
				if gold[d] {
					delete(gold, d)
					x.Gold = append(x.Gold, one)
				}
			}
		}
		x.Missing = slices.Sorted(maps.Keys(gold))
		out = append(out, x)
	}
	return out
}

// evalGated are the measures that are accepted and gated.
var evalGated = []string{"nDCG@10", "R@10", "B500", "packed500", "AUROC"}

// settle accepts the figures, or compares them with the accepted ones.
func settle(out *output, o evalOptions, reports []evalReport) error {
	got := retrieval.Accepted{}
	for _, r := range reports {
		for _, m := range evalGated {
			if v, ok := r.Measures[m]; ok {
				got[retrieval.Figure{Set: r.Set, Mode: r.Mode, BackEnd: r.BackEnd, Embedder: r.Embedder, Measure: m}] = v
			}
		}
	}
	return settleFigures(out, o, got)
}

// settleFigures accepts figures or compares them with the accepted ones, as the options say.
func settleFigures(out *output, o evalOptions, got retrieval.Accepted) error {
	if !o.gate && !o.accept {
		return nil
	}
	accepted, err := retrieval.ReadAccepted(o.accepted)
	if err != nil && !(o.accept && errors.Is(err, fs.ErrNotExist)) {
		return err
	}
	if o.accept {
		if accepted == nil {
			accepted = retrieval.Accepted{}
		}
		maps.Copy(accepted, got)
		out.Say("%d figures accepted in %s", len(got), o.accepted)
		return retrieval.WriteAccepted(o.accepted, accepted)
	}
	falls, compared := retrieval.Gate(accepted, got, o.tolerance)
	if compared == 0 {
		return withExit(exitEvaluation, fmt.Errorf("nothing of this was ever accepted: %s: run it once with --accept", o.accepted))
	}
	var errs []error
	for _, f := range falls {
		errs = append(errs, fmt.Errorf("%s fell from %.4f to %.4f", f.Figure, f.Accepted, f.Got))
	}
	if len(errs) == 0 {
		out.Say("%d figures are as good as accepted", compared)
	}
	return withExit(exitEvaluation, errors.Join(errs...))
}
