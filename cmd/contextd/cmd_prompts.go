package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// promptView is a version of a workflow's prompt as the service shows it.
type promptView struct {
	Workflow    string               `json:"workflow"`
	Version     int                  `json:"version"`
	State       string               `json:"state"`
	SHA256      string               `json:"sha256"`
	Origin      string               `json:"origin"`
	Model       string               `json:"model"`
	Evaluations []promptEvaluateView `json:"evaluations"`
	PromotedAt  *time.Time           `json:"promoted_at"`
	PromotedBy  string               `json:"promoted_by"`
	Text        string               `json:"text"`
}

type promptEvaluateView struct {
	Model    string             `json:"model"`
	Cases    int                `json:"cases"`
	Measures map[string]float64 `json:"measures"`
	Current  bool               `json:"current"`
	At       *time.Time         `json:"at"`
	By       string             `json:"by"`
}

type promotionView struct {
	Promoted bool                `json:"promoted"`
	Worse    []string            `json:"worse"`
	Got      *promptEvaluateView `json:"got"`
	Live     *promptEvaluateView `json:"live"`
	Prompt   promptView          `json:"prompt"`
}

func (p *program) promptsCommand() *cobra.Command {
	return group(&cobra.Command{Use: "prompts", Short: "See, measure and change which version of a workflow's prompt runs"},
		p.promptsListCommand(), p.promptsShowCommand(), p.promptsDiffCommand(), p.promptsEvaluateCommand(), p.promptsPromoteCommand(), p.promptsRollbackCommand())
}

func (p *program) promptsListCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the versions of every workflow's prompt, with their state and figures",
		Example: "  contextd prompts list",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.withClient(cmd, func(ctx context.Context, c *apiClient, out *output) error {
				var list page[promptView] // versions are few: the list has no pages
				if _, _, err := c.do(ctx, call{method: http.MethodGet, path: "/prompts"}, &list); err != nil {
					return err
				}
				return printList(out, list, list.Items, []column[item[promptView]]{
					{"WORKFLOW", func(i item[promptView]) string { return i.Read.Workflow }},
					{"VERSION", func(i item[promptView]) string { return strconv.Itoa(i.Read.Version) }},
					{"STATE", func(i item[promptView]) string { return i.Read.State }},
					{"PROMOTED", func(i item[promptView]) string {
						return strings.TrimSpace(day(i.Read.PromotedAt) + " " + i.Read.PromotedBy)
					}},
					{"FIGURES", func(i item[promptView]) string { return i.Read.figures() }},
					{"ORIGIN", func(i item[promptView]) string { return cmp.Or(i.Read.Origin, "built in") }},
				})
			})
		},
	}
}

// figures are those of the version as it is now with the model that would write; "" when there are none.
func (v promptView) figures() string {
	for _, e := range v.Evaluations {
		if e.Current && e.Model == v.Model {
			return e.String()
		}
	}
	return ""
}

// String lists the measures.
func (e promptEvaluateView) String() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(e.Measures)) {
		parts = append(parts, fmt.Sprintf("%s %.4f", name, e.Measures[name]))
	}
	return strings.Join(parts, ", ")
}

// promptAt is the path of a version; the number is checked here, for a sentence about the argument.
func promptAt(workflow, version string) (string, error) {
	if n, err := strconv.Atoi(version); err != nil || n < 1 {
		return "", usagef("version %q: want a number from 1", version)
	}
	return "/prompts/" + url.PathEscape(workflow) + "/" + version, nil
}

func (p *program) promptsShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "show WORKFLOW VERSION",
		Short:   "Show one version: state, figures and text",
		Example: "  contextd prompts show lead_score 2",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := promptAt(args[0], args[1])
			if err != nil {
				return err
			}
			return p.withClient(cmd, func(ctx context.Context, c *apiClient, out *output) error {
				var v item[promptView]
				if _, _, err := c.do(ctx, call{method: http.MethodGet, path: path}, &v); err != nil {
					return err
				}
				return out.Value(v, func(w io.Writer) {
					showPromptHead(w, v.Read)
					fmt.Fprintf(w, "\n%s\n", printable(strings.TrimRight(v.Read.Text, "\n")))
				})
			})
		},
	}
}

func showPromptHead(w io.Writer, v promptView) {
	fmt.Fprintf(w, "%s@%d  %s  sha256 %s\n", v.Workflow, v.Version, v.State, v.SHA256)
	if v.PromotedBy != "" {
		fmt.Fprintf(w, "promoted %s by %s\n", day(v.PromotedAt), v.PromotedBy)
	}
	for _, e := range v.Evaluations {
		was := ""
		if !e.Current {
			was = ", of an earlier text"
		}
		fmt.Fprintf(w, "%s, %d cases, %s by %s%s: %s\n", e.Model, e.Cases, day(e.At), e.By, was, e)
	}
}

