package main

import (
	"context"
	"slices"
	"time"

	"github.com/contextd/contextd/indexer"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot"
)

// planIndex counts what an order would read. It reads references only, and estimates the requests that the objects themselves would take: one per hundred, and one
// per hundred for the links of activities.
func planIndex(ctx context.Context, cfg Config, order indexOrder) (IndexPlan, error) {
	p, err := cfg.Selected()
	if err != nil {
		return IndexPlan{}, err
	}
	client, err := newClient(cfg, p, nil)
	if err != nil {
		return IndexPlan{}, err
	}
	ctx = hubspot.WithLane(ctx, crm.BackfillLane)
	plan := IndexPlan{Objects: map[crm.ObjectType]int{}}
	if len(order.Records) > 0 {
		err = planRecords(ctx, client, p.PortalID, order, &plan)
	} else {
		err = planTypes(ctx, client, order, &plan)
	}
	if err != nil {
		return IndexPlan{}, reachable(err, p)
	}
	for t, n := range plan.Objects {
		plan.Requests += (n + 99) / 100
		if t.IsActivity() {
			plan.Requests += (n + 99) / 100
		}
	}
	return plan, nil
}

func planRecords(ctx context.Context, client *hubspot.Client, portal crm.PortalID, order indexOrder, plan *IndexPlan) error {
	var records []crm.Ref
	for _, path := range order.Records {
		r, err := crm.ParsePath(portal, path)
		if err != nil {
			return err
		}
		records = append(records, r)
		plan.Objects[r.Type]++
	}
	activities, err := client.ActivitiesOf(ctx, records, order.Objects)
	for _, a := range activities {
		plan.Objects[a.Type]++
	}
	return err
}

func planTypes(ctx context.Context, client *hubspot.Client, order indexOrder, plan *IndexPlan) error {
	var since time.Time
	if order.Since != nil {
		since = *order.Since
	}
	left := order.Limit
	for _, t := range indexer.BackfillOrder() {
		if len(order.Objects) > 0 && !slices.Contains(order.Objects, t) {
			continue
		}
		n, err := count(ctx, client, t, since, left)
		if err != nil {
			return err
		}
		plan.Objects[t] = n
		if order.Limit > 0 {
			if left -= n; left == 0 {
				return nil
			}
		}
	}
	return nil
}

// count counts the objects of a type, those changed since a moment if one is given, at most limit (0: all).
func count(ctx context.Context, client *hubspot.Client, t crm.ObjectType, since time.Time, limit int) (n int, err error) {
	if !since.IsZero() {
		for _, err := range client.Changed(ctx, t, since) {
			if err != nil {
				return n, err
			}
			if n++; n == limit {
				break
			}
		}
		return n, nil
	}
	for after := ""; ; {
		page, next, err := client.ListRefs(ctx, t, false, after)
		if err != nil {
			return n, err
		}
		if n += len(page); limit > 0 && n >= limit {
			return limit, nil
		}
		if after = next; after == "" {
			return n, nil
		}
	}
}
