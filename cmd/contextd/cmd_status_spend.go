package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// budgetView is how a portal stands in a month, and usageView what a model was asked for; see the service's own shapes.
type budgetView struct {
	Month       string    `json:"month"`
	MonthlyUSD  float64   `json:"monthly_usd"`
	SpentUSD    float64   `json:"spent_usd"`
	ReservedUSD float64   `json:"reserved_usd"`
	Stopped     bool      `json:"stopped"`
	WaitingRuns int       `json:"waiting_runs"`
	RenewsAt    time.Time `json:"renews_at"`
}

type usageView struct {
	Day          string   `json:"day"` // "": the whole month
	Task         string   `json:"task"`
	Workflow     string   `json:"workflow"`
	Model        string   `json:"model"`
	Calls        int      `json:"calls"`
	Unpriced     int      `json:"unpriced"`
	FromCache    int      `json:"from_cache"`
	InputTokens  int      `json:"input_tokens"`
	OutputTokens int      `json:"output_tokens"`
	SavedTokens  int      `json:"saved_tokens"`
	CostUSD      *float64 `json:"cost_usd"`
}

// showSpending writes what a month's models cost: the sum against the budget, then each task, workflow and model.
func showSpending(w io.Writer, b budgetView, lines []usageView) {
	fmt.Fprintf(w, "cost      %s\n", b.words())
	for _, u := range lines {
		of := u.Task
		if u.Workflow != "" {
			of += " for " + u.Workflow
		}
		cost := "cost unknown: no price was set for the model"
		if u.Unpriced > 0 && u.Unpriced < u.Calls {
			cost = fmt.Sprintf("cost unknown: no price was set for the model at %d of them", u.Unpriced)
		}
		if u.CostUSD != nil {
			cost = money(*u.CostUSD)
		}
		fmt.Fprintf(w, "          %s by %s: %d calls, %d tokens in, %d out, %s", of, u.Model, u.Calls, u.InputTokens, u.OutputTokens, cost)
		if u.FromCache > 0 {
			fmt.Fprintf(w, "; %d from the cache saved %d tokens", u.FromCache, u.SavedTokens)
		}
		fmt.Fprintln(w)
	}
}

// words are the month's sum, the budget and whether runs wait.
func (b budgetView) words() string {
	text := fmt.Sprintf("%s (UTC): %s", b.Month, money(b.SpentUSD))
	if b.MonthlyUSD == 0 {
		return text + ", no budget is set"
	}
	text += fmt.Sprintf(" of %s", money(b.MonthlyUSD))
	if b.ReservedUSD > 0 {
		text += fmt.Sprintf(", %s set aside for calls under way", money(b.ReservedUSD))
	}
	if b.Stopped {
		text += fmt.Sprintf("; the budget is used up: %d runs wait until %s or until budget.monthly_usd is raised; search and approved writes go on", b.WaitingRuns, b.RenewsAt.UTC().Format(time.RFC3339))
	}
	return text
}

// money is dollars and cents, with the digits that small sums need.
func money(usd float64) string {
	if usd != 0 && usd < 0.01 {
		return fmt.Sprintf("$%.6f", usd)
	}
	return fmt.Sprintf("$%.2f", usd)
}

// budgetChecks ask a running service how each portal's budget stands.
func budgetChecks(ctx context.Context, cfg Config) (checks []Check) {
	l, err := readLocal(cfg.DataDir)
	if err != nil || l.URL == "" || cfg.Budget.MonthlyUSD == 0 {
		return nil
	}
	for _, p := range cfg.AllPortals() {
		cfg.Portal = p.PortalID
		c := Check{Name: "budget " + p.PortalID.String(), State: "ok"}
		st, err := readStatus(ctx, &apiClient{http: &http.Client{Timeout: 10 * time.Second}, base: l.URL, token: scoped(l.Token, cfg)})
		switch {
		case err != nil:
			c.State, c.Detail, c.Fix = "warn", err.Error(), "see that the running service is of this version"
		case st.Read.Budget.Stopped:
			c.State, c.Code, c.Detail, c.Fix = "fail", exitFailed, st.Read.Budget.words(), "raise budget.monthly_usd and start the service anew, or wait: what waits is kept and tried again every ten minutes"
		default:
			c.Detail = st.Read.Budget.words()
		}
		checks = append(checks, c)
	}
	return checks
}
