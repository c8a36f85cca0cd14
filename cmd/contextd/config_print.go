package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// configRow is one key with its value as shown: secrets masked, lists as lists, "" or null where nothing is set.
type configRow struct {
	Key    string `json:"key"`
	Env    string `json:"env,omitempty"` // the variable that sets it; entries of portals have none
	Value  any    `json:"value"`
	Origin origin `json:"origin"`
	Doc    string `json:"doc"`
}

// defaultConfig is the configuration when nothing is set but the XDG directories.
func defaultConfig(environ []string) (Config, error) {
	l := newLoader(environ)
	l.defaults()
	cfg := Config{origins: l.origins}
	if err := l.merged.Unmarshal("", &cfg); err != nil {
		return cfg, fmt.Errorf("merge defaults: %w", err)
	}
	return cfg, nil
}

// rows are all keys in the order of the table, then those of the portals.
func (c Config) rows() []configRow {
	values := map[string]any{
		"data_dir": c.DataDir, "server.listen": c.Server.Listen, "server.admin_listen": c.Server.AdminListen, "server.public_url": c.Server.PublicURL,
		"server.trusted_proxies": c.Server.TrustedProxies, "store.url": c.Store.URL, "vectors.url": redacted(c.Vectors.URL),
		"vectors.api_key": c.Vectors.APIKey, "embedder.provider": c.Embedder.Provider, "embedder.model": c.Embedder.Model, "embedder.base_url": c.Embedder.BaseURL, "embedder.api_key": c.Embedder.APIKey,
		"privacy.exclude_properties": c.Privacy.ExcludeProperties, "privacy.skip_when": c.Privacy.SkipWhen, "privacy.objects": c.Privacy.Objects,
		"privacy.redact": c.Privacy.Redact, "privacy.redact_kinds": c.Privacy.RedactKinds, "privacy.redact_terms": c.Privacy.RedactTerms,
		"gate.threshold": c.Gate.Threshold, "gate.mode": c.Gate.Mode, "gate.canary": c.Gate.Canary, "gate.canary_owners": c.Gate.CanaryOwners, "gate.approvals": c.Gate.Approvals, "gate.human_only": c.Gate.HumanOnly, "gate.never": c.Gate.Never, "gate.low_risk": c.Gate.LowRisk, "gate.high_risk": c.Gate.HighRisk,
		"gate.max_per_hour": c.Gate.MaxPerHour, "gate.max_per_record_per_day": c.Gate.MaxPerRecordPerDay, "gate.rules": c.Gate.Rules, "gate.error_budget": c.Gate.ErrorBudget, "gate.budget_confidence": c.Gate.BudgetConfidence, "gate.explore": c.Gate.Explore,
		"review.hubspot_status": c.Review.HubSpotStatus, "review.hubspot_users": c.Review.HubSpotUsers,
		"budget.monthly_usd": c.Budget.MonthlyUSD, "cache.days": c.Cache.Days, "cache.megabytes": c.Cache.Megabytes, "embedder.input_usd_per_million": c.Embedder.InputPrice,
		"prompts.dir": c.Prompts.Dir, "workflows.quiet": c.Workflows.Quiet.String(), "workflows.usage": c.Workflows.Usage, "workflows.first_looks": c.Workflows.FirstLooks, "enrichment.source.url": c.Enrichment.Source.URL, "enrichment.source.token": c.Enrichment.Source.Token, "enrichment.source.timeout": c.Enrichment.Source.Timeout.String(),
		"enrichment.source.max_bytes": c.Enrichment.Source.MaxBytes, "enrichment.source.private": c.Enrichment.Source.Private, "index.workers": c.Index.Workers, "index.batch": c.Index.Batch,
		"audit.checkpoint_file": c.Audit.CheckpointFile, "audit.checkpoint_url": c.Audit.CheckpointURL, "audit.checkpoint_every": c.Audit.CheckpointEvery.String(),
		"log.level": c.Log.Level, "log.format": c.Log.Format,
	}
	portal := func(prefix string, p PortalConfig) {
		values[prefix+"base_url"], values[prefix+"token"], values[prefix+"client_secret"] = p.BaseURL, p.Token, p.ClientSecret
		values[prefix+"app_id"], values[prefix+"portal_id"], values[prefix+"write"] = p.AppID, p.PortalID, p.Write
		for _, what := range crm.RetainedTexts() {
			values[prefix+"keep_"+string(what)] = p.keepDays(what)
		}
	}
	portal("hubspot.", c.HubSpot)
	writer := func(prefix string, m ModelConfig) {
		values[prefix+"provider"], values[prefix+"model"], values[prefix+"base_url"], values[prefix+"api_key"] = m.Provider, m.Model, m.BaseURL, m.APIKey
		values[prefix+"workflows"], values[prefix+"classes"] = m.Workflows, m.Classes
		values[prefix+"input_usd_per_million"], values[prefix+"output_usd_per_million"], values[prefix+"cached_usd_per_million"] = m.InputPrice, m.OutputPrice, m.CachedPrice
	}
	writer("model.", c.Model)
	var out []configRow
	for _, k := range configKeys(func(string) string { return "" }) {
		out = append(out, configRow{k.name, k.env(), values[k.name], c.origins[k.name], k.doc})
	}
	entry := func(prefix string, keys []key) {
		for _, k := range keys {
			if o, set := c.origins[prefix+k.name]; set {
				out = append(out, configRow{prefix + k.name, "", values[prefix+k.name], o, k.doc})
			}
		}
	}
	for i, m := range c.Models {
		prefix := fmt.Sprintf("models[%d].", i)
		writer(prefix, m)
		entry(prefix, modelsKeys())
	}
	for i, p := range c.Portals {
		prefix := fmt.Sprintf("portals[%d].", i)
		portal(prefix, p)
		entry(prefix, portalKeys())
	}
	return out
}

