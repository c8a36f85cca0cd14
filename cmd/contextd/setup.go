package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot"
	"github.com/contextd/contextd/prompts"
)

// definitions are the properties that the workflows write, one per object type and name.
func definitions(all []prompts.Workflow) []hubspot.Definition {
	var out []hubspot.Definition
	seen := map[string]bool{}
	for _, w := range all {
		for _, c := range w.Changes {
			for _, t := range w.Subjects {
				if c.Kind != crm.PropertyKind || !t.IsRecord() || seen[string(t)+c.Property] {
					continue
				}
				seen[string(t)+c.Property] = true
				d := hubspot.Definition{Object: t, Name: c.Property, Label: c.Label, Type: c.Type, Description: "Written by contextd (workflow " + w.Name + ")"}
				if len(c.Sections) > 0 {
					d.FieldType = "textarea" // of several lines
				}
				for _, o := range c.Options {
					d.Options = append(d.Options, hubspot.Choice{Value: o, Label: o})
				}
				out = append(out, d)
			}
		}
	}
	return out
}

// reviewDefinitions are the two properties that carry the review into HubSpot, for every type of record that a workflow suggests something on.
func reviewDefinitions() (out []hubspot.Definition) {
	choices := func(options [][2]string) (out []hubspot.Choice) {
		for _, o := range options {
			out = append(out, hubspot.Choice{Value: o[0], Label: o[1]})
		}
		return out
	}
	for _, t := range crm.RecordTypes() {
		out = append(out,
			hubspot.Definition{Object: t, Name: crm.ReviewStatus, Label: "AI review", Type: "enumeration", Options: choices(crm.ReviewStatuses()),
				Description: "Whether suggestions of contextd wait for a decision on this record"},
			hubspot.Definition{Object: t, Name: crm.ReviewDecision, Label: "AI review decision", Type: "enumeration", Options: choices(crm.ReviewDecisions()),
				Description: "Choose here to decide about every suggestion that waits on this record; it is emptied once that is done"})
	}
	return out
}

// propertiesRead lists the properties that the workflows want of records beside the usual ones: those that they write, for what a suggestion would replace and what people made of it,
// and those that their prompts show.
func propertiesRead(all []prompts.Workflow) map[crm.ObjectType][]string {
	out := map[crm.ObjectType][]string{}
	for _, d := range definitions(all) {
		out[d.Object] = append(out[d.Object], d.Name)
	}
	for _, w := range all {
		for t, names := range w.Payload.Properties {
			out[t] = append(out[t], names...)
		}
	}
	for t := range out {
		slices.Sort(out[t])
		out[t] = slices.Compact(out[t])
	}
	return out
}

// setupHubSpot creates what is missing in the selected portal.
func setupHubSpot(ctx context.Context, cfg Config, dryRun bool) (SetupReport, error) {
	p, err := cfg.Selected()
	if err != nil {
		return SetupReport{}, err
	}
	all, err := workflows(cfg)
	if err != nil {
		return SetupReport{}, err
	}
	client, err := newClient(cfg, p, nil)
	if err != nil {
		return SetupReport{}, err
	}
	if _, err := client.Account(ctx); err != nil { // a token of another portal would set up the wrong one
		return SetupReport{}, reachable(err, p)
	}
	got, err := client.Setup(ctx, append(definitions(all), reviewDefinitions()...), dryRun)
	if err != nil {
		return SetupReport{}, reachable(err, p)
	}
	r := SetupReport{Portal: p.PortalID, DryRun: dryRun, Created: slices.Concat([]string{}, got.Created, got.Updated), Present: slices.Concat([]string{}, got.Existing),
		Scopes: []string{}, Webhooks: []string{}, Target: cfg.PublicURL("") + "/webhooks/hubspot"}
	if dryRun {
		r.Created = slices.Concat([]string{}, got.WouldCreate, got.WouldUpdate)
	}
	for t, unique := range got.UniqueKeys {
		if !unique {
			r.Present = append(r.Present, fmt.Sprintf("%s.ai_ctx_key is not unique in this portal: notes and tasks are found by search before they are created", t))
		}
	}
	for _, s := range got.Scopes {
		line := s.Name + ": " + s.Why
		if s.Optional {
			line += " (optional)"
		}
		r.Scopes = append(r.Scopes, line)
	}
	for _, s := range got.Subscriptions {
		line := fmt.Sprintf("%s %s", s.Type, s.Object)
		if s.Property != "" {
			line += "." + s.Property
		}
		r.Webhooks = append(r.Webhooks, line)
	}
	return r, nil
}
