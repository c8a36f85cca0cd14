package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/contextd/contextd/internal/crm"
)

func (p *program) workCommand() *cobra.Command {
	return group(&cobra.Command{Use: "work", Short: "Look at the work that is waiting or was given up"},
		p.workListCommand(), p.workActCommand("redrive", "Try given-up work again", "  contextd work redrive index:calls/9101\n  contextd work redrive --all"),
		p.workActCommand("bury", "Give up work, so that it is not tried again", "  contextd work bury consider:call_summary:calls/9101"))
}

func (p *program) workListCommand() *cobra.Command {
	var state, kind string
	var limit int
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List work: ready, waiting, running or buried",
		Example: "  contextd work list --state buried",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			q := url.Values{}
			if !slices.Contains([]string{"", "all", "ready", "waiting", "running", "buried", "done"}, state) {
				return usagef("--state %q is not a state: use ready, waiting, running, buried, done or all", state)
			}
			if kind != "" {
				if !slices.Contains(crm.WorkKinds(), crm.WorkKind(kind)) {
					return usagef("--kind %q is not a kind of work: use one of %v", kind, crm.WorkKinds())
				}
				q.Set("kind", kind)
			}
			if err := limitArg(limit); err != nil {
				return err
			}
			return p.withClient(cmd, func(ctx context.Context, c *apiClient, out *output) error {
				list, err := listWork(ctx, c, q, state, limit)
				if err != nil {
					return err
				}
				return printList(out, list, list.Items, []column[item[workView]]{
					{"WORK", func(r item[workView]) string { return r.Read.name() }},
					{"STATE", func(r item[workView]) string { return r.Read.State }},
					{"LANE", func(r item[workView]) string { return r.Read.Lane }},
					{"ATTEMPTS", func(r item[workView]) string { return strconv.Itoa(r.Read.Attempts) }},
					{"ERROR", func(r item[workView]) string { return shorten(r.Read.cause(), 120) }},
				})
			})
		},
	}
	cmd.Flags().StringVar(&state, "state", "", "only ready, waiting, running, buried or done work, or all (default: all that is not done)")
	cmd.Flags().StringVar(&kind, "kind", "", "only this kind: record, index, consider, apply, backfill or erase")
	cmd.Flags().IntVar(&limit, "limit", 100, "rows at most (0: all)")
	return cmd
}

// listWork lists the work of one state, of all, or without one what is not done: first what was given up, then what is still to do.
func listWork(ctx context.Context, c *apiClient, q url.Values, state string, limit int) (page[workView], error) {
	switch state {
	case "all":
		return collect[workView](ctx, c, "/work", q, limit)
	case "":
	default:
		q.Set("state", state)
		return collect[workView](ctx, c, "/work", q, limit)
	}
	q.Set("state", "buried")
	buried, err := collect[workView](ctx, c, "/work", q, limit)
	if err != nil || limit > 0 && len(buried.Items) >= limit {
		return buried, err
	}
	open := maps.Clone(q)
	open.Set("state", "open")
	open.Del("cursor")
	open.Del("limit")
	if limit > 0 {
		limit -= len(buried.Items)
	}
	out, err := collect[workView](ctx, c, "/work", open, limit)
	out.Items = append(buried.Items, out.Items...)
	return out, err
}

// workActCommand is redrive or bury; only redrive takes --all.
func (p *program) workActCommand(verb, short, example string) *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:     verb + " WORK…",
		Short:   short,
		Long:    short + ". WORK is kind:key, the first column of contextd work list.",
		Example: example,
		RunE: func(cmd *cobra.Command, args []string) error {
			if all == (len(args) > 0) {
				return usagef("work %s: name the work as kind:key, the first column of contextd work list", verb)
			}
			for _, a := range args {
				if kind, key, ok := strings.Cut(a, ":"); !ok || key == "" || !slices.Contains(crm.WorkKinds(), crm.WorkKind(kind)) {
					return usagef("%q is not work: use kind:key, such as index:calls/9101", a)
				}
			}
			return p.withClient(cmd, func(ctx context.Context, c *apiClient, out *output) error {
				if all {
					list, err := collect[workView](ctx, c, "/work", url.Values{"state": {"buried"}}, 0)
					if err != nil {
						return err
					}
					for _, r := range list.Items {
						args = append(args, r.Read.name())
					}
				}
				return decideAll(ctx, out, args, func(ctx context.Context, name string) (string, error) {
					return moveWork(ctx, c, verb, name)
				})
			})
		},
	}
	if verb == "redrive" {
		cmd.Flags().BoolVar(&all, "all", false, "all buried work")
	}
	return cmd
}

// moveWork redrives or buries one row and returns the state that it has then.
func moveWork(ctx context.Context, c *apiClient, verb, name string) (string, error) {
	var moved struct {
		Items []struct {
			Moved bool `json:"moved"`
		} `json:"items"`
	}
	if _, _, err := c.do(ctx, call{method: http.MethodPost, path: "/work/" + verb, body: map[string][]string{"ids": {name}}}, &moved); err != nil {
		return "", err
	}
	if len(moved.Items) != 1 || !moved.Items[0].Moved {
		return "", fmt.Errorf("%s is not there, or not in a state to %s: see contextd work list", name, verb)
	}
	return map[string]string{"redrive": "ready", "bury": "buried"}[verb], nil
}

// cause is the last error without what the row's own name says.
func (w workView) cause() string {
	return strings.TrimPrefix(oneLine(w.LastError), w.Kind+" "+w.Key+": ")
}
