package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/contextd/contextd/internal/crm"
)

// decided is one line of a decision's output.
type decided struct {
	ID    string `json:"id"`
	OK    bool   `json:"ok"`
	State string `json:"state,omitempty"` // of the suggestion, after the decision
	Error string `json:"error,omitempty"`
}

const idsHelp = "IDs may also come on standard input, one per line or as JSON lines with an \"id\", when the only argument is -."

func (p *program) approveCommand() *cobra.Command {
	var changes []string
	var b batch
	cmd := &cobra.Command{
		Use:     "approve ID…",
		Short:   "Approve suggestions as they are",
		Long:    "Approve all pending changes of the suggestions, or those named with --change. " + idsHelp,
		Example: "  contextd review approve s_1a2b\n  contextd review list -o jsonl | contextd review approve - -o jsonl",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.decideMany(cmd, args, "approve", changes, map[string]any{}, b)
		},
	}
	changesFlag(cmd, &changes)
	b.flags(cmd)
	return cmd
}

func (p *program) rejectCommand() *cobra.Command {
	var changes []string
	var why, comment string
	var b batch
	cmd := &cobra.Command{
		Use:     "reject ID… --reason REASON",
		Short:   "Reject suggestions, saying why",
		Long:    "Reject all pending changes of the suggestions, or those named with --change. The same suggestion is not made again. " + idsHelp,
		Example: "  contextd review reject s_1a2b --reason wrong_fact",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(crm.RejectReasons(), why) {
				return usagef("--reason %q is not a reason: use %s", why, strings.Join(crm.RejectReasons(), ", "))
			}
			body := map[string]any{"reason": why}
			if comment != "" {
				body["comment"] = comment
			}
			return p.decideMany(cmd, args, "reject", changes, body, b)
		},
	}
	changesFlag(cmd, &changes)
	b.flags(cmd)
	cmd.Flags().StringVar(&why, "reason", "", strings.Join(crm.RejectReasons(), ", "))
	cmd.Flags().StringVar(&comment, "comment", "", "in your own words")
	return cmd
}

func changesFlag(cmd *cobra.Command, changes *[]string) {
	cmd.Flags().StringSliceVar(changes, "change", nil, "only this change `ID` (repeatable; default: all pending ones)")
}

func (p *program) editCommand() *cobra.Command {
	var change, after string
	cmd := &cobra.Command{
		Use:     "edit ID --after TEXT [--change CHANGE]",
		Short:   "Correct a suggestion and approve it",
		Long:    "Replace the new value of one change and approve it. The correction is kept as what should have been suggested. --after - reads standard input.",
		Example: "  contextd review edit s_1a2b --after \"2027-03-01\"",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !cmd.Flags().Changed("after") {
				return usagef("there is no new value: --after: give the corrected text, or - for standard input")
			}
			if after == "-" {
				raw, err := io.ReadAll(io.LimitReader(p.stdin, 1<<20))
				if err != nil {
					return fmt.Errorf("read standard input: %w", err)
				}
				after = strings.TrimSuffix(string(raw), "\n")
			}
			return p.withClient(cmd, func(ctx context.Context, c *apiClient, out *output) error {
				return decideAll(ctx, out, args, func(ctx context.Context, id string) (string, error) {
					return decideOne(ctx, c, picked{id: id}, "edit", func(s suggestion) (map[string]any, error) { return editBody(s, change, after) })
				})
			})
		},
	}
	cmd.Flags().StringVar(&after, "after", "", "the corrected value")
	cmd.Flags().StringVar(&change, "change", "", "the change `ID`; needed when there are several")
	return cmd
}

func editBody(s suggestion, change, after string) (map[string]any, error) {
	if change == "" {
		var ids []string
		for _, c := range s.Changes {
			if c.State == string(crm.Pending) {
				ids = append(ids, c.ID)
			}
		}
		if len(ids) != 1 {
			return nil, usagef("suggestion %s has %d pending changes: --change: name one of %s", s.ID, len(ids), strings.Join(ids, ", "))
		}
		change = ids[0]
	}
	return map[string]any{"changes": []string{change}, "edits": map[string]string{change: after}}, nil
}

func (p *program) decide(cmd *cobra.Command, args []string, verb string, changes []string, body map[string]any) error {
	return p.decideMany(cmd, args, verb, changes, body, batch{})
}

func (p *program) decideMany(cmd *cobra.Command, args []string, verb string, changes []string, body map[string]any, b batch) error {
	targets, err := p.targets(args)
	if err != nil {
		return err
	}
	if len(changes) > 0 {
		if len(targets) != 1 {
			return usagef("--change names a change of one suggestion: give one ID")
		}
		body["changes"] = changes
	}
	return p.withClient(cmd, func(ctx context.Context, c *apiClient, out *output) error {
		return carryOut(ctx, c, out, verb, targets, body, b)
	})
}

