package main

import (
	"net"
	"path/filepath"
	"slices"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/redact"
)

// Config is everything that can be set, after defaults, files, environment and flags were merged and checked. The keys are described in config_keys.go.
type Config struct {
	DataDir   string          `koanf:"data_dir"`
	Server    ServerConfig    `koanf:"server"`
	Store     StoreConfig     `koanf:"store"`
	Vectors   VectorsConfig   `koanf:"vectors"`
	Embedder  EmbedderConfig  `koanf:"embedder"`
	Model     ModelConfig     `koanf:"model"`
	Models    []ModelConfig   `koanf:"models"`
	HubSpot   PortalConfig    `koanf:"hubspot"`
	Portals   []PortalConfig  `koanf:"portals"`
	Privacy   PrivacyConfig   `koanf:"privacy"`
	Gate      GateConfig      `koanf:"gate"`
	Review    ReviewConfig    `koanf:"review"`
	Budget    BudgetConfig    `koanf:"budget"`
	Cache     CacheConfig     `koanf:"cache"`
	Workflows WorkflowsConfig `koanf:"workflows"`
	Prompts   PromptsConfig   `koanf:"prompts"`

	Enrichment EnrichmentConfig `koanf:"enrichment"`

	Index IndexConfig `koanf:"index"`
	Audit AuditConfig `koanf:"audit"`
	Log   LogConfig   `koanf:"log"`

	Portal crm.PortalID `koanf:"-"` // --portal; 0: none named. Use Selected
	Files  []string     `koanf:"-"` // the files that were read, weakest first

	origins   map[string]origin
	unlimited bool // the demo's simulator has no quota that anybody else could need
}

// ServerConfig says where we listen and as what HubSpot sees us.
type ServerConfig struct {
	Listen         string   `koanf:"listen"`
	AdminListen    string   `koanf:"admin_listen"`
	PublicURL      string   `koanf:"public_url"` // "": use Config.PublicURL
	TrustedProxies []string `koanf:"trusted_proxies"`
}

// StoreConfig names a back end by its URL.
type StoreConfig struct {
	URL string `koanf:"url"`
}

// VectorsConfig names the vector back end by its URL. APIKey is Qdrant's.
type VectorsConfig struct {
	URL    string `koanf:"url"`
	APIKey Secret `koanf:"api_key"`
}

// EmbedderConfig names who embeds. Model and BaseURL may be "": the provider's defaults.
type EmbedderConfig struct {
	Provider string `koanf:"provider"`
	Model    string `koanf:"model"`
	BaseURL  string `koanf:"base_url"`
	APIKey   Secret `koanf:"api_key"`

	InputPrice *float64 `koanf:"input_usd_per_million"` // nil: not said
}

// ModelConfig names who writes; in the list, for which workflows and for which classes of model that workflows ask for. BaseURL may be "": the provider's default. Prices are in dollars per million tokens, nil where not
// said.
type ModelConfig struct {
	Provider  string   `koanf:"provider" json:"provider"`
	Model     string   `koanf:"model" json:"model"`
	BaseURL   string   `koanf:"base_url" json:"base_url"`
	APIKey    Secret   `koanf:"api_key" json:"api_key"`
	Workflows []string `koanf:"workflows" json:"workflows"` // of an entry of models
	Classes   []string `koanf:"classes" json:"classes"`     // likewise: small, large

	InputPrice  *float64 `koanf:"input_usd_per_million" json:"input_usd_per_million"`
	OutputPrice *float64 `koanf:"output_usd_per_million" json:"output_usd_per_million"`
	CachedPrice *float64 `koanf:"cached_usd_per_million" json:"cached_usd_per_million"`
}

// uses are the workflows and classes that the model is for; "" is everything else.
func (m ModelConfig) uses() []string {
	if all := slices.Concat(m.Workflows, m.Classes); len(all) > 0 {
		return all
	}
	return []string{""}
}

