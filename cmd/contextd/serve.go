package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/contextd/contextd/internal/web"
)

// serve is the life of the service: open, listen, work, stop.
func serve(ctx context.Context, cfg Config, out *output) error {
	log := newLogger(cfg.Log, out.Stderr)
	public, err := listen(ctx, cfg.Server.Listen, "server.listen")
	if err != nil {
		return err
	}
	admin, err := listen(ctx, cfg.Server.AdminListen, "server.admin_listen")
	if err != nil {
		return errors.Join(err, public.Close())
	}
	publicURL := cfg.PublicURL(public.Addr().String())
	s, err := openService(ctx, cfg, log, publicURL, nil)
	if err != nil {
		return errors.Join(whoHolds(err), public.Close(), admin.Close())
	}
	local := "http://" + public.Addr().String()
	if _, err := keepLocal(cfg.DataDir, local, nil); err != nil {
		return errors.Join(err, public.Close(), admin.Close(), s.close())
	}
	log.Info("contextd is ready", "listen", local, "public_url", publicURL, "portals", len(s.clients), "writing", cfg.anyWriting())
	return errors.Join(s.serve(ctx, public, admin), s.close())
}

// serve answers on both listeners and works until ctx ends; then it stops taking requests, lets the running ones and the running work finish, and returns.
func (s *service) serve(ctx context.Context, public, admin net.Listener) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	b := readBuildInfo()
	servers := map[net.Listener]*http.Server{public: web.HTTPServer(s.handler)}
	if admin != nil {
		servers[admin] = web.HTTPServer(web.Admin(web.AdminServer{Status: reads{s.db}, Portals: s.access.portals, Version: b.Version, Revision: b.Commit, Log: s.log}))
	}
	var parts sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	part := func(f func() error) {
		parts.Go(func() {
			defer stop()
			if err := f(); err != nil && !errors.Is(err, http.ErrServerClosed) {
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, err)
			}
		})
	}
	part(func() error { return s.run(ctx) })
	for ln, server := range servers {
		server.ErrorLog = slog.NewLogLogger(s.log.Handler(), slog.LevelWarn)
		part(func() error { return server.Serve(ln) })
	}
	<-ctx.Done()
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 8*time.Second) // ctx has ended; requests in flight may still finish
	defer cancel()
	for _, server := range servers {
		part(func() error {
			if err := server.Shutdown(closing); errors.Is(err, context.DeadlineExceeded) {
				return server.Close()
			}
			return nil
		})
	}
	parts.Wait()
	return errors.Join(errs...)
}

func version() string { return readBuildInfo().Version }
