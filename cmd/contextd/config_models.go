package main

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/contextd/contextd/prompts"
)

// checkModels finds chat models that lack something, and settings of them that nothing would use.
func (l *loader) checkModels(cfg Config) {
	l.checkModel("model.", cfg.Model)
	if len(cfg.Models) == 0 {
		return
	}
	known, err := prompts.Open(cfg.Prompts.Dir)
	if err != nil {
		return // reported of prompts.dir
	}
	names := []string{}
	for _, w := range known {
		names = append(names, w.Name)
	}
	taken := map[string]string{}
	for i, m := range cfg.Models {
		entry := fmt.Sprintf("models[%d]", i)
		at := func(name string) string {
			if o, set := l.origins[entry+"."+name]; set {
				return string(o)
			}
			return string(l.origins["models"])
		}
		if m.Provider == "" {
			l.add(entry+" has no provider", at("provider"), "add provider: who writes for these workflows")
		}
		if len(m.Workflows)+len(m.Classes) == 0 {
			l.add(entry+" has no workflows", at("workflows"), "add workflows: a list of "+strings.Join(names, ", ")+"; or classes: a list of small, large")
		}
		for _, w := range m.Workflows {
			if !slices.Contains(names, w) {
				l.add(fmt.Sprintf("%s.workflows: %q is not a workflow", entry, w), at("workflows"), "there are "+strings.Join(names, ", "))
			}
			if first, twice := taken[w]; twice {
				l.add(fmt.Sprintf("%s.workflows: %s has its model already from %s", entry, w, first), at("workflows"), "name each workflow once")
			}
			taken[w] = entry
		}
		for _, c := range m.Classes {
			if first, twice := taken[c]; twice {
				l.add(fmt.Sprintf("%s.classes: %s has its model already from %s", entry, c, first), at("classes"), "name each class once")
			}
			taken[c] = entry
		}
		l.checkModel(entry+".", m)
	}
}

// checkPrompts reads the workflows that the configuration adds: a mistake in one is found before anything starts, with file and line.
func (l *loader) checkPrompts(cfg Config) {
	if cfg.Prompts.Dir == "" {
		return
	}
	if _, err := prompts.Open(cfg.Prompts.Dir); err != nil {
		l.add("prompts.dir: the workflows cannot be used", string(l.origins["prompts.dir"]), err.Error())
	}
}

// checkModel checks one chat model; prefix is what its keys begin with.
func (l *loader) checkModel(prefix string, m ModelConfig) {
	at := func(name string) string {
		if o, set := l.origins[prefix+name]; set && o != byDefault {
			return string(o)
		}
		return string(l.origins[prefix+"provider"])
	}
	switch m.Provider {
	case "builtin":
		for i, name := range []string{"model", "base_url", "api_key"} {
			if []string{m.Model, m.BaseURL, m.APIKey.Reveal()}[i] != "" {
				l.add(prefix+name+" would not be used", at(name), "the built-in writer needs nothing set: set "+prefix+"provider to another one, or remove it")
			}
		}
	case "ollama":
		if ollamaCloud(m.BaseURL) {
			l.add(prefix+"base_url: "+cloudRefused, at("base_url"), cloudInstead)
		}
		if m.Model == "" {
			l.add(prefix+"model is missing", at("model"), "name a model that the server has, such as qwen3:8b")
		}
	case "anthropic":
		if m.Model == "" {
			l.add(prefix+"model is missing", at("model"), "name a model that the provider lists, such as claude-sonnet-4-6")
		}
		if m.APIKey == "" {
			l.add(prefix+"api_key is missing", at("api_key"), "Anthropic needs one, as "+prefix+"api_key or "+prefix+"api_key_file")
		}
	case "openai":
		if m.Model == "" {
			l.add(prefix+"model is missing", at("model"), "name a model that the provider lists, such as gpt-5-mini")
		}
		if m.BaseURL == "" && m.APIKey == "" {
			l.add(prefix+"api_key is missing", at("api_key"), "OpenAI needs one, as "+prefix+"api_key or "+prefix+"api_key_file; for another server set "+prefix+"base_url")
		}
	}
}

// Ollama's own cloud wants every request signed with the key pair of an Ollama installation; its client library does so for that host, whatever key is configured.
const (
	cloudRefused = "ollama.com is Ollama's cloud, which takes no requests without a signature of an Ollama installation"
	cloudInstead = "run `ollama serve` on a machine of yours and name its address, such as http://127.0.0.1:11434; signed in, it serves the cloud's models, too"
)

// ollamaCloud tells whether an address is that of Ollama's cloud.
func ollamaCloud(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	host := strings.ToLower(u.Hostname())
	return host == "ollama.com" || strings.HasSuffix(host, ".ollama.com")
}
