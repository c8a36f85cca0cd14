package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/contextd/contextd/engine"
	"github.com/contextd/contextd/internal/calibration"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/prompts"
)

func fieldName(s string) (string, error) {
	if s == "" || strings.ContainsFunc(s, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') && (r < '0' || r > '9') }) {
		return "", complain("use the internal name of a HubSpot property, such as ai_lead_score, or note or task", "%q is not a property name", s)
	}
	return s, nil
}

// rules parses gate.rules: every entry is one rule, which may hold commas.
func rules(texts []string) (any, error) {
	out := []string{}
	for _, text := range texts {
		if err := ruleProblem(text); err != nil {
			return nil, err
		}
		out = append(out, strings.TrimSpace(text))
	}
	return out, nil
}

const ruleNames = "names are change.kind, change.property, change.before, change.after, record.PROPERTY, object, account, workflow, confidence and time; the whole must be true or false"

func ruleProblem(text string) error {
	if _, err := engine.CompileRule(text); err != nil {
		return complain(ruleNames,
			"%q is not a rule: %s", text, strings.TrimSuffix(err.Error(), ": "+crm.ErrInvalid.Error()))
	}
	return nil
}

// items checks the entries of a list one by one, each with its own line.
func (w *fileWalk) items(n *yaml.Node, name string, texts []string) bool {
	k := w.keys[name]
	if k.item == nil || n.Kind != yaml.SequenceNode {
		return true
	}
	ok := true
	for i, text := range texts {
		if c := (*complaint)(nil); errors.As(k.item(text), &c) {
			w.add(fmt.Sprintf("%s: entry %d: %s", name, i+1, c.what), w.at(target(n.Content[i])), c.fix)
			ok = false
		}
	}
	return ok
}

// checkGate finds names in the lists of the gate that nothing goes by: a slip of the pen there would let something through.
func (l *loader) checkGate(cfg Config) {
	for _, field := range cfg.Gate.HighRisk {
		if slices.Contains(cfg.Gate.LowRisk, field) {
			l.add(fmt.Sprintf("gate.low_risk: %s is in gate.high_risk, too", field), string(l.origins["gate.low_risk"]), "take it out of one of them")
		}
	}
	if len(cfg.Gate.HumanOnly)+len(cfg.Gate.Never)+len(cfg.Gate.LowRisk)+len(cfg.Gate.HighRisk) == 0 {
		return
	}
	all, err := prompts.Open(cfg.Prompts.Dir)
	if err != nil {
		return // checkPrompts has said so
	}
	known := append(engine.CoreFields(), string(crm.NoteKind), string(crm.TaskKind))
	for _, d := range definitions(all) {
		known = append(known, d.Name)
	}
	l.fields("gate.human_only", cfg.Gate.HumanOnly, known)
	l.fields("gate.never", cfg.Gate.Never, known)
	l.fields("gate.low_risk", cfg.Gate.LowRisk, known)
	l.fields("gate.high_risk", cfg.Gate.HighRisk, known)
}

func (l *loader) fields(name string, list, known []string) {
	for _, field := range list {
		if slices.Contains(known, field) {
			continue
		}
		fix := "contextd policy show lists what workflows write"
		if near := closest(field, known); near != "" {
			fix = "did you mean " + near + "?"
		}
		l.add(fmt.Sprintf("%s: no workflow writes %s", name, field), string(l.origins[name]), fix)
	}
}

// policies are what the gate goes by in each portal.
func (c Config) policies(workflows []prompts.Workflow) (map[crm.PortalID]engine.Policy, error) {
	p := engine.Policy{Mode: crm.GateMode(c.Gate.Mode), Canary: c.Gate.Canary, CanaryOwners: c.Gate.CanaryOwners, Threshold: c.Gate.Threshold, HumanOnly: c.Gate.HumanOnly, Never: c.Gate.Never, LowRisk: c.Gate.LowRisk, HighRisk: c.Gate.HighRisk, MaxPerHour: c.Gate.MaxPerHour,
		MaxPerRecordPerDay: c.Gate.MaxPerRecordPerDay}
	if c.Gate.ErrorBudget != 0 {
		p.Budget, p.Explore = calibration.Budget{Wrong: c.Gate.ErrorBudget, Confidence: c.Gate.BudgetConfidence}, c.Gate.Explore
	}
	for _, text := range c.Gate.Rules {
		r, err := engine.CompileRule(text)
		if err != nil {
			return nil, fmt.Errorf("gate.rules: %w", err)
		}
		p.Rules = append(p.Rules, r)
	}
	out := map[crm.PortalID]engine.Policy{}
	for _, portal := range c.AllPortals() {
		p.Write = portal.WriteOn()
		p.SHA256 = p.Digest(workflows)
		out[portal.PortalID] = p
	}
	return out, nil
}
