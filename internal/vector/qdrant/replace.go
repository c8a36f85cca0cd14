package qdrant

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	pb "github.com/qdrant/go-client/qdrant"

	"github.com/contextd/contextd/internal/crm"
)

// Replace looks at what is stored of the batch's activities, then writes in one request per five hundred points: new points first, an activity's other points after
// them, so that a crash in between leaves too much, never too little, and the reconcile job takes it away. Everything is checked before the first request.
//
// An older version never overwrites a newer one: it is left out when the newer one is seen, and the conditions of the writes (modified no later than ours) hold where
// another process writes at the same moment. What they cannot prevent is that such a process's newer chunks, with ids of their own, appear between our look and our
// write: both are then stored until the next write of the activity or the reconcile job.
func (x *Index) Replace(ctx context.Context, batch []crm.Kept) error {
	g, err := x.target(ctx)
	if err != nil {
		return err
	}
	for i := range batch {
		if err := checkKept(&batch[i], g); err != nil {
			return err
		}
	}
	for _, round := range rounds(batch) {
		if err := x.replace(ctx, g, round); err != nil {
			return err
		}
	}
	return nil
}

// rounds cuts a batch where an activity comes again, so that the later one finds the earlier.
func rounds(batch []crm.Kept) [][]*crm.Kept {
	var out [][]*crm.Kept
	var round []*crm.Kept
	seen := map[crm.Ref]bool{}
	for i := range batch {
		if seen[batch[i].Activity.Ref] {
			out, round, seen = append(out, round), nil, map[crm.Ref]bool{}
		}
		seen[batch[i].Activity.Ref] = true
		round = append(round, &batch[i])
	}
	if len(round) > 0 {
		out = append(out, round)
	}
	return out
}

// replace writes activities that differ, in parts of one portal and about maxPoints chunks, a few at a time.
func (x *Index) replace(ctx context.Context, g *generation, round []*crm.Kept) error {
	activities := make([]crm.Ref, len(round))
	for i, k := range round {
		activities[i] = k.Activity.Ref
	}
	release, err := x.s.busy.acquire(ctx, activities)
	if err != nil {
		return fmt.Errorf("qdrant: replace: %w", err)
	}
	defer release()
	parts := parted(round)
	if len(parts) == 1 {
		return x.replacePart(ctx, g, parts[0])
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	slots := make(chan struct{}, x.s.o.Streams)
	errs := make([]error, len(parts))
	var wg sync.WaitGroup
	for i, part := range parts {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			if errs[i] = context.Cause(ctx); errs[i] == nil {
				errs[i] = x.replacePart(ctx, g, part)
			}
			if errs[i] != nil {
				cancel(errs[i])
			}
		})
	}
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		return err // the first one: the others follow from it
	}
	return errors.Join(errs...)
}

func parted(round []*crm.Kept) [][]*crm.Kept {
	round = slices.Clone(round)
	slices.SortStableFunc(round, func(a, b *crm.Kept) int { return cmp.Compare(a.Activity.Ref.Portal, b.Activity.Ref.Portal) })
	var out [][]*crm.Kept
	from, size := 0, 0
	for i, k := range round {
		if i > from && (size+len(k.Chunks) > maxPoints || i-from >= maxPoints || k.Activity.Ref.Portal != round[from].Activity.Ref.Portal) {
			out, from, size = append(out, round[from:i]), i, 0
		}
		size += len(k.Chunks)
	}
	return append(out, round[from:])
}

func (x *Index) replacePart(ctx context.Context, g *generation, part []*crm.Kept) error {
	portal := part[0].Activity.Ref.Portal
	sp := space{x.s.collection(g.Name), g}
	stored, err := x.stored(ctx, sp, portal, part)
	if err != nil {
		return err
	}
	var changes []change
	var fresh []*pb.PointStruct // of activities that have nothing stored: together, in as few upserts as possible
	var oldest time.Time
	for _, k := range part {
		at, exists := stored[k.Activity.Ref.Path()]
		removed := len(k.Chunks) == 0 || len(k.Accounts) == 0
		switch {
		case !exists && removed, exists && !k.Activity.Modified.IsZero() && k.Activity.Modified.UnixMicro() < at:
		case !exists:
			if m := k.Activity.Modified; len(fresh) == 0 || m.Before(oldest) {
				oldest = m
			}
			fresh = append(fresh, points(k, g)...)
		default:
			var next []*pb.PointStruct
			if !removed {
				next = points(k, g)
			}
			more, err := overwrite(k, next)
			if err != nil {
				return err
			}
			changes = append(changes, more...)
		}
	}
	return x.s.write(ctx, sp, append(puts(portal, fresh, oldest), changes...)...)
}

// overwrite puts an activity's points and then removes all others of it.
func overwrite(k *crm.Kept, next []*pb.PointStruct) ([]change, error) {
	sc, err := ofActivity(k.Activity.Ref, k.Activity.Modified)
	if err != nil {
		return nil, err
	}
	return append(puts(k.Activity.Ref.Portal, next, k.Activity.Modified), drop(sc.except(ids(next)))), nil
}

// puts writes points in upserts that the server's strict mode lets through; modified guards those that exist (zero: not).
func puts(portal crm.PortalID, points []*pb.PointStruct, modified time.Time) []change {
	var guard *pb.Condition
	if !modified.IsZero() {
		guard = notNewer(modified)
	}
	var out []change
	for part := range slices.Chunk(points, maxPoints) {
		out = append(out, put(portal, part, guard))
	}
	return out
}

// stored is, for each of these activities that has points, by path, when the newest of them was modified.
func (x *Index) stored(ctx context.Context, sp space, portal crm.PortalID, part []*crm.Kept) (map[string]int64, error) {
	paths := make([]string, len(part))
	for i, k := range part {
		paths[i] = k.Activity.Ref.Path()
	}
	sc, err := within(portal, pb.NewMatchKeywords(activityField, paths...))
	if err != nil {
		return nil, err
	}
	out := map[string]int64{}
	for p, err := range x.s.scroll(ctx, sp, sc, nil, activityField, modifiedField) {
		if err != nil {
			return nil, err
		}
		path, at := p.GetPayload()[activityField].GetStringValue(), p.GetPayload()[modifiedField].GetIntegerValue()
		if have, ok := out[path]; !ok || at > have {
			out[path] = at
		}
	}
	return out, nil
}

// Relink writes the accounts and people of all points of the activity; no vectors are read or sent.
func (x *Index) Relink(ctx context.Context, activity crm.Ref, accounts, people []crm.Ref) error {
	if err := errors.Join(checkRefs(activity.Portal, activity), checkRefs(activity.Portal, accounts...), checkRefs(activity.Portal, people...)); err != nil {
		return err
	}
	g, err := x.target(ctx)
	if err != nil {
		return err
	}
	release, err := x.s.busy.acquire(ctx, []crm.Ref{activity})
	if err != nil {
		return fmt.Errorf("qdrant: relink %s: %w", activity, err)
	}
	defer release()
	sc, err := ofActivity(activity, time.Time{})
	if err != nil {
		return err
	}
	sp := space{x.s.collection(g.Name), g}
	n, err := x.s.count(ctx, sp, sc)
	if err != nil {
		return err
	}
	if n == 0 { // setting the payload of no points is no error to the server
		return fmt.Errorf("qdrant: relink %s: it has no chunks here: %w", activity, crm.ErrNotFound)
	}
	if len(accounts) == 0 {
		return x.s.write(ctx, sp, drop(sc))
	}
	return x.s.write(ctx, sp, set(sc, map[string]*pb.Value{accountsField: paths(accounts), peopleField: paths(people)}))
}
