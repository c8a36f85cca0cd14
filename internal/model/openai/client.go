package openai

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/openai/openai-go/v3/option"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
	"github.com/contextd/contextd/internal/model/wire"
)

// Options says which server and model. Only Model is required, and a key where the server wants one.
type Options struct {
	BaseURL string        // with its /v1; empty: OpenAI
	APIKey  string        // sent as a bearer token; empty: none
	Model   string        // as the server lists it
	Timeout time.Duration // of one request; 0: 10 minutes for a writer, 2 for an embedder
}

const (
	defaultURL       = "https://api.openai.com/v1"
	writingTimeout   = 10 * time.Minute // no streaming: nothing arrives before the whole answer is there
	embeddingTimeout = 2 * time.Minute
	largestReply     = 4 << 20
	largestAnswer    = 64 << 20 // vectors of a batch, written as decimal numbers
)

// client is one server and one model.
type client struct {
	options []option.RequestOption
	http    *http.Client
	idle    func()
	base    string
	model   string
	timeout time.Duration
	theirs  bool // OpenAI itself: its models refuse what other servers need, and the other way round
}

func newClient(o Options, limit int64) (client, error) {
	o.BaseURL = strings.TrimRight(cmp.Or(o.BaseURL, defaultURL), "/")
	base, err := url.Parse(o.BaseURL)
	if err != nil || base.Host == "" || (base.Scheme != "http" && base.Scheme != "https") {
		return client{}, fmt.Errorf("openai: base URL %q is not of the form https://host/v1: %w", o.BaseURL, crm.ErrInvalid)
	}
	if o.Model == "" || strings.ContainsAny(o.Model, " \n") {
		return client{}, fmt.Errorf("openai: %q is no model's name: %w", o.Model, crm.ErrInvalid)
	}
	h, idle := wire.Transport{Judge: judge, Limit: limit, Secret: o.APIKey, Bearer: true}.Client()
	return client{http: h, idle: idle, base: o.BaseURL, model: o.Model, timeout: o.Timeout, theirs: base.Hostname() == "api.openai.com" || strings.HasSuffix(base.Hostname(), ".azure.com"),
		options: []option.RequestOption{option.WithBaseURL(o.BaseURL), option.WithHTTPClient(h), option.WithMaxRetries(0)}}, nil
}

// Name is openai/ and the model, whoever serves it.
func (c client) name() string { return "openai/" + c.model }

// call runs do under the deadline.
func (c client) call(ctx context.Context, doing string, do func(context.Context) error) error {
	err := wire.Call(ctx, c.timeout, c.name()+": "+doing, func(ctx context.Context) error { return wire.Undecoded(do(ctx)) })
	var f *wire.Failure
	if errors.As(err, &f) && f.Status == http.StatusNotFound {
		return fmt.Errorf("%w (the server has no such model, or its address lacks the /v1)", err)
	}
	return err
}

// listed is what a server's list says about the model; servers add what they like to the few fields that OpenAI has.
type listed struct {
	found  bool
	window int      // tokens; 0: not told
	others []string // the first of the models that are listed instead
}

// list is the answer: an object with the models as its data, or, from some servers, the bare models.
type list []struct {
	ID     string `json:"id"`
	Max    int    `json:"max_model_len"`  // vLLM
	Length int    `json:"context_length"` // OpenRouter, Together and others
	Window int    `json:"context_window"` // Groq
	Meta   struct {
		Context int `json:"n_ctx"`
		Trained int `json:"n_ctx_train"` // llama.cpp; what it runs with may be less
	} `json:"meta"`
}

// UnmarshalJSON reads both forms.
func (l *list) UnmarshalJSON(b []byte) error {
	type bare list
	if b[0] == '[' {
		return json.Unmarshal(b, (*bare)(l))
	}
	var o struct {
		Data *bare `json:"data"`
	}
	o.Data = (*bare)(l)
	return json.Unmarshal(b, &o)
}

// list asks for the models. Servers without the route tell nothing; another answer than a list is temporary: a gateway says that it is starting, and taken for a server
// that tells nothing it would give the model a smaller window, and the index a new generation.
func (c client) list(ctx context.Context) (l listed, err error) {
	var all list
	err = c.call(ctx, "list models", func(ctx context.Context) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/models", http.NoBody)
		if err != nil {
			return err
		}
		resp, err := c.http.Do(r)
		if err != nil {
			return err
		}
		defer resp.Body.Close() // held in memory
		if err := json.NewDecoder(resp.Body).Decode(&all); err != nil {
			return err
		}
		if all == nil {
			return fmt.Errorf("an object without a list of models: %w", wire.ErrGarbled)
		}
		return nil
	})
	var f *wire.Failure
	if errors.As(err, &f) && (f.Status == http.StatusNotFound || f.Status == http.StatusMethodNotAllowed) {
		return listed{}, nil
	}
	if errors.Is(err, wire.ErrGarbled) {
		return listed{}, fmt.Errorf("%w: %w", err, crm.ErrTemporary)
	}
	for _, m := range all {
		if m.ID == c.model {
			return listed{found: true, window: cmp.Or(m.Max, m.Meta.Context, m.Length, m.Window, m.Meta.Trained)}, err
		}
		if len(l.others) < mostOthers {
			l.others = append(l.others, wire.Short(m.ID))
		}
	}
	return l, err
}

// mostOthers is how many models of a list are named to somebody whose own is not in it.
const mostOthers = 5

// check asks for the list, which every server guards with its key, and says what it found: with model.ErrUnlisted where a list has other models only.
func (c client) check(ctx context.Context) (string, error) {
	l, err := c.list(ctx)
	switch {
	case err != nil:
		return "", err
	case !l.found && c.theirs:
		return "", fmt.Errorf("%s: the account's list has no such model: %w", c.name(), crm.ErrForbidden)
	case len(l.others) > 0:
		return fmt.Sprintf("%s at %s, which does not list it, but %s", c.name(), c.base, strings.Join(l.others, ", ")), model.ErrUnlisted
	case !l.found:
		return fmt.Sprintf("%s at %s, which does not list it", c.name(), c.base), nil
	case l.window > 0:
		return fmt.Sprintf("%s at %s, context of %d tokens", c.name(), c.base, l.window), nil
	}
	return fmt.Sprintf("%s at %s", c.name(), c.base), nil
}
