package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
	"github.com/contextd/contextd/internal/model/anthropic"
	"github.com/contextd/contextd/internal/model/builtin"
	"github.com/contextd/contextd/internal/model/ollama"
	"github.com/contextd/contextd/internal/model/openai"
)

// writer is a chat model of the configuration.
type writer interface {
	model.Completer
	// Check asks the provider whether it can write with this model, and says what it found; model.ErrUnlisted beside that where the provider lists other models only.
	Check(ctx context.Context) (string, error)
	Close()
}

// localWriter is the built-in one: always there.
type localWriter struct{ builtin.Writer }

// Check says what it is.
func (localWriter) Check(context.Context) (string, error) {
	return "built in: extractive, selects sentences and never invents (no neural model)", nil
}

// Close has nothing to do.
func (localWriter) Close() {}

// makeWriter makes a chat model without asking its provider anything: one that is down is no reason not to start.
func makeWriter(m ModelConfig) (writer, error) {
	switch m.Provider {
	case "builtin":
		return localWriter{}, nil
	case "ollama":
		return ollama.NewWriter(ollama.Options{BaseURL: m.BaseURL, Model: m.Model, APIKey: m.APIKey.Reveal()})
	case "anthropic":
		return anthropic.NewWriter(anthropic.Options{BaseURL: m.BaseURL, Model: m.Model, APIKey: m.APIKey.Reveal()})
	case "openai":
		return openai.NewWriter(openai.Options{BaseURL: m.BaseURL, Model: m.Model, APIKey: m.APIKey.Reveal()})
	}
	return nil, fmt.Errorf("model provider %q: %w", m.Provider, crm.ErrInvalid)
}

// writers are all chat models by workflow or class; "" is the one for all others.
func writers(cfg Config) (map[string]writer, error) {
	out := map[string]writer{}
	for _, m := range append([]ModelConfig{cfg.Model}, cfg.Models...) {
		w, err := makeWriter(m)
		if err != nil {
			return nil, err
		}
		for _, name := range m.uses() {
			out[name] = w
		}
	}
	return out, nil
}

// writerChecks ask every configured provider.
func writerChecks(ctx context.Context, cfg Config) (checks []Check) {
	for i, m := range append([]ModelConfig{cfg.Model}, cfg.Models...) {
		c, prefix := Check{Name: "writer", State: "ok"}, "model."
		if i > 0 {
			c.Name, prefix = "writer of "+strings.Join(m.uses(), ", "), fmt.Sprintf("models[%d].", i-1)
		}
		w, err := makeWriter(m)
		if err == nil {
			c.Detail, err = w.Check(ctx)
			c.Detail += cfg.Privacy.shown(m.Provider, m.Model, m.BaseURL)
			w.Close()
		}
		if errors.Is(err, model.ErrUnlisted) {
			c.State, c.Fix, err = "warn", "set "+prefix+"model to one that the server lists, unless it knows names that it does not list", nil
		}
		if err != nil {
			c.State, c.Detail, c.Fix, c.Code = "fail", err.Error(), "start the provider's server, or correct "+prefix+"base_url; until then runs wait", exitCode(err)
			if errors.Is(err, crm.ErrForbidden) {
				c.Fix, c.Code = "check "+prefix+"model and "+prefix+"api_key, and the account at the provider", exitConfig
			}
		}
		checks = append(checks, c)
	}
	return checks
}
