package main

import (
	"context"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/contextd/contextd/internal/crm"
)

func (p *program) undoCommand() *cobra.Command {
	var changes []string
	var which undoFilter
	var b batch
	cmd := &cobra.Command{
		Use:   "undo ID… | --workflow NAME [--prompt-version N] [--since TIME] [--until TIME]",
		Short: "Put back what was written",
		Long: "Put back what applied suggestions replaced, up to 30 days after it was written: a property to its earlier value, a note or task of ours to HubSpot's recycle bin (or to the\n" +
			"text of ours that it replaced). Where a person has changed what was written, it is refused with who and when, and nothing is touched. All applied suggestions of a workflow,\n" +
			"of a version of its prompt or of a time are undone with --workflow, --since and --until: look first (--dry-run), then --confirm what was counted. " + idsHelp,
		Example: "  contextd review undo s_1a2b\n  contextd review undo --workflow lead_score --prompt-version 2 --since 2d --dry-run",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case which.none() == (len(args) == 0):
				return usagef("name suggestions, or which ones with --workflow, --prompt-version, --since and --until: one of both")
			case len(args) > 0:
				return p.decideMany(cmd, args, "undo", changes, map[string]any{}, b)
			case len(changes) > 0:
				return usagef("--change names a change of one suggestion: give one ID")
			case !b.dryRun && b.confirm == "":
				return usagef("undoing many needs a look first: --dry-run, then --confirm with what it says")
			}
			q, err := which.query(time.Now())
			if err != nil {
				return err
			}
			return p.withClient(cmd, func(ctx context.Context, c *apiClient, out *output) error {
				list, err := collect[suggestion](ctx, c, "/suggestions", q, 0)
				if err != nil {
					return err
				}
				var targets []picked
				for _, s := range list.Items {
					if which.version == 0 || s.Read.Prompt.Version == which.version {
						targets = append(targets, picked{s.Read.ID, s.Read.ETag})
					}
				}
				return carryOut(ctx, c, out, "undo", targets, map[string]any{}, b)
			})
		},
	}
	changesFlag(cmd, &changes)
	b.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&which.workflow, "workflow", "", "all applied suggestions of this workflow")
	f.IntVar(&which.version, "prompt-version", 0, "only of this version of the prompt")
	f.StringVar(&which.since, "since", "", "made since then: a day, a time, or an age such as 2d")
	f.StringVar(&which.until, "until", "", "made before then")
	return cmd
}

// undoFilter says which applied suggestions are meant.
type undoFilter struct {
	workflow, since, until string
	version                int
}

func (u undoFilter) none() bool { return u == undoFilter{} }

func (u undoFilter) query(now time.Time) (url.Values, error) {
	since, err := timeArg("since", u.since, now)
	if err != nil {
		return nil, err
	}
	until, err := timeArg("until", u.until, now)
	if err != nil {
		return nil, err
	}
	q := url.Values{"state": {string(crm.Applied)}}
	for name, value := range map[string]string{"workflow": u.workflow, "since": since, "until": until} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return q, nil
}
