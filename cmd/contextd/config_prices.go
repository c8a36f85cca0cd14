package main

import (
	"fmt"

	"github.com/contextd/contextd/internal/model/spend"
)

// costless: these ask no money for a token, unless somebody says so.
func costless(provider string) bool { return provider == "builtin" || provider == "ollama" }

// price is what the configuration says of a chat model. Without prices a model on this machine costs nothing, and of another nobody knows what it costs.
func (m ModelConfig) price() spend.Price {
	return priceOf(m.Provider, m.InputPrice, m.OutputPrice, m.CachedPrice)
}

func (e EmbedderConfig) price() spend.Price {
	return priceOf(e.Provider, e.InputPrice, new(float64), nil)
}

func priceOf(provider string, input, output, cached *float64) spend.Price {
	if input == nil || output == nil {
		return spend.Price{Unknown: !costless(provider)}
	}
	p := spend.Price{Input: *input, Output: *output, Cached: *input}
	if cached != nil {
		p.Cached = *cached
	}
	return p
}

// checkPrices finds prices that nothing would use, halves of prices, and models whose price is missing although there is a budget: what they cost could not be counted.
func (l *loader) checkPrices(cfg Config) {
	for i, m := range append([]ModelConfig{cfg.Model}, cfg.Models...) {
		prefix := "model."
		if i > 0 {
			prefix = fmt.Sprintf("models[%d].", i-1)
		}
		l.checkPrice(cfg, prefix, m)
	}
	e := cfg.Embedder
	if e.Provider == "builtin" && e.InputPrice != nil {
		l.add("embedder.input_usd_per_million would not be used", string(l.origins["embedder.input_usd_per_million"]), "the built-in embedder costs nothing: remove the price, or set embedder.provider")
	}
	if cfg.Budget.MonthlyUSD > 0 && e.price().Unknown {
		l.add("budget.monthly_usd cannot be kept: nobody has said what the embedder costs", string(l.origins["budget.monthly_usd"]),
			"set embedder.input_usd_per_million from the provider's price list (0 for a server of your own), or remove the budget")
	}
}

func (l *loader) checkPrice(cfg Config, prefix string, m ModelConfig) {
	names := []string{"input_usd_per_million", "output_usd_per_million", "cached_usd_per_million"}
	set := map[string]bool{names[0]: m.InputPrice != nil, names[1]: m.OutputPrice != nil, names[2]: m.CachedPrice != nil}
	for _, name := range names {
		if set[name] && m.Provider == "builtin" {
			l.add(prefix+name+" would not be used", string(l.origins[prefix+name]), "the built-in writer costs nothing: remove the price, or set "+prefix+"provider")
			return
		}
	}
	for _, name := range names {
		if set[name] && !(set[names[0]] && set[names[1]]) {
			l.add(prefix+name+" is only a part of the price", string(l.origins[prefix+name]), "set "+prefix+names[0]+" and "+prefix+names[1])
			return
		}
	}
	if cfg.Budget.MonthlyUSD > 0 && m.price().Unknown {
		l.add(fmt.Sprintf("budget.monthly_usd cannot be kept: nobody has said what %s/%s costs", m.Provider, m.Model), string(l.origins["budget.monthly_usd"]),
			"set "+prefix+names[0]+" and "+prefix+names[1]+" from the provider's price list (0 for a server of your own), or remove the budget")
	}
}
