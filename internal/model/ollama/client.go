package ollama

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/ollama/ollama/api"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model/wire"
)

// client is one server and one model: every call has a deadline of its own and ends in a result or an error of a known kind.
type client struct {
	api     *api.Client
	idle    func()
	model   string
	timeout time.Duration
	strikes *strikes
}

func newClient(base *url.URL, o Options, limit int64) client {
	h, idle := wire.Transport{Judge: judge, Limit: limit, Secret: o.APIKey, Bearer: true}.Client()
	return client{api: api.NewClient(base, h), idle: idle, model: o.Model, timeout: o.Timeout, strikes: &strikes{}}
}

// call runs do under the deadline. A missing model is an error that says how to get it.
func (c client) call(ctx context.Context, doing string, do func(context.Context) error) error {
	err := wire.Call(ctx, c.timeout, fmt.Sprintf("ollama %s: %s", c.model, doing), func(ctx context.Context) error { return wire.Undecoded(do(ctx)) })
	var f *wire.Failure
	if errors.As(err, &f) && f.Status == http.StatusNotFound {
		return fmt.Errorf("%w (run `ollama pull %s` on the server)", err, c.model)
	}
	return err
}

// run is call for what the server's runner has to do; of names the request.
func (c client) run(ctx context.Context, doing string, of uint64, do func(context.Context) error) error {
	return c.call(ctx, doing, func(ctx context.Context) error {
		seen := c.strikes.begin()
		err := do(ctx)
		c.strikes.end(of, seen, err)
		return err
	})
}

// state is call for vectors and lists: an answer that cannot be used is the server's state, not the text's.
func (c client) state(ctx context.Context, doing string, do func(context.Context) error) error {
	return unusable(c.call(ctx, doing, do))
}

// unusable is an answer that cannot be used as the server's state.
func unusable(err error) error {
	if errors.Is(err, wire.ErrGarbled) {
		return fmt.Errorf("%w: %w", err, crm.ErrTemporary)
	}
	return err
}
