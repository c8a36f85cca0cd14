package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/contextd/contextd/prompts"
)

func write(t *testing.T, yaml string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "contextd.yaml")
	if err := os.WriteFile(path, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEveryConfigurationProblemIsNamed(t *testing.T) {
	all, err := prompts.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	var workflowNames []string
	for _, w := range all {
		workflowNames = append(workflowNames, w.Name)
	}
	slices.Sort(workflowNames)
	names := strings.Join(workflowNames, ", ")
	secretFile := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(secretFile, []byte("pat-eu1-x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, yaml string
		env        []string
		flags      map[string]flagged
		want       string // FILE stands for the file's path
	}{
		{"unknown key", "server:\n  listne: x\n", nil, nil, "server.listne is not a key: FILE:2: did you mean server.listen?"},
		{"unknown section", "\nsever:\n  listen: x\n", nil, nil, "sever is not a key: FILE:2: did you mean server?"},
		{"unknown, nothing near", "zzzzzzzzzzzz: 1\n", nil, nil, "zzzzzzzzzzzz is not a key: FILE:1: remove it; contextd config print --defaults lists every key"},
		{"key without its section", "listen: x\n", nil, nil, "listen is not a key: FILE:1: did you mean server.listen?"},
		{"unknown variable", "", []string{"CONTEXTD_HUBSPOT__TOKN=x"}, nil, "hubspot.tokn is not a key: CONTEXTD_HUBSPOT__TOKN: did you mean CONTEXTD_HUBSPOT__TOKEN?"},
		{"unknown key of a portal", "portals:\n  - portal_id: 7\n    tokn: x\n", nil, nil, "portals[0].tokn is not a key: FILE:3: did you mean portals[0].token?"},
		{"set twice", "data_dir: a\ndata_dir: b\n", nil, nil, "data_dir is set twice: FILE:1 and 2: keep one of them"},
		{"token and file", "hubspot:\n  token: a\n  token_file: " + secretFile + "\n", nil, nil, "hubspot.token is set twice: FILE:2 and FILE:3 (in " + secretFile + "): keep one of them"},
		{"secret file missing", "", []string{"CONTEXTD_HUBSPOT__TOKEN_FILE=/nowhere/x"}, nil, `hubspot.token_file: "/nowhere/x" cannot be read: CONTEXTD_HUBSPOT__TOKEN_FILE: no such file or directory`},
		{"secret with blanks", "", []string{"CONTEXTD_HUBSPOT__TOKEN=a b"}, nil, "hubspot.token: has blanks inside: CONTEXTD_HUBSPOT__TOKEN: copy it again, without blanks or line breaks"},
		{"variable in the file", "hubspot:\n  token: ${NO_SUCH}\n", nil, nil, "hubspot.token: ${NO_SUCH} is not set: FILE:2: set the variable NO_SUCH"},
		{"not yaml", "a: [\n", nil, nil, "the configuration file is not YAML: FILE: line 1: did not find expected node content"},
		{"not a mapping", "- a\n", nil, nil, " is not a section: FILE:1: write its keys below it, indented"},
		{"section as value", "server: x\n", nil, nil, "server is not a section: FILE:1: write its keys below it, indented"},
		{"value as section", "data_dir:\n  a: b\n", nil, nil, "data_dir has keys of its own: FILE:2: give it a plain value"},
		{"value as list", "data_dir: [a, b]\n", nil, nil, "data_dir: is a list: FILE:1: give one value"},
		{"portals not a list", "portals: {portal_id: 7}\n", nil, nil, `portals is not a list: FILE:1: start each portal with "- portal_id: …"`},
		{"portal not a mapping", "portals: [7]\n", nil, nil, "portals[0] is not a portal: FILE:1: give it portal_id and token"},
		{"portal without id", "portals:\n  - token: x\n", nil, nil, "portals[0] has no portal_id: FILE:2: add portal_id: the positive number in your HubSpot URLs"},
		{"portal twice", "portals:\n  - portal_id: 7\n  - portal_id: 7\n", nil, nil, "portals[1].portal_id: 7 is already portals[0]: FILE:3: list each portal once"},
		{"short form beside portals", "hubspot: {portal_id: 7}\nportals:\n  - portal_id: 8\n", nil, nil, "hubspot.portal_id is set beside portals: FILE:1: move it into an entry of portals, or remove portals"},
		{"portal id", "hubspot: {portal_id: -7}\n", nil, nil, `hubspot.portal_id: "-7" is not a portal id: FILE:1: use the positive number in your HubSpot URLs`},
		{"app id", "hubspot: {app_id: app}\n", nil, nil, `hubspot.app_id: "app" is not an id: FILE:1: copy the number from HubSpot's app settings`},
		{"base url", "", []string{"CONTEXTD_HUBSPOT__BASE_URL=localhost:7070"}, nil, `hubspot.base_url: "localhost:7070" is not a web address: CONTEXTD_HUBSPOT__BASE_URL: use http(s)://host[:port][/path] without user, query or fragment`},
		{"base url with user", "", []string{"CONTEXTD_HUBSPOT__BASE_URL=http://a:b@h"}, nil, `hubspot.base_url: "http://…@h" is not a web address: CONTEXTD_HUBSPOT__BASE_URL: use http(s)://host[:port][/path] without user, query or fragment`},
		{"write", "hubspot: {write: yes}\n", nil, nil, `hubspot.write: "yes" is none of its values: FILE:1: use on or off`},
		{"days", "hubspot: {keep_prompts: -1}\n", nil, nil, `hubspot.keep_prompts: "-1" is not a number from 0 to 36500: FILE:1: set it between 0 and 36500`},
		{"listen", "server: {listen: 8080}\n", nil, nil, `server.listen: "8080" is not an address to listen on: FILE:1: use host:port, such as 127.0.0.1:8080 or :8080`},
		{"listen port", "server: {listen: \":80800\"}\n", nil, nil, `server.listen: ":80800" is not an address to listen on: FILE:1: use host:port, such as 127.0.0.1:8080 or :8080`},
		{"same listener", "server: {admin_listen: \"127.0.0.1:8080\"}\n", nil, nil, "server.admin_listen is the same as server.listen: FILE:1: use another port"},
		{"proxies", "server: {trusted_proxies: [10.0.0.0/8, proxy]}\n", nil, nil, `server.trusted_proxies: "proxy" is neither an IP address nor a network: FILE:1: use an address such as 10.0.0.7 or a network such as 10.0.0.0/8`},
		{"password", "store: {url: \"postgres://u:s3cr3t@h/x\"}\n", nil, nil, `store.url: "postgres://…@h/x" is not available in this version: FILE:1: use sqlite:`},
		{"store", "store: {url: \"postgres://x\"}\n", nil, nil, `store.url: "postgres://x" is not available in this version: FILE:1: use sqlite:`},
		{"vectors", "vectors: {url: \"milvus://x\"}\n", nil, nil, `vectors.url: "milvus:" is not a vector store: FILE:1: use flat:, qdrant://host:6334, qdrants://host:6334 or postgres://user@host/database`},
		{"vectors with a user", "vectors: {url: \"qdrant://key@x\"}\n", nil, nil, `vectors.url: a Qdrant address has no user, path or query: FILE:1: name only host and port; the key belongs into vectors.api_key`},
		{"vectors without host", "vectors: {url: \"postgres:secret\"}\n", nil, nil, `vectors.url: that is not the address of a vector store: FILE:1: use flat:, qdrant://host:6334, qdrants://host:6334 or postgres://user@host/database`},
		{"embedder", "embedder: {provider: gemini}\n", nil, nil, `embedder.provider: "gemini" is none of its values: FILE:1: use builtin, ollama or openai`},
		{"key without TLS", "vectors: {url: \"qdrant://q:6334\", api_key: k}\n", nil, nil, "vectors.api_key would not be used: FILE:1: set vectors.url to qdrants://host:6334 (a key is only sent over TLS), or remove the key"},
		{"address of the built-in embedder", "embedder: {base_url: \"http://h\"}\n", nil, nil, "embedder.base_url would not be used: FILE:1: set embedder.provider to ollama or openai, or remove the address"},
		{"unknown built-in embedder", "embedder: {model: minilm}\n", nil, nil, `embedder.model: "minilm" is not built in: FILE:1: use static256 or hash256, or set embedder.provider to ollama or openai`},
		{"ollama without a model", "embedder: {provider: ollama}\n", nil, nil, "embedder.model is missing: FILE:1: name a model that the server has, such as all-minilm"},
		{"Ollama's cloud", "embedder: {provider: ollama, model: m, base_url: \"https://ollama.com\"}\nmodel: {provider: ollama, model: m, base_url: \"https://OLLAMA.com/api\"}\n", nil, nil,
			"embedder.base_url: " + cloudRefused + ": FILE:1: " + cloudInstead + "\nmodel.base_url: " + cloudRefused + ": FILE:2: " + cloudInstead},
		{"embedder key", "embedder: {api_key: k}\n", nil, nil, "embedder.api_key would not be used: FILE:1: set embedder.provider to ollama or openai, or remove the key"},
		{"model", "", []string{"CONTEXTD_MODEL__PROVIDER=gemini"}, nil, `model.provider: "gemini" is none of its values: CONTEXTD_MODEL__PROVIDER: use builtin, ollama, openai or anthropic`},
		{"model key", "", []string{"CONTEXTD_MODEL__API_KEY=k"}, nil, "model.api_key would not be used: CONTEXTD_MODEL__API_KEY: the built-in writer needs nothing set: set model.provider to another one, or remove it"},
		{"OpenAI without anything", "model: {provider: openai}\nembedder: {provider: openai}\n", nil, nil, "embedder.model is missing: FILE:2: name a model that the server has, such as all-minilm\nembedder.api_key is missing: FILE:2: OpenAI needs one; for another server set embedder.base_url\nmodel.model is missing: FILE:1: name a model that the provider lists, such as gpt-5-mini\nmodel.api_key is missing: FILE:1: OpenAI needs one, as model.api_key or model.api_key_file; for another server set model.base_url"},
		{"Anthropic without anything", "model: {provider: anthropic}\n", nil, nil, "model.model is missing: FILE:1: name a model that the provider lists, such as claude-sonnet-4-6\nmodel.api_key is missing: FILE:1: Anthropic needs one, as model.api_key or model.api_key_file"},
		{"no embedder", "embedder: {provider: anthropic}\n", nil, nil, `embedder.provider: "anthropic" is none of its values: FILE:1: use builtin, ollama or openai`},
		{"model without a name", "model: {provider: ollama}\n", nil, nil, "model.model is missing: FILE:1: name a model that the server has, such as qwen3:8b"},
		{"models not a list", "models: {provider: ollama}\n", nil, nil, `models is not a list: FILE:1: start each model with "- workflows: […]"`},
		{"models without anything", "models:\n  - {}\n", nil, nil, "models[0] has no provider: FILE:2: add provider: who writes for these workflows\nmodels[0] has no workflows: FILE:2: add workflows: a list of " + names + "; or classes: a list of small, large"},
		{"models of no workflow", "models:\n  - {provider: builtin, workflows: [reply_drft]}\n", nil, nil, `models[0].workflows: "reply_drft" is not a workflow: FILE:2: there are ` + names},
		{"two models of one workflow", "models:\n  - {provider: builtin, workflows: [reply_draft]}\n  - {provider: ollama, workflows: [reply_draft]}\n", nil, nil,
			"models[1].workflows: reply_draft has its model already from models[0]: FILE:3: name each workflow once\nmodels[1].model is missing: FILE:3: name a model that the server has, such as qwen3:8b"},
		{"two models of one class", "models:\n  - {provider: builtin, classes: [small]}\n  - {provider: builtin, classes: [large, small]}\n", nil, nil, "models[1].classes: small has its model already from models[0]: FILE:3: name each class once"},
		{"no class", "models:\n  - {provider: builtin, classes: [medium]}\n", nil, nil, `models[0].classes: "medium" is not a class of models: FILE:2: use small or large`},
		{"prompts that are not there", "prompts: {dir: nowhere}\n", nil, nil, "prompts.dir: the workflows cannot be used: FILE:1: workflows of nowhere: name a directory with a folder for each workflow: stat nowhere: no such file or directory"},
		{"key of a model", "models:\n  - {provider: builtin, workflows: [reply_draft], api_key: k}\n", nil, nil, "models[0].api_key would not be used: FILE:2: the built-in writer needs nothing set: set models[0].provider to another one, or remove it"},
		{"unknown key of a model", "models:\n  - {provider: builtin, workflows: [reply_draft], modell: k}\n", nil, nil, "models[0].modell is not a key: FILE:2: did you mean models[0].model?"},
		{"threshold", "gate: {threshold: 1.5}\n", nil, nil, `gate.threshold: "1.5" is not a number from 0 to 1: FILE:1: set it between 0 and 1, such as 0.85`},
		{"threshold NaN", "gate: {threshold: NaN}\n", nil, nil, `gate.threshold: "NaN" is not a number from 0 to 1: FILE:1: set it between 0 and 1, such as 0.85`},
		{"mode", "gate: {mode: full}\n", nil, nil, `gate.mode: "full" is none of its values: FILE:1: use off, shadow, canary or on`},
		{"cap", "gate: {max_per_hour: -1}\n", nil, nil, `gate.max_per_hour: "-1" is not a number from 0 to 1000000: FILE:1: set it between 0 and 1000000`},
		{"a field that nothing writes", "gate:\n  human_only: [note]\n  never: [amount, ai_lead_scor, Note]\n", nil, nil, `gate.never: "Note" is not a property name: FILE:3: use the internal name of a HubSpot property, such as ai_lead_score, or note or task`},
		{"a field of two classes", "gate:\n  low_risk: [note, task]\n  high_risk: [note]\n", nil, nil, `gate.low_risk: note is in gate.high_risk, too: FILE:2: take it out of one of them`},
		{"a class for a field that nothing writes", "gate:\n  high_risk: [ai_lead_scor]\n", nil, nil, `gate.high_risk: no workflow writes ai_lead_scor: FILE:2: did you mean ai_lead_score?`},
		{"a slip of the pen", "gate:\n  human_only: [note]\n  never: [amount, ai_lead_scor]\n", nil, nil, `gate.never: no workflow writes ai_lead_scor: FILE:3: did you mean ai_lead_score?`},
		{"a rule with its line", "gate:\n  rules:\n    - max(confidence, 0.1) > 0.5\n    - confidenc > 0.5\n", nil, nil, `gate.rules: entry 2: "confidenc > 0.5" is not a rule: unknown name confidenc at character 1: FILE:4: ` + ruleNames},
		{"a rule in a variable", "", []string{"CONTEXTD_GATE__RULES=confidence"}, nil, `gate.rules: "confidence" is not a rule: expected bool, but got float64: CONTEXTD_GATE__RULES: ` + ruleNames},
		{"budget text", "budget: {monthly_usd: lots}\n", nil, nil, `budget.monthly_usd: "lots" is not an amount: FILE:1: use a number of US dollars, such as 20 or 0.15`},
		{"budget without a price", "budget: {monthly_usd: 20}\nmodel: {provider: openai, model: m, api_key: k}\n", nil, nil, `budget.monthly_usd cannot be kept: nobody has said what openai/m costs: FILE:1: set model.input_usd_per_million and model.output_usd_per_million from the provider's price list (0 for a server of your own), or remove the budget`},
		{"budget without an embedder's price", "budget: {monthly_usd: 20}\nembedder: {provider: openai, model: m, api_key: k}\n", nil, nil, `budget.monthly_usd cannot be kept: nobody has said what the embedder costs: FILE:1: set embedder.input_usd_per_million from the provider's price list (0 for a server of your own), or remove the budget`},
		{"budget without another model's price", "budget: {monthly_usd: 20}\nmodels:\n  - workflows: [lead_score]\n    provider: anthropic\n    model: m\n    api_key: k\n", nil, nil, `budget.monthly_usd cannot be kept: nobody has said what anthropic/m costs: FILE:1: set models[0].input_usd_per_million and models[0].output_usd_per_million from the provider's price list (0 for a server of your own), or remove the budget`},
		{"half a price", "model: {provider: openai, model: m, api_key: k, input_usd_per_million: 1}\n", nil, nil, `model.input_usd_per_million is only a part of the price: FILE:1: set model.input_usd_per_million and model.output_usd_per_million`},
		{"price of what costs nothing", "model: {output_usd_per_million: 1}\n", nil, nil, `model.output_usd_per_million would not be used: FILE:1: the built-in writer costs nothing: remove the price, or set model.provider`},
		{"negative price", "model: {output_usd_per_million: -1}\n", nil, nil, `model.output_usd_per_million: "-1" is not an amount: FILE:1: use a number of US dollars, such as 20 or 0.15`},
		{"cache", "cache: {days: 400}\n", nil, nil, `cache.days: "400" is not a number from 0 to 365: FILE:1: set it between 0 and 365`},
		{"objects", "privacy: {objects: [calls, faxes]}\n", nil, nil, `privacy.objects: "faxes" is not an object type: FILE:1: use companies contacts deals tickets calls meetings emails notes tasks communications`},
		{"property", "privacy: {skip_when: a=b}\n", nil, nil, `privacy.skip_when: "a=b" is not a property name: FILE:1: use the internal name of a HubSpot property, such as contract_terms`},
		{"workers", "index: {workers: 0}\n", nil, nil, `index.workers: "0" is not a number from 1 to 64: FILE:1: set it between 1 and 64`},
		{"level", "", nil, map[string]flagged{"log.level": {"log-level", "loud"}}, `log.level: "loud" is none of its values: --log-level: use debug, info, warn or error`},
		{"data dir is a file", "data_dir: " + secretFile + "\n", nil, nil, fmt.Sprintf("data_dir: %q is a file: FILE:1: name a directory; it is created when missing", secretFile)},
		{"all at once", "gate: {threshold: 2}\nzzzzzzzzzzzz: 1\n", []string{"CONTEXTD_LOG__LEVEL=loud"}, nil,
			"gate.threshold: \"2\" is not a number from 0 to 1: FILE:1: set it between 0 and 1, such as 0.85\nzzzzzzzzzzzz is not a key: FILE:2: remove it; contextd config print --defaults lists every key\nlog.level: \"loud\" is none of its values: CONTEXTD_LOG__LEVEL: use debug, info, warn or error"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := write(t, c.yaml)
			_, err := loadConfig(sources{File: path, Environ: c.env, Flags: c.flags})
			var ce *configError
			if !errors.As(err, &ce) || exitCode(err) != exitConfig {
				t.Fatalf("got %v, want a configuration error", err)
			}
			if got := strings.ReplaceAll(err.Error(), path, "FILE"); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
	if _, err := loadConfig(sources{File: "/nowhere/contextd.yaml"}); err == nil || err.Error() != "the configuration file cannot be read: /nowhere/contextd.yaml: no such file or directory" {
		t.Errorf("missing --config: %v", err)
	}
}

func TestLayersOverruleEachOther(t *testing.T) {
	secretFile := filepath.Join(t.TempDir(), "s")
	if err := os.WriteFile(secretFile, []byte("from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := write(t, "data_dir: /a\nserver:\n  listen: \":1\"\n  admin_listen: \":2\"\n  public_url: https://c.example/x/\n  trusted_proxies: [10.1.2.3/8, \"::1\"]\nhubspot:\n  write: on\n  portal_id: 7\n  token: ${THE_TOKEN}\n  app_id: 0424242\ngate: {threshold: 0.5}\nprivacy: {objects: [calls]}\n")
	cfg, err := loadConfig(sources{
		File:    path,
		Environ: []string{"THE_TOKEN=tok", "CONTEXTD_SERVER__LISTEN=:3", "CONTEXTD_SERVER__ADMIN_LISTEN=:4", "CONTEXTD_HUBSPOT__CLIENT_SECRET_FILE=" + secretFile, "CONTEXTD_PRIVACY__OBJECTS=notes, tasks", "CONTEXTD_GATE__THRESHOLD=", "CONTEXTD_TEST_ANYTHING=1"},
		Flags:   map[string]flagged{"server.admin_listen": {"admin-listen", ":5"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(cfg.DataDir, cfg.Server.Listen, cfg.Server.AdminListen, cfg.Server.PublicURL, cfg.Server.TrustedProxies, cfg.HubSpot.WriteOn(), cfg.HubSpot.PortalID,
		cfg.HubSpot.Token.Reveal(), cfg.HubSpot.ClientSecret.Reveal(), cfg.Gate.Threshold, cfg.Privacy.Objects, cfg.Index.Batch, cfg.HubSpot.BaseURL)
	want := "/a:3:5https://c.example/x[10.0.0.0/8 ::1]true7tokfrom-file0.5[notes tasks]32https://api.hubapi.com"
	if strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(want, " ", "") {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for key, want := range map[string]string{"data_dir": path + ":1", "server.listen": "CONTEXTD_SERVER__LISTEN", "server.admin_listen": "--admin-listen", "index.batch": "default",
		"hubspot.client_secret": "CONTEXTD_HUBSPOT__CLIENT_SECRET_FILE (in " + secretFile + ")"} {
		if got := string(cfg.origins[key]); got != want {
			t.Errorf("%s comes from %q, want %q", key, got, want)
		}
	}
}

func TestPortalsInheritWhatTheyLeaveOut(t *testing.T) {
	cfg, err := loadConfig(sources{File: write(t, "hubspot: {base_url: \"http://sim:1\", client_secret: shared, write: on}\nportals:\n  - {portal_id: 7, token: a}\n  - {portal_id: 8, token: b, client_secret: own, write: off, base_url: \"http://other\"}\n")})
	if err != nil {
		t.Fatal(err)
	}
	all := cfg.AllPortals()
	if len(all) != 2 || all[0].BaseURL != "http://sim:1" || all[0].ClientSecret != "shared" || !all[0].WriteOn() || all[1].ClientSecret != "own" || all[1].WriteOn() || all[1].BaseURL != "http://other" {
		t.Errorf("portals are %#v", all)
	}
	if err := cfg.NeedHubSpot(true); err != nil {
		t.Error(err)
	}
	cfg.Portals[1].Token = ""
	if err := cfg.NeedHubSpot(false); err == nil || err.Error() != "portals[1].token is missing: not set anywhere: add token or token_file to that entry" {
		t.Errorf("missing token: %v", err)
	}
}

func TestServingNeedsThreeThings(t *testing.T) {
	cfg, err := loadConfig(sources{File: write(t, "")})
	if err != nil {
		t.Fatal(err)
	}
	err = cfg.NeedHubSpot(true)
	if err == nil || strings.Count(err.Error(), "\n") != 2 || !strings.Contains(err.Error(), "hubspot.portal_id") || !strings.Contains(err.Error(), "CONTEXTD_HUBSPOT__TOKEN_FILE") || !strings.Contains(err.Error(), "hubspot.client_secret") {
		t.Errorf("got %v", err)
	}
	if err := cfg.NeedHubSpot(false); strings.Contains(err.Error(), "client_secret") {
		t.Errorf("reading needs no client secret: %v", err)
	}
}

func TestPublicURLFollowsTheListener(t *testing.T) {
	cfg := Config{Server: ServerConfig{Listen: "127.0.0.1:8080"}}
	for listen, want := range map[string]string{"": "http://127.0.0.1:8080", "127.0.0.1:4711": "http://127.0.0.1:4711", ":8080": "http://127.0.0.1:8080"} {
		if got := cfg.PublicURL(listen); got != want {
			t.Errorf("PublicURL(%q) = %q, want %q", listen, got, want)
		}
	}
}

func TestSecretsNeverShow(t *testing.T) {
	cfg, err := loadConfig(sources{File: write(t, "hubspot: {token: open-sesame, client_secret: open-sesame}\nmodel: {provider: ollama, model: m, api_key: open-sesame}\nmodels:\n  - {provider: ollama, model: m, workflows: [reply_draft], api_key: open-sesame}\nportals:\n  - {portal_id: 7, token: open-sesame}\n")})
	if err == nil {
		t.Fatal("hubspot.token beside portals was accepted")
	}
	raw, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var logged strings.Builder
	slog.New(slog.NewTextHandler(&logged, nil)).Info("x", "secret", cfg.HubSpot.Token, "portal", cfg.HubSpot)
	for _, text := range []string{string(raw), logged.String(), fmt.Sprintf("%v %+v %#v %v %q %x", cfg, cfg, cfg, cfg.HubSpot, cfg.HubSpot.Token, cfg.HubSpot.Token)} {
		if strings.Contains(text, "sesame") || strings.Contains(text, fmt.Sprintf("%x", "sesame")) {
			t.Errorf("a secret shows in %s", text)
		}
	}
	if !strings.Contains(string(raw), mask) {
		t.Errorf("nothing is masked in %s", raw)
	}
}

func TestPrintedDefaultsAreAConfigurationFile(t *testing.T) {
	text, code := transcript(t, commands{}, []string{"HOME=/home/u", "CONTEXTD_GATE__THRESHOLD=0.1"}, "", "config", "print", "--defaults")
	if code != 0 {
		t.Fatal(text)
	}
	golden(t, "config_defaults.txt", text)
	yaml, _, _ := strings.Cut(text[strings.Index(text, "\n")+1:], "-- stderr")
	cfg, err := loadConfig(sources{File: write(t, yaml)})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Gate.Threshold != 0.85 || cfg.DataDir != "/home/u/.local/share/contextd" {
		t.Errorf("read back %+v", cfg)
	}
}

func TestPrintedConfigurationShowsOriginsAndMasksSecrets(t *testing.T) {
	home := t.TempDir()
	if err := os.Mkdir(filepath.Join(home, "contextd"), 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(home, "contextd", "contextd.yaml")
	yaml := "hubspot:\n  client_secret: sesame\nmodels:\n  - provider: ollama\n    model: m\n    api_key: sesame\n    workflows: [lead_score, reply_draft]\nportals:\n  - portal_id: 7\n    token: sesame\n  - portal_id: 8\n    token: sesame\n"
	if err := os.WriteFile(path, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	environ := []string{"XDG_DATA_HOME=/data", "XDG_CONFIG_HOME=" + home, "CONTEXTD_GATE__THRESHOLD=0.9"}
	text, _ := transcript(t, commands{}, environ, "", "config", "print", "--show-origin", "--log-level", "debug")
	check, _ := transcript(t, commands{}, environ, "", "config", "check")
	golden(t, "config_origins.txt", strings.ReplaceAll(text+check, path, "FILE"))
}

func TestEveryKeyHasAVariableAndEveryDocumentedVariableAKey(t *testing.T) {
	l := newLoader(nil)
	variables := []string{}
	for _, k := range l.order {
		variables = append(variables, k.env())
		if k.secret {
			variables = append(variables, k.env()+"_FILE")
		}
		text := map[string]string{"embedder.input_usd_per_million": "1", "model.input_usd_per_million": "1", "model.output_usd_per_million": "1", "model.cached_usd_per_million": "1",
			"privacy.redact_kinds": "mail", "gate.human_only": "note", "review.hubspot_users": "*=reviewer", "gate.canary_owners": "1", "gate.never": "amount", "gate.low_risk": "note", "gate.high_risk": "task", "gate.rules": "confidence > 0.9", "privacy.redact_terms": "Falcon", "prompts.dir": ownWorkflow(t), "hubspot.base_url": "http://h", "embedder.base_url": "http://h", "model.base_url": "http://h", "audit.checkpoint_url": "http://h", "enrichment.source.url": "https://h", "hubspot.app_id": "1", "hubspot.portal_id": "1", "server.public_url": "http://h", "server.listen": ":7", "server.trusted_proxies": "::1", "privacy.objects": "calls"}[k.name]
		if text == "" {
			text = k.initial
		}
		if text == "" {
			text = "x"
		}
		environ := []string{k.env() + "=" + text}
		switch k.name { // keys that mean something only beside others
		case "enrichment.source.token", "enrichment.source.timeout", "enrichment.source.max_bytes", "enrichment.source.private":
			environ = append(environ, "CONTEXTD_ENRICHMENT__SOURCE__URL=https://h")
		case "vectors.api_key":
			environ = append(environ, "CONTEXTD_VECTORS__URL=qdrants://h")
		case "embedder.base_url", "embedder.api_key":
			environ = append(environ, "CONTEXTD_EMBEDDER__PROVIDER=ollama", "CONTEXTD_EMBEDDER__MODEL=all-minilm")
		case "model.base_url", "model.api_key":
			environ = append(environ, "CONTEXTD_MODEL__PROVIDER=ollama", "CONTEXTD_MODEL__MODEL=qwen3:8b")
		case "model.input_usd_per_million", "model.output_usd_per_million", "model.cached_usd_per_million":
			environ = append(environ, "CONTEXTD_MODEL__PROVIDER=ollama", "CONTEXTD_MODEL__MODEL=m")
			for _, name := range []string{"CONTEXTD_MODEL__INPUT_USD_PER_MILLION", "CONTEXTD_MODEL__OUTPUT_USD_PER_MILLION"} {
				if name != k.env() {
					environ = append(environ, name+"=1")
				}
			}
		case "embedder.input_usd_per_million":
			environ = append(environ, "CONTEXTD_EMBEDDER__PROVIDER=ollama", "CONTEXTD_EMBEDDER__MODEL=m")
		case "model.model":
			environ = append(environ, "CONTEXTD_MODEL__PROVIDER=ollama")
		case "embedder.model":
			environ[0] = k.env() + "=hash256"
		}
		cfg, err := loadConfig(sources{File: write(t, ""), Environ: environ})
		if err != nil {
			t.Errorf("%s=%s: %v", k.env(), text, err)
		} else if got := string(cfg.origins[k.name]); got != k.env() {
			t.Errorf("%s set %s from %q", k.env(), k.name, got)
		}
		if row := cfg.rows()[slices.IndexFunc(cfg.rows(), func(r configRow) bool { return r.Key == k.name })]; row.Value == nil || isUnset(row.Value) {
			t.Errorf("%s is not printed: %+v", k.name, row)
		}
	}
	names := regexp.MustCompile(`CONTEXTD_[A-Z][A-Z0-9_]*[A-Z0-9]`)
	docs, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(docs, "../../README.md") {
		raw, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names.FindAllString(string(raw), -1) {
			if !slices.Contains(variables, name) && !strings.HasPrefix(name, testPrefix) && name != "CONTEXTD_SECTION__KEY" {
				t.Errorf("%s names %s, which sets nothing", path, name)
			}
		}
	}
}

// ownWorkflow is a directory of workflows with one in it.
func ownWorkflow(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "lead_score"), os.DirFS(filepath.Join("..", "..", "prompts", "lead_score"))); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A portal without its token is a mistake of the configuration, for every command that opens the data.
func TestNoTokenIsAMistakeOfTheConfiguration(t *testing.T) {
	for _, env := range [][]string{{"CONTEXTD_HUBSPOT__PORTAL_ID=7"}, {"CONTEXTD_HUBSPOT__PORTAL_ID=7", "CONTEXTD_HUBSPOT__TOKEN=two words"}} {
		var out, talk bytes.Buffer
		err := run(t.Context(), []string{"--data-dir", t.TempDir(), "status"}, env, strings.NewReader(""), &out, &talk, allCommands())
		if got := exitCode(err); got != exitConfig || !strings.Contains(err.Error(), "token") {
			t.Errorf("%v: exit %d, %v", env, got, err)
		}
	}
}

// What belongs to the source means nothing without its address, and an address that it would refuse is refused at once.
func TestSourceSettings(t *testing.T) {
	for yaml, want := range map[string]string{
		"{url: https://data.example/companies, token: t, timeout: 2s, max_bytes: 2048}": "",
		"{url: http://10.0.0.7/companies, private: on}":                                 "",
		"{url: http://data.example/companies}":                                          "want https",
		"{url: ftp://data.example/}":                                                    "not a web address",
		"{url: \"https://data.example/?q=1\"}":                                          "not a web address",
		"{url: https://data.example/, private: maybe}":                                  "none of its values",
		"{url: https://data.example/, max_bytes: 9}":                                    "not a number from",
		"{url: https://data.example/, timeout: 5m}":                                     "not a time from",
		"{token: t}":    "enrichment.source.token would not be used",
		"{timeout: 2s}": "enrichment.source.timeout would not be used",
		"{urls: x}":     "did you mean enrichment.source.url?",
	} {
		_, err := loadConfig(sources{File: write(t, "enrichment: {source: "+yaml+"}\n")})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", yaml, err, want)
		}
	}
}
