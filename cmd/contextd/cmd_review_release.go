package main

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/spf13/cobra"
)

func (p *program) reviewReleaseCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "release RECORD PROPERTY",
		Short: "Let a property be written without asking again that a person has changed",
		Long: "Where a person has changed or undone what contextd wrote, every further value waits for a person. This gives the property back to the gate; approving a suggestion for it\n" +
			"does the same. The audit says who did it (field.released).",
		Example: "  contextd review release contacts/7 ai_lead_score",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			ref, err := recordArg(args[0])
			if err != nil {
				return err
			}
			return p.withClient(cmd, func(ctx context.Context, c *apiClient, out *output) error {
				var done item[map[string]string]
				if _, _, err := c.do(ctx, call{method: http.MethodPost, path: "/records/" + ref.Path() + "/release", body: map[string]any{"property": args[1]}}, &done); err != nil {
					return err
				}
				return out.Value(done, func(w io.Writer) { fmt.Fprintf(w, "released %s of %s\n", args[1], ref.Path()) })
			})
		},
	}
}
