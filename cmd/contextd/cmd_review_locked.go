package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/contextd/contextd/internal/crm"
)

// lockedView is a field that a person has changed, as the service shows it.
type lockedView struct {
	Record   recordName `json:"record"`
	Property string     `json:"property"`
	How      crm.Lock   `json:"how"`
	Wrote    string     `json:"wrote"`
	Present  string     `json:"present"`
	By       *string    `json:"by"`
	At       *time.Time `json:"at"`
}

// who says who changed it and when, as far as that is known.
func (l lockedView) who() string {
	text := "somebody in HubSpot"
	if l.By != nil {
		text = *l.By
	}
	if l.At != nil {
		text += ", " + moment(*l.At)
	}
	return text
}

func (p *program) reviewLockedCommand() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use:   "locked",
		Short: "List the properties that a person has changed, which are not written without asking",
		Long: "List the properties that a person has changed or undone since contextd wrote them, the newest first. Every further value for them waits for a person; `contextd review release\n" +
			"RECORD PROPERTY` gives one back, and so does approving a suggestion for it.",
		Example: "  contextd review locked\n  contextd review locked -o json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := limitArg(limit); err != nil {
				return err
			}
			return p.withClient(cmd, func(ctx context.Context, c *apiClient, out *output) error {
				list, err := collect[lockedView](ctx, c, "/locked", nil, limit)
				if err != nil {
					return err
				}
				return printList(out, list, list.Items, []column[item[lockedView]]{
					{"RECORD", func(l item[lockedView]) string { return shorten(l.Read.Record.String(), 48) }},
					{"PROPERTY", func(l item[lockedView]) string { return l.Read.Property }},
					{"HOW", func(l item[lockedView]) string { return string(l.Read.How) }},
					{"WROTE", func(l item[lockedView]) string { return shorten(l.Read.Wrote, 32) }},
					{"PRESENT", func(l item[lockedView]) string { return shorten(l.Read.Present, 32) }},
					{"BY", func(l item[lockedView]) string { return l.Read.who() }},
				})
			})
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 0, "fields at most (0: all)")
	return cmd
}
