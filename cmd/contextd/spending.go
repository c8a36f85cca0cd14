package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/contextd/contextd/engine"
	"github.com/contextd/contextd/indexer/generation"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
	"github.com/contextd/contextd/internal/model/spend"
	"github.com/contextd/contextd/internal/web"
)

// openPurse prepares what counts money. It comes before the first model is made, and finds what a process before this one left undecided.
func (s *service) openPurse(ctx context.Context) error {
	s.purse = &spend.Purse{Budget: crm.Dollars(s.cfg.Budget.MonthlyUSD), Now: time.Now, Told: s.toldOfBudget}
	s.meter = &spend.Meter{Ledger: s.db, Now: time.Now}
	if len(s.portals) == 1 {
		s.meter.Payer = s.portals[0]
	}
	return s.db.SpendAbandoned(ctx)
}

// toldOfBudget logs and audits that runs wait for money, and that they go on.
func (s *service) toldOfBudget(portal crm.PortalID, over *crm.OverBudget) {
	action := "budget.resumed"
	if over != nil {
		action = "budget.reached"
		s.log.Error("runs wait: the month's budget is used up", "portal", portal, "cause", over.Error())
	} else {
		s.log.Info("runs go on: there is money again", "portal", portal)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second) // the run that found it out may have been its last
	defer cancel()
	if err := s.db.Audit(ctx, crm.AuditEntry{Action: action, Actors: []crm.Actor{crm.System("budget")}, Portal: portal}); err != nil {
		s.log.Error("audit of the budget", "action", action, "error", err)
	}
}

// counted puts the ledger, the budget and, for a model on a server, the cache before a writer.
func (s *service) counted(c model.Completer, w writer, m ModelConfig) model.Completer {
	out := &spend.Writer{Completer: c, Price: m.price(), Purse: s.purse, Ledger: s.db, Now: time.Now}
	if i, served := w.(identified); served && s.cfg.Cache.Days > 0 {
		out.Identity, out.Answers, out.KeepFor = i.Identity, s.db, s.cfg.Cache.keepFor()
	}
	return out
}

// identified can say what exactly would answer; the built-in writer needs no cache.
type identified interface {
	Identity(ctx context.Context) (string, error)
}

func (c CacheConfig) keepFor() time.Duration { return time.Duration(c.Days) * 24 * time.Hour }

// considering refuses runs whose model costs money as long as their portal was refused some lately: reading a history only to find that there is no money is no help.
func (s *service) considering(ctx context.Context, claims []crm.Claim) []error {
	errs := make([]error, len(claims))
	for i, c := range claims {
		if errs[i] = s.affordable(c); errs[i] == nil {
			errs[i] = s.engine.Consider(ctx, claims[i:i+1])[0]
		}
	}
	return errs
}

func (s *service) affordable(c crm.Claim) error {
	name, _, err := engine.ParseConsiderKey(c.Portal, c.Key)
	if err != nil || s.writerOf(name).price().Free() {
		return nil // the engine says what is wrong with a key
	}
	if err := s.purse.Open(c.Portal); err != nil {
		return fmt.Errorf("consider %s: %w", c.Key, err)
	}
	return nil
}

// writerOf is the chat model that writes for a workflow, as the engine chooses it.
func (s *service) writerOf(workflow string) ModelConfig {
	class := ""
	for _, w := range s.workflows {
		if w.Name == workflow {
			class = w.Model
		}
	}
	for _, name := range []string{workflow, class} {
		for _, m := range s.cfg.Models {
			if name != "" && slices.Contains(m.uses(), name) {
				return m
			}
		}
	}
	return s.cfg.Model
}

// meteredEmbedder counts what embedding costs. It is never refused: search stands on it.
type meteredEmbedder struct {
	generation.Embedder
	meter *spend.Meter
	price spend.Price
}

// Embed implements generation.Embedder.
func (e meteredEmbedder) Embed(ctx context.Context, kind crm.EmbedKind, texts []string) ([][]float32, crm.Usage, error) {
	ctx, _ = crm.WithRequests(ctx)
	vectors, use, err := e.Embedder.Embed(ctx, kind, texts)
	if use != (crm.Usage{}) {
		e.meter.Count(ctx, e.Name(), e.price, use)
	}
	return vectors, use, err
}

// pruneAnswers forgets answers of models that are kept too long, at the start and then every hour, until ctx ends.
func (s *service) pruneAnswers(ctx context.Context) error {
	return periodically(ctx, 0, time.Hour, func() {
		most := int64(s.cfg.Cache.Megabytes) << 20
		if err := s.db.PruneAnswers(ctx, time.Now().Add(-s.cfg.Cache.keepFor()), most); err != nil && ctx.Err() == nil {
			s.log.Warn("old answers of models are still kept", "error", err)
		}
	})
}

// usage is the ledger with the budget, as the web package asks for it.
type usage struct{ s *service }

// Budget implements web.Usage.
func (u usage) Budget(ctx context.Context, portal crm.PortalID, month time.Time) (web.Budget, error) {
	m, err := u.s.db.MonthSpend(ctx, portal, month)
	return web.Budget{Limit: u.s.purse.Budget, MonthSpend: m}, err
}

// Spending implements web.Usage.
func (u usage) Spending(ctx context.Context, portal crm.PortalID, month time.Time) ([]crm.Spent, error) {
	if err := u.s.meter.Flush(ctx); err != nil {
		return nil, err
	}
	return u.s.db.Spending(ctx, portal, month)
}