// carryOut decides, or with a dry run only shows.
func carryOut(ctx context.Context, c *apiClient, out *output, verb string, targets []picked, body map[string]any, b batch) error {
	if b.dryRun {
		return b.show(ctx, c, out, verb, targets)
	}
	targets, err := b.check(ctx, c, targets)
	if err != nil {
		return err
	}
	ids, seen := make([]string, len(targets)), map[string]string{}
	for i, t := range targets {
		ids[i], seen[t.id] = t.id, t.etag
	}
	if verb == "undo" && !out.Quiet {
		fmt.Fprintln(out.Stderr, "an undo is written like any change: until HubSpot has it, the suggestion stays applied")
	}
	return decideAll(ctx, out, ids, func(ctx context.Context, id string) (string, error) {
		return decideOne(ctx, c, picked{id, seen[id]}, verb, func(suggestion) (map[string]any, error) { return body, nil })
	})
}

// targets are the arguments, or standard input for "-": a JSON line with an etag decides only about what it shows.
func (p *program) targets(args []string) ([]picked, error) {
	var out []picked
	if len(args) != 1 || args[0] != "-" {
		for _, id := range args {
			out = append(out, picked{id: id})
		}
		return out, nil
	}
	lines := bufio.NewScanner(p.stdin)
	lines.Buffer(nil, 8<<20) // a whole suggestion may stand on a line
	for lines.Scan() {
		text := strings.TrimSpace(lines.Text())
		if text == "" {
			continue
		}
		if strings.HasPrefix(text, "{") {
			var named struct {
				ID   string `json:"id"`
				ETag string `json:"etag"`
			}
			if err := json.Unmarshal([]byte(text), &named); err != nil || named.ID == "" {
				return nil, usagef("line %d has no id: standard input: give ids, or JSON lines with an \"id\"", len(out)+1)
			}
			out = append(out, picked{named.ID, named.ETag})
			continue
		}
		out = append(out, picked{id: text})
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read standard input: %w", err)
	}
	return out, nil
}

// decideOne shows the suggestion to itself first: the decision holds for exactly what was read, or shown before, so a suggestion that moves in between is refused by the service.
func decideOne(ctx context.Context, c *apiClient, t picked, verb string, body func(suggestion) (map[string]any, error)) (string, error) {
	path := "/suggestions/" + url.PathEscape(t.id)
	var s item[suggestion]
	header, _, err := c.do(ctx, call{method: http.MethodGet, path: path}, &s)
	if err != nil {
		return "", err
	}
	etag := header.Get("ETag")
	if etag == "" {
		return "", fmt.Errorf("suggestion %s came without an ETag: GET /api/v1%s: see that no proxy strips it", t.id, path)
	}
	etag = cmp.Or(t.etag, etag)
	b, err := body(s.Read)
	if err != nil {
		return "", err
	}
	var after item[suggestion]
	if _, _, err := c.do(ctx, call{method: http.MethodPost, path: path + "/" + verb, body: b, etag: etag}, &after); err != nil {
		return "", err
	}
	return after.Read.State, nil
}

// decideAll acts on each id in order and prints one result each. Some failures are a partial success; only failures are the first one's error.
func decideAll(ctx context.Context, out *output, ids []string, act func(context.Context, string) (string, error)) error {
	results := []decided{}
	var failures []error
	var stopped error
	for _, id := range ids {
		state, err := act(ctx, id)
		if errors.Is(err, context.Canceled) {
			stopped = err
			break
		}
		r := decided{ID: id, OK: err == nil, State: state}
		if err != nil {
			r.Error = err.Error()
			failures = append(failures, err)
		}
		results = append(results, r)
		if out.Format == formatLines {
			if err := out.line(r); err != nil {
				return err
			}
		}
	}
	if out.Format != formatLines {
		err := out.Value(map[string]any{"items": results}, func(w io.Writer) {
			table(w, results, []column[decided]{{"ID", func(r decided) string { return r.ID }}, {"RESULT", func(r decided) string { return cmp.Or(r.Error, r.State) }}})
		})
		if err != nil {
			return err
		}
	}
	switch {
	case stopped != nil:
		return stopped
	case len(failures) == 0:
		return nil
	case len(failures) == len(ids):
		return failures[0]
	}
	return withExit(exitPartial, fmt.Errorf("%d of %d failed: see the results", len(failures), len(ids)))
}
