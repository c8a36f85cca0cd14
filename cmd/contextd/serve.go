package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/contextd/contextd/internal/web"
)

// serve is the life of the service: open, listen, work, stop.
func serve(ctx context.Context, cfg Config, out *output) error {
	log := newLogger(cfg.Log, out.Stderr)
	collect := collectLate()
	defer collect()
	public, err := listen(ctx, cfg.Server.Listen, "server.listen")
	if err != nil {
		return err
	}
	admin, err := listen(ctx, cfg.Server.AdminListen, "server.admin_listen")
	if err != nil {
		return errors.Join(err, public.Close())
	}
	front := openFront(public, log)
	publicURL := cfg.PublicURL(public.Addr().String())
	s, err := openService(ctx, cfg, log, publicURL, nil)
	if err != nil {
		return errors.Join(whoHolds(err), front.close(), admin.Close())
	}
	local := "http://" + public.Addr().String()
	if _, err := keepLocal(cfg.DataDir, local, nil); err != nil {
		return errors.Join(err, front.close(), admin.Close(), s.close())
	}
	collect()
	log.Info("contextd is ready", "listen", local, "public_url", publicURL, "portals", len(s.clients), "writing", cfg.anyWriting())
	return errors.Join(s.answer(ctx, front, admin), s.close())
}

// collectLate lets a start make 16 MB before the first collection instead of 4: most of it is garbage at the end, and collecting it four times takes the processors from those who open and answer.
// What is returned ends that. Who has set GOGC knows better.
func collectLate() (end func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	usual := debug.SetGCPercent(400)
	return sync.OnceFunc(func() { debug.SetGCPercent(usual) })
}

// front is the public listener, which answers from the moment it is there; until the service is open it says no more than that the process lives.
type front struct {
	gate   *web.Gate
	server *http.Server
	served chan error
}

func openFront(ln net.Listener, log *slog.Logger) *front {
	f := &front{gate: web.NewGate(), served: make(chan error, 1)}
	f.server = web.HTTPServer(f.gate)
	f.server.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelWarn)
	go func() { f.served <- f.server.Serve(ln) }() // answer and close wait for it
	return f
}

// close ends a front whose service did not open.
func (f *front) close() error {
	err := f.server.Close()
	if served := <-f.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// serve is answer for a service that is open already.
func (s *service) serve(ctx context.Context, public, admin net.Listener) error {
	return s.answer(ctx, openFront(public, s.log), admin)
}

// answer answers on both listeners and works until ctx ends; then it stops taking requests, lets the running ones and the running work finish, and returns.
func (s *service) answer(ctx context.Context, public *front, admin net.Listener) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	b := readBuildInfo()
	servers := []*http.Server{public.server}
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
	public.gate.Open(s.handler)
	parts.Go(debug.FreeOSMemory) // opening makes several times the garbage of what is kept, and the collector would leave it with the process for minutes
	part(func() error { return <-public.served })
	if admin != nil {
		server := web.HTTPServer(web.Admin(web.AdminServer{Status: reads{s.db}, Portals: s.access.portals, Version: b.Version, Revision: b.Commit, Log: s.log}))
		server.ErrorLog = public.server.ErrorLog
		servers = append(servers, server)
		part(func() error { return server.Serve(admin) })
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
