package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/contextd/contextd/internal/store"
)

// connect returns a client of the service that holds the data directory; when none does, it opens the data itself and answers in this process, working as a service
// would, so that every command has one way to go.
func connect(ctx context.Context, cfg Config) (*apiClient, func() error, error) {
	if cfg.Portal == 0 && len(cfg.AllPortals()) > 1 {
		if _, err := cfg.Selected(); err != nil {
			return nil, nil, err
		}
	}
	if _, err := readLocal(cfg.DataDir); len(cfg.AllPortals()) == 0 && errors.Is(err, fs.ErrNotExist) { // nothing is there yet, and nothing says what should be
		_, err := cfg.Selected()
		return nil, nil, err
	}
	s, err := openService(ctx, cfg, newLogger(cfg.Log, io.Discard), cfg.PublicURL(""), nil)
	if held := (*store.HeldError)(nil); errors.As(err, &held) {
		l, err := readLocal(cfg.DataDir)
		if err != nil || l.URL == "" {
			return nil, nil, withExit(exitUnreachable, fmt.Errorf("another process holds %s and does not listen yet: try again in a moment, or stop it", cfg.DataDir))
		}
		return &apiClient{http: &http.Client{Timeout: 6 * time.Minute}, base: l.URL, token: scoped(l.Token, cfg)}, func() error { return nil }, nil
	}
	if err != nil {
		return nil, nil, err
	}
	s.brief = true
	ctx, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- s.run(ctx) }()
	end := func() error {
		stop()
		return errors.Join(<-done, s.close())
	}
	return &apiClient{http: &http.Client{Transport: inProcess{s.handler}}, base: "http://contextd.local", token: scoped(s.access.local, cfg)}, end, nil
}

// scoped names the portal that the command asked for beside the local token; with one portal there is nothing to name.
func scoped(token string, cfg Config) string {
	if cfg.Portal == 0 {
		return token
	}
	return token + localScope + cfg.Portal.String()
}

// inProcess is a transport that calls a handler directly: the same requests, permissions and answers as over a socket.
type inProcess struct{ handler http.Handler }

// RoundTrip implements http.RoundTripper.
func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	r.RequestURI = r.URL.RequestURI()
	rec := httptest.NewRecorder()
	t.handler.ServeHTTP(rec, r)
	return rec.Result(), nil
}
