package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/contextd/contextd/indexer"
	"github.com/contextd/contextd/indexer/generation"
	"github.com/contextd/contextd/indexer/past"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/store"
	"github.com/contextd/contextd/internal/web"
	"github.com/contextd/contextd/retriever"
)

// generations rebuilds the index without a gap: the building is work like any other, so that it goes on after a crash.
type generations struct{ s *service }

// Reindex implements web.Generations.
func (g *generations) Reindex(ctx context.Context, r web.Reindex) error {
	if !r.Changed {
		if _, err := g.s.db.ResetMarks(ctx, r.Portal); err != nil {
			return err
		}
	}
	_, err := (&backfills{g.s}).StartBackfill(ctx, web.Backfill{Portal: r.Portal, By: r.By})
	return err
}

// BuildGeneration implements web.Generations.
func (g *generations) BuildGeneration(ctx context.Context, by crm.Actor) (crm.Generation, error) {
	next, err := g.s.index.Begin(ctx)
	if err != nil {
		return next, err
	}
	var marks []crm.Mark
	for _, p := range g.s.portals {
		marks = append(marks, crm.Mark{Portal: p, Kind: crm.BuildWork, Key: next.Name, Lane: crm.BackfillLane})
	}
	return next, errors.Join(g.s.db.Mark(ctx, marks, crm.Claim{}), g.audit(ctx, "generation.building", next.Name, by))
}

func (g *generations) audit(ctx context.Context, action, name string, by crm.Actor) error {
	for _, p := range g.s.portals {
		if err := g.s.db.Audit(ctx, crm.AuditEntry{Action: action, Actors: []crm.Actor{by}, Portal: p, IDs: map[string]string{"generation": name}}); err != nil {
			return err
		}
	}
	return nil
}

// build handles build work: the key is a generation's name. It begins where it was interrupted.
func (g *generations) build(ctx context.Context, claims []crm.Claim) []error {
	errs := make([]error, len(claims))
	for i, c := range claims {
		errs[i] = g.buildOne(ctx, c)
	}
	return errs
}

func buildCursor(name string) string { return "build/" + name }

func (g *generations) buildOne(ctx context.Context, c crm.Claim) error {
	at, err := g.s.db.Cursor(ctx, c.Portal, buildCursor(c.Key))
	if err != nil {
		return err
	}
	from := generation.Step{Portal: c.Portal}
	if at.Value != "" && !at.Finished {
		path, pos, _ := strings.Cut(at.Value, " ")
		ref, err := crm.ParsePath(c.Portal, path)
		if err != nil {
			return fmt.Errorf("cursor %q: %w", at.Value, err)
		}
		n, err := strconv.Atoi(pos)
		if err != nil {
			return fmt.Errorf("cursor %q: %w", at.Value, err)
		}
		from.After, from.Done = crm.Chunk{Activity: ref, Pos: n}, int(at.Done)
	}
	step := from
	keep := func(finished bool) error {
		value := ""
		if !step.After.Activity.IsZero() {
			value = step.After.Activity.Path() + " " + strconv.Itoa(step.After.Pos)
		}
		return g.s.db.KeepCursor(ctx, c.Portal, store.Cursor{Name: buildCursor(c.Key), Value: value, Done: int64(step.Done), Finished: finished}, nil)
	}
	if at.Finished { // asked for again: only what is not as the store says is embedded
		step.Done = int(at.Done)
	} else if err := g.s.index.Build(ctx, c.Key, from, func(next generation.Step) error {
		step = next
		return errors.Join(ctx.Err(), keep(false))
	}); err != nil {
		return err
	}
	if _, err := g.s.index.Reconcile(ctx, c.Key, c.Portal, true); err != nil { // what changed while it was built
		return err
	}
	return keep(true)
}

// state tells where a generation stands in one portal, and why its building failed last.
func (g *generations) state(ctx context.Context, gen crm.Generation, portal crm.PortalID) (state, lastError string, err error) {
	if gen.Live {
		return "live", "", nil
	}
	row, err := g.s.db.Row(ctx, portal, crm.BuildWork, gen.Name)
	switch {
	case errors.Is(err, crm.ErrNotFound):
		return "kept", "", nil
	case err != nil:
		return "", "", err
	case row.State == "buried":
		return "failed", row.LastError, nil
	case row.State == "done":
		return "built", "", nil
	}
	return "building", row.LastError, nil
}

