package retriever

import "github.com/contextd/contextd/internal/crm"

// structure is what features say of a chunk whatever the question is, as one array each.
type structure struct {
	statement []float32 // 1 where the chunk is not itself a question
	follows   []float32 // 1 where the one before it is a question
	replies   []bool    // where that is somebody else's
	before    []float32 // how much the item before counts of what is beside it: a half, all where there is nothing behind it, nothing where it does not exist
	behind    []float32 // the same of the item behind
}

func (a *account) build() {
	n := len(a.at)
	flat := make([]float32, 4*n)
	a.statement, a.follows, a.before, a.behind = flat[:n:n], flat[n:2*n:2*n], flat[2*n:3*n:3*n], flat[3*n:]
	a.replies = make([]bool, n)
	for i := range a.traits {
		if !a.traits[i].Has(crm.Asks) {
			a.statement[i] = 1
		}
		prev, next, _, _ := a.around(int32(i))
		switch {
		case prev != none && next != none:
			a.before[i], a.behind[i] = 0.5, 0.5
		case prev != none:
			a.before[i] = 1
		case next != none:
			a.behind[i] = 1
		}
		if prev != none && a.traits[prev].Has(crm.Asks) {
			a.follows[i] = 1
			a.replies[i] = a.speaker[i] == none || a.speaker[prev] != a.speaker[i]
		}
	}
}