// redacted masks the password of an address that may hold one.
func redacted(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return mask
	}
	return u.Redacted()
}

// printYAML writes rows as a configuration file; keys without a value are commented out.
func printYAML(w io.Writer, rows []configRow, docs, origins bool) {
	section := ""
	for _, r := range rows {
		head, name, nested := strings.Cut(r.Key, ".")
		indent := ""
		if !nested {
			name = r.Key
		} else {
			indent = "  "
			if head != section {
				printSection(w, head)
			}
			section = head
		}
		line := indent + name + ": " + yamlValue(r.Value)
		if strings.Contains(head, "[") {
			line = "  " + line
		}
		if isUnset(r.Value) {
			line = indent + "# " + name + ":"
		}
		var remarks []string
		if docs {
			remarks = append(remarks, r.Doc)
		}
		if origins {
			remarks = append(remarks, string(r.Origin))
		}
		if len(remarks) > 0 {
			line += "  # " + strings.Join(remarks, "; ")
		}
		fmt.Fprintln(w, line)
	}
}

func printSection(w io.Writer, head string) {
	list, index, isEntry := strings.Cut(head, "[")
	switch {
	case !isEntry:
		fmt.Fprintln(w, head+":")
	case index == "0]":
		fmt.Fprintln(w, list+":\n  -")
	default:
		fmt.Fprintln(w, "  -")
	}
}

func isUnset(v any) bool {
	switch v := v.(type) {
	case string:
		return v == ""
	case Secret:
		return v == ""
	case *float64:
		return v == nil
	case crm.PortalID:
		return v == 0
	case []string:
		return len(v) == 0
	case []crm.ObjectType:
		return len(v) == 0
	}
	return false
}

// yamlValue writes a value so that YAML reads it back: JSON strings are YAML, plain words need no quotes.
func yamlValue(v any) string {
	switch v := v.(type) {
	case *float64:
		if v != nil {
			return yamlValue(*v)
		}
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case int:
		return strconv.Itoa(v)
	case crm.PortalID:
		return v.String()
	case string:
		if plainWord(v) {
			return v
		}
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return "null" // texts and lists of texts always encode
	}
	return string(raw)
}

func plainWord(s string) bool {
	if s == "" || slices.Contains([]string{"null", "true", "false", "~"}, s) {
		return false
	}
	for _, r := range s {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_/.-", r) {
			return false
		}
	}
	return s[0] != '-' && s[0] != '.'
}
