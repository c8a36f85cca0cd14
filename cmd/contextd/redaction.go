package main

import (
	"net"
	"net/url"
	"strings"

	"github.com/contextd/contextd/internal/model"
	"github.com/contextd/contextd/internal/redact"
)

// finder finds what is kept back from a provider; nil: nothing is, because it is off or the provider's model runs here.
func (p PrivacyConfig) finder(provider, model, baseURL string) *redact.Finder {
	if provider == "builtin" || p.Redact == "off" || p.Redact != "always" && runsHere(provider, model, baseURL) {
		return nil
	}
	kinds := p.RedactKinds
	if len(kinds) == 0 {
		kinds = redact.Usual()
	}
	return redact.New(kinds, p.RedactTerms)
}

// told is a model that is told pseudonyms where its provider is elsewhere.
func (p PrivacyConfig) told(c model.Completer, m ModelConfig) model.Completer {
	f := p.finder(m.Provider, m.Model, m.BaseURL)
	if f == nil {
		return c
	}
	return redact.Completer{Completer: c, Finder: f}
}

// runsHere: an Ollama server on this machine runs its models itself, but for those that it only passes on ("gpt-oss:120b-cloud"). Of another server on this machine nobody
// knows: it may be a gateway.
func runsHere(provider, model, baseURL string) bool {
	if provider != "ollama" || strings.HasSuffix(model, "-cloud") || strings.HasSuffix(model, ":cloud") {
		return false
	}
	if baseURL == "" {
		return true
	}
	u, err := url.Parse(baseURL)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return strings.EqualFold(u.Hostname(), "localhost") || ip != nil && ip.IsLoopback()
}

// shown says of a provider what it is not told, as doctor writes it; "" when it is told everything.
func (p PrivacyConfig) shown(provider, model, baseURL string) string {
	f := p.finder(provider, model, baseURL)
	if f == nil {
		return ""
	}
	return "; pseudonyms are sent for " + f.String()
}
