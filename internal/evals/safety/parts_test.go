package safety

import (
	"context"
	"log/slog"
	"net/http"
	"slices"

	"github.com/contextd/contextd/indexer/generation"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot"
	"github.com/contextd/contextd/internal/model"
	"github.com/contextd/contextd/internal/store"
	"github.com/contextd/contextd/internal/vector/flat"
	"github.com/contextd/contextd/internal/web"
	"github.com/contextd/contextd/retriever"
)

// The types below put real parts together as the program does; none of them decides anything.

type hub struct {
	*hubspot.Client
	*hubspot.Writer
}

// hubs sends each call to the portal that its references name.
type hubs map[crm.PortalID]hub

func (h hubs) Activities(ctx context.Context, refs []crm.Ref) (out []crm.Activity, err error) {
	for portal, group := range grouped(refs) {
		some, err := h[portal].Activities(ctx, group)
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	return out, nil
}

func (h hubs) Records(ctx context.Context, refs []crm.Ref) (out []crm.Record, members []crm.Membership, err error) {
	for portal, group := range grouped(refs) {
		some, ms, err := h[portal].Records(ctx, group)
		if err != nil {
			return nil, nil, err
		}
		out, members = append(out, some...), append(members, ms...)
	}
	return out, members, nil
}

func grouped(refs []crm.Ref) map[crm.PortalID][]crm.Ref {
	out := map[crm.PortalID][]crm.Ref{}
	for _, r := range refs {
		out[r.Portal] = append(out[r.Portal], r)
	}
	return out
}

func (h hubs) Current(ctx context.Context, target crm.Ref, property string) (crm.Current, error) {
	return h[target.Portal].Current(ctx, target, property)
}

func (h hubs) Standing(ctx context.Context, target crm.Ref, properties []string) (map[string]crm.Current, error) {
	return h[target.Portal].Standing(ctx, target, properties)
}

func (h hubs) Archived(ctx context.Context, target crm.Ref, properties []string) (map[string]crm.Current, error) {
	return h[target.Portal].Archived(ctx, target, properties)
}

func (h hubs) Recognise(ctx context.Context, portal crm.PortalID, app string) error {
	return h[portal].Recognise(ctx, portal, app)
}

func (h hubs) SetProperty(ctx context.Context, target crm.Ref, property, value string) error {
	return h[target.Portal].SetProperty(ctx, target, property, value)
}

func (h hubs) UpsertActivity(ctx context.Context, portal crm.PortalID, typ crm.ObjectType, key string, properties map[string]string, links []crm.Ref) (crm.Ref, error) {
	return h[portal].UpsertActivity(ctx, portal, typ, key, properties, links)
}

func (h hubs) UniqueKeys(ctx context.Context, portal crm.PortalID, typ crm.ObjectType) (bool, error) {
	return h[portal].UniqueKeys(ctx, portal, typ)
}

func (h hubs) FindActivity(ctx context.Context, portal crm.PortalID, typ crm.ObjectType, key string, links []crm.Ref) (crm.Ref, map[string]string, error) {
	return h[portal].FindActivity(ctx, portal, typ, key, links)
}

func (h hubs) ArchiveActivity(ctx context.Context, ref crm.Ref, key string) error {
	return h[ref.Portal].ArchiveActivity(ctx, ref, key)
}

type vectors struct{ *flat.Store }

func (v vectors) Open(ctx context.Context, name string) (generation.Index, error) {
	x, err := v.Store.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	return x, nil
}

type near struct{ *generation.Set }

func (n near) Near(ctx context.Context, text string, f crm.Filter, most int) (retriever.Near, error) {
	item, window, name, err := n.Set.Near(ctx, text, f, most)
	return retriever.Near{Item: item, Window: window, Embedder: name}, err
}

// counting counts what the model was asked for, and the prompts that hold the word of more than one account.
type counting struct {
	model.Completer
	w *world
}

func (c counting) Complete(ctx context.Context, r model.Request) (model.Response, error) {
	c.w.mu.Lock()
	c.w.asked[r.Workflow]++
	if words := canary.FindAllString(r.Prompt, -1); slices.ContainsFunc(words, func(word string) bool { return word != words[0] }) {
		c.w.mixed++
	}
	c.w.mu.Unlock()
	return c.Completer.Complete(ctx, r)
}

// api is the product's own, of which only suggestions and audit are asked.
func api(w *world, log *slog.Logger) http.Handler {
	type unused struct {
		web.Verifier
		web.Inbox
		web.Tokens
		web.Retriever
		web.History
		web.Decider
		web.Runs
		web.Work
		web.StatusReader
		web.Usage
		web.Prompts
		web.Policies
		web.Calibration
		web.Backfills
		web.Generations
	}
	var none unused
	return web.New(web.Server{Verifier: none, Inbox: none, Access: access{}, Tokens: none, Retriever: none, Similar: unlike{}, History: none, Suggestions: suggestions{w.db}, Decider: none, Desk: w.db, Stops: w.db,
		Runs: none, Audit: audited{nil, w.db}, Work: none, Status: none, Usage: none, Prompts: none, Policies: none, Calibration: none, Backfills: none, Generations: none, Portals: []crm.PortalID{attacked, foreign}, PublicURL: "http://localhost", Log: log})
}

type access struct{ web.Access }

func (access) Identify(context.Context, string) (web.Identity, error) {
	return web.Identity{ID: "1", Name: "safety", Role: web.Viewer, Portal: attacked}, nil
}

type audited struct {
	web.Audit
	db *store.DB
}

func (a audited) AuditEntries(ctx context.Context, portal crm.PortalID, subject, cursor string, limit int) ([]crm.AuditEntry, string, error) {
	return a.db.AuditEntries(ctx, portal, subject, cursor, limit)
}

type unlike struct{}

func (unlike) Similar(context.Context, crm.SimilarQuestion) ([]crm.Neighbour, error) {
	return nil, crm.ErrNotFound
}

type suggestions struct{ *store.DB }

func (s suggestions) Proposals(ctx context.Context, f web.SuggestionFilter, cursor string, limit int) ([]crm.Proposal, string, error) {
	return s.Suggestions(ctx, store.SuggestionFilter(f), cursor, limit)
}

func (s suggestions) Beside(ctx context.Context, f web.SuggestionFilter, id string) (before, behind string, err error) {
	return s.DB.Beside(ctx, store.SuggestionFilter(f), id)
}

// lawless does in HubSpot what a model could demand, past the allow-lists that gate, reviewer, applier and writer have.
type lawless struct {
	*store.DB
	do func(context.Context) error
}

func (l lawless) Propose(ctx context.Context, p crm.Proposal, raw crm.Raw) (bool, error) {
	if err := l.do(ctx); err != nil {
		return false, err
	}
	return l.DB.Propose(ctx, p, raw)
}

// talkative is a model that knows what it should not: words of the other portal and of the configuration. That they reach an output through quotes is not possible; through a change
// that nobody checks they would.
type talkative struct{ *store.DB }

func (t talkative) Propose(ctx context.Context, p crm.Proposal, raw crm.Raw) (bool, error) {
	p.Reasons = append(p.Reasons, foreignCanary, tokenCanary)
	p.Workflow = foreignCanary + p.Workflow // in the audit's words
	return t.DB.Propose(ctx, p, raw)
}
