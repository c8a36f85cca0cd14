package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/contextd/contextd/engine"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/web"
	"github.com/contextd/contextd/prompts"
)

func (p *program) policyCommand() *cobra.Command {
	return group(&cobra.Command{Use: "policy", Short: "Show what may be written without a person, and approve it"}, p.policyShowCommand(), p.policyApproveCommand())
}

func (p *program) policyShowCommand() *cobra.Command {
	var running bool
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Show the policy of the configuration, and where every field stands and why",
		Long: "Show the policy that this configuration makes: its hash as the audit names it, modes, caps and rules, and for every field that a workflow writes whether it may be\n" +
			"written without a person. A running service goes by the configuration that it was started with, which --running shows, with who has approved it.",
		Example: "  contextd policy show\n  contextd policy show --running -o json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if running {
				return p.askPolicy(cmd, call{method: http.MethodGet, path: "/policy"})
			}
			out, cfg, err := p.prepare(cmd)
			if err != nil {
				return err
			}
			portal, err := cfg.Selected()
			if err != nil {
				return err
			}
			all, err := workflows(cfg)
			if err != nil {
				return err
			}
			policies, err := cfg.policies(all)
			if err != nil {
				return err
			}
			v := viewPolicy(cfg, portal, policies[portal.PortalID], all)
			v.Approvals = nil // the service knows them
			return out.Value(v, func(w io.Writer) { showPolicy(w, v) })
		},
	}
	cmd.Flags().BoolVar(&running, "running", false, "the policy that the service goes by")
	return cmd
}

func (p *program) policyApproveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "approve SHA256",
		Short: "Approve the policy that the service goes by",
		Long: "Approve the policy that the service goes by; SHA256 is its hash, as policy show --running says it. Where gate.approvals asks for it, nothing is written without a person before as\n" +
			"many administrators have approved it. Each counts once, under the name of their token.",
		Example: "  contextd policy approve 3f1c…",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.askPolicy(cmd, call{method: http.MethodPost, path: "/policy/approve", body: map[string]any{"sha256": args[0]}})
		},
	}
}

func (p *program) askPolicy(cmd *cobra.Command, c call) error {
	return p.withClient(cmd, func(ctx context.Context, client *apiClient, out *output) error {
		var v item[web.Policy]
		if _, _, err := client.do(ctx, c, &v); err != nil {
			return err
		}
		return out.Value(v, func(w io.Writer) { showPolicy(w, v.Read) })
	})
}

// policyChecks says of each portal of a running service whether its policy waits for approval.
func policyChecks(ctx context.Context, cfg Config) (checks []Check) {
	l, err := readLocal(cfg.DataDir)
	if err != nil || l.URL == "" || cfg.Gate.Approvals == 0 {
		return nil
	}
	for _, p := range cfg.AllPortals() {
		cfg.Portal = p.PortalID
		c := Check{Name: "policy " + p.PortalID.String(), State: "ok"}
		var v item[web.Policy]
		_, _, err := (&apiClient{http: &http.Client{Timeout: 10 * time.Second}, base: l.URL, token: scoped(l.Token, cfg)}).do(ctx, call{method: http.MethodGet, path: "/policy"}, &v)
		given, needed := len(v.Read.Approvals), v.Read.ApprovalsNeeded
		switch c.Detail = fmt.Sprintf("%d of %d administrators have approved it", given, needed); {
		case err != nil:
			c.State, c.Detail, c.Fix = "warn", err.Error(), "see that the running service is of this version"
		case given < needed:
			c.State, c.Fix = "warn", "nothing is written without a person until then: contextd policy approve "+v.Read.SHA256
		}
		checks = append(checks, c)
	}
	return checks
}

func viewPolicy(cfg Config, portal PortalConfig, p engine.Policy, all []prompts.Workflow) web.Policy {
	v := web.Policy{Portal: portal.PortalID, SHA256: p.SHA256, Write: portal.Write, Mode: string(p.Mode), Canary: p.Canary, ErrorBudget: p.Budget.Wrong, BudgetConfidence: p.Budget.Confidence, Explore: p.Explore, MaxPerHour: p.MaxPerHour,
		MaxPerRecordPerDay: p.MaxPerRecordPerDay, Rules: []string{}, Fields: []web.PolicyField{}, Core: engine.CoreFields(),
		CanaryOwners: slices.Concat([]string{}, p.CanaryOwners), ApprovalsNeeded: cfg.Gate.Approvals, Approvals: []crm.Approval{}}
	for _, r := range p.Rules {
		v.Rules = append(v.Rules, r.String())
	}
	for _, w := range all {
		for _, c := range w.Changes {
			v.Fields = append(v.Fields, classOf(cfg, p, w, c))
		}
	}
	return v
}

