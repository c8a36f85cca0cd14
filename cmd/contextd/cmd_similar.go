package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// neighbourView is what the command reads of a similar account.
type neighbourView struct {
	Record    recordName         `json:"record"`
	Score     float64            `json:"score"`
	Parts     map[string]float64 `json:"parts"`
	Outcome   string             `json:"outcome"`
	Amount    float64            `json:"amount"`
	CycleDays int                `json:"cycle_days"`
	Because   []struct {
		Record   string   `json:"record"`
		Activity string   `json:"activity"`
		Quote    string   `json:"quote"`
		Words    []string `json:"words"`
	} `json:"because"`
}

func (p *program) similarCommand() *cobra.Command {
	var outcomes, industry, asOf string
	var sameIndustry, sameSize, explain bool
	var smallest, largest, limit int
	cmd := &cobra.Command{
		Use:   "similar RECORD",
		Short: "Find the accounts that are most like one, with what became of them and why they are alike",
		Long: "Find the accounts whose histories are most like one account's: by what is told of them, not by whom they are called. Each comes with what became of it and with\n" +
			"passages of both histories that make them alike. -o json also has a place for each in a plane, for a picture.",
		Example: "  contextd similar companies/123\n  contextd similar deals/9 --outcome won --same-industry\n  contextd similar companies/123 --as-of 2026-01-01 -o json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ref, err := recordArg(args[0])
			if err != nil {
				return err
			}
			q := url.Values{}
			at, err := timeArg("as-of", asOf, time.Now())
			if err != nil {
				return err
			}
			for name, value := range map[string]string{"outcomes": strings.ReplaceAll(outcomes, " ", ""), "industry": industry, "as_of": at} {
				if value != "" {
					q.Set(name, value)
				}
			}
			for name, value := range map[string]bool{"same_industry": sameIndustry, "same_size": sameSize} {
				if value {
					q.Set(name, "true")
				}
			}
			if err := limitArg(limit); err != nil {
				return err
			}
			for name, value := range map[string]int{"min_employees": smallest, "max_employees": largest, "limit": limit} {
				if value > 0 {
					q.Set(name, strconv.Itoa(value))
				}
			}
			return p.withClient(cmd, func(ctx context.Context, c *apiClient, out *output) error {
				return similarAccounts(ctx, c, out, "/records/"+ref.Path()+"/similar", q, explain)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&outcomes, "outcome", "", "only accounts with these, separated by commas: won,lost,open,churned")
	f.StringVar(&industry, "industry", "", "only accounts of this industry, as HubSpot calls it")
	f.BoolVar(&sameIndustry, "same-industry", false, "only accounts of the same industry")
	f.BoolVar(&sameSize, "same-size", false, "only accounts of a third to three times as many employees")
	f.IntVar(&smallest, "min-employees", 0, "only accounts with at least so many")
	f.IntVar(&largest, "max-employees", 0, "only accounts with at most so many")
	f.StringVar(&asOf, "as-of", "", "as the histories were known at this `TIME`")
	f.IntVar(&limit, "limit", 0, "accounts at most (0: 10)")
	f.BoolVar(&explain, "explain", false, "show what each score is made of")
	return cmd
}

func similarAccounts(ctx context.Context, c *apiClient, out *output, path string, q url.Values, explain bool) error {
	var found page[neighbourView]
	if _, _, err := c.do(ctx, call{method: http.MethodGet, path: path, query: q}, &found); err != nil {
		return unknownHere(err)
	}
	if out.Format == formatLines {
		return printList(out, found, found.Items, nil)
	}
	return out.Value(found, func(w io.Writer) {
		for i, it := range found.Items {
			n := it.Read
			fmt.Fprintf(w, "%d. %s  score %s  %s\n", i+1, n.Record, score(n.Score), fate(n))
			if explain {
				for _, name := range slices.Sorted(maps.Keys(n.Parts)) {
					fmt.Fprintf(w, "     %-16s %s\n", name, score(n.Parts[name]))
				}
			}
			for _, b := range n.Because {
				fmt.Fprintf(w, "   %s %s: %s\n", b.Record, b.Activity, shorten(oneLine(b.Quote), 160))
			}
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%d similar accounts\n", len(found.Items))
	})
}

// fate says what became of an account.
func fate(n neighbourView) string {
	if n.Outcome == "" {
		return "no deal yet"
	}
	text := n.Outcome
	if n.Amount > 0 {
		text += " " + strconv.FormatFloat(n.Amount, 'f', -1, 64)
	}
	if n.CycleDays > 0 {
		text += fmt.Sprintf(" after %d days", n.CycleDays)
	}
	return text
}
