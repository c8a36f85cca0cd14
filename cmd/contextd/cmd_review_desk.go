package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/contextd/contextd/internal/crm"
)

func (p *program) snoozeCommand() *cobra.Command {
	var until string
	var wake bool
	cmd := &cobra.Command{
		Use:     "snooze ID… --until TIME | --wake",
		Short:   "Put suggestions away for a while, or show them again",
		Long:    "Hide suggestions from the queue until a moment within the next 90 days. " + idsHelp,
		Example: "  contextd review snooze s_1a2b --until 3d\n  contextd review snooze s_1a2b --wake",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if wake == (until != "") {
				return usagef("--until says how long, --wake shows them again: give one of them")
			}
			body := map[string]any{}
			if until != "" {
				at, err := untilArg(until, time.Now())
				if err != nil {
					return err
				}
				body["until"] = at
			}
			return p.decide(cmd, args, "snooze", nil, body)
		},
	}
	cmd.Flags().StringVar(&until, "until", "", "a day, a time, or how long from now, such as 4h or 3d")
	cmd.Flags().BoolVar(&wake, "wake", false, "show them again")
	return cmd
}

// untilArg reads a moment to come: RFC 3339, a day (its first moment in UTC), or a time from now such as 90m, 24h or 7d.
func untilArg(s string, now time.Time) (string, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.UTC().Format(time.RFC3339), nil
	}
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t.Format(time.RFC3339), nil
	}
	d, err := daysOrHours(s)
	if err != nil {
		return "", usagef("--until %q is not a time: use 2026-11-23, 2026-11-23T09:00:00Z, or how long from now, such as 4h or 3d", s)
	}
	return now.UTC().Add(d).Format(time.RFC3339), nil
}

func daysOrHours(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		d, err := time.ParseDuration(days + "h")
		return 24 * d, err
	}
	return time.ParseDuration(s)
}

func (p *program) assignCommand() *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use:     "assign ID… --to NAME",
		Short:   "Give suggestions to somebody",
		Long:    "Give suggestions to somebody, or with an empty name to nobody. `contextd review list --assignee NAME` lists them. " + idsHelp,
		Example: "  contextd review assign s_1a2b --to ann",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !cmd.Flags().Changed("to") {
				return usagef("there is no name: --to: say who looks at it, or \"\" for nobody")
			}
			return p.decide(cmd, args, "assign", nil, map[string]any{"assignee": to})
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "who looks at it")
	return cmd
}

func (p *program) commentCommand() *cobra.Command {
	var text string
	cmd := &cobra.Command{
		Use:     "comment ID… --text TEXT",
		Short:   "Write a remark on suggestions",
		Example: "  contextd review comment s_1a2b --text \"ask Mira first\"",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.TrimSpace(text) == "" {
				return usagef("there is no remark: --text: write one")
			}
			return p.decide(cmd, args, "comment", nil, map[string]any{"text": text})
		},
	}
	cmd.Flags().StringVar(&text, "text", "", "the remark")
	return cmd
}

func (p *program) reviewStatsCommand() *cobra.Command {
	var since string
	cmd := &cobra.Command{
		Use:     "stats",
		Short:   "Count what waits, and by workflow and week what became of suggestions",
		Example: "  contextd review stats --since 30d -o json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			at, err := timeArg("since", since, time.Now())
			if err != nil {
				return err
			}
			q := url.Values{}
			if at != "" {
				q.Set("since", at)
			}
			return p.withClient(cmd, func(ctx context.Context, c *apiClient, out *output) error {
				var s item[crm.ReviewStats]
				if _, _, err := c.do(ctx, call{method: http.MethodGet, path: "/review/stats", query: q}, &s); err != nil {
					return err
				}
				return out.Value(s, func(w io.Writer) { showStats(w, s.Read) })
			})
		},
	}
	cmd.Flags().StringVar(&since, "since", "", "only from then on: a day, a time, or an age such as 30d (default: 13 weeks)")
	return cmd
}

func showStats(w io.Writer, s crm.ReviewStats) {
	fmt.Fprintf(w, "%d wait for a person, %d of them put away", s.Pending, s.Snoozed)
	if !s.Oldest.IsZero() {
		fmt.Fprintf(w, "; the oldest since %s", moment(s.Oldest))
	}
	fmt.Fprintln(w)
	if len(s.Weeks) > 0 {
		number := func(of func(crm.ReviewWeek) int) func(crm.ReviewWeek) string {
			return func(r crm.ReviewWeek) string { return fmt.Sprint(of(r)) }
		}
		table(w, s.Weeks, []column[crm.ReviewWeek]{
			{"WEEK", func(r crm.ReviewWeek) string { return r.Week }},
			{"WORKFLOW", func(r crm.ReviewWeek) string { return r.Workflow }},
			{"WRITTEN", number(func(r crm.ReviewWeek) int { return r.Written })},
			{"AUTOMATIC", number(func(r crm.ReviewWeek) int { return r.Automatic })},
			{"APPROVED", number(func(r crm.ReviewWeek) int { return r.Approved })},
			{"EDITED", number(func(r crm.ReviewWeek) int { return r.Edited })},
			{"REJECTED", number(func(r crm.ReviewWeek) int { return r.Rejected })},
			{"UNDONE", number(func(r crm.ReviewWeek) int { return r.Undone })},
			{"WRONG", number(func(r crm.ReviewWeek) int { return r.Wrong })},
		})
	}
	for _, name := range slices.Sorted(maps.Keys(s.MedianSeconds)) {
		fmt.Fprintf(w, "%s: half of the decisions took less than %.0f s\n", name, s.MedianSeconds[name])
	}
}