// PortalConfig is the access to one HubSpot portal.
type PortalConfig struct {
	BaseURL      string       `koanf:"base_url" json:"base_url"`
	Token        Secret       `koanf:"token" json:"token"`
	ClientSecret Secret       `koanf:"client_secret" json:"client_secret"`
	AppID        string       `koanf:"app_id" json:"app_id"` // digits, or "" when unknown
	PortalID     crm.PortalID `koanf:"portal_id" json:"portal_id"`
	Write        string       `koanf:"write" json:"write"`               // on or off
	KeepPrompts  int          `koanf:"keep_prompts" json:"keep_prompts"` // days, 0: for ever
	KeepReplies  int          `koanf:"keep_replies" json:"keep_replies"`
	KeepInputs   int          `koanf:"keep_inputs" json:"keep_inputs"`
	KeepBodies   int          `koanf:"keep_bodies" json:"keep_bodies"`
}

// keepDays is how long texts of a kind are kept, 0 for ever.
func (p PortalConfig) keepDays(what crm.Retained) int {
	//exhaustive:enforce
	switch what {
	case crm.RetainedPrompts:
		return p.KeepPrompts
	case crm.RetainedReplies:
		return p.KeepReplies
	case crm.RetainedInputs:
		return p.KeepInputs
	case crm.RetainedBodies:
		return p.KeepBodies
	}
	return 0
}

// WriteOn tells whether approved changes may be written to this portal.
func (p PortalConfig) WriteOn() bool { return p.Write == "on" }

// PrivacyConfig says what is never stored, and what models on other machines are not told. SkipWhen is the name of a record property, "" for none; Objects are the types that
// are read, empty for all; RedactKinds are empty for the usual ones.
type PrivacyConfig struct {
	ExcludeProperties []string         `koanf:"exclude_properties"`
	SkipWhen          string           `koanf:"skip_when"`
	Objects           []crm.ObjectType `koanf:"objects"`
	Redact            string           `koanf:"redact"` // remote, always or off; "" is remote
	RedactKinds       []redact.Kind    `koanf:"redact_kinds"`
	RedactTerms       []string         `koanf:"redact_terms"`
}

// GateConfig is what may be written without a person: from which confidence, on which share of the records in canary mode, which properties ("note", "task") never, how
// much (0: no bound), and by which rules.
type GateConfig struct {
	Threshold          float64  `koanf:"threshold"`
	Mode               string   `koanf:"mode"` // off, shadow, canary or on
	Canary             float64  `koanf:"canary"`
	CanaryOwners       []string `koanf:"canary_owners"`
	Approvals          int      `koanf:"approvals"` // different administrators who must approve a policy
	HumanOnly          []string `koanf:"human_only"`
	Never              []string `koanf:"never"`
	LowRisk            []string `koanf:"low_risk"`  // fields of that class, whatever their workflow says
	HighRisk           []string `koanf:"high_risk"` // the same
	MaxPerHour         int      `koanf:"max_per_hour"`
	MaxPerRecordPerDay int      `koanf:"max_per_record_per_day"`
	Rules              []string `koanf:"rules"`
	ErrorBudget        float64  `koanf:"error_budget"` // 0: none
	BudgetConfidence   float64  `koanf:"budget_confidence"`
	Explore            float64  `koanf:"explore"`
}

// BudgetConfig bounds what models may cost in each portal and calendar month (UTC); 0 is no bound.
type BudgetConfig struct {
	MonthlyUSD float64 `koanf:"monthly_usd"`
}

// CacheConfig bounds the models' answers that are kept: in days, 0 for none, and in megabytes for each portal.
type CacheConfig struct {
	Days      int `koanf:"days"`
	Megabytes int `koanf:"megabytes"`
}

// WorkflowsConfig holds what applies to all workflows. Quiet replaces their own quiet periods when it is not 0. Usage are the properties of companies that measure
// usage: what workflows may state findings of. FirstLooks is free, all or none: whose model may be asked about records to which nothing happened.
type WorkflowsConfig struct {
	Quiet      time.Duration `koanf:"quiet"`
	Usage      []string      `koanf:"usage"`
	FirstLooks string        `koanf:"first_looks"`
}

