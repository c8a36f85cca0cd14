package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/contextd/contextd/internal/crm"
)

// indexOrder says what to read: the named records, or whole object types (neither: all), changed since then, at most Limit objects.
type indexOrder struct {
	Records []string         `json:"records,omitempty"`
	Objects []crm.ObjectType `json:"objects,omitempty"`
	Since   *time.Time       `json:"since,omitempty"`
	Limit   int              `json:"limit,omitempty"`
}

// isEverything tells an order without any wish.
func (o indexOrder) isEverything() bool {
	return len(o.Records) == 0 && len(o.Objects) == 0 && o.Since == nil && o.Limit == 0
}

// IndexPlan is what an order would read: objects by type, and about how many requests to HubSpot that takes.
type IndexPlan struct {
	Objects  map[crm.ObjectType]int `json:"objects"`
	Requests int                    `json:"requests"`
}

func (p *program) indexCommand() *cobra.Command {
	var since, objects string
	var order indexOrder
	var dry bool
	cmd := &cobra.Command{
		Use:   "index [RECORD…]",
		Short: "Read history from HubSpot and index it",
		Long: "Read history from HubSpot and index it: everything, or the named records. It goes on where it was interrupted, and a second time costs nothing.\n" +
			"An interruption here does not stop the service: it goes on with what was ordered.",
		Example: "  contextd index\n  contextd index companies/123\n  contextd index --since 365d --objects companies,calls,emails",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := order.complete(args, since, objects); err != nil {
				return err
			}
			if dry {
				return p.planIndex(cmd, order)
			}
			return p.withClient(cmd, func(ctx context.Context, c *apiClient, out *output) error { return index(ctx, c, out, order) })
		},
	}
	f := cmd.Flags()
	f.StringVar(&since, "since", "", "only what changed after this `TIME`")
	f.StringVar(&objects, "objects", "", "only these object types, separated by commas")
	f.IntVar(&order.Limit, "limit", 0, "objects at most (0: all)")
	cmd.AddCommand(p.verifyCommand())
	if p.commands.planIndex != nil {
		f.BoolVar(&dry, "dry-run", false, "say what would be read; read nothing else")
	}
	return cmd
}

func (o *indexOrder) complete(args []string, since, objects string) error {
	for _, a := range args {
		if _, err := recordArg(a); err != nil {
			return err
		}
	}
	o.Records = args
	at, err := timeArg("since", since, time.Now())
	if err != nil {
		return err
	}
	if at != "" {
		t, err := time.Parse(time.RFC3339, at)
		if err != nil {
			return fmt.Errorf("read --since again: %w", err)
		}
		o.Since = &t
	}
	if objects != "" {
		for name := range strings.SplitSeq(objects, ",") {
			t, err := crm.ParseObjectType(strings.TrimSpace(name))
			if err != nil {
				return usagef("--objects: %q is not an object type: use companies, contacts, deals, tickets, calls, meetings, emails, notes, tasks or communications", name)
			}
			o.Objects = append(o.Objects, t)
		}
	}
	if len(o.Records) > 0 && len(o.Objects) > 0 {
		return usagef("RECORD and --objects exclude each other: name records or types")
	}
	return limitArg(o.Limit)
}

func (p *program) planIndex(cmd *cobra.Command, order indexOrder) error {
	out, cfg, err := p.portalCommand(cmd)
	if err != nil {
		return err
	}
	plan, err := p.commands.planIndex(cmd.Context(), cfg, order)
	if err != nil {
		return err
	}
	return out.Value(plan, func(w io.Writer) {
		fmt.Fprintf(w, "would read %s in about %d requests\n", pairs(plan.Objects, strconv.Itoa), plan.Requests)
	})
}

// index gives the order and watches until the backfill lane is empty. A bare order that is already under way is watched; one with wishes of its own is refused.
func index(ctx context.Context, c *apiClient, out *output, order indexOrder) error {
	var started struct {
		Objects *int `json:"objects"`
	}
	_, status, err := c.do(ctx, call{method: http.MethodPost, path: "/index", body: order}, &started)
	if status == http.StatusConflict && order.isEverything() {
		out.Say("indexing is already under way; this only watches it")
		err = nil
	}
	if err != nil {
		return err
	}
	return watchIndex(ctx, c, out, order, started.Objects)
}

