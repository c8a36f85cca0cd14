package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/web"
)

func (p *program) reviewCommand() *cobra.Command {
	return group(&cobra.Command{Use: "review", Short: "Look at suggestions and decide on them"},
		p.reviewListCommand(), p.reviewShowCommand(), p.approveCommand(), p.editCommand(), p.rejectCommand(), p.undoCommand(), p.snoozeCommand(), p.assignCommand(), p.commentCommand(), p.reviewLockedCommand(), p.reviewReleaseCommand(), p.reviewStatsCommand())
}

func (p *program) reviewListCommand() *cobra.Command {
	var state, workflow, record, assignee, order string
	var limit int
	var snoozed bool
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List suggestions, those waiting for a decision by default",
		Example: "  contextd review list\n  contextd review list --state applied --workflow call_summary -o jsonl",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			q := url.Values{}
			if state != "all" {
				if _, err := crm.ParseState(state); err != nil {
					return usagef("--state %q is not a state: use all or one of %v", state, crm.States())
				}
				q.Set("state", state)
			}
			if workflow != "" {
				q.Set("workflow", workflow)
			}
			if record != "" {
				if _, err := recordArg(record); err != nil {
					return err
				}
				q.Set("record", record)
			}
			if assignee != "" {
				q.Set("assignee", assignee)
			}
			if state == string(crm.Pending) && !snoozed {
				q.Set("awake", "true")
			}
			if !slices.Contains([]string{"", "newest", "oldest", "look"}, order) {
				return usagef("--order %q: use newest, oldest or look", order)
			}
			if order == "" && state == string(crm.Pending) {
				order = "look"
			}
			if order != "" && order != "newest" {
				q.Set("order", order)
			}
			if err := limitArg(limit); err != nil {
				return err
			}
			return p.withClient(cmd, func(ctx context.Context, c *apiClient, out *output) error {
				list, err := collect[suggestion](ctx, c, "/suggestions", q, limit)
				if err != nil {
					return err
				}
				return printList(out, list, list.Items, suggestionColumns())
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&state, "state", string(crm.Pending), "only this state, or all")
	f.StringVar(&workflow, "workflow", "", "only this workflow")
	f.StringVar(&record, "record", "", "only this `RECORD`")
	f.StringVar(&assignee, "assignee", "", "only those given to this person")
	f.StringVar(&order, "order", "", "newest, oldest, or look: where a person's look is worth most first (the default for pending ones)")
	f.BoolVar(&snoozed, "snoozed", false, "also pending ones that are put away")
	f.IntVar(&limit, "limit", 0, "suggestions at most (0: all)")
	return cmd
}

func suggestionColumns() []column[item[suggestion]] {
	return []column[item[suggestion]]{
		{"ID", func(s item[suggestion]) string { return s.Read.ID }},
		{"STATE", func(s item[suggestion]) string { return s.Read.State }},
		{"CONFIDENCE", func(s item[suggestion]) string { return percent(s.Read.Confidence) }},
		{"WORKFLOW", func(s item[suggestion]) string { return s.Read.Workflow }},
		{"RECORD", func(s item[suggestion]) string { return shorten(s.Read.Record.String(), 48) }},
		{"CHANGE", func(s item[suggestion]) string { return shorten(firstChange(s.Read), 72) }},
	}
}

func firstChange(s suggestion) string {
	if len(s.Changes) == 0 {
		return ""
	}
	text := s.Changes[0].name() + ": " + s.Changes[0].readable(s.Changes[0].After)
	if n := len(s.Changes) - 1; n > 0 {
		text = fmt.Sprintf("+%d more; %s", n, text)
	}
	return text
}

// readable is a value of this change on one line: of notes and tasks the words of their HTML. -o json has the exact value.
func (c changeView) readable(value string) string {
	if c.Kind != string(crm.PropertyKind) {
		value = web.PlainText(value)
	}
	return oneLine(value)
}

// whole is the same for a page of its own: notes and tasks keep their lines, under each other.
func (c changeView) whole(value string) string {
	if c.Kind == string(crm.PropertyKind) {
		return oneLine(value)
	}
	return strings.ReplaceAll(printable(web.PlainText(value)), "\n", "\n            ")
}

func (c changeView) name() string {
	if c.Kind == string(crm.PropertyKind) {
		return c.Property
	}
	return c.Kind
}

func (p *program) reviewShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "show ID…",
		Short:   "Show suggestions whole: before and after, claims with their quotes and sources",
		Example: "  contextd review show s_1a2b",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.withClient(cmd, func(ctx context.Context, c *apiClient, out *output) error {
				for _, id := range args {
					var s item[suggestion]
					if _, _, err := c.do(ctx, call{method: http.MethodGet, path: "/suggestions/" + url.PathEscape(id)}, &s); err != nil {
						return err
					}
					if err := out.Value(s, func(w io.Writer) { showSuggestion(w, s.Read) }); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
}

// showSuggestion writes everything that a decision needs.
func showSuggestion(w io.Writer, s suggestion) {
	fmt.Fprintf(w, "%s  %s  %s, confidence %s, verdict %s\n", s.ID, s.Workflow, s.State, percent(s.Confidence), s.Verdict)
	fmt.Fprintf(w, "  record   %s\n  subject  %s\n", oneLine(s.Record.String()), s.Subject)
	cost := fmt.Sprintf("$%.4f", s.Usage.CostUSD)
	if s.Usage.Unpriced > 0 {
		cost = "cost unknown"
	}
	if s.Usage.FromCache > 0 {
		cost += ", answer from the cache"
	}
	fmt.Fprintf(w, "  by       %s, prompt %s v%d, %d + %d tokens, %s\n", s.Model, s.Prompt.Name, s.Prompt.Version, s.Usage.InputTokens, s.Usage.OutputTokens, cost)
	if s.DecidedAt != nil {
		fmt.Fprintf(w, "  decided  %s by %s\n", moment(*s.DecidedAt), s.DecidedBy)
	}
	if s.Assignee != nil {
		fmt.Fprintf(w, "  given to %s\n", oneLine(*s.Assignee))
	}
	if s.Snoozed != nil && s.Snoozed.After(time.Now()) {
		fmt.Fprintf(w, "  put away until %s\n", moment(*s.Snoozed))
	}
	for _, r := range s.Reasons {
		fmt.Fprintf(w, "  because  %s\n", oneLine(r))
	}
	for _, c := range s.Changes {
		before := "(nothing)"
		if c.Before != nil && *c.Before != "" {
			before = c.whole(*c.Before)
		}
		fmt.Fprintf(w, "\n  %s  %s  %s, confidence %s of %s\n", c.ID, c.name(), c.State, percent(c.Confidence), exactly(c.Threshold))
		fmt.Fprintf(w, "    before  %s\n    after   %s\n", before, c.whole(c.After))
		for _, r := range c.Reasons {
			fmt.Fprintf(w, "    because %s\n", oneLine(r))
		}
		if c.Failure != "" {
			fmt.Fprintf(w, "    %s: %s\n", map[bool]string{true: "not undone", false: "not written"}[c.State == string(crm.Applied)], oneLine(c.Failure))
		}
		if c.Would {
			fmt.Fprintln(w, "    with the gate on it would have been written without asking")
		}
	}
	shown := map[string]bool{}
	for _, c := range s.Claims {
		key := c.Text + c.Why
		for _, e := range c.Evidence {
			key += "\n" + e.Activity + e.Record + " " + e.Property + " " + e.Quote
		}
		if shown[key] { // a draft may say the same in two places
			continue
		}
		shown[key] = true
		mark := "claim"
		if !c.Supported {
			mark = "NOT SUPPORTED (" + c.Why + ")"
		}
		fmt.Fprintf(w, "\n  %s: %s%s\n", mark, oneLine(c.Text), c.aside())
		for _, e := range c.Evidence {
			if e.Source != "" {
				fmt.Fprintf(w, "    “%s”\n      %s of %s by %s\n", oneLine(e.Quote), e.Property, e.Record, oneLine(e.Source))
				continue
			}
			if e.Record != "" {
				fmt.Fprintf(w, "    “%s”\n      %s of %s, %s\n", oneLine(e.Quote), e.Property, e.Record, day(e.Time))
				continue
			}
			fmt.Fprintf(w, "    “%s”\n      %s, %s, %s\n", oneLine(e.Quote), e.Activity, oneLine(e.Person), day(e.Time))
		}
		for _, x := range c.Contradictions {
			fmt.Fprintf(w, "    CONTRADICTED: %s\n    “%s”\n      %s, %s, %s\n", oneLine(x.Why), oneLine(x.Quote), x.Activity, oneLine(x.Person), day(x.Time))
		}
	}
	for _, c := range s.Comments {
		fmt.Fprintf(w, "\n  %s, %s: %s\n", c.By, moment(c.At), oneLine(c.Text))
	}
	fmt.Fprintln(w)
}

// aside says what a factor does to its score, and what became of it.
func (c claimView) aside() string {
	var parts []string
	for _, p := range []string{c.Factor, c.Effect, c.Moved} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "  [" + strings.Join(parts, ", ") + "]"
}
