package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"slices"
	"strings"

	"github.com/contextd/contextd/internal/crm"
	judged "github.com/contextd/contextd/internal/evals/similar"
	"github.com/contextd/contextd/internal/hubspot/hubsim"
)

// similarDemo reads the demo portal's history into a service of its own. What closes it is never nil.
func similarDemo(ctx context.Context, out *output) (asked []similarWorld, closing func(), err error) {
	s, sim, end, err := readDemo(ctx)
	closing = func() {
		if err := end(); err != nil {
			fmt.Fprintf(out.Stderr, "contextd: clean up after the demo portal: %v\n", err)
		}
	}
	if err != nil {
		return nil, closing, err
	}
	portal := sim.Options().Portal
	accounts, err := s.db.Accounts(ctx, portal)
	if err != nil {
		return nil, closing, err
	}
	finder := s.finder()
	if err := finder.Refresh(ctx, accounts); err != nil {
		return nil, closing, err
	}
	w := similarWorld{set: "demo", backEnd: "flat", embedder: "builtin", finder: finder, accounts: accounts}
	languages, err := w.ask(portal, sim.Stories())
	if err != nil {
		return nil, closing, err
	}
	out.Say("demo: %d accounts", len(accounts))
	return []similarWorld{w, w.abroad(languages)}, closing, nil
}

// readDemo runs the simulated portal up to the morning of its last day and indexes it as a new installation would. end undoes everything and is never nil.
func readDemo(ctx context.Context) (s *service, sim *hubsim.Server, end func() error, err error) {
	var undo []func() error
	end = func() (err error) {
		for _, u := range slices.Backward(undo) {
			err = errors.Join(err, u())
		}
		return err
	}
	dir, err := os.MkdirTemp("", "contextd-eval-")
	if err != nil {
		return nil, nil, end, err
	}
	undo = append(undo, func() error { return os.RemoveAll(dir) })
	sim = hubsim.New(hubsim.Options{RateLimit: -1, DailyLimit: -1, SearchLimit: -1})
	if err := sim.LoadDemo(); err != nil {
		return nil, sim, end, fmt.Errorf("load the demo portal: %w", err)
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, sim, end, err
	}
	running, stop := context.WithCancel(ctx)
	simulating := runSimulator(running, sim, ln)
	undo = append(undo, func() error { stop(); return <-simulating })
	cfg, err := demoConfig(demoOptions{Listen: "127.0.0.1:0"}, dir, sim, "http://"+ln.Addr().String())
	if err != nil {
		return nil, sim, end, err
	}
	if s, err = openService(ctx, cfg, slog.New(slog.DiscardHandler), "", sim.Now); err != nil {
		return nil, sim, end, err
	}
	undo = append(undo, s.close)
	portal := sim.Options().Portal
	if _, err := s.clients[portal].Setup(ctx, definitions(s.workflows), false); err != nil {
		return s, sim, end, fmt.Errorf("set up the portal: %w", err)
	}
	if err := s.indexer.IndexAll(ctx, portal, nil); err != nil {
		return s, sim, end, fmt.Errorf("index the history: %w", err)
	}
	return s, sim, end, nil
}

// ask makes a question of each account that a situation names, and gives the language of each account's story.
func (w *similarWorld) ask(portal crm.PortalID, stories []hubsim.Story) (languages map[crm.Ref]string, err error) {
	situations, err := judged.Demo()
	if err != nil {
		return nil, err
	}
	languages = map[crm.Ref]string{}
	refs := map[string]crm.Ref{}
	for _, s := range stories {
		for key, path := range s.Refs {
			ref, err := crm.ParsePath(portal, path)
			if err != nil {
				return nil, fmt.Errorf("story %s: %w", s.Name, err)
			}
			refs[s.Name+"/"+key], languages[ref] = ref, s.Language
		}
	}
	relevant := judged.Relevant(situations)
	for _, name := range slices.Sorted(maps.Keys(relevant)) {
		ref, known := refs[name]
		if !known || !slices.Contains(w.accounts, ref) {
			return nil, fmt.Errorf("situations of the demo portal: %s is no account of it: %w", name, crm.ErrNotFound)
		}
		c := similarCase{account: ref, among: map[crm.Ref]bool{}, relevant: map[string]bool{}}
		for _, a := range w.accounts {
			if a != ref {
				c.among[a] = true
			}
		}
		for other := range relevant[name] {
			c.relevant[refs[other].Path()] = true
		}
		w.cases = append(w.cases, c)
	}
	return languages, nil
}

// abroad asks only for accounts whose history is in another language.
func (w similarWorld) abroad(languages map[crm.Ref]string) similarWorld {
	home := w.cases
	w.set, w.cases = w.set+"/abroad", nil
	for _, c := range home {
		mine := languages[c.account]
		foreign := func(r crm.Ref) bool { return !strings.EqualFold(languages[r], mine) }
		f := similarCase{account: c.account, among: map[crm.Ref]bool{}, relevant: map[string]bool{}}
		for r := range c.among {
			if foreign(r) {
				if f.among[r] = true; c.relevant[r.Path()] {
					f.relevant[r.Path()] = true
				}
			}
		}
		if len(f.relevant) > 0 {
			w.cases = append(w.cases, f)
		}
	}
	return w
}
