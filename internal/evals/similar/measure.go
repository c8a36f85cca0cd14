package similar

// Scores are the measures of a ranking, or their means; all are between 0 and 1, higher is better.
type Scores struct {
	P5  float64 // share of accounts that are alike among the first 5
	MRR float64 // 1 / rank of the first one that is alike
	MAP float64 // mean over those that are alike: share of them at their rank
}

// Named gives the scores by the names under which they are printed and accepted.
func (s Scores) Named() map[string]float64 {
	return map[string]float64{"P@5": s.P5, "MRR": s.MRR, "MAP": s.MAP}
}

// Judge measures one ranking, best first, against the accounts that are alike, of which there must be at least one. Those that the ranking lacks were not found.
func Judge(ranking []string, relevant map[string]bool) Scores {
	var s Scores
	seen, found := map[string]bool{}, 0
	for _, a := range ranking {
		if seen[a] {
			continue
		}
		seen[a] = true
		if !relevant[a] {
			continue
		}
		rank := len(seen)
		if found++; found == 1 {
			s.MRR = 1 / float64(rank)
		}
		if rank <= 5 {
			s.P5 += 1. / 5
		}
		s.MAP += float64(found) / float64(rank) / float64(len(relevant))
	}
	return s
}

// Random is what a ranking in random order scores on average, exactly, when relevant of candidates accounts are alike.
func Random(candidates, relevant int) Scores {
	var s Scores
	if relevant == 0 || candidates < relevant {
		return s
	}
	n, r := float64(candidates), float64(relevant)
	s.P5 = min(5, n) / 5 * r / n
	none := 1. // that the ranks before hold none that is alike
	for rank := 1.; rank <= n; rank++ {
		here := r / (n - rank + 1)
		if rank > n-r+1 {
			break
		}
		s.MRR += none * here / rank
		none *= 1 - here
	}
	for rank := 1.; rank <= n; rank++ { // an account that is alike stands at each rank with the same probability; the others are spread before it
		before := 0.
		if n > 1 {
			before = (rank - 1) * (r - 1) / (n - 1)
		}
		s.MAP += (1 + before) / rank / n
	}
	return s
}

// Mean is the mean over questions; zero without any.
func Mean(all []Scores) Scores {
	var m Scores
	for _, s := range all {
		m.P5, m.MRR, m.MAP = m.P5+s.P5, m.MRR+s.MRR, m.MAP+s.MAP
	}
	if n := float64(len(all)); n > 0 {
		m.P5, m.MRR, m.MAP = m.P5/n, m.MRR/n, m.MAP/n
	}
	return m
}
