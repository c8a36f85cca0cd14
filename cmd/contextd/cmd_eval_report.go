package main

import (
	"cmp"
	"maps"
	"math"
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
	Measures    map[string]float64 `json:"measures"` // by name; packed500 is the recall of what the retriever packs into 500 words, packing what that is more than by rank (B500), AUROC of answerable against unanswerable
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

// evalReportOf judges the answers of one set on one back end. What helps to understand a ranking is told of the first one only.
func evalReportOf(o evalOptions, back int, w *evalWorld, answers []evalAnswer) (evalReport, error) {
	run := w.runOf(answers)
	e := retrieval.Evaluate(w.set, run, o.selection)
	embedder, _, _ := strings.Cut(o.embedder, "@")
	r := evalReport{Set: w.set.Name, Mode: evalModeOf(o), BackEnd: o.backs[back].name, Embedder: embedder, Questions: len(e.Questions), Answered: e.Answered, Measures: named(e.Mean)}
	r.Measures["macro"] = e.Macro
	w.packing(o, answers, &r)
	file := o.ofSet(o.run, w.set.Name)
	if back > 0 {
		file = marked(file, r.BackEnd)
	}
	if file != "" {
		if err := retrieval.WriteRun(file, w.set, run); err != nil {
			return r, err
		}
	}
	r.P50, r.P99 = latencies(answers)
	if back > 0 {
		return r, nil
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
		r.Measures["packing"] = r.Measures["packed500"] - r.Measures[retrieval.B500.String()]
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
