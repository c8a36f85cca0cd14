package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func (p *program) auditCommand() *cobra.Command {
	return group(&cobra.Command{Use: "audit", Short: "Read, prove and export the log of everything that was decided and done"}, p.auditListCommand(), p.auditShowCommand(), p.auditVerifyCommand(), p.auditCheckpointCommand(), p.auditProveCommand(), p.auditReplayCommand(), p.auditExportCommand())
}

func (p *program) auditListCommand() *cobra.Command {
	var limit int
	var subject string
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List audit entries",
		Example: "  contextd audit list --limit 50\n  contextd audit list -o jsonl",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := limitArg(limit); err != nil {
				return err
			}
			q := url.Values{}
			if subject != "" {
				q.Set("subject", subject)
			}
			return p.withClient(cmd, func(ctx context.Context, c *apiClient, out *output) error {
				list, err := collect[auditView](ctx, c, "/audit", q, limit)
				if err != nil {
					return err
				}
				return printList(out, list, list.Items, []column[item[auditView]]{
					{"SEQ", func(e item[auditView]) string { return strconv.FormatInt(e.Read.Seq, 10) }},
					{"TIME", func(e item[auditView]) string { return moment(e.Read.Time) }},
					{"ACTION", func(e item[auditView]) string { return e.Read.Action }},
					{"ACTORS", func(e item[auditView]) string { return strings.Join(e.Read.Actors, ", ") }},
					{"SUBJECT", func(e item[auditView]) string { return e.Read.Subject }},
				})
			})
		},
	}
	cmd.Flags().StringVar(&subject, "subject", "", "only entries about this `SUBJECT`, such as deals/9 or delivery/12")
	cmd.Flags().IntVar(&limit, "limit", 100, "entries at most (0: all)")
	return cmd
}

func (p *program) auditShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "show SEQ",
		Short:   "Show one audit entry with its ids and hashes",
		Example: "  contextd audit show 1042 -o json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			seq, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil || seq < 1 {
				return usagef("%q is not the number of an entry: SEQ: use the first column of contextd audit list", args[0])
			}
			return p.withClient(cmd, func(ctx context.Context, c *apiClient, out *output) error {
				e, err := findAudit(ctx, c, seq)
				if err != nil {
					return err
				}
				return out.Value(e, func(w io.Writer) { showAudit(w, e.Read) })
			})
		},
	}
}

// findAudit walks the list: the API has no route for one entry.
func findAudit(ctx context.Context, c *apiClient, seq int64) (item[auditView], error) {
	q := url.Values{}
	for {
		list, err := collect[auditView](ctx, c, "/audit", q, pageSize)
		if err != nil {
			return item[auditView]{}, err
		}
		for _, e := range list.Items {
			if e.Read.Seq == seq {
				return e, nil
			}
		}
		if list.Next == nil || *list.Next == "" || len(list.Items) == 0 {
			return item[auditView]{}, fmt.Errorf("there is no audit entry %d: SEQ: use the first column of contextd audit list", seq)
		}
		q.Set("cursor", *list.Next)
	}
}

func showAudit(w io.Writer, e auditView) {
	fmt.Fprintf(w, "%d  %s  %s\n  subject  %s\n  portal   %d\n", e.Seq, e.Time.UTC().Format(time.RFC3339), e.Action, oneLine(e.Subject), e.Portal)
	for _, a := range e.Actors {
		fmt.Fprintf(w, "  actor    %s\n", oneLine(a))
	}
	for _, k := range slices.Sorted(maps.Keys(e.IDs)) {
		fmt.Fprintf(w, "  id       %s %s\n", k, oneLine(e.IDs[k]))
	}
	for _, k := range slices.Sorted(maps.Keys(e.Hashes)) {
		fmt.Fprintf(w, "  hash     %s %s\n", k, e.Hashes[k])
	}
}
