package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/contextd/contextd/engine"
	"github.com/contextd/contextd/indexer"
	"github.com/contextd/contextd/indexer/generation"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot"
	"github.com/contextd/contextd/internal/inbox"
	"github.com/contextd/contextd/internal/model/spend"
	"github.com/contextd/contextd/internal/outside"
	"github.com/contextd/contextd/internal/store"
	"github.com/contextd/contextd/internal/web"
	"github.com/contextd/contextd/internal/work"
	"github.com/contextd/contextd/prompts"
)

// service is the whole product behind one data directory: opened, but neither listening nor working until run.
type service struct {
	cfg       Config
	log       *slog.Logger
	now       func() time.Time // the time that workflows reason about; deadlines and signatures use the wall clock
	db        *store.DB
	index     *generation.Set
	search    *searcher
	portals   []crm.PortalID
	words     *statistics
	profiling sync.Mutex // one batch of profiles at a time, and none while those of another generation are forgotten
	people    *people
	clients   map[crm.PortalID]*hubspot.Client
	reaching  *reaching
	brief     bool // it is there for one command
	workflows []prompts.Workflow
	writers   map[string]writer // by workflow
	providers []provider        // that can be paused
	providing sync.Mutex
	purse     *spend.Purse
	meter     *spend.Meter
	held      heldLooks // first looks that wait because they would cost money
	takes     definitionsOf
	indexer   *indexer.Indexer
	outside   *outside.Source // nil: none is configured
	engine    *engine.Engine
	access    *access
	approving *approving
	auditing  *auditing
	inbox     *inbox.Inbox
	runner    *work.Runner
	handler   http.Handler
	policies  map[crm.PortalID]engine.Policy
}

