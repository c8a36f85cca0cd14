package main

import (
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/redact"
)

// key is one thing that can be set. parse turns its text into the value that Config holds and refuses with a *complaint.
type key struct {
	name    string
	initial string // default, as text
	doc     string
	list    bool
	secret  bool
	parse   func(texts []string) (any, error)
	item    func(text string) error // of a list whose entries stand alone: what is wrong with one is shown with its own line
}

// env is the variable that sets the key: CONTEXTD_SERVER__LISTEN.
func (k key) env() string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(k.name, ".", "__"))
}

// portalKeys are the keys of one portal, under hubspot.* and in each entry of portals.
func portalKeys() []key {
	return []key{
		{name: "base_url", initial: "https://api.hubapi.com", doc: "HubSpot's API, or the simulator's address", parse: one(webAddress)},
		{name: "token", secret: true, doc: "private app or service key", parse: secret},
		{name: "client_secret", secret: true, doc: "the app's secret: webhooks are verified with it", parse: secret},
		{name: "app_id", doc: "the app's id: tells our own writes from other people's; left out, it is learned from the first write", parse: one(digits)},
		{name: "portal_id", doc: "the HubSpot account (portal) id", parse: one(portalID)},
		{name: "write", initial: "off", doc: "off: nothing is written to HubSpot; on: what was approved is", parse: one(among("on", "off"))},
		{name: "keep_prompts", initial: "0", doc: "days that the prompts of runs are kept; 0: for ever. Their hashes stay in the audit", parse: one(between(0, 36_500))},
		{name: "keep_replies", initial: "0", doc: "the same of what models replied", parse: one(between(0, 36_500))},
		{name: "keep_inputs", initial: "0", doc: "the same of what the gate decided by: without it a verdict cannot be repeated", parse: one(between(0, 36_500))},
		{name: "keep_bodies", initial: "0", doc: "the same of the raw bodies of webhooks that were understood", parse: one(between(0, 36_500))},
	}
}

// modelKeys are the keys of one chat model, under model.* and in each entry of models.
func modelKeys() []key {
	return []key{
		{name: "provider", initial: "builtin", doc: "who writes suggestions: builtin, ollama, openai (any server that speaks its API) or anthropic", parse: one(among("builtin", "ollama", "openai", "anthropic"))},
		{name: "model", doc: "as the provider lists it, such as qwen3:8b, gpt-5-mini or claude-sonnet-4-6", parse: one(modelName)},
		{name: "base_url", doc: "where the provider listens (default: Ollama http://127.0.0.1:11434, OpenAI https://api.openai.com/v1, Anthropic https://api.anthropic.com); of other servers with OpenAI's API with their /v1", parse: one(webAddress)},
		{name: "api_key", secret: true, doc: "of the provider; Ollama itself needs none, a gateway before it may", parse: secret},
		{name: "input_usd_per_million", doc: "US dollars per million tokens that the model reads, as the provider's price list says (built in and Ollama: 0); without it the cost is unknown", parse: one(dollars)},
		{name: "output_usd_per_million", doc: "US dollars per million tokens that it writes", parse: one(dollars)},
		{name: "cached_usd_per_million", doc: "US dollars per million tokens that the provider has read before and calls cached (default: as input_usd_per_million)", parse: one(dollars)},
	}
}

// modelsKeys are the keys of an entry of models: another model for some workflows.
func modelsKeys() []key {
	return append(modelKeys(), key{name: "workflows", list: true, doc: "which workflows this model writes for", parse: each(workflowName)},
		key{name: "classes", list: true, doc: "for which other workflows: those that ask for a small or a large model", parse: each(modelClass)})
}