// GenerationStates implements web.Generations.
func (g *generations) GenerationStates(ctx context.Context, portal crm.PortalID) ([]web.GenerationState, error) {
	all, err := g.s.index.Generations(ctx)
	if err != nil {
		return nil, err
	}
	counts, err := g.s.db.Counts(ctx, portal)
	if err != nil {
		return nil, err
	}
	out := []web.GenerationState{}
	for _, gen := range all {
		one := web.GenerationState{Generation: gen, Total: counts.Indexed}
		if one.State, one.LastError, err = g.state(ctx, gen, portal); err != nil {
			return nil, err
		}
		at, err := g.s.db.Cursor(ctx, portal, buildCursor(gen.Name))
		if err != nil {
			return nil, err
		}
		one.Done = int(at.Done)
		if one.State != "building" && one.State != "failed" {
			one.Done = one.Total
		}
		out = append(out, one)
	}
	return out, nil
}

// SwapGeneration implements web.Generations.
func (g *generations) SwapGeneration(ctx context.Context, force bool, by crm.Actor) (web.Replay, error) {
	next, err := g.built(ctx)
	if err != nil {
		return web.Replay{}, err
	}
	live := g.s.index.Live()
	probes, err := g.probes(ctx)
	if err != nil {
		return web.Replay{}, err
	}
	newer, err := g.s.index.Named(ctx, next.Name)
	if err != nil {
		return web.Replay{}, err
	}
	r, err := generation.Replay(ctx, probes, live, newer, g.ask)
	if err != nil {
		return web.Replay{}, err
	}
	out := web.Replay{From: live.Name, To: next.Name, Known: r.Known, FromMRR: r.OldMRR, ToMRR: r.NewMRR, Recent: r.Other, Agreement: r.Agreement, Worse: r.Worse()}
	if out.Worse && !force {
		return out, nil
	}
	err = g.s.index.SwapWhole(ctx, next.Name, g.s.portals)
	if out.Swapped = g.s.index.Live().Name == next.Name; !out.Swapped {
		return out, err
	}
	return out, errors.Join(err, g.swapped(ctx, "generation.swapped", next.Name, by), g.prune(ctx, live.Name))
}

// prune drops the generations before the one that was live until now: one is kept for a rollback, more would only take space and hold what is to be forgotten.
func (g *generations) prune(ctx context.Context, keep string) error {
	all, err := g.s.index.Generations(ctx)
	if err != nil {
		return err
	}
	for _, gen := range all {
		if gen.Name == keep || gen.Live {
			break // oldest first: those behind are newer
		}
		if !generation.Ours(gen.Name) {
			continue // an evaluation may be at work in it
		}
		if err := g.s.index.Drop(ctx, gen.Name); err != nil {
			return fmt.Errorf("drop generation %s: %w", gen.Name, err)
		}
	}
	return g.forgetCuts(ctx)
}

// forgetCuts deletes the chunks of chunkers that no generation belongs to any more.
func (g *generations) forgetCuts(ctx context.Context) error {
	all, err := g.s.index.Generations(ctx)
	if err != nil {
		return err
	}
	keep := []int{g.s.index.Options.Chunker.Version}
	for _, gen := range all {
		chunker, err := generation.ChunkerOf(gen)
		if err != nil {
			return err
		}
		keep = append(keep, chunker)
	}
	slices.Sort(keep)
	return g.s.db.ForgetCuts(ctx, slices.Compact(keep))
}

// built is the newest generation that is not live and whose building has ended in every portal.
func (g *generations) built(ctx context.Context) (crm.Generation, error) {
	all, err := g.s.index.Generations(ctx)
	if err != nil {
		return crm.Generation{}, err
	}
	for _, gen := range slices.Backward(all) {
		if gen.Live {
			break // older ones are for a rollback
		}
		if !generation.Ours(gen.Name) {
			continue // an evaluation that was killed may have left it
		}
		for _, p := range g.s.portals {
			switch state, cause, err := g.state(ctx, gen, p); {
			case err != nil:
				return gen, err
			case state == "building":
				return gen, fmt.Errorf("generation %s is being built: wait for its end: %w", gen.Name, crm.ErrConflict)
			case state == "failed":
				return gen, fmt.Errorf("building generation %s was given up (%s): contextd work redrive build:%s: %w", gen.Name, cause, gen.Name, crm.ErrConflict)
			}
		}
		return gen, nil
	}
	return crm.Generation{}, fmt.Errorf("a built generation that is newer than the live one: contextd reindex --new-generation builds one: %w", crm.ErrNotFound)
}

