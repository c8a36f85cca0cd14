package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func (p *program) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "status",
		Short:   "Show what was received, what is waiting and how much is indexed",
		Example: "  contextd status\n  contextd status -o json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.withClient(cmd, func(ctx context.Context, c *apiClient, out *output) error {
				s, err := readStatus(ctx, c)
				if err != nil {
					return err
				}
				return out.Value(s, func(w io.Writer) { showStatus(w, s.Read) })
			})
		},
	}
}

func readStatus(ctx context.Context, c *apiClient) (item[statusView], error) {
	var s item[statusView]
	_, _, err := c.do(ctx, call{method: http.MethodGet, path: "/status"}, &s)
	return s, err
}

func showStatus(w io.Writer, s statusView) {
	e := s.Events
	fmt.Fprintf(w, "version   %s, writing %v\n", s.Version, s.Write)
	fmt.Fprintf(w, "events    %d received, %d done, %d in review, %d dead\n", e.Received, e.Done, e.InReview, e.Dead)
	fmt.Fprintf(w, "ignored   %s\n", pairs(e.Ignored, strconv.Itoa))
	fmt.Fprintf(w, "work      %s; the oldest waits for %.0f s\n", pairs(s.Work, strconv.Itoa), s.OldestSeconds)
	fmt.Fprintf(w, "indexed   %s\n", pairs(s.Coverage, percent))
	if s.HubSpot.Problem != "" {
		fmt.Fprintf(w, "HUBSPOT   %s\n", printable(s.HubSpot.Problem))
	}
	for _, a := range s.HubSpot.Apps {
		how := "configured"
		if a.LearnedAt != nil {
			how = "as HubSpot showed at " + a.LearnedAt.UTC().Format(time.RFC3339)
		}
		fmt.Fprintf(w, "own app   %s, %s\n", a.ID, how)
	}
	for _, stop := range s.Stops {
		fmt.Fprintf(w, "STOPPED   %s\n", stop)
	}
	showSpending(w, s.Budget, s.Usage)
	showHeld(w, s.Held)
	of := func(workflows []string) string {
		if len(workflows) == 0 {
			return ""
		}
		return " for " + strings.Join(workflows, ", ")
	}
	for _, f := range s.Failing {
		fmt.Fprintf(w, "failing   %s%s since %s, tried again by itself: %s\n", f.Model, of(f.Workflows), f.Since.UTC().Format(time.RFC3339), printable(f.Cause))
	}
	for _, p := range s.Paused {
		fmt.Fprintf(w, "paused    %s%s since %s, tried again at %s: %s\n", p.Model, of(p.Workflows), p.Since.UTC().Format(time.RFC3339), p.Next.UTC().Format(time.RFC3339), printable(p.Cause))
	}
}

// pairs writes a map as "a 1, b 2", in order; "nothing" when empty.
func pairs[K ~string, V any](m map[K]V, text func(V) string) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, string(k)+" "+text(m[k]))
	}
	if len(out) == 0 {
		return "nothing"
	}
	return strings.Join(out, ", ")
}
