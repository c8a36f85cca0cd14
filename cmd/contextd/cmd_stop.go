package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// stopsView is where writing is stopped, as the service says it.
type stopsView struct {
	Stops []stopView `json:"stops"`
}

type stopView struct {
	Portal int64     `json:"portal"` // 0: everywhere
	At     time.Time `json:"at"`
	By     string    `json:"by"`
	Reason string    `json:"reason"`
}

func (s stopView) String() string {
	where := "in this portal"
	if s.Portal == 0 {
		where = "everywhere"
	}
	return fmt.Sprintf("writing %s since %s by %s: %s", where, s.At.UTC().Format(time.RFC3339), oneLine(s.By), oneLine(s.Reason))
}

func (p *program) stopCommand() *cobra.Command {
	var all bool
	var reason string
	cmd := &cobra.Command{
		Use:   "stop --reason TEXT [--all]",
		Short: "Stop all writing to HubSpot at once",
		Long: "From the moment this returns no write to HubSpot begins: what was approved is kept and waits, what is suggested goes to people, reading and searching go on. It holds until\n" +
			"`contextd resume`, also after a restart.",
		Example: "  contextd stop --reason \"scores look wrong since this morning\"",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if strings.TrimSpace(reason) == "" {
				return usagef("there is no reason: --reason: others will read why nothing is written")
			}
			return p.switchWriting(cmd, "/stop", map[string]any{"reason": reason, "all": all})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "in every portal")
	cmd.Flags().StringVar(&reason, "reason", "", "why")
	return cmd
}

func (p *program) resumeCommand() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:     "resume [--all]",
		Short:   "End a stop: what was approved meanwhile is written",
		Example: "  contextd resume",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.switchWriting(cmd, "/resume", map[string]any{"all": all})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "the stop of every portal")
	return cmd
}

func (p *program) switchWriting(cmd *cobra.Command, path string, body map[string]any) error {
	return p.withClient(cmd, func(ctx context.Context, c *apiClient, out *output) error {
		var s item[stopsView]
		if _, _, err := c.do(ctx, call{method: http.MethodPost, path: path, body: body}, &s); err != nil {
			return err
		}
		return out.Value(s, func(w io.Writer) {
			for _, stop := range s.Read.Stops {
				fmt.Fprintf(w, "stopped: %s\n", stop)
			}
			if len(s.Read.Stops) == 0 {
				fmt.Fprintln(w, "nothing is stopped")
			}
		})
	})
}