// openService opens the data and wires every part; nothing runs yet. publicURL is what HubSpot and browsers call. now nil means the wall clock.
func openService(ctx context.Context, cfg Config, log *slog.Logger, publicURL string, now func() time.Time) (s *service, err error) {
	if now == nil {
		now = time.Now
	}
	s = &service{cfg: cfg, log: log, now: now, clients: map[crm.PortalID]*hubspot.Client{}}
	s.reaching = &reaching{s: s, bad: map[crm.PortalID]unreached{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if err := s.load(ctx); err != nil {
		return s, err
	}
	if len(cfg.AllPortals()) > 0 {
		if err := cfg.NeedHubSpot(false); err != nil {
			return s, err
		}
	}
	ids, clients, apps := []crm.PortalID{}, portals{}, map[crm.PortalID]inbox.App{}
	for _, p := range cfg.AllPortals() {
		c, err := newClient(cfg, p, propertiesRead(s.workflows))
		if err != nil {
			return s, err
		}
		own, err := s.db.OwnApps(ctx, p.PortalID)
		if err != nil {
			return s, err
		}
		for _, a := range own {
			c.AddOwnApp(a.ID)
		}
		s.clients[p.PortalID], clients[p.PortalID], apps[p.PortalID] = c, readWriter{c, hubspot.NewWriter(c), s.db}, inbox.App{Own: c.OwnApp}
		ids = append(ids, p.PortalID)
	}
	kept, err := keepLocal(cfg.DataDir, "", ids)
	if err != nil {
		return s, err
	}
	if ids = kept.Portals; len(ids) == 0 {
		_, err := cfg.Selected()
		return s, err
	}
	s.portals = ids
	if err := s.openPurse(ctx); err != nil {
		return s, err
	}
	fresh, err := s.openIndex(ctx)
	if err != nil {
		return s, err
	}
	if fresh {
		for _, p := range ids { // of another index that had a generation of that name
			if err := s.db.KeepCursor(ctx, p, store.Cursor{Name: profilesCursor(s.index.Live().Name)}, nil); err != nil {
				return s, err
			}
		}
		if err := s.fill(ctx); err != nil {
			return s, err
		}
	}
	if s.policies, err = cfg.policies(s.workflows); err != nil {
		return s, err
	}
	for portal, p := range s.policies {
		if err := s.db.PolicyInForce(ctx, portal, p.SHA256); err != nil {
			return s, err
		}
	}
	s.approving = &approving{s: s}
	if err := s.approving.load(ctx); err != nil {
		return s, err
	}
	s.access = &access{DB: s.db, portals: ids, local: kept.Token}
	key, err := keepAuditKey(cfg.Path(auditKeyFile))
	if err != nil {
		return s, err
	}
	s.auditing = &auditing{DB: s.db, key: key, cfg: cfg.Audit, s: s}
	s.wire(clients, apps, ids, publicURL)
	return s, nil
}

// load opens the store and reads the workflows beside it: each takes about as long as the rest of a start.
func (s *service) load(ctx context.Context) (err error) {
	var opened error
	var opening sync.WaitGroup
	opening.Go(func() { s.db, opened = openData(ctx, s.cfg.DataDir) })
	defer func() {
		opening.Wait()
		err = errors.Join(err, opened)
	}()
	if s.workflows, err = workflows(s.cfg); err != nil {
		return err
	}
	if s.cfg.Enrichment.Source.URL != "" {
		if s.outside, err = outside.New(s.cfg.Enrichment.outsideOptions()); err != nil {
			return withExit(exitConfig, err)
		}
	}
	s.writers, err = writers(s.cfg)
	return err
}

// workflows loads the built-in ones and those of the configuration, and applies the quiet period of the configuration, if one is set.
func workflows(cfg Config) ([]prompts.Workflow, error) {
	all, err := prompts.Open(cfg.Prompts.Dir)
	if err != nil {
		return nil, fmt.Errorf("load workflows: %w", err)
	}
	if cfg.Workflows.Quiet > 0 {
		for i := range all {
			for j := range all[i].Triggers {
				all[i].Triggers[j].Quiet = cfg.Workflows.Quiet
			}
		}
	}
	return all, nil
}

// newClient is the client of one portal. It reads the further properties beside the usual ones.
func newClient(cfg Config, p PortalConfig, further map[crm.ObjectType][]string) (*hubspot.Client, error) {
	rate := 0
	if cfg.unlimited {
		rate = -1
	}
	client, err := hubspot.New(hubspot.Options{Properties: further, Histories: map[crm.ObjectType][]string{crm.Companies: cfg.Workflows.Usage}, Portal: p.PortalID, Rate: rate, Search: rate, Token: string(p.Token), BaseURL: p.BaseURL, AppID: p.AppID,
		Objects: cfg.Privacy.Objects, ExcludeProperties: cfg.Privacy.ExcludeProperties, SkipWhen: cfg.Privacy.SkipWhen})
	return client, withExit(exitConfig, err) // all that it refuses stands in the configuration
}

func (s *service) wire(clients portals, apps map[crm.PortalID]inbox.App, ids []crm.PortalID, publicURL string) {
	s.words = &statistics{cut: s.cut, portals: ids, log: s.log, made: map[crm.PortalID]snapshot{}}
	s.people = &people{db: s.db}
	s.search = &searcher{s: s}
	s.indexer = &indexer.Indexer{Source: clients, Embedder: s.index, Vectors: s.index, Texts: s.db, Marker: s.db, Names: s.db, Deals: s.db,
		Lister: lister(s.clients), Cursors: cursors{s.db}, Now: s.now, Triggers: engine.Triggers(s.workflows), RecordTriggers: s.recordTriggers()}
	writing := s.writing()
	s.takes = definitionsOf{}
	for portal, c := range s.clients {
		s.takes[portal] = hubspot.NewDefinitions(c, nil)
	}
	s.engine = &engine.Engine{Workflows: s.workflows, Retriever: s.search, Pasted: indexer.Pasted, Models: s.completers(),
		History: s.db, Proposals: s.db, Version: (&promptVersions{s}).live, Spending: s.db, Definitions: s.takes, Proofs: (&calibrating{s}).proof, Decided: (&calibrating{s}).before, Policy: func(portal crm.PortalID) engine.Policy {
			p := s.approving.policy(portal)
			p.Write = writing(portal) == nil
			return p
		}, Enabled: writing, Now: s.now, Usage: s.cfg.Workflows.Usage, Log: s.log}
	applier := &engine.Applier{Effects: s.db, Writer: clients, Enabled: writing, Now: time.Now, Log: s.log} // its deadlines are the runner's
	reviewer := &engine.Reviewer{Definitions: s.takes, Proposals: s.db, Writer: clients, Enabled: writing, Workflows: s.workflows, Marker: s.db}
	s.inbox = &inbox.Inbox{Store: s.db, Decode: decodeEvents, Portals: apps, Log: s.log}
	if s.outside != nil {
		s.engine.Outside = audited{s.outside, s.db}
	}
	s.runner = &work.Runner{Queue: s.db, Owner: "serve", Log: s.log, Pools: []work.Pool{
		{Kind: crm.RecordWork, Handler: s.indexer.Records, Batch: 50, Workers: 2},
		{Kind: crm.EraseWork, Handler: s.indexer.Erase},
		{Kind: crm.IndexWork, Handler: s.indexer.Activities, Batch: s.cfg.Index.Batch, Workers: s.cfg.Index.Workers},
		{Kind: crm.ConsiderWork, Handler: s.considering, Batch: 1, Workers: 2, Timeout: 25 * time.Minute}, // a model is asked twice at most, ten minutes each
		{Kind: crm.ApplyWork, Handler: applier.Apply, Batch: 1, Workers: 4},
		{Kind: crm.CalibrateWork, Handler: (&calibrating{s}).work, Batch: 1, Workers: 1, Timeout: 5 * time.Minute},
		{Kind: crm.DecisionWork, Handler: (&engine.RecordDecisions{Store: s.db, Review: reviewer.Decide, May: s.cfg.mayDecide, Log: s.log}).Work, Batch: 1, Workers: 1},
		{Kind: crm.BuildWork, Handler: (&generations{s}).build, Batch: 1, Workers: 1, Timeout: 24 * time.Hour},
		{Kind: crm.BackfillWork, Handler: s.indexer.Backfill, Batch: len(indexer.BackfillOrder()), Workers: 1, Timeout: 24 * time.Hour},
	}}
	s.handler = web.New(web.Server{Verifier: s.verifier(publicURL), Inbox: s.db, Access: s.access, Tokens: s.access, Retriever: asked{s.search, s.db}, History: reads{s.db},
		Suggestions: reads{s.db}, Decider: reviewer, Desk: s.db, Stops: s.db, Policies: s.approving, Runs: &runs{s}, Audit: s.auditing,
		Work: reads{s.db}, Status: statuses{reads{s.db}, s}, Usage: usage{s}, Prompts: &promptVersions{s}, Calibration: &calibrating{s}, Backfills: &backfills{s}, Generations: &generations{s}, Similar: &profiles{s}, Portals: ids, PublicURL: publicURL, Checks: s.checks(), Writing: s.cfg.anyWriting(),
		Version: version(), Log: s.log, RecordURL: s.recordURL})
}

// recordURL is a record's page in HubSpot; "" where the portal is served by something else, such as the simulator.
func (s *service) recordURL(record crm.Ref) string {
	for _, p := range s.cfg.AllPortals() {
		if u, err := url.Parse(p.BaseURL); record.Type.IsRecord() && p.PortalID == record.Portal && err == nil && u.Hostname() == "api.hubapi.com" {
			return hubspot.RecordURL(record)
		}
	}
	return ""
}

// writing says per portal whether approved changes may be written: nil, or crm.ErrStopped with the setting that stops it.
func (s *service) writing() func(crm.PortalID) error {
	on := map[crm.PortalID]bool{}
	for _, p := range s.cfg.AllPortals() {
		on[p.PortalID] = p.WriteOn()
	}
	return func(portal crm.PortalID) error {
		if on[portal] {
			return s.db.Stopped(portal)
		}
		return fmt.Errorf("writing to HubSpot is off: set hubspot.write to on: %w", crm.ErrStopped)
	}
}

func (c Config) anyWriting() bool {
	for _, p := range c.AllPortals() {
		if p.WriteOn() {
			return true
		}
	}
	return false
}

// verifier accepts the client secrets of all configured portals.
func (s *service) verifier(publicURL string) hubspot.Verifier {
	v := hubspot.Verifier{PublicURL: publicURL}
	for _, p := range s.cfg.AllPortals() {
		v.Secrets = append(v.Secrets, string(p.ClientSecret))
	}
	for _, proxy := range s.cfg.Server.TrustedProxies {
		if prefix, err := netip.ParsePrefix(proxy); err == nil { // the configuration has been checked
			v.TrustedProxies = append(v.TrustedProxies, prefix)
		}
	}
	return v
}

func decodeEvents(body []byte) ([]crm.Event, []error, error) {
	events, bad, err := hubspot.DecodeEvents(body)
	causes := make([]error, len(bad))
	for i, b := range bad {
		causes[i] = b.Cause
	}
	return events, causes, err
}

// run decodes and works until ctx ends, then stops in good order. Without a configured portal only what needs no HubSpot is worked off: everything else waits for a
// process that knows the portals, instead of failing for want of them.
func (s *service) run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if !s.brief {
		n, err := s.db.Unpause(ctx)
		if err != nil && ctx.Err() == nil { // stopped before it had begun is stopped, too
			return err
		}
		if n > 0 {
			s.log.Info("what waited for a paused provider or for money is tried anew", "rows", n)
		}
	}
	all := []func(context.Context) error{s.runner.Run, s.words.run, (&profiles{s}).run, (&reconciling{s}).run, s.auditing.run, (&expiring{s}).run, (&calibrating{s}).run, (&retaining{s}).run, s.meter.Run, s.pruneAnswers, s.inbox.Run}
	if !s.brief && len(s.clients) > 0 { // who comes for one command, or writes nowhere, has nothing repeated because of the time
		all = append([]func(context.Context) error{(&repeating{s: s}).run, (&signalling{s}).run, s.reaching.run}, all...)
	}
	if len(s.clients) == 0 {
		all = all[:len(all)-1]
		s.runner.Pools = slices.DeleteFunc(s.runner.Pools, func(p work.Pool) bool { return p.Kind != crm.ConsiderWork && p.Kind != crm.BuildWork })
	}
	var parts sync.WaitGroup
	errs := make([]error, len(all))
	for i, part := range all {
		parts.Go(func() {
			defer stop()                                                                 // one part that ends takes the other along
			if err := part(ctx); ctx.Err() == nil || !errors.Is(err, context.Canceled) { // stopped before it had begun is stopped, too
				errs[i] = err
			}
		})
	}
	parts.Wait()
	return errors.Join(errs...)
}

func (s *service) close() error {
	var errs []error
	for _, w := range s.writers {
		w.Close()
	}
	if s.outside != nil {
		s.outside.Close()
	}
	if s.index != nil {
		errs = append(errs, s.index.Close())
	}
	if s.meter != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second) // closing; bounded, so that a dead disk does not hold up the end
		errs = append(errs, s.meter.Flush(ctx))
		cancel()
	}
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	return errors.Join(errs...)
}

// checks is what /readyz looks at.
func (s *service) checks() []web.Check {
	return []web.Check{
		{Name: "store", Run: func(ctx context.Context) error {
			_, err := s.db.Undecoded(ctx, 1)
			return err
		}},
		{Name: "vectors", Run: func(ctx context.Context) error {
			_, err := s.index.Generations(ctx)
			return err
		}},
		{Name: "hubspot", Degrades: true, Run: func(context.Context) error {
			if bad := s.reaching.problems(); len(bad) > 0 {
				return fmt.Errorf("HubSpot does not let in %v: %w", bad, crm.ErrTemporary)
			}
			return nil
		}},
	}
}