// classOf says where a field stands. The order is the gate's: what is never touched, then what is a person's.
func classOf(cfg Config, p engine.Policy, w prompts.Workflow, c prompts.Change) web.PolicyField {
	risk := p.RiskOf(c)
	p = p.At(risk)
	f := web.PolicyField{Workflow: w.Name, Field: c.Property, Class: "human", Risk: risk, Threshold: round(engine.Threshold(c.Threshold, w.Policy.Threshold, p.Threshold)), Budget: round(p.Budget.Wrong)}
	if c.Kind != crm.PropertyKind {
		f.Field = string(c.Kind)
	}
	set := func(name string) string { return name + " (" + string(cfg.origins[name]) + ")" }
	mode, whose := p.Mode, set("gate.mode")
	if m := w.Policy.Mode; m != "" && mode.Within(m) != mode {
		mode, whose = m, "the workflow's policy"
	}
	switch {
	case slices.Contains(p.Never, f.Field):
		f.Class, f.Why = "never", set("gate.never")
	case c.Verdict != nil && *c.Verdict == crm.Drop:
		f.Class, f.Why = "never", "the workflow drops it"
	case c.Verdict != nil && *c.Verdict == crm.Review:
		f.Why = "the workflow leaves it to a person"
	case slices.Contains(p.HumanOnly, f.Field):
		f.Why = set("gate.human_only")
	case !p.Write:
		f.Why = "hubspot.write is off"
	case mode == crm.GateOff || mode == crm.GateShadow:
		f.Why = "mode " + string(mode) + ": " + whose
	default:
		f.Class, f.Why = "automatic", fmt.Sprintf("from confidence %v on: %s", f.Threshold, thresholdOf(cfg, w, c, risk))
		if p.Budget.Wrong != 0 {
			f.Why += fmt.Sprintf("; and when reviews prove that at most %g %% are wrong (contextd calibration show)", round(100*p.Budget.Wrong))
		}
		if mode == crm.GateCanary {
			f.Why += fmt.Sprintf("; on %s of the records: %s", exactly(p.Canary), whose)
			if len(p.CanaryOwners) > 0 {
				f.Why += fmt.Sprintf(", and those of %d owners", len(p.CanaryOwners))
			}
		}
	}
	return f
}

func thresholdOf(cfg Config, w prompts.Workflow, c prompts.Change, risk crm.Risk) string {
	switch {
	case c.Threshold != 0:
		return "the field's in the workflow"
	case w.Policy.Threshold != 0:
		return "the workflow's policy"
	}
	if risk != crm.RiskMedium {
		return "gate.threshold (" + string(cfg.origins["gate.threshold"]) + ") at " + string(risk) + " risk"
	}
	return "gate.threshold (" + string(cfg.origins["gate.threshold"]) + ")"
}

// round takes what binary fractions add away.
func round(x float64) float64 { return math.Round(x*1e6) / 1e6 }

func showPolicy(w io.Writer, v web.Policy) {
	bound := func(n int) string {
		if n == 0 {
			return "no bound"
		}
		return fmt.Sprint(n)
	}
	fmt.Fprintf(w, "policy    %s\nportal    %s, writing %s\nmode      %s", v.SHA256, v.Portal, v.Write, v.Mode)
	if v.Mode == string(crm.GateCanary) {
		fmt.Fprintf(w, ", on %s of the records", exactly(v.Canary))
		if len(v.CanaryOwners) > 0 {
			fmt.Fprintf(w, " and those of the owners %s", strings.Join(v.CanaryOwners, ", "))
		}
	}
	switch {
	case v.Approvals == nil && v.ApprovalsNeeded > 0:
		fmt.Fprintf(w, "\napproval  %d administrators must approve it; --running shows who has", v.ApprovalsNeeded)
	case v.ApprovalsNeeded > 0 || len(v.Approvals) > 0:
		fmt.Fprintf(w, "\napproved  by %d, needed %d", len(v.Approvals), v.ApprovalsNeeded)
		for _, a := range v.Approvals {
			fmt.Fprintf(w, "\n          %s, %s", oneLine(a.By.String()), a.At.UTC().Format(time.RFC3339))
		}
	}
	fmt.Fprintf(w, "\ncaps      without a person %s in an hour, %s to one record in a day\n", bound(v.MaxPerHour), bound(v.MaxPerRecordPerDay))
	if v.ErrorBudget != 0 {
		fmt.Fprintf(w, "budget    at most %g %% wrong at %g %%; people see %g %% of what is let through\n", 100*v.ErrorBudget, 100*v.BudgetConfidence, 100*v.Explore)
	}
	for i, r := range v.Rules {
		fmt.Fprintf(w, "rule %-4d %s\n", i+1, oneLine(r))
	}
	fmt.Fprintf(w, "core      never written: %s\n\n", strings.Join(v.Core, ", "))
	table(w, v.Fields, []column[web.PolicyField]{
		{"WORKFLOW", func(f web.PolicyField) string { return f.Workflow }},
		{"FIELD", func(f web.PolicyField) string { return f.Field }},
		{"CLASS", func(f web.PolicyField) string { return f.Class }},
		{"RISK", func(f web.PolicyField) string { return string(f.Risk) }},
		{"WHY", func(f web.PolicyField) string { return f.Why }},
	})
}
