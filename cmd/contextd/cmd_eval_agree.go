package main

import (
	"fmt"
	"io"
	"math"
	"text/tabwriter"

	"github.com/contextd/contextd/internal/evals/retrieval"
)

// evalAgreement says how far a back end is from the first one on one set. Both were asked the same questions with the same weights.
type evalAgreement struct {
	Set     string  `json:"set"`
	BackEnd string  `json:"back_end"`
	First   string  `json:"first"`
	NDCG    float64 `json:"ndcg@10"` // minus that of the first, as R10
	R10     float64 `json:"r@10"`
}

// agreements compares the reports of every set with that of the first back end; none with one back end.
func agreements(reports []evalReport) []evalAgreement {
	out := []evalAgreement{}
	var first evalReport
	for _, r := range reports {
		if r.Set != first.Set {
			first = r
			continue
		}
		by := func(m retrieval.Measure) float64 { return r.Measures[m.String()] - first.Measures[m.String()] }
		out = append(out, evalAgreement{Set: r.Set, BackEnd: r.BackEnd, First: first.BackEnd, NDCG: by(retrieval.NDCG10), R10: by(retrieval.R10)})
	}
	return out
}

// disagreements are the sets on which two back ends differ by more than is agreed upon: the worst against the best.
func disagreements(apart []evalAgreement, limit float64) (errs []error) {
	low, high := map[string]float64{}, map[string]float64{}
	var sets []string
	for _, a := range apart {
		if _, seen := low[a.Set]; !seen {
			sets = append(sets, a.Set)
		}
		low[a.Set], high[a.Set] = min(low[a.Set], a.NDCG), max(high[a.Set], a.NDCG) // the first one is at 0; what is not a number stays one
	}
	for _, s := range sets {
		if by := high[s] - low[s]; !(by <= limit) {
			errs = append(errs, fmt.Errorf("%s: nDCG@10 differs by %.4f between back ends, more than %.4f", s, math.Abs(by), limit))
		}
	}
	return errs
}

// showAgreements writes them for people.
func showAgreements(w io.Writer, apart []evalAgreement) {
	if len(apart) == 0 {
		return
	}
	fmt.Fprintln(w)
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "BACK ENDS\tAGAINST\tSET\tNDCG@10\tR@10")
	for _, a := range apart {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%+.4f\t%+.4f\n", a.BackEnd, a.First, a.Set, a.NDCG, a.R10)
	}
	tw.Flush() // into memory: cannot fail
}
