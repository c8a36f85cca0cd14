package retrieval

import (
	"hash/fnv"
	"slices"
	"strconv"
)

// Fold is the part of a set that is scored with weights that were learned without it. Test holds indices of Set.Questions.
type Fold struct {
	Name string
	Test map[int]bool
}

// Folds divides a set so that nothing is scored on what was learned from, always in the same way: a set of up to ten accounts leaves one account out at a time (the
// conversations of locomo and realtalk, the corpora of mtragun-pool), one of more accounts has five folds of accounts (qmsum, aeslc), and one of a single account five folds of
// questions (scifact). Every question is in exactly one fold.
func Folds(s *Set) []Fold {
	accounts := map[string]bool{}
	for i := range s.Questions {
		accounts[s.Questions[i].Account] = true
	}
	names := make([]string, 0, len(accounts))
	for a := range accounts {
		names = append(names, a)
	}
	slices.Sort(names)
	place := func(i int) string { return "fold " + strconv.Itoa(1+slices.Index(names, s.Questions[i].Account)%5) }
	switch {
	case len(names) == 1:
		place = func(i int) string { return "fold " + strconv.Itoa(1+hash(s.Questions[i].ID)%5) }
	case len(names) <= 10:
		place = func(i int) string { return s.Questions[i].Account }
	}
	var folds []Fold
	at := map[string]int{}
	for i := range s.Questions {
		name := place(i)
		k, there := at[name]
		if !there {
			k = len(folds)
			at[name] = k
			folds = append(folds, Fold{name, map[int]bool{}})
		}
		folds[k].Test[i] = true
	}
	return folds
}

func hash(s string) int {
	h := fnv.New32a()
	h.Write([]byte(s)) // never fails
	return int(h.Sum32() >> 1)
}