func (p *program) promptsDiffCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "diff WORKFLOW FROM TO",
		Short:   "Show what one version changes of another",
		Example: "  contextd prompts diff lead_score 1 2",
		Args:    cobra.ExactArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			from, err1 := promptAt(args[0], args[1])
			to, err2 := promptAt(args[0], args[2])
			if err := errors.Join(err1, err2); err != nil {
				return withExit(exitUsage, err)
			}
			return p.withClient(cmd, func(ctx context.Context, c *apiClient, out *output) error {
				var a, b promptView
				if _, _, err := c.do(ctx, call{method: http.MethodGet, path: from}, &a); err != nil {
					return err
				}
				if _, _, err := c.do(ctx, call{method: http.MethodGet, path: to}, &b); err != nil {
					return err
				}
				lines := diffLines(strings.Split(a.Text, "\n"), strings.Split(b.Text, "\n"))
				shown := struct {
					Workflow string     `json:"workflow"`
					From     int        `json:"from"`
					To       int        `json:"to"`
					Lines    []diffLine `json:"lines"`
				}{args[0], a.Version, b.Version, lines}
				return out.Value(shown, func(w io.Writer) { showDiff(w, lines) })
			})
		},
	}
}

func (p *program) promptsEvaluateCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "evaluate WORKFLOW VERSION",
		Short:   "Run the golden cases with the model that would write, and record the figures",
		Long:    "Run the golden cases with the model that would write, and record the figures. Those of the live version are measured, too, where there are none of it as it is now.",
		Example: "  contextd prompts evaluate lead_score 2",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := promptAt(args[0], args[1])
			if err != nil {
				return err
			}
			return p.withClient(cmd, func(ctx context.Context, c *apiClient, out *output) error {
				var v item[promptView]
				if _, _, err := c.do(ctx, call{method: http.MethodPost, path: path + "/evaluate", body: struct{}{}}, &v); err != nil {
					return err
				}
				if strings.HasPrefix(v.Read.Model, "builtin/") {
					out.Say("The built-in writer follows the workflow's plan and reads no prompt: these figures say nothing of the text.")
				}
				return out.Value(v, func(w io.Writer) { showPromptHead(w, v.Read) })
			})
		},
	}
}

func (p *program) promptsPromoteCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "promote WORKFLOW VERSION",
		Short:   "Let a version write that was evaluated and is not worse than the live one; exits 6 when it is",
		Example: "  contextd prompts promote lead_score 2",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := promptAt(args[0], args[1])
			if err != nil {
				return err
			}
			return p.withClient(cmd, func(ctx context.Context, c *apiClient, out *output) error {
				var v item[promotionView]
				if _, _, err := c.do(ctx, call{method: http.MethodPost, path: path + "/promote", body: struct{}{}}, &v); err != nil {
					return err
				}
				err := out.Value(v, func(w io.Writer) {
					for _, e := range []struct {
						name string
						of   *promptEvaluateView
					}{{"version " + args[1], v.Read.Got}, {"live", v.Read.Live}} {
						if e.of != nil {
							fmt.Fprintf(w, "%s: %s\n", e.name, e.of)
						}
					}
					if v.Read.Promoted {
						fmt.Fprintf(w, "%s@%s writes from now on; contextd prompts rollback %s goes back\n", args[0], args[1], args[0])
					}
				})
				if err == nil && !v.Read.Promoted {
					err = withExit(exitEvaluation, fmt.Errorf("%s@%s was not promoted: %s", args[0], args[1], strings.Join(v.Read.Worse, "; ")))
				}
				return err
			})
		},
	}
}

func (p *program) promptsRollbackCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "rollback WORKFLOW",
		Short:   "Let the version before the last promotion write again",
		Example: "  contextd prompts rollback lead_score",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.withClient(cmd, func(ctx context.Context, c *apiClient, out *output) error {
				var v item[promptView]
				if _, _, err := c.do(ctx, call{method: http.MethodPost, path: "/prompts/" + url.PathEscape(args[0]) + "/rollback", body: struct{}{}}, &v); err != nil {
					return err
				}
				return out.Value(v, func(w io.Writer) { fmt.Fprintf(w, "%s@%d writes again\n", v.Read.Workflow, v.Read.Version) })
			})
		},
	}
}