// watchIndex watches until the backfill lane is empty, and prints the end. objects is the size of an order of named or changed objects, nil for whole types.
func watchIndex(ctx context.Context, c *apiClient, out *output, order indexOrder, objects *int) error {
	bars := newProgress(out)
	defer bars.close()
	troubles := map[string]string{}
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		all, left, busy, err := indexState(ctx, c, order)
		if err != nil {
			return err
		}
		if objects == nil {
			for _, b := range all.Items {
				bars.count(b.Read.Object, int(b.Read.Indexed+b.Read.Failed), int(b.Read.Listed))
			}
		} else {
			bars.count("objects", *objects-min(left, *objects), *objects)
		}
		tell(out, all, troubles)
		if !busy {
			bars.close()
			return indexed(ctx, c, out, order, all, objects)
		}
		if err := wait(ctx, pause); err != nil {
			return err
		}
	}
}

// indexState reads how far each type of the order is, how much is left in the lane, and whether anything is left to do. The lane is read after the list: what the
// list calls done has its work in the lane.
func indexState(ctx context.Context, c *apiClient, order indexOrder) (all page[backfillView], left int, busy bool, err error) {
	if _, _, err := c.do(ctx, call{method: http.MethodGet, path: "/index"}, &all); err != nil {
		return all, 0, false, err
	}
	all.Items = slices.DeleteFunc(all.Items, func(b item[backfillView]) bool {
		return len(order.Objects) > 0 && !slices.Contains(order.Objects, crm.ObjectType(b.Read.Object))
	})
	s, err := readStatus(ctx, c)
	left = s.Read.Work[crm.BackfillLane.String()]
	busy = left > 0
	for _, b := range all.Items {
		busy = busy || b.Read.State == "queued" || b.Read.State == "running"
	}
	return all, left, busy, err
}

// tell says, once each, why something does not go on: it is tried again, so the watching goes on too.
func tell(out *output, all page[backfillView], told map[string]string) {
	for _, b := range all.Items {
		if why := oneLine(b.Read.LastError); why != "" && told[b.Read.Object] != why {
			told[b.Read.Object] = why
			out.Say("%s: %s; it is tried again", b.Read.Object, why)
		}
	}
}

// indexed prints the end; whatever could not be indexed makes it a partial success.
func indexed(ctx context.Context, c *apiClient, out *output, order indexOrder, all page[backfillView], objects *int) error {
	if len(order.Records) > 0 {
		return decideAll(ctx, out, order.Records, func(ctx context.Context, record string) (string, error) {
			rows, err := collect[workView](ctx, c, "/work", url.Values{"kind": {string(crm.RecordWork)}, "key": {record}, "state": {"buried"}}, 1)
			if err == nil && len(rows.Items) > 0 {
				err = errors.New(oneLine(rows.Items[0].Read.LastError))
			}
			return "indexed", err
		})
	}
	if objects != nil {
		return indexedObjects(ctx, c, out, *objects)
	}
	number := func(get func(backfillView) int64) func(item[backfillView]) string {
		return func(b item[backfillView]) string { return strconv.FormatInt(get(b.Read), 10) }
	}
	err := printList(out, all, all.Items, []column[item[backfillView]]{
		{"OBJECT", func(b item[backfillView]) string { return b.Read.Object }},
		{"STATE", func(b item[backfillView]) string { return b.Read.State }},
		{"FOUND", number(func(b backfillView) int64 { return b.Listed })},
		{"INDEXED", number(func(b backfillView) int64 { return b.Indexed })},
		{"FAILED", number(func(b backfillView) int64 { return b.Failed })},
		{"ERROR", func(b item[backfillView]) string { return shorten(b.Read.LastError, 80) }},
	})
	if err != nil {
		return err
	}
	lost, broken := int64(0), []string{}
	for _, b := range all.Items {
		lost += b.Read.Failed
		if b.Read.State == "failed" {
			broken = append(broken, b.Read.Object)
		}
	}
	if lost > 0 || len(broken) > 0 {
		return withExit(exitPartial, fmt.Errorf("the index is not complete: %d objects failed, types given up: %s: see contextd work list --state buried", lost, orNone(strings.Join(broken, ", "))))
	}
	return nil
}

// indexedObjects prints the end of an order of so many objects.
func indexedObjects(ctx context.Context, c *apiClient, out *output, objects int) error {
	failed := 0
	for _, kind := range []crm.WorkKind{crm.RecordWork, crm.IndexWork} {
		rows, err := collect[workView](ctx, c, "/work", url.Values{"kind": {string(kind)}, "state": {"buried"}}, 0)
		if err != nil {
			return err
		}
		failed += len(rows.Items)
	}
	err := out.Value(map[string]int{"objects": objects, "failed": failed}, func(w io.Writer) { fmt.Fprintf(w, "%d objects read and indexed\n", objects) })
	if err == nil && failed > 0 {
		err = withExit(exitPartial, fmt.Errorf("the index is not complete: %d objects are given up: see contextd work list --state buried", failed))
	}
	return err
}
