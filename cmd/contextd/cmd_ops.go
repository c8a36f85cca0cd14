package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/contextd/contextd/internal/crm"
)

// SetupReport is what setup found and did in a portal. Created are the properties that were made now, or would be in a dry run, as "companies.ai_summary".
type SetupReport struct {
	Portal   crm.PortalID `json:"portal"`
	DryRun   bool         `json:"dry_run"`
	Created  []string     `json:"created"`
	Present  []string     `json:"present"`
	Scopes   []string     `json:"scopes"`   // to grant by hand
	Webhooks []string     `json:"webhooks"` // to subscribe by hand
	Target   string       `json:"target"`   // the URL that webhooks go to
}

// Check is one thing that doctor looked at. State is ok, warn or fail; Fix says what to do about the latter two. Code is the exit code of a failure, 0 for 1.
type Check struct {
	Name   string `json:"name"`
	State  string `json:"state"`
	Detail string `json:"detail"`
	Fix    string `json:"fix,omitempty"`
	Code   int    `json:"-"`
}

func (p *program) setupCommand() *cobra.Command {
	var dry bool
	hubspot := &cobra.Command{
		Use:     "hubspot",
		Short:   "Create contextd's properties in HubSpot and list what is left to set by hand",
		Example: "  contextd setup hubspot --dry-run",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out, cfg, err := p.portalCommand(cmd)
			if err != nil {
				return err
			}
			r, err := p.commands.setup(cmd.Context(), cfg, dry)
			if err != nil {
				return err
			}
			return out.Value(r, func(w io.Writer) { showSetup(w, r) })
		},
	}
	hubspot.Flags().BoolVar(&dry, "dry-run", false, "only say what would be created")
	return group(&cobra.Command{Use: "setup", Short: "Prepare the systems around contextd"}, hubspot)
}

func showSetup(w io.Writer, r SetupReport) {
	done := "created"
	if r.DryRun {
		done = "would create"
	}
	for _, s := range []struct {
		title string
		lines []string
	}{{fmt.Sprintf("portal %s: %s", r.Portal, done), r.Created}, {"already there", r.Present}, {"scopes to grant in the app", r.Scopes}, {"webhooks to subscribe to, target " + r.Target, r.Webhooks}} {
		fmt.Fprintf(w, "%s (%d)\n", s.title, len(s.lines))
		for _, l := range s.lines {
			fmt.Fprintln(w, "  "+l)
		}
	}
}

func (p *program) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "doctor",
		Short:   "Check everything that a working installation needs",
		Example: "  contextd doctor",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out, cfg, err := p.prepare(cmd)
			if err != nil {
				return err
			}
			checks := append([]Check{}, p.commands.doctor(cmd.Context(), cfg)...)
			err = printList(out, map[string]any{"items": checks}, checks, []column[Check]{
				{"STATE", func(c Check) string { return c.State }},
				{"CHECK", func(c Check) string { return c.Name }},
				{"DETAIL", func(c Check) string { return c.Detail }},
				{"FIX", func(c Check) string { return c.Fix }},
			})
			if err != nil {
				return err
			}
			for _, c := range checks {
				if c.State == "fail" {
					return withExit(max(c.Code, exitFailed), fmt.Errorf("%s: %s: %s", c.Name, c.Detail, c.Fix))
				}
			}
			return nil
		},
	}
}
