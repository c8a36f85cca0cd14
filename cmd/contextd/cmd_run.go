package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"
)

// The pauses between two looks at something that is under way.
const (
	firstPause = 50 * time.Millisecond
	lastPause  = time.Second
)

func (p *program) runCommand() *cobra.Command {
	var dry bool
	var asOf string
	cmd := &cobra.Command{
		Use:     "run WORKFLOW SUBJECT",
		Short:   "Run one workflow for a record or activity now, and show what it suggests",
		Example: "  contextd run call_summary calls/9101\n  contextd run lead_score contacts/7 --dry-run",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := subjectArg(args[1]); err != nil {
				return err
			}
			body := map[string]any{"workflow": args[0], "subject": args[1]}
			at, err := timeArg("as-of", asOf, time.Now())
			if err != nil {
				return err
			}
			if at != "" {
				body["as_of"] = at
			}
			if dry {
				body["dry_run"] = true
			}
			return p.withClient(cmd, func(ctx context.Context, c *apiClient, out *output) error { return runWorkflow(ctx, c, out, body, dry) })
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "show prompt, reply, checks and verdict; store nothing")
	cmd.Flags().StringVar(&asOf, "as-of", "", "with the history as it was known at this `TIME`")
	return cmd
}

func runWorkflow(ctx context.Context, c *apiClient, out *output, body map[string]any, dry bool) error {
	var run item[runView]
	if _, _, err := c.do(ctx, call{method: http.MethodPost, path: "/runs", body: body}, &run); err != nil {
		return unknownHere(err)
	}
	if dry {
		return out.Value(run, func(w io.Writer) { showDryRun(w, run.Read) })
	}
	id := run.Read.Run
	if id == "" {
		return errors.New("the service did not name the run: POST /api/v1/runs: see that service and command are of the same version")
	}
	said := ""
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		if _, _, err := c.do(ctx, call{method: http.MethodGet, path: "/runs/" + url.PathEscape(id)}, &run); err != nil {
			return err
		}
		switch run.Read.State {
		case "done":
			return showRun(ctx, c, out, run)
		case "dead":
			return fmt.Errorf("run %s ended without a result: %s: mend the cause, then run it again", id, run.Read.Error)
		case "queued":
			if run.Read.Error != "" && run.Read.Error != said {
				said = run.Read.Error
				out.Say("the run waits: %s; it goes on by itself, also when this command is ended", oneLine(said))
			}
		}
		if err := wait(ctx, pause); err != nil {
			return err
		}
	}
}

// wait pauses, unless ctx ends first.
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// showRun prints the suggestions of a finished run; as JSON beside the run's own fields.
func showRun(ctx context.Context, c *apiClient, out *output, run item[runView]) error {
	suggestions := make([]item[suggestion], len(run.Read.Suggestions))
	for i, id := range run.Read.Suggestions {
		if _, _, err := c.do(ctx, call{method: http.MethodGet, path: "/suggestions/" + url.PathEscape(id)}, &suggestions[i]); err != nil {
			return err
		}
	}
	if out.Format == formatLines {
		return printList(out, nil, suggestions, nil)
	}
	whole := map[string]any{"run": run, "suggestions": suggestions}
	return out.Value(whole, func(w io.Writer) {
		if len(suggestions) == 0 {
			fmt.Fprintln(w, "done: nothing to suggest")
		}
		for _, s := range suggestions {
			showSuggestion(w, s.Read)
		}
	})
}

func showDryRun(w io.Writer, r runView) {
	fmt.Fprintf(w, "== prompt ==\n%s\n\n== reply ==\n%s\n\n== checks ==\n", printable(r.PromptText), printable(r.Reply))
	for _, c := range r.Checks {
		mark := "ok  "
		if !c.OK {
			mark = "FAIL"
		}
		fmt.Fprintf(w, "%s %s %v %s\n", mark, c.Check, c.Claim, oneLine(c.Why))
	}
	fmt.Fprintln(w, "\n== would suggest ==")
	r.suggestion.State = r.State // both have one; JSON fills the outer
	showSuggestion(w, r.suggestion)
}
