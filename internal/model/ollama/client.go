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
)

// client is one server and one model: every call has a deadline of its own and ends in a result or an error of a known kind.
type client struct {
	api     *api.Client
	idle    func()
	model   string
	timeout time.Duration
}

func newClient(base *url.URL, o Options) client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	return client{api: api.NewClient(base, &http.Client{Transport: answers{t, time.Now}}), idle: t.CloseIdleConnections, model: o.Model, timeout: o.Timeout}
}

// call runs do under the deadline. The caller's own end is returned as it is; everything without a kind (no connection, no answer in time, an answer that cannot be
// read) is temporary.
func (c client) call(ctx context.Context, doing string, do func(context.Context) error) error {
	within, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	err := do(within)
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("ollama %s: %s: %w", c.model, doing, ctx.Err())
	}
	var f *Failure
	switch {
	case errors.As(err, &f) && f.Status == http.StatusNotFound:
		return fmt.Errorf("ollama %s: %s: %w (run `ollama pull %s` on the server)", c.model, doing, err, c.model)
	case errors.Is(err, crm.ErrTemporary), errors.Is(err, crm.ErrInvalid), errors.Is(err, crm.ErrForbidden):
		return fmt.Errorf("ollama %s: %s: %w", c.model, doing, err)
	}
	return fmt.Errorf("ollama %s: %s: %w: %w", c.model, doing, err, crm.ErrTemporary)
}
