package retrieval

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Figure names one accepted value: of which set, how it was measured (chunks, pipeline, chunks/folds …), on which back end, with which embedder.
type Figure struct {
	Set, Mode, BackEnd, Embedder, Measure string
}

func (f Figure) fields() []string {
	return []string{f.Set, f.Mode, f.BackEnd, f.Embedder, f.Measure}
}

// String is the figure's fields between slashes.
func (f Figure) String() string { return strings.Join(f.fields(), " ") }

// Accepted are the values that must not fall.
type Accepted map[Figure]float64

var acceptedHeader = "set\tmode\tback_end\tembedder\tmeasure\tvalue"

// ReadAccepted reads a file of WriteAccepted.
func ReadAccepted(path string) (Accepted, error) {
	out, header := Accepted{}, true
	err := eachLine(path, func(line []byte) error {
		if header {
			if header = false; string(line) != acceptedHeader {
				return fmt.Errorf("the first line is %q, not %q", line, acceptedHeader)
			}
			return nil
		}
		f := strings.Split(string(line), "\t")
		if len(f) != 6 {
			return fmt.Errorf("%d columns, not 6", len(f))
		}
		v, err := strconv.ParseFloat(f[5], 64)
		if err != nil || math.IsNaN(v) {
			return fmt.Errorf("%q is not a figure", f[5])
		}
		key := Figure{f[0], f[1], f[2], f[3], f[4]}
		if _, twice := out[key]; twice {
			return fmt.Errorf("%s is there twice", key)
		}
		out[key] = v
		return nil
	})
	return out, err
}

// WriteAccepted writes the figures in order, one per line, with four decimals: a change of one is a change of one line.
func WriteAccepted(path string, a Accepted) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, acceptedHeader) // a failure stays with w until Flush
	keys := slices.SortedFunc(maps.Keys(a), func(x, y Figure) int { return slices.Compare(x.fields(), y.fields()) })
	for _, k := range keys {
		fmt.Fprintf(w, "%s\t%.4f\n", strings.Join(k.fields(), "\t"), a[k])
	}
	return w.Flush()
}

// Fall is a figure that is lower than accepted.
type Fall struct {
	Figure
	Accepted, Got float64
}

// Gate compares what was measured with what was accepted. It returns what fell by more than the tolerance, in order, and how many figures could be compared: a gate that
// compared nothing has not been passed. A figure that is not a number has fallen.
func Gate(accepted, got Accepted, tolerance float64) (falls []Fall, compared int) {
	for k, v := range got {
		was, known := accepted[k]
		if !known {
			continue
		}
		compared++
		if math.IsNaN(v) || v < was-tolerance {
			falls = append(falls, Fall{k, was, v})
		}
	}
	slices.SortFunc(falls, func(a, b Fall) int {
		return cmp.Or(slices.Compare(a.fields(), b.fields()))
	})
	return falls, compared
}

// Vanished are accepted figures of something that was measured (the same set, mode, back end and embedder) that were not: a measure that is not made any more has fallen, too.
func Vanished(accepted, got Accepted) (out []Figure) {
	whole := func(f Figure) Figure {
		f.Measure = ""
		return f
	}
	measured := map[Figure]bool{}
	for f := range got {
		measured[whole(f)] = true
	}
	for f := range accepted {
		if _, there := got[f]; !there && measured[whole(f)] {
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(a, b Figure) int { return slices.Compare(a.fields(), b.fields()) })
	return out
}