// RollBack implements web.Generations. What changed since the swap is written to the earlier generation before it answers again.
func (g *generations) RollBack(ctx context.Context, by crm.Actor) (crm.Generation, error) {
	all, err := g.s.index.Generations(ctx)
	if err != nil {
		return crm.Generation{}, err
	}
	i := slices.IndexFunc(all, func(gen crm.Generation) bool { return gen.Live })
	earlier, err := g.earlier(ctx, all[:i])
	if err != nil {
		return earlier, err
	}
	err = g.s.index.SwapWhole(ctx, earlier.Name, g.s.portals)
	if g.s.index.Live().Name != earlier.Name {
		return earlier, err
	}
	return earlier, errors.Join(err, g.swapped(ctx, "generation.rolled_back", earlier.Name, by))
}

// earlier is the newest of these that can answer: one whose building was not ended or was given up never did, and an evaluation that was killed may have left one.
func (g *generations) earlier(ctx context.Context, before []crm.Generation) (crm.Generation, error) {
	for _, gen := range slices.Backward(before) {
		usable := generation.Ours(gen.Name)
		for _, p := range g.s.portals {
			state, _, err := g.state(ctx, gen, p)
			if err != nil {
				return gen, err
			}
			usable = usable && state != "building" && state != "failed"
		}
		if usable {
			return gen, nil
		}
	}
	return crm.Generation{}, fmt.Errorf("a generation before the live one: %w", crm.ErrNotFound)
}

// swapped does what follows when another generation is live: it is told, and the profiles of the one before are forgotten.
func (g *generations) swapped(ctx context.Context, action, name string, by crm.Actor) error {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second) // detached: it has happened, whether or not somebody still waits for the answer
	defer stop()
	return errors.Join(g.audit(ctx, action, name, by), (&profiles{g.s}).forget(ctx))
}

// VerifyIndex implements web.Generations.
func (g *generations) VerifyIndex(ctx context.Context, portal crm.PortalID, mend bool, by crm.Actor) (web.Verified, error) {
	r, err := g.s.index.Reconcile(ctx, "", portal, mend)
	if err != nil || r.Mended == 0 {
		return web.Verified(r), err
	}
	return web.Verified(r), g.s.db.Audit(ctx, crm.AuditEntry{Action: "index.mended", Actors: []crm.Actor{by}, Portal: portal, IDs: map[string]string{"activities": strconv.Itoa(r.Mended)}})
}

// Sizes of a replay.
const (
	knownProbes  = 100 // per portal
	recentProbes = 100
)

// probes are questions to compare generations with: the subjects of activities, each of which should find its own activity, and what people asked lately.
func (g *generations) probes(ctx context.Context) ([]generation.Probe, error) {
	var out []generation.Probe
	for _, p := range g.s.portals {
		subjects, err := g.s.db.Subjects(ctx, p, knownProbes)
		if err != nil {
			return nil, err
		}
		for _, a := range subjects {
			if len(a.Accounts) > 0 {
				out = append(out, generation.Probe{Want: a.Ref, Question: crm.Question{Filter: crm.Filter{Portal: p, Account: a.Accounts[0]}, Text: a.Subject}})
			}
		}
		asked, err := g.s.db.Queries(ctx, p, recentProbes)
		if err != nil {
			return nil, err
		}
		for _, q := range asked {
			out = append(out, generation.Probe{Question: q})
		}
	}
	return out, nil
}

// ask answers a question with one generation's vectors.
func (g *generations) ask(ctx context.Context, o *generation.Open, q crm.Question) ([]crm.Ref, error) {
	found, err := g.s.searching(o).Retrieve(ctx, q)
	var out []crm.Ref
	for _, p := range found.Passages {
		if !slices.Contains(out, p.Activity) {
			out = append(out, p.Activity)
		}
	}
	return out, err
}

// near is a generation, or the live one of a set.
type near interface {
	Near(ctx context.Context, text string, f crm.Filter, n int) (item, window crm.Cosines, embedder string, err error)
	NearBeside(ctx context.Context, text string, f crm.Filter, n int, beside []crm.Chunk) (item, window crm.Cosines, embedder string, err error)
}

// dense gives it the face that the retriever asks for.
type dense struct{ near }

// Near implements retriever.Dense.
func (d dense) Near(ctx context.Context, text string, f crm.Filter, n int) (retriever.Near, error) {
	item, window, name, err := d.near.Near(ctx, text, f, n)
	return retriever.Near{Item: item, Window: window, Embedder: name}, err
}

// pasts gives the accounts of the past and a generation the face that the retriever asks for.
type pasts struct {
	*past.Accounts
	dense
}

// Near implements retriever.Past.
func (p pasts) Near(ctx context.Context, text string, f crm.Filter, n int, beside []crm.Chunk) (retriever.Near, error) {
	item, window, name, err := p.NearBeside(ctx, text, f, n, beside)
	return retriever.Near{Item: item, Window: window, Embedder: name}, err
}

var _ indexer.Vectors = (*generation.Set)(nil)
