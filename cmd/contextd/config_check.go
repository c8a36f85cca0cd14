package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// check finds what is wrong between values that are fine each by itself.
func (l *loader) check(cfg Config) {
	if len(cfg.Portals) > 0 {
		for name, set := range map[string]bool{"hubspot.portal_id": cfg.HubSpot.PortalID != 0, "hubspot.token": cfg.HubSpot.Token != ""} {
			if set {
				l.add(name+" is set beside portals", string(l.origins[name]), "move it into an entry of portals, or remove portals")
			}
		}
	}
	seen := map[crm.PortalID]string{}
	for i, p := range cfg.Portals {
		name := fmt.Sprintf("portals[%d]", i)
		if p.PortalID == 0 {
			l.add(name+" has no portal_id", string(l.origins["portals"]), "add portal_id: the positive number in your HubSpot URLs")
			continue
		}
		if first, twice := seen[p.PortalID]; twice {
			l.add(fmt.Sprintf("%s.portal_id: %s is already %s", name, p.PortalID, first), string(l.origins[name+".portal_id"]), "list each portal once")
		}
		seen[p.PortalID] = name
	}
	l.checkIndex(cfg)
	l.checkPrompts(cfg)
	l.checkGate(cfg)
	l.checkModels(cfg)
	l.checkPrices(cfg)
	l.checkSource(cfg)
	if info, err := os.Stat(cfg.DataDir); err == nil && !info.IsDir() {
		l.add(fmt.Sprintf("data_dir: %q is a file", cfg.DataDir), string(l.origins["data_dir"]), "name a directory; it is created when missing")
	}
	if cfg.Server.Listen == cfg.Server.AdminListen && !strings.HasSuffix(cfg.Server.Listen, ":0") { // port 0 is another one each time
		l.add("server.admin_listen is the same as server.listen", string(l.origins["server.admin_listen"]), "use another port")
	}
}

// checkIndex finds settings of the index that do not belong together: nothing that is set may be ignored.
func (l *loader) checkIndex(cfg Config) {
	if cfg.Vectors.APIKey != "" && !strings.HasPrefix(cfg.Vectors.URL, "qdrants:") {
		l.add("vectors.api_key would not be used", string(l.origins["vectors.api_key"]), "set vectors.url to qdrants://host:6334 (a key is only sent over TLS), or remove the key")
	}
	e := cfg.Embedder
	switch {
	case e.Provider == "builtin" && e.BaseURL != "":
		l.add("embedder.base_url would not be used", string(l.origins["embedder.base_url"]), "set embedder.provider to ollama or openai, or remove the address")
	case e.Provider == "builtin" && e.APIKey != "":
		l.add("embedder.api_key would not be used", string(l.origins["embedder.api_key"]), "set embedder.provider to ollama or openai, or remove the key")
	case e.Provider == "builtin" && e.Model != "" && e.Model != "static256" && e.Model != "hash256":
		l.add(fmt.Sprintf("embedder.model: %q is not built in", e.Model), string(l.origins["embedder.model"]), "use static256 or hash256, or set embedder.provider to ollama or openai")
	case e.Provider != "builtin" && e.Model == "":
		l.add("embedder.model is missing", string(l.origins["embedder.provider"]), "name a model that the server has, such as all-minilm")
	}
	if e.Provider == "ollama" && ollamaCloud(e.BaseURL) {
		l.add("embedder.base_url: "+cloudRefused, string(l.origins["embedder.base_url"]), cloudInstead)
	}
	if e.Provider == "openai" && e.BaseURL == "" && e.APIKey == "" {
		l.add("embedder.api_key is missing", string(l.origins["embedder.provider"]), "OpenAI needs one; for another server set embedder.base_url")
	}
}

// NeedHubSpot checks what a command that talks to HubSpot cannot do without: portal_id and token of every portal, and with webhooks also client_secret. The error
// is a *configError with every problem.
func (c Config) NeedHubSpot(webhooks bool) error {
	var out []problem
	need := func(missing bool, name, what string) {
		if missing {
			out = append(out, problem{name + " is missing", "not set anywhere", what})
		}
	}
	short := len(c.Portals) == 0
	if short {
		k := key{name: "hubspot.portal_id"}
		need(c.HubSpot.PortalID == 0, k.name, "set it in contextd.yaml or as "+k.env()+": the number in your HubSpot URLs")
	}
	all := c.AllPortals()
	if len(all) == 0 {
		all = []PortalConfig{c.HubSpot}
	}
	for i, p := range all {
		prefix, how := "hubspot.", func(name string) string {
			k := key{name: "hubspot." + name}
			return "set it in contextd.yaml, or as " + k.env() + " or " + k.env() + "_FILE"
		}
		if !short {
			prefix, how = fmt.Sprintf("portals[%d].", i), func(name string) string { return "add " + name + " or " + name + "_file to that entry" }
		}
		need(p.Token == "", prefix+"token", how("token"))
		need(webhooks && p.ClientSecret == "", prefix+"client_secret", how("client_secret")+"; webhooks are verified with it")
	}
	if len(out) > 0 {
		return &configError{out}
	}
	return nil
}
