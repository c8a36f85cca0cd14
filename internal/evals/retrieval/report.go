package retrieval

import (
	"slices"
	"strings"
)

// Selection picks questions by split and category; the zero value takes all. Questions without a gold document are never judged.
type Selection struct {
	Splits     []string // empty: all
	Categories []string // empty: all
	Without    []string // categories that are left out
}

func (sel Selection) takes(q *Question) bool {
	return (len(sel.Splits) == 0 || slices.Contains(sel.Splits, q.Split)) &&
		(len(sel.Categories) == 0 || slices.Contains(sel.Categories, q.Category)) && !slices.Contains(sel.Without, q.Category)
}

// Report is a run's figures over the selected questions. Questions that the run does not answer score 0.
type Report struct {
	Set        string
	Questions  []string // ids, in the set's order
	Each       []Scores // per question
	Answered   int
	Mean       Scores
	Categories []CategoryReport // by name
	Macro      float64          // nDCG@10, the mean over categories
}

// CategoryReport is the mean over one category.
type CategoryReport struct {
	Category  string
	Questions int
	Mean      Scores
}

// Evaluate judges a run on a set.
func Evaluate(s *Set, run Run, sel Selection) Report {
	words := make(map[string]int, len(s.Documents))
	for i := range s.Documents {
		words[s.Documents[i].ID] = Words(s.Documents[i].Text)
	}
	r := Report{Set: s.Name}
	byCategory := map[string][]Scores{}
	for i := range s.Questions {
		q := &s.Questions[i]
		relevant := s.Relevant[q.ID]
		if len(relevant) == 0 || !sel.takes(q) {
			continue
		}
		answer, there := run[q.ID]
		if there {
			r.Answered++
		}
		ids := make([]string, len(answer))
		for j, a := range answer {
			ids[j] = a.Document
		}
		scores := Judge(ids, relevant, func(d string) int { return words[d] })
		r.Questions, r.Each = append(r.Questions, q.ID), append(r.Each, scores)
		byCategory[q.Category] = append(byCategory[q.Category], scores)
	}
	r.Mean = mean(r.Each)
	for c, each := range byCategory {
		r.Categories = append(r.Categories, CategoryReport{c, len(each), mean(each)})
	}
	slices.SortFunc(r.Categories, func(a, b CategoryReport) int { return strings.Compare(a.Category, b.Category) })
	for _, c := range r.Categories {
		r.Macro += c.Mean[NDCG10] / float64(len(r.Categories))
	}
	return r
}

func mean(each []Scores) Scores {
	var m Scores
	for _, s := range each {
		for i := range m {
			m[i] += s[i]
		}
	}
	for i := range m {
		if len(each) > 0 {
			m[i] /= float64(len(each))
		}
	}
	return m
}
