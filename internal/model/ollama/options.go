package ollama

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model/embedding"
)

// Options says which server and model. Only Model is required.
type Options struct {
	BaseURL   string              // empty: http://127.0.0.1:11434
	APIKey    string              // sent as a bearer token, for servers behind a gateway; empty: none
	Model     string              // as `ollama list` prints it, such as all-minilm or bge-m3:567m
	MaxTokens int                 // of one text; longer ones are split. 0: the model's window, at most 2,048
	Batch     int                 // texts in one request, which has at most 8,192 tokens, too; 0: 64
	Threads   int                 // of the server's runner; 0: its own choice. 1 where other programs need the cores: its threads wait for each other by spinning
	Timeout   time.Duration       // of one request; 0: 6 minutes, because a server may load a model for five
	Prefixes  *embedding.Prefixes // nil: what the model was trained with
}

const (
	defaultURL     = "http://127.0.0.1:11434"
	defaultBatch   = 64
	batchTokens    = 8192 // of one request: some 32 chunks with their windows
	defaultTimeout = 6 * time.Minute
	mostTokens     = 2048 // a chunk is far shorter; a longer window only costs the server memory
)

// withDefaults fills in what is zero and refuses what cannot work.
func (o Options) withDefaults() (Options, *url.URL, error) {
	o.BaseURL = cmp.Or(o.BaseURL, defaultURL)
	base, err := url.Parse(o.BaseURL)
	if err != nil || base.Host == "" || (base.Scheme != "http" && base.Scheme != "https") {
		return o, nil, fmt.Errorf("ollama: base URL %q is not of the form http://host:port: %w", o.BaseURL, crm.ErrInvalid)
	}
	if o.Model == "" || strings.ContainsAny(o.Model, " \n") {
		return o, nil, fmt.Errorf("ollama: %q is no model's name: %w", o.Model, crm.ErrInvalid)
	}
	if o.MaxTokens < 0 || o.Batch < 0 || o.Threads < 0 || o.Timeout < 0 || (o.MaxTokens > 0 && o.MaxTokens < embedding.Fewest) {
		return o, nil, fmt.Errorf("ollama: %d tokens, batches of %d, %d threads, %v: none may be negative, nor tokens below %d: %w",
			o.MaxTokens, o.Batch, o.Threads, o.Timeout, embedding.Fewest, crm.ErrInvalid)
	}
	o.Batch, o.Timeout = cmp.Or(o.Batch, defaultBatch), cmp.Or(o.Timeout, defaultTimeout)
	if o.Prefixes == nil {
		p := embedding.PrefixesOf(o.Model)
		o.Prefixes = &p
	}
	return o, base, nil
}
