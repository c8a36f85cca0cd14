package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/contextd/contextd/engine"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/prompts"
)

// policyView is a portal's policy as it is shown.
type policyView struct {
	Portal             crm.PortalID  `json:"portal"`
	SHA256             string        `json:"sha256"`
	Write              string        `json:"write"`
	Mode               string        `json:"mode"`
	Canary             float64       `json:"canary"`
	ErrorBudget        float64       `json:"error_budget"` // 0: none
	BudgetConfidence   float64       `json:"budget_confidence"`
	Explore            float64       `json:"explore"`
	MaxPerHour         int           `json:"max_per_hour"`
	MaxPerRecordPerDay int           `json:"max_per_record_per_day"`
	Rules              []string      `json:"rules"`
	Fields             []policyField `json:"fields"`
	Core               []string      `json:"core_fields"`
}

// policyField is where one field of a workflow stands, and why. Class is automatic, human or never.
type policyField struct {
	Workflow  string  `json:"workflow"`
	Field     string  `json:"field"`
	Class     string  `json:"class"`
	Threshold float64 `json:"threshold"`
	Why       string  `json:"why"`
}

func (p *program) policyCommand() *cobra.Command {
	return group(&cobra.Command{Use: "policy", Short: "Show what may be written without a person"}, &cobra.Command{
		Use:   "show",
		Short: "Show the policy of the configuration, and where every field stands and why",
		Long: "Show the policy that this configuration makes: its hash as the audit names it, modes, caps and rules, and for every field that a workflow writes whether it may be\n" +
			"written without a person. A running service goes by the configuration that it was started with; the audit says since when (policy.changed).",
		Example: "  contextd policy show\n  contextd policy show -o json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
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
			return out.Value(v, func(w io.Writer) { v.show(w) })
		},
	})
}

func viewPolicy(cfg Config, portal PortalConfig, p engine.Policy, all []prompts.Workflow) policyView {
	v := policyView{Portal: portal.PortalID, SHA256: p.SHA256, Write: portal.Write, Mode: string(p.Mode), Canary: p.Canary, ErrorBudget: p.Budget.Wrong, BudgetConfidence: p.Budget.Confidence, Explore: p.Explore, MaxPerHour: p.MaxPerHour,
		MaxPerRecordPerDay: p.MaxPerRecordPerDay, Rules: []string{}, Fields: []policyField{}, Core: engine.CoreFields()}
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
func classOf(cfg Config, p engine.Policy, w prompts.Workflow, c prompts.Change) policyField {
	f := policyField{Workflow: w.Name, Field: c.Property, Class: "human", Threshold: engine.Threshold(c.Threshold, w.Policy.Threshold, p.Threshold)}
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
		f.Class, f.Why = "automatic", fmt.Sprintf("from confidence %v on: %s", f.Threshold, thresholdOf(cfg, w, c))
		if p.Budget.Wrong != 0 {
			f.Why += fmt.Sprintf("; and when reviews prove that at most %g %% are wrong (contextd calibration show)", 100*p.Budget.Wrong)
		}
		if mode == crm.GateCanary {
			f.Why += fmt.Sprintf("; on %s of the records: %s", percent(p.Canary), whose)
		}
	}
	return f
}

func thresholdOf(cfg Config, w prompts.Workflow, c prompts.Change) string {
	switch {
	case c.Threshold != 0:
		return "the field's in the workflow"
	case w.Policy.Threshold != 0:
		return "the workflow's policy"
	}
	return "gate.threshold (" + string(cfg.origins["gate.threshold"]) + ")"
}

func (v policyView) show(w io.Writer) {
	bound := func(n int) string {
		if n == 0 {
			return "no bound"
		}
		return fmt.Sprint(n)
	}
	fmt.Fprintf(w, "policy    %s\nportal    %s, writing %s\nmode      %s", v.SHA256, v.Portal, v.Write, v.Mode)
	if v.Mode == string(crm.GateCanary) {
		fmt.Fprintf(w, ", on %s of the records", percent(v.Canary))
	}
	fmt.Fprintf(w, "\ncaps      without a person %s in an hour, %s to one record in a day\n", bound(v.MaxPerHour), bound(v.MaxPerRecordPerDay))
	if v.ErrorBudget != 0 {
		fmt.Fprintf(w, "budget    at most %g %% wrong at %g %%; people see %g %% of what is let through\n", 100*v.ErrorBudget, 100*v.BudgetConfidence, 100*v.Explore)
	}
	for i, r := range v.Rules {
		fmt.Fprintf(w, "rule %-4d %s\n", i+1, oneLine(r))
	}
	fmt.Fprintf(w, "core      never written: %s\n\n", strings.Join(v.Core, ", "))
	table(w, v.Fields, []column[policyField]{
		{"WORKFLOW", func(f policyField) string { return f.Workflow }},
		{"FIELD", func(f policyField) string { return f.Field }},
		{"CLASS", func(f policyField) string { return f.Class }},
		{"WHY", func(f policyField) string { return f.Why }},
	})
}
