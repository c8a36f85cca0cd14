package main

import (
	"fmt"
	"io"
)

// diffLine is a line of a difference: op is "-" for one that goes, "+" for one that comes, " " for one that stays.
type diffLine struct {
	Op   string `json:"op"`
	Text string `json:"text"`
}

// diffLines is the shortest difference of two texts by lines. They are prompts: a few hundred lines.
func diffLines(a, b []string) []diffLine {
	common := make([][]int, len(a)+1) // length of the longest common rest from i and j
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	out := []diffLine{}
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			out = append(out, diffLine{" ", a[i]})
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			out = append(out, diffLine{"-", a[i]})
			i++
		default:
			out = append(out, diffLine{"+", b[j]})
			j++
		}
	}
	return out
}

// diffAround is how many unchanged lines are shown beside a change.
const diffAround = 3

func showDiff(w io.Writer, lines []diffLine) {
	skipped := false
	for i, l := range lines {
		near := false
		for k := max(0, i-diffAround); k < min(len(lines), i+diffAround+1); k++ {
			near = near || lines[k].Op != " "
		}
		if !near {
			skipped = true
			continue
		}
		if skipped {
			fmt.Fprintln(w, "…")
			skipped = false
		}
		fmt.Fprintf(w, "%s %s\n", l.Op, printable(l.Text))
	}
}
