package spend

import (
	"cmp"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
)

// Price is what a model costs, in US dollars per million tokens. The zero value is a model that costs nothing.
type Price struct {
	Input, Output float64
	Cached        float64 // of input tokens that the provider had read before; 0: as Input
	Unknown       bool    // nobody has said: its calls are counted as of unknown cost
}

// Free tells whether nothing has to be set aside: the model costs nothing, or nobody knows what.
func (p Price) Free() bool { return p.Unknown || p.Input == 0 && p.Output == 0 }

// Of is what a usage costs.
func (p Price) Of(u crm.Usage) crm.USD {
	if p.Unknown {
		return 0
	}
	cached := min(u.CachedTokens, u.InputTokens)
	return crm.Dollars((float64(u.InputTokens-cached)*p.Input + float64(cached)*cmp.Or(p.Cached, p.Input) + float64(u.OutputTokens)*p.Output) / 1e6)
}

// framing is more tokens than any provider puts around a prompt.
const framing = 512

// mostAnswer is the longest answer, in tokens, that any provider asks its model for when the request does not say.
const mostAnswer = 8192

// Most is what a request can cost at most: no token is less than a byte of what is sent, and no answer longer than was asked for.
func (p Price) Most(r model.Request) crm.USD {
	in := len(r.System) + len(r.Prompt) + len(r.Schema) + framing
	return p.Of(crm.Usage{InputTokens: in, OutputTokens: cmp.Or(max(r.MaxTokens, 0), mostAnswer)})
}
