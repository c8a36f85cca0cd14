package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/contextd/contextd/engine"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model/spend"
	"github.com/contextd/contextd/internal/web"
	"github.com/contextd/contextd/prompts"
)

// What workflows look at though nothing happened there (imported records, customers whose history has just been read, silences, days that have passed) is a model's answer for each
// record of a portal. Where that costs money, or nobody knows what it costs, it waits until workflows.first_looks says all; how many wait, and what they would cost, is counted and told.

// heldBack reports whether a workflow's first looks wait for a word of the configuration.
func (s *service) heldBack(w prompts.Workflow) bool {
	switch s.cfg.Workflows.FirstLooks {
	case "all":
		return false
	case "none":
		return true
	}
	return s.costs(w)
}

// costs reports whether a workflow's model costs money, or nobody has said that it does not.
func (s *service) costs(w prompts.Workflow) bool {
	price := s.writerOf(w.Name).price()
	return price.Unknown || !price.Free()
}

// recordTriggers are those of all workflows, without the imports of those whose first looks are held back.
func (s *service) recordTriggers() func(crm.Record, *crm.Record, crm.Lane) []crm.Mark {
	all := s.triggered()
	for i := range all {
		if !s.heldBack(all[i]) {
			continue
		}
		for j := range all[i].Triggers { // copies, made by triggered
			all[i].Triggers[j].Imports = false
		}
	}
	return engine.RecordTriggers(all)
}

// modelOf is the name of a model as the ledger has it.
func modelOf(m ModelConfig) string { return m.Provider + "/" + m.Model }

// heldLooks counts what is held back. The zero value is ready; it is safe for concurrent use.
type heldLooks struct {
	mu    sync.Mutex
	count map[string]int // so far, by portal, workflow and type
	known map[string]web.Held
}

// add counts further records of a walk that has not come to its end.
func (h *heldLooks) add(key string, n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.count == nil {
		h.count, h.known = map[string]int{}, map[string]web.Held{}
	}
	h.count[key] += n
}

// end ends a walk: what it has counted is what is told from now on. first: nobody has been told of any before.
func (h *heldLooks) end(key string, of web.Held) (told web.Held, first bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.count == nil {
		h.count, h.known = map[string]int{}, map[string]web.Held{}
	}
	before := h.known[key]
	of.Records = h.count[key]
	h.known[key], h.count[key] = of, 0
	return of, before.Records == 0 && of.Records > 0
}

// of lists what a portal's workflows hold back, in the order of their names.
func (h *heldLooks) of(portal crm.PortalID) (out []web.Held) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for key, one := range h.known {
		if one.Records > 0 && strings.HasPrefix(key, portal.String()+"/") {
			out = append(out, one)
		}
	}
	slices.SortFunc(out, func(a, b web.Held) int { return strings.Compare(a.Workflow+a.Type, b.Workflow+b.Type) })
	return out
}

// heldLooks lists what a portal's workflows hold back, with what it would cost by the prices of the configuration.
func (s *service) heldLooks(ctx context.Context, portal crm.PortalID) ([]web.Held, error) {
	out := s.held.of(portal)
	if len(out) == 0 {
		return nil, nil
	}
	lines, err := s.db.Spending(ctx, portal, s.now())
	if err != nil {
		return nil, fmt.Errorf("what first looks would cost: %w", err)
	}
	for i := range out {
		at := slices.IndexFunc(s.workflows, func(w prompts.Workflow) bool { return w.Name == out[i].Workflow })
		if at < 0 {
			continue // it was counted by this process, whose workflows do not change
		}
		m := s.writerOf(out[i].Workflow)
		if price := m.price(); !price.Unknown {
			cost := perRun(s.workflows[at], price, out[i].Model, lines) * float64(out[i].Records)
			out[i].CostUSD = &cost
		}
	}
	return out, nil
}

// promptTokens and answerTokens are about what a run has beside its passages: instructions, records and schema, and an answer with its quotes.
const (
	promptTokens = 2000
	answerTokens = 800
)

// perRun is about what one run of a workflow costs in dollars: what those of the month have cost, else with as many passages as it may retrieve.
func perRun(w prompts.Workflow, price spend.Price, model string, month []crm.Spent) float64 {
	cost, runs := 0.0, 0
	for _, l := range month {
		if l.Workflow != w.Name || l.Model != model {
			continue
		}
		cost += l.Cost.Float()
		if l.Task == crm.ChatTask {
			runs += l.Calls
		}
	}
	if runs > 0 {
		return cost / float64(runs)
	}
	return price.Of(crm.Usage{InputTokens: w.Retrieve.Budget + promptTokens, OutputTokens: answerTokens}).Float()
}

// heldView is what a workflow has not looked at of itself; see the service's own shape.
type heldView struct {
	Workflow string   `json:"workflow"`
	Type     string   `json:"type"`
	Records  int      `json:"records"`
	Model    string   `json:"model"`
	CostUSD  *float64 `json:"cost_usd"`
}

// words say how many, of what, and what looking at them would cost. No model is asked about a record with too little history, so it may be less.
func (h heldView) words() string {
	cost := "nobody has said what that costs: set its price, 0 for a server of your own"
	switch {
	case h.CostUSD == nil:
	case *h.CostUSD == 0:
		cost = "it costs nothing"
	default:
		cost = "at most about " + money(*h.CostUSD)
	}
	return fmt.Sprintf("%s has not looked at %d %s: one answer of %s for each, %s", h.Workflow, h.Records, h.Type, h.Model, cost)
}

func showHeld(w io.Writer, held []heldView) {
	for _, h := range held {
		fmt.Fprintf(w, "held      %s; workflows.first_looks: all has it done\n", h.words())
	}
}

// heldChecks ask a running service what workflows hold back.
func heldChecks(ctx context.Context, cfg Config) (checks []Check) {
	l, err := readLocal(cfg.DataDir)
	if err != nil || l.URL == "" || cfg.Workflows.FirstLooks != "free" {
		return nil // the check of the data has said so; or somebody has decided
	}
	for _, p := range cfg.AllPortals() {
		cfg.Portal = p.PortalID
		st, err := readStatus(ctx, &apiClient{http: &http.Client{Timeout: 10 * time.Second}, base: l.URL, token: scoped(l.Token, cfg)})
		if err != nil {
			continue // said by the check of pauses
		}
		for _, h := range st.Read.Held {
			checks = append(checks, Check{Name: "first looks " + p.PortalID.String(), State: "warn", Detail: h.words(),
				Fix: "workflows.first_looks: all has it done at fifty records a minute, none leaves it for good; records to which something happens are looked at in any case"})
		}
	}
	return checks
}