// PromptsConfig names a directory with workflows beside the built-in ones; "" for none.
type PromptsConfig struct {
	Dir string `koanf:"dir"`
}

// EnrichmentConfig names a server beside HubSpot that is asked about companies; without a URL there is none.
type EnrichmentConfig struct {
	Source SourceConfig `koanf:"source"`
}

// SourceConfig is how that server is asked. Private is on or off: whether it may stand at a private address.
type SourceConfig struct {
	URL      string        `koanf:"url"`
	Token    Secret        `koanf:"token"`
	Timeout  time.Duration `koanf:"timeout"`
	MaxBytes int           `koanf:"max_bytes"`
	Private  string        `koanf:"private"`
}

// IndexConfig sizes the indexing pool: calls at the same time, and activities per call.
type IndexConfig struct {
	Workers int `koanf:"workers"`
	Batch   int `koanf:"batch"`
}

// AuditConfig says where signed heads of the audit go, and how often one is made; "" is nowhere.
type AuditConfig struct {
	CheckpointFile  string        `koanf:"checkpoint_file"`
	CheckpointURL   string        `koanf:"checkpoint_url"`
	CheckpointEvery time.Duration `koanf:"checkpoint_every"`
}

// LogConfig says what is logged to standard error. Format is auto (text on a terminal, JSON elsewhere), text or json.
type LogConfig struct {
	Level  string `koanf:"level"`
	Format string `koanf:"format"`
}

// PublicURL is the configured public URL, or the one that follows from the address we listen on. listen is the address actually bound, "" for the configured one.
// There is never a slash at its end.
func (c Config) PublicURL(listen string) string {
	if c.Server.PublicURL != "" {
		return c.Server.PublicURL
	}
	if listen == "" {
		listen = c.Server.Listen
	}
	host, port, err := net.SplitHostPort(listen)
	if err == nil && host == "" { // ":8080" is every interface; a URL needs one of them
		listen = net.JoinHostPort("127.0.0.1", port)
	}
	return "http://" + listen
}

// Path is a file in the data directory.
func (c Config) Path(name string) string { return filepath.Join(c.DataDir, name) }

// AllPortals are the configured portals: those of the list, or the one of the short form. Values that the list leaves out come from hubspot.*. It is empty when
// no portal id is set.
func (c Config) AllPortals() []PortalConfig {
	if len(c.Portals) == 0 {
		if c.HubSpot.PortalID == 0 {
			return nil
		}
		return []PortalConfig{c.HubSpot}
	}
	out := make([]PortalConfig, len(c.Portals))
	for i, p := range c.Portals {
		if p.BaseURL == "" {
			p.BaseURL = c.HubSpot.BaseURL
		}
		if p.ClientSecret == "" {
			p.ClientSecret = c.HubSpot.ClientSecret
		}
		if p.AppID == "" {
			p.AppID = c.HubSpot.AppID
		}
		if p.Write == "" {
			p.Write = c.HubSpot.Write
		}
		out[i] = p
	}
	return out
}

// Selected is the portal that a command works on: the one named with --portal, or the only one there is. It never guesses between two.
func (c Config) Selected() (PortalConfig, error) {
	all := c.AllPortals()
	if c.Portal == 0 && len(all) == 1 {
		return all[0], nil
	}
	ids := ""
	for _, p := range all {
		if p.PortalID == c.Portal {
			return p, nil
		}
		ids += " " + p.PortalID.String()
	}
	switch {
	case len(all) == 0:
		return PortalConfig{}, &configError{[]problem{{"no portal is configured", "hubspot.portal_id", "set it with hubspot.token in contextd.yaml, or CONTEXTD_HUBSPOT__PORTAL_ID"}}}
	case c.Portal == 0:
		return PortalConfig{}, usagef("several portals are configured: --portal: name one of%s", ids)
	}
	return PortalConfig{}, usagef("portal %s is not configured: --portal: name one of%s", c.Portal, ids)
}
