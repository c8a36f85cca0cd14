package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	"github.com/contextd/contextd/indexer/generation"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model/builtin"
	"github.com/contextd/contextd/internal/model/ollama"
	"github.com/contextd/contextd/internal/model/openai"
	"github.com/contextd/contextd/internal/redact"
)

// embedderConfig is what an embedder is made from; it is kept with the generation it made, so that this one can be asked even after the configuration has changed.
type embedderConfig struct {
	Provider string `json:"provider"`
	Model    string `json:"model"`
	BaseURL  string `json:"base_url,omitempty"`
	Redact   string `json:"redact,omitempty"` // how texts are masked before they are sent; "": they are not
}

// embedderOf completes the configured embedder with its provider's defaults.
func embedderOf(cfg Config) embedderConfig {
	e := embedderConfig{Provider: cfg.Embedder.Provider, Model: cfg.Embedder.Model, BaseURL: cfg.Embedder.BaseURL}
	switch {
	case e.Provider == "ollama" && e.BaseURL == "":
		e.BaseURL = "http://127.0.0.1:11434"
	case e.Provider == "openai" && e.BaseURL == "":
		e.BaseURL = "https://api.openai.com/v1"
	case e.Provider == "builtin" && e.Model == "":
		e.Model = "static256"
	}
	if f := cfg.Privacy.finder(e.Provider, e.Model, e.BaseURL); f != nil {
		e.Redact = f.Signature()
	}
	return e
}

// describe is the text that crm.Generation.Embedder keeps.
func (e embedderConfig) describe() string {
	b, err := json.Marshal(e)
	if err != nil {
		panic(err) // strings always encode
	}
	return string(b)
}

// embedders makes embedders from their descriptions. The key is not part of one: it goes only to the server that it is configured for.
func embedders(cfg Config) func(context.Context, string) (generation.Embedder, error) {
	configured, key := embedderOf(cfg), cfg.Embedder.APIKey.Reveal()
	return func(ctx context.Context, description string) (generation.Embedder, error) {
		var e embedderConfig
		if err := json.Unmarshal([]byte(description), &e); err != nil {
			return nil, fmt.Errorf("embedder %q: %w: %w", description, err, crm.ErrNotFound)
		}
		with := ""
		if e.Provider == configured.Provider && e.server() == configured.server() {
			with = key
		}
		made, err := e.open(ctx, with)
		if errors.Is(err, crm.ErrForbidden) && !e.sameAs(configured) { // nobody will mend what is configured no more, and without this no new generation could be made
			return nil, fmt.Errorf("%s: %w", err.Error(), crm.ErrNotFound)
		}
		if err == nil && e.Provider != "builtin" {
			made = redact.Embedder{Embedding: made, Finder: cfg.Privacy.finder(e.Provider, e.Model, e.BaseURL), Signature: e.Redact}
		}
		return made, err
	}
}

// sameAs: one and the same model at one and the same place, however its texts are masked.
func (e embedderConfig) sameAs(other embedderConfig) bool {
	e.Redact = other.Redact
	return e == other
}

// server is scheme and host of the address: who gets the key.
func (e embedderConfig) server() string {
	u, err := url.Parse(e.BaseURL)
	if err != nil {
		return e.BaseURL
	}
	return u.Scheme + "://" + u.Host
}

// open makes the embedder. crm.ErrNotFound when this version has none of that kind.
func (e embedderConfig) open(ctx context.Context, key string) (generation.Embedder, error) {
	switch e.Provider + "/" + e.Model {
	case "builtin/static256":
		return builtin.Embedder{}, nil
	case "builtin/hash256":
		return builtin.Hash{}, nil
	}
	var made generation.Embedder
	var err error
	switch e.Provider {
	case "ollama":
		made, err = ollama.Open(ctx, ollama.Options{BaseURL: e.BaseURL, Model: e.Model, APIKey: key})
	case "openai":
		made, err = openai.Open(ctx, openai.Options{BaseURL: e.BaseURL, Model: e.Model, APIKey: key})
	default:
		return nil, fmt.Errorf("embedder %s/%s: %w", e.Provider, e.Model, crm.ErrNotFound)
	}
	if err != nil {
		return nil, withExit(exitUnreachable, fmt.Errorf("the embedder cannot be used: embedder.base_url %s, embedder.model %s: see that the server runs there and has the model: %w", e.BaseURL, e.Model, err))
	}
	return made, nil
}
