package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"
)

// monthView is what a portal's models cost in a month; see the service's own shape.
type monthView struct {
	Budget item[budgetView]  `json:"budget"`
	Items  []item[usageView] `json:"items"`
	Next   *string           `json:"next"`
}

func (p *program) usageCommand() *cobra.Command {
	var month, by string
	cmd := &cobra.Command{
		Use:     "usage",
		Short:   "Show what the models of a month cost, by task, workflow and model",
		Example: "  contextd usage\n  contextd usage --month 2026-11 --by day -o jsonl",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			q := url.Values{}
			if month != "" {
				if _, err := time.Parse("2006-01", month); err != nil {
					return usagef("--month %q is not a month: write it as 2026-11", month)
				}
				q.Set("month", month)
			}
			if by != "month" && by != "day" {
				return usagef("--by %q: use month or day", by)
			}
			q.Set("by", by)
			return p.withClient(cmd, func(ctx context.Context, c *apiClient, out *output) error {
				var m monthView
				if _, _, err := c.do(ctx, call{method: http.MethodGet, path: "/usage", query: q}, &m); err != nil {
					return err
				}
				return showUsage(out, m, by == "day")
			})
		},
	}
	cmd.Flags().StringVar(&month, "month", "", "a calendar `MONTH` in UTC such as 2026-11 (default: this one)")
	cmd.Flags().StringVar(&by, "by", "month", "month, or day for a line per day")
	return cmd
}

func showUsage(out *output, m monthView, daily bool) error {
	columns := []column[item[usageView]]{
		{"TASK", func(u item[usageView]) string { return u.Read.Task }},
		{"WORKFLOW", func(u item[usageView]) string { return dash(u.Read.Workflow) }},
		{"MODEL", func(u item[usageView]) string { return u.Read.Model }},
		{"CALLS", func(u item[usageView]) string { return strconv.Itoa(u.Read.Calls) }},
		{"CACHED", func(u item[usageView]) string { return strconv.Itoa(u.Read.FromCache) }},
		{"TOKENS IN", func(u item[usageView]) string { return strconv.Itoa(u.Read.InputTokens) }},
		{"OUT", func(u item[usageView]) string { return strconv.Itoa(u.Read.OutputTokens) }},
		{"COST", func(u item[usageView]) string {
			if u.Read.CostUSD == nil {
				return "unknown"
			}
			return money(*u.Read.CostUSD)
		}},
	}
	if daily {
		columns = append([]column[item[usageView]]{{"DAY", func(u item[usageView]) string { return u.Read.Day }}}, columns...)
	}
	if out.Format == formatLines {
		return printList(out, m, m.Items, columns)
	}
	return out.Value(m, func(w io.Writer) {
		fmt.Fprintln(w, m.Budget.Read.words())
		if len(m.Items) > 0 {
			table(w, m.Items, columns)
		}
	})
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
