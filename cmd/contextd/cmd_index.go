package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/contextd/contextd/internal/crm"
)

// indexView is the answer to an order to index. A dry run says what would be read; otherwise Marked is how many records or lists were put into the backfill lane.
type indexView struct {
	Objects map[string]int `json:"objects"` // dry run: objects that would be read, by type
	Calls   int            `json:"calls"`   // dry run: requests to HubSpot, estimated
	Marked  int            `json:"marked"`
}

func (p *program) indexCommand() *cobra.Command {
	var since, objects string
	var limit int
	var dry bool
	cmd := &cobra.Command{
		Use:   "index [RECORD…]",
		Short: "Read history from HubSpot and index it",
		Long: "Read history from HubSpot and index it: everything, or the named records with their activities. It goes on where it was interrupted, in the service as well\n" +
			"as here; running it twice costs nothing.",
		Example: "  contextd index --limit 200 --dry-run\n  contextd index companies/123\n  contextd index --since 365d --objects companies,calls,emails",
		RunE: func(cmd *cobra.Command, args []string) error {
			body := map[string]any{}
			for _, a := range args {
				if _, err := recordArg(a); err != nil {
					return err
				}
			}
			if len(args) > 0 {
				body["records"] = args
			}
			at, err := timeArg("since", since, time.Now())
			if err != nil {
				return err
			}
			if at != "" {
				body["since"] = at
			}
			if objects != "" {
				types := strings.Split(objects, ",")
				for i, t := range types {
					types[i] = strings.TrimSpace(t)
					if _, err := crm.ParseObjectType(types[i]); err != nil {
						return usagef("--objects: %q is not an object type: use companies, contacts, deals, tickets, calls, meetings, emails, notes, tasks or communications", t)
					}
				}
				body["objects"] = types
			}
			if err := limitArg(limit); err != nil {
				return err
			}
			if limit > 0 {
				body["limit"] = limit
			}
			if dry {
				body["dry_run"] = true
			}
			return p.withClient(cmd, func(ctx context.Context, c *apiClient, out *output) error { return index(ctx, c, out, body, dry) })
		},
	}
	f := cmd.Flags()
	f.StringVar(&since, "since", "", "only what changed after this `TIME`")
	f.StringVar(&objects, "objects", "", "only these object types, separated by commas")
	f.IntVar(&limit, "limit", 0, "objects of each type at most (0: all)")
	f.BoolVar(&dry, "dry-run", false, "say what would be read; read nothing else")
	return cmd
}

func index(ctx context.Context, c *apiClient, out *output, body map[string]any, dry bool) error {
	var answer item[indexView]
	before, err := readStatus(ctx, c)
	if err != nil {
		return err
	}
	if _, _, err := c.do(ctx, call{method: http.MethodPost, path: "/index", body: body}, &answer); err != nil {
		return err
	}
	if dry {
		return out.Value(answer, func(w io.Writer) {
			fmt.Fprintf(w, "would read %s in about %d requests\n", pairs(answer.Read.Objects, strconv.Itoa), answer.Read.Calls)
		})
	}
	bars := newProgress(out)
	defer bars.close()
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		s, err := readStatus(ctx, c)
		if err != nil {
			return err
		}
		bars.show(s.Read.Coverage)
		if s.Read.Work[crm.BackfillLane.String()] == 0 {
			bars.close()
			return indexed(ctx, c, out, before.Read, s)
		}
		if err := wait(ctx, pause); err != nil {
			return err
		}
	}
}

// indexed prints the end state; work that was given up on the way makes it a partial success.
func indexed(ctx context.Context, c *apiClient, out *output, before statusView, after item[statusView]) error {
	if err := out.Value(after, func(w io.Writer) { fmt.Fprintf(w, "done: %s\n", pairs(after.Read.Coverage, percent)) }); err != nil {
		return err
	}
	buried, err := collect[workView](ctx, c, "/work", map[string][]string{"state": {"buried"}}, 0)
	if err != nil {
		return err
	}
	n := len(slices.DeleteFunc(buried.Items, func(r item[workView]) bool {
		return r.Read.Kind != string(crm.IndexWork) && r.Read.Kind != string(crm.RecordWork) && r.Read.Kind != string(crm.BackfillWork)
	}))
	if n > 0 {
		return withExit(exitPartial, fmt.Errorf("%d objects could not be indexed: see contextd work list --state buried", n))
	}
	return nil
}
