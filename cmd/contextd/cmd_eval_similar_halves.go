package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/evals/retrieval"
	"github.com/contextd/contextd/retriever/similar"
)

// similarHalves cuts the accounts of each set in two and puts the second halves into an index. The worlds that it has made are returned with an error, too, to be closed.
func similarHalves(ctx context.Context, out *output, o evalOptions) (asked []similarWorld, worlds []*evalWorld, err error) {
	embedder, cache, err := evalEmbedder(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	if embedder == nil {
		return nil, nil, usagef("--embedder none: similar accounts are compared by meaning, too")
	}
	for i, dir := range o.sets {
		set, err := retrieval.Load(dir)
		if err != nil {
			return nil, worlds, fmt.Errorf("set %s: %w", dir, err)
		}
		names := inHalves(set)
		w := &evalWorld{set: set}
		if i == 0 {
			w.embedder = cache
		}
		worlds = append(worlds, w)
		if err := w.build(ctx, o, embedder); err != nil {
			return nil, worlds, fmt.Errorf("set %s: %w", set.Name, err)
		}
		s := similarWorld{set: set.Name + "/halves", backEnd: o.backs[0].name, embedder: strings.Split(o.embedder, "@")[0]}
		s.finder = &similar.Finder{Builder: similar.Builder{Texts: w.db, Statistics: evalStatistics{&w.words}.Statistics},
			Live: func() (similar.Index, similar.Embedder) { return w.backs[0].Index, w.backs[0].Embedder }}
		if err := s.fill(ctx, w, names); err != nil {
			return nil, worlds, fmt.Errorf("set %s: %w", set.Name, err)
		}
		out.Say("%s: %d accounts cut in two", set.Name, len(names))
		asked = append(asked, s)
	}
	return asked, worlds, nil
}

// inHalves makes two accounts of each, NAME/1 and NAME/2, with as many documents, and drops those that have only one. It returns the names.
func inHalves(set *retrieval.Set) (names []string) {
	count, at := map[string]int{}, map[string]int{}
	for i := range set.Documents {
		account := set.Documents[i].Account
		if count[account]++; count[account] == 2 {
			names = append(names, account)
		}
	}
	kept := set.Documents[:0]
	for _, d := range set.Documents {
		n := count[d.Account]
		if n < 2 {
			continue
		}
		half := 1
		if at[d.Account]++; at[d.Account] > n/2 {
			half = 2
		}
		d.Account = halfOf(d.Account, half)
		kept = append(kept, d)
	}
	set.Documents, set.Questions = kept, nil
	return names
}

func halfOf(account string, n int) string { return fmt.Sprintf("%s/%d", account, n) }

// fill profiles the second halves and asks for each with its first half.
func (s *similarWorld) fill(ctx context.Context, w *evalWorld, names []string) error {
	among := map[crm.Ref]bool{}
	for _, name := range names {
		second := w.accounts[halfOf(name, 2)]
		s.accounts, among[second] = append(s.accounts, second), true
		s.cases = append(s.cases, similarCase{w.accounts[halfOf(name, 1)], among, map[string]bool{second.Path(): true}})
	}
	return s.finder.Refresh(ctx, s.accounts)
}
