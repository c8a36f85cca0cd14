package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/indexer/generation"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
	"github.com/contextd/contextd/internal/web"
)

// provider is a model of the configuration that can be paused: a writer, or the embedder.
type provider struct {
	name      string
	workflows []string // of a writer that does not write for all; empty: all, or an embedder
	brake     *model.Brake
	all       bool // what it refuses concerns every portal: an embedder is not told for whom it works
}

// provide puts a brake on a model; an embedder that is made again keeps its own. A pause is logged and audited when it begins and when it ends: a person has to act.
func (s *service) provide(name string, workflows []string, all bool) *model.Brake {
	s.providing.Lock()
	defer s.providing.Unlock()
	for _, p := range s.providers {
		if all && p.all && p.name == name {
			return p.brake
		}
	}
	b := &model.Brake{Told: func(portal crm.PortalID, stop model.StoppedSince) {
		action, said := "model.paused", "a model's provider wants a person: its work waits"
		if stop.Since.IsZero() {
			action, said = "model.resumed", "a model's provider answers again"
		}
		s.log.Error(said, "model", name, "portal", portal, "cause", stop.Cause)
		for _, p := range s.portals {
			if p != portal && !all {
				continue
			}
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second) // the request that found it out may have been its last
			if err := s.db.Audit(ctx, crm.AuditEntry{Action: action, Actors: []crm.Actor{crm.System("models")}, Portal: p, IDs: map[string]string{"model": name}}); err != nil {
				s.log.Error("audit a pause", "model", name, "error", err)
			}
			cancel()
		}
	}}
	s.providers = append(s.providers, provider{name, workflows, b, all})
	return b
}

// completers are the configured writers as the engine takes them, each behind a brake, counted, and told pseudonyms where it runs elsewhere.
func (s *service) completers() map[string]model.Completer {
	out := map[string]model.Completer{}
	for _, m := range append([]ModelConfig{s.cfg.Model}, s.cfg.Models...) {
		names := m.uses()
		w := s.writers[names[0]]
		var c model.Completer = w
		if _, local := w.(localWriter); !local {
			c = model.Braked{Completer: w, Brake: s.provide(w.Name(), slices.Concat(m.Workflows, m.Classes), false)}
		}
		c = s.cfg.Privacy.told(s.counted(c, w, m), m) // before the cache, which then holds pseudonyms, too
		for _, name := range names {
			out[name] = c
		}
	}
	return out
}

// brakedEmbedder is an embedder behind a brake: what is to be indexed waits for a person as long as it takes.
type brakedEmbedder struct {
	generation.Embedder
	brake *model.Brake
}

// Embed asks, unless the provider is paused. No texts are no request, and so no sign that the provider answers.
func (e brakedEmbedder) Embed(ctx context.Context, kind crm.EmbedKind, texts []string) (vectors [][]float32, use crm.Usage, err error) {
	if len(texts) == 0 {
		return nil, crm.Usage{}, ctx.Err()
	}
	err = e.brake.Do(ctx, 0, func(ctx context.Context) (err error) {
		vectors, use, err = e.Embedder.Embed(ctx, kind, texts)
		return err
	})
	return vectors, use, err
}

// embedder makes the embedders of generations.
func (s *service) embedder(ctx context.Context, description string) (generation.Embedder, error) {
	e, err := embedders(s.cfg)(ctx, description)
	if err != nil || strings.HasPrefix(e.Name(), "builtin/") {
		return e, err
	}
	return meteredEmbedder{brakedEmbedder{e, s.provide(e.Name(), nil, true)}, s.meter, s.cfg.Embedder.price()}, nil
}

// paused lists the models of a portal that wait for a person, and failing those whose servers do not answer now, which goes by without one.
func (s *service) paused(portal crm.PortalID) (paused, failing []web.Paused) {
	s.providing.Lock()
	defer s.providing.Unlock()
	for _, p := range s.providers {
		of := portal
		if p.all {
			of = 0
		}
		if stop, is := p.brake.Stopped(of); is {
			paused = append(paused, web.Paused{Model: p.name, Workflows: p.workflows, Cause: stop.Cause, Since: stop.Since, Next: stop.Next})
		} else if f, is := p.brake.Failing(of); is {
			failing = append(failing, web.Paused{Model: p.name, Workflows: p.workflows, Cause: f.Cause, Since: f.Since})
		}
	}
	return paused, failing
}

// statuses is the store's status with what only this process knows.
type statuses struct {
	reads
	s *service
}

// Status implements web.StatusReader.
func (s statuses) Status(ctx context.Context, portal crm.PortalID) (web.Status, error) {
	st, err := s.reads.Status(ctx, portal)
	if err != nil {
		return st, err
	}
	st.Paused, st.Failing = s.s.paused(portal)
	if st.Held, err = s.s.heldLooks(ctx, portal); err != nil {
		return st, err
	}
	st.HubSpot, err = s.s.reaching.of(ctx, portal)
	return st, err
}

// pauseChecks ask a running service which models are paused: the provider itself tells only who is asked for an answer.
func pauseChecks(ctx context.Context, cfg Config) (checks []Check) {
	l, err := readLocal(cfg.DataDir)
	if err != nil || l.URL == "" {
		return nil // the check of the data has said so
	}
	for _, p := range cfg.AllPortals() {
		cfg.Portal = p.PortalID
		st, err := readStatus(ctx, &apiClient{http: &http.Client{Timeout: 10 * time.Second}, base: l.URL, token: scoped(l.Token, cfg)})
		if err != nil {
			checks = append(checks, Check{Name: "paused " + p.PortalID.String(), State: "warn", Detail: err.Error(), Fix: "see that the running service is of this version"})
			continue
		}
		for _, m := range st.Read.Failing {
			checks = append(checks, Check{Name: "failing " + p.PortalID.String(), State: "warn", Detail: fmt.Sprintf("%s since %s: %s", m.Model, m.Since.Format(time.RFC3339), m.Cause),
				Fix: "look at the provider's server; what waits is kept and tried again by itself"})
		}
		for _, m := range st.Read.Paused {
			checks = append(checks, Check{Name: "paused " + p.PortalID.String(), State: "fail", Code: exitFailed,
				Detail: fmt.Sprintf("%s since %s: %s", m.Model, m.Since.Format(time.RFC3339), m.Cause),
				Fix:    "mend it at the provider (credit, limit, permission), or in the configuration (key, name of the model) and start the service anew; it is tried again at " + m.Next.Format(time.RFC3339) + ", and what waits is kept"})
		}
	}
	return checks
}
