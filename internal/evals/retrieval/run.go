package retrieval

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Ranked is one document of an answer.
type Ranked struct {
	Document string
	Score    float64
}

// Run is the answers of one system: documents by question id, best first.
type Run map[string][]Ranked

// ReadRun reads lines of query, document, rank and score between tabs; further columns are ignored, and so may the score be missing. The rank column orders, equal ranks go by
// document id; a document that is there twice counts at its first place only.
func ReadRun(path string) (Run, error) {
	type row struct {
		rank float64
		Ranked
	}
	rows := map[string][]row{}
	err := eachLine(path, func(line []byte) error {
		f := strings.Split(string(line), "\t")
		if len(f) < 3 {
			return fmt.Errorf("%d columns: query, document, rank and score are expected", len(f))
		}
		rank, err := strconv.ParseFloat(f[2], 64)
		if err != nil || math.IsNaN(rank) {
			return fmt.Errorf("the rank %q is not a number", f[2])
		}
		r := row{rank: rank, Ranked: Ranked{Document: f[1]}}
		if len(f) > 3 {
			if r.Score, err = strconv.ParseFloat(f[3], 64); err != nil {
				return fmt.Errorf("the score %q is not a number", f[3])
			}
		}
		rows[f[0]] = append(rows[f[0]], r)
		return nil
	})
	if err != nil {
		return nil, err
	}
	run := Run{}
	for q, rs := range rows {
		slices.SortFunc(rs, func(a, b row) int {
			return cmp.Or(cmp.Compare(a.rank, b.rank), strings.Compare(a.Document, b.Document))
		})
		for _, r := range rs {
			run[q] = append(run[q], r.Ranked)
		}
	}
	return run, nil
}

// WriteRun writes a run file: the questions in the set's order, ranks from 1. The same run always gives the same bytes.
func WriteRun(path string, s *Set, run Run) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriter(f)
	for _, q := range s.Questions {
		for i, r := range run[q.ID] {
			fmt.Fprintf(w, "%s\t%s\t%d\t%s\n", q.ID, r.Document, i+1, strconv.FormatFloat(r.Score, 'g', 8, 64)) // a failure stays with w until Flush
		}
	}
	return w.Flush()
}