// configKeys is the table of everything that can be set, in the order in which it is shown. getenv finds the XDG directories.
func configKeys(getenv func(string) string) []key {
	keys := []key{
		{name: "data_dir", initial: dataDir(getenv), doc: "the SQLite file, the vectors and the key file", parse: one(directory)},
		{name: "server.listen", initial: "127.0.0.1:8080", doc: "webhooks, API and web pages", parse: one(listenAddress)},
		{name: "server.admin_listen", initial: "127.0.0.1:9090", doc: "metrics and profiles", parse: one(listenAddress)},
		{name: "server.public_url", doc: "as HubSpot sees us; signatures are computed over it (default: http:// and server.listen)", parse: one(webAddress)},
		{name: "server.trusted_proxies", list: true, doc: "addresses or networks whose X-Forwarded-* headers are believed", parse: each(network)},
		{name: "store.url", initial: "sqlite:", doc: "where records, work and decisions are kept: sqlite: is one file in data_dir", parse: one(only("sqlite:"))},
		{name: "vectors.url", initial: "flat:", doc: "where vectors are kept: flat: is a file of its own in data_dir; or qdrant://host:6334, qdrants://… with TLS, postgres://… (pgvector)", parse: one(vectorsURL)},
		{name: "vectors.api_key", secret: true, doc: "of the Qdrant server; it is only sent over TLS (qdrants://)", parse: secret},
		{name: "embedder.provider", initial: "builtin", doc: "who turns text into vectors: builtin, ollama or openai (any server that speaks its API)", parse: one(among("builtin", "ollama", "openai"))},
		{name: "embedder.model", doc: "builtin: static256 (default) or hash256; else as the provider lists it, such as all-minilm or text-embedding-3-small", parse: one(modelName)},
		{name: "embedder.base_url", doc: "where the provider listens, as model.base_url", parse: one(webAddress)},
		{name: "embedder.api_key", secret: true, doc: "of the provider, sent as a bearer token; Ollama itself needs none, a gateway before it may", parse: secret},
		{name: "embedder.input_usd_per_million", doc: "US dollars per million tokens, as model.input_usd_per_million", parse: one(dollars)},
	}
	for _, k := range modelKeys() {
		k.name = "model." + k.name
		keys = append(keys, k)
	}
	for _, k := range portalKeys() {
		k.name = "hubspot." + k.name
		keys = append(keys, k)
	}
	return append(keys,
		key{name: "privacy.exclude_properties", list: true, doc: "properties that are never read, beside those that HubSpot marks as sensitive", parse: each(word)},
		key{name: "privacy.skip_when", doc: "records with this property set are never stored, nor is anything on them", parse: one(word)},
		key{name: "privacy.objects", list: true, doc: "object types that are read (default: all)", parse: each(objectType)},
		key{name: "privacy.redact", initial: "remote", doc: "when models are sent pseudonyms: remote: those that run elsewhere (all but the built-in ones and Ollama on this machine); always: every one on a server; off: never", parse: one(among("remote", "always", "off"))},
		key{name: "privacy.redact_kinds", list: true, doc: "for which data pseudonyms are sent: " + redact.List(redact.Kinds()) + " (default: all but person)", parse: each(redactKind)},
		key{name: "privacy.redact_terms", list: true, doc: "names and words that pseudonyms are sent for beside them, such as a project's", parse: each(redactTerm)},
		key{name: "gate.threshold", initial: "0.85", doc: "confidence from which a change is applied without asking, 0 to 1", parse: one(share)},
		key{name: "gate.mode", initial: "on", doc: "how far the gate goes by itself, in portals with hubspot.write on. off: everything waits for a person; shadow: the same, and what would have been written is marked; canary: on for a share of the records, shadow for the others; on", parse: one(among("off", "shadow", "canary", "on"))},
		key{name: "gate.canary", initial: "0.1", doc: "that share, 0 to 1; a record is always in it or never", parse: one(share)},
		key{name: "gate.canary_owners", list: true, doc: "HubSpot owner ids whose records are in it, too", parse: each(digits)},
		key{name: "gate.approvals", initial: "0", doc: "how many different administrators must approve a changed policy (contextd policy approve) before anything is written by it without a person", parse: one(between(0, 2))},
		key{name: "gate.human_only", list: true, doc: "properties, or note and task, that always wait for a person", parse: each(fieldName)},
		key{name: "gate.never", list: true, doc: "properties, or note and task, that are not even suggested", parse: each(fieldName)},
		key{name: "gate.low_risk", list: true, doc: "properties, or note and task, of low risk: half as much again may be wrong of what is written there without a person (gate.threshold 0.85 is 0.775, gate.error_budget 0.02 is 0.03)", parse: each(fieldName)},
		key{name: "gate.high_risk", list: true, doc: "properties, or note and task, of high risk: half as much may be wrong (0.85 is 0.925, 0.02 is 0.01); all others are of the class that their workflow says, else medium", parse: each(fieldName)},
		key{name: "gate.max_per_hour", initial: "0", doc: "how much may be written without a person in each portal and hour; 0: no bound", parse: one(between(0, 1_000_000))},
		key{name: "gate.max_per_record_per_day", initial: "0", doc: "the same to one record in a day; 0: no bound", parse: one(between(0, 1_000_000))},
		key{name: "gate.error_budget", initial: "0", doc: "how much of what is written without a person may be wrong, such as 0.02 for 2 %, below 1: nothing of a field is written without one until reviews have proved it (contextd calibration show says how many are missing), and gate.threshold is raised where it takes that; 0: no budget, gate.threshold alone decides", parse: one(belowOne)},
		key{name: "gate.budget_confidence", initial: "0.9", doc: "how sure that must be: with 0.9 it is wrong for one field of ten at most; more than 0, below 1", parse: one(within)},
		key{name: "gate.explore", initial: "0.1", doc: "under an error budget: share of what would be written without a person that waits for one all the same, chosen by chance, so that it is noticed when it gets worse, 0 to 1", parse: one(share)},
		key{name: "gate.rules", list: true, doc: "conditions that must all hold for what is written without a person, such as 'change.property != \"ai_lead_score\" || record.lifecyclestage == \"lead\"'", parse: rules, item: ruleProblem},
		key{name: "review.hubspot_status", initial: "on", doc: "on: ai_review_status of a record says whether a suggestion waits on it, in portals with hubspot.write on", parse: one(among("on", "off"))},
		key{name: "review.hubspot_users", list: true, doc: "HubSpot users whose choice in ai_review_decision counts, as ID=role (reviewer: may reject; approver: may approve, too); *=role stands for everybody else who may edit it; none: nobody decides in HubSpot", parse: each(hubspotUser)},
		key{name: "budget.monthly_usd", initial: "0", doc: "what models may cost in each portal and calendar month (UTC), in US dollars; 0: no limit. What it has no room for waits; search and approved writes go on", parse: one(dollars)},
		key{name: "cache.days", initial: "30", doc: "how long answers of models are kept, so that the same question costs nothing; 0: not at all", parse: one(between(0, 365))},
		key{name: "cache.megabytes", initial: "64", doc: "how much they may take in each portal", parse: one(between(1, 10_000))},
		key{name: "prompts.dir", doc: "a directory with further workflows, a folder each; one with the name of a built-in workflow takes its place", parse: one(directory)},
		key{name: "workflows.quiet", initial: "0s", doc: "how long a subject must be left alone before a workflow runs (0s: as each workflow says)", parse: one(duration(time.Hour))},
		key{name: "workflows.usage", list: true, doc: "number properties of companies that measure usage, such as active_users: a workflow that states findings of usage, or is triggered by them, looks at how they move, such as churn_risk", parse: each(usageProperty)},
		key{name: "workflows.first_looks", initial: "free", doc: "whether workflows look of themselves at records to which nothing happens: imported ones, and customers and deals that are silent, or whose day has passed, when their history is read. free: where the model costs nothing by its price; what waits, and what it would cost, say status and doctor; all; none", parse: one(among("free", "all", "none"))},
		key{name: "enrichment.source.url", doc: "a server beside HubSpot that enrichment asks about companies: https://host/path. It is sent domain and name of the company; what it says goes to a person", parse: one(webAddress)},
		key{name: "enrichment.source.token", secret: true, doc: "of that server, sent as a bearer token", parse: secret},
		key{name: "enrichment.source.timeout", initial: "5s", doc: "how long it may take to answer; without an answer the run goes on", parse: one(period(100*time.Millisecond, time.Minute))},
		key{name: "enrichment.source.max_bytes", initial: "65536", doc: "how large its answer may be", parse: one(between(1024, 1<<20))},
		key{name: "enrichment.source.private", initial: "off", doc: "on: it may stand at a private address, and be asked without TLS", parse: one(among("on", "off"))},
		key{name: "index.workers", initial: "8", doc: "indexing batches at the same time", parse: one(between(1, 64))},
		key{name: "index.batch", initial: "32", doc: "activities per indexing batch", parse: one(between(1, 100))},
		key{name: "audit.checkpoint_file", doc: "signed heads of the audit are appended to this file, which should lie on another machine", parse: one(filePath)},
		key{name: "audit.checkpoint_url", doc: "signed heads of the audit are sent there with POST", parse: one(webAddress)},
		key{name: "audit.checkpoint_every", initial: "1h", doc: "how often a head of the audit is signed", parse: one(period(time.Minute, 24*time.Hour))},
		key{name: "log.level", initial: "info", doc: "debug, info, warn or error", parse: one(among("debug", "info", "warn", "error"))},
		key{name: "log.format", initial: "auto", doc: "auto (text on a terminal, JSON elsewhere), text or json", parse: one(among("auto", "text", "json"))},
	)
}

func dataDir(getenv func(string) string) string {
	if dir := getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) { // the XDG specification: relative paths are ignored
		return filepath.Join(dir, "contextd")
	}
	if home := getenv("HOME"); home != "" {
		return filepath.Join(home, ".local", "share", "contextd")
	}
	return "contextd-data"
}

func configDir(getenv func(string) string) string {
	if dir := getenv("XDG_CONFIG_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "contextd")
	}
	if home := getenv("HOME"); home != "" {
		return filepath.Join(home, ".config", "contextd")
	}
	return ""
}

// parseWeb reads an absolute http(s) URL without user, query or fragment, and cuts slashes off its end.
func parseWeb(s string) (string, bool) {
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", false
	}
	return strings.TrimRight(s, "/"), true
}
