package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/contextd/contextd/indexer"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot/hubsim"
	"github.com/contextd/contextd/internal/web"
)

// demo is the simulated HubSpot and the service in one process, on the code paths of production: the history is read and indexed, then the last day happens and arrives
// as webhooks.
func demo(ctx context.Context, o demoOptions, out *output) (err error) {
	start := time.Now()
	dir, keep := o.DataDir, o.DataDir != ""
	if !keep {
		if dir, err = os.MkdirTemp("", "contextd-demo-"); err != nil {
			return fmt.Errorf("make a data directory: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	public, err := listen(ctx, o.Listen, "--listen")
	if err != nil {
		return err
	}
	simListener, err := listen(ctx, o.SimListen, "--sim-listen")
	if err != nil {
		return errors.Join(err, public.Close())
	}
	url := "http://" + public.Addr().String()
	sim := hubsim.New(hubsim.Options{WebhookURL: url + "/webhooks/hubspot", RateLimit: -1, DailyLimit: -1, SearchLimit: -1})
	if err := sim.LoadDemo(); err != nil {
		return errors.Join(fmt.Errorf("load the demo portal: %w", err), public.Close(), simListener.Close())
	}
	cfg, err := demoConfig(o, dir, sim, "http://"+simListener.Addr().String())
	if err != nil {
		return errors.Join(err, public.Close(), simListener.Close())
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	simulating := runSimulator(ctx, sim, simListener)
	s, err := openService(ctx, cfg, newLogger(o.Log, out.Stderr), url, sim.Now)
	if err != nil {
		stop()
		return errors.Join(whoHolds(err), public.Close(), <-simulating)
	}
	if _, err := keepLocal(dir, url, nil); err != nil {
		stop()
		return errors.Join(err, public.Close(), s.close(), <-simulating)
	}
	serving := make(chan error, 1)
	go func() { serving <- s.serve(ctx, public, nil) }()
	d := &demonstration{s: s, sim: sim, out: out, start: start, url: url, simURL: cfg.HubSpot.BaseURL, dir: dir, keep: keep}
	err = d.run(ctx, o.Once)
	if o.Once || err != nil {
		stop()
	}
	err = errors.Join(err, <-serving)
	stop()
	return errors.Join(err, s.close(), <-simulating)
}

// demoConfig is the default configuration, pointed at the simulator, with writing on: there is nothing else to write to.
func demoConfig(o demoOptions, dir string, sim *hubsim.Server, base string) (Config, error) {
	got := sim.Options()
	set := map[string]string{"data_dir": dir, "server.listen": o.Listen, "hubspot.base_url": base, "hubspot.token": got.Token, "hubspot.client_secret": got.ClientSecret,
		"hubspot.portal_id": got.Portal.String(), "hubspot.app_id": fmt.Sprint(got.AppID), "hubspot.write": "on", "review.hubspot_users": "*=approver", "workflows.quiet": "1s", "workflows.usage": strings.Join(sim.Usage(), ",")}
	flags := map[string]flagged{}
	for k, v := range set {
		flags[k] = flagged{"demo", v}
	}
	cfg, err := loadConfig(sources{File: os.DevNull, Flags: flags})
	cfg.Log, cfg.unlimited = o.Log, true
	return cfg, err
}

// runSimulator serves and delivers until ctx ends; the channel then has what went wrong.
func runSimulator(ctx context.Context, sim *hubsim.Server, ln net.Listener) <-chan error {
	done := make(chan error, 1)
	server := &http.Server{Handler: sim.Handler(), ReadHeaderTimeout: 10 * time.Second}
	serving := make(chan error, 1)
	go func() { serving <- server.Serve(ln) }()
	go func() {
		err := sim.Run(ctx) // returns when ctx ends
		down := server.Close()
		if served := <-serving; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		done <- errors.Join(err, down)
	}()
	return done
}

// demonstration is one run of the demo's story.
type demonstration struct {
	s           *service
	sim         *hubsim.Server
	out         *output
	start       time.Time
	url, simURL string
	dir         string
	keep        bool
}

func (d *demonstration) run(ctx context.Context, once bool) error {
	portal := d.sim.Options().Portal
	d.out.Say("contextd demo: a made-up HubSpot portal and the service, all on this machine. Writing back is on: there is only the simulator to write to.")
	d.out.Say("  models        built in: static word vectors and an extractive writer. They show the flow, not the quality of a language model")
	if _, err := d.s.clients[portal].Setup(ctx, append(definitions(d.s.workflows), reviewDefinitions()...), false); err != nil {
		return fmt.Errorf("set up the portal: %w", err)
	}
	bar := newProgress(d.out)
	state := d.sim.State()
	total := map[crm.ObjectType]int{crm.Companies: state.Companies, crm.Contacts: state.Contacts, crm.Deals: state.Deals, crm.Tickets: state.Tickets}
	for kind, n := range state.Activities {
		total[kind.Type()] = n
	}
	d.s.indexer.Progress = func(p indexer.Progress) { // set before any work of this kind begins
		bar.count(string(p.Type), p.Done, max(total[p.Type], 1))
	}
	if err := d.s.indexer.IndexAll(ctx, portal, nil); err != nil {
		return fmt.Errorf("index the history: %w", err)
	}
	bar.close()
	counts, err := d.s.db.Counts(ctx, portal)
	if err != nil {
		return err
	}
	d.out.Say("  history       %d companies, %d contacts, %d deals, %d activities: %d chunks indexed after %.1f s", counts.Companies, counts.Contacts, counts.Deals, counts.Activities,
		counts.Chunks, time.Since(d.start).Seconds())
	if _, err := (&repeating{s: d.s}).look(ctx, portal); err != nil { // a service does so within a minute
		return fmt.Errorf("look at the customers: %w", err)
	}
	changes, err := d.sim.ReplayDay(ctx)
	if err != nil {
		return err
	}
	d.out.Say("  the last day  %d changes happen now and arrive as webhooks", changes)
	if !once {
		if err := d.invite(ctx, portal); err != nil {
			return err
		}
	}
	if err := d.settle(ctx, portal); err != nil {
		if ctx.Err() != nil && !once {
			return nil
		}
		return err
	}
	sum, err := d.summary(ctx, portal)
	if err != nil {
		return err
	}
	if once {
		return d.out.Value(sum, sum.print)
	}
	sum.print(d.out.Stderr)
	<-ctx.Done()
	return nil
}

// invite prints where to go.
func (d *demonstration) invite(ctx context.Context, portal crm.PortalID) error {
	token, err := d.s.access.CreateToken(ctx, portal, "demo", string(web.Administrator), crm.System("demo"))
	if errors.Is(err, crm.ErrConflict) { // a kept data directory has it already
		if err := d.s.access.RevokeToken(ctx, portal, "demo", crm.System("demo")); err != nil {
			return err
		}
		token, err = d.s.access.CreateToken(ctx, portal, "demo", string(web.Administrator), crm.System("demo"))
	}
	if err != nil {
		return err
	}
	link := d.url + "/start?token=" + d.s.access.offer(web.Identity{ID: portal.String() + "/demo", Name: "demo", Role: web.Administrator, Portal: portal})
	d.out.Say("  data          %s (kept: %v)", d.dir, d.keep)
	return d.out.Value(struct {
		URL    string `json:"url"`
		SimURL string `json:"sim_url"`
		Token  string `json:"token"`
		Start  string `json:"start_url"`
	}{d.url, d.simURL, token, link}, func(w io.Writer) {
		fmt.Fprintf(w, "open      %s  (works once)\nservice   %s\nhubspot   %s  (simulated)\ntoken     %s\n", link, d.url, d.simURL, token)
	})
}

// settle waits until the simulator has delivered everything and nothing is left to do, echoes of our own writes included.
func (d *demonstration) settle(ctx context.Context, portal crm.PortalID) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for quiet := 0; quiet < 4; { // an applied write is followed by its echo within the simulator's gathering time
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		if err := d.sim.Idle(ctx); err != nil {
			return err
		}
		st, err := d.s.db.Status(ctx, portal)
		if err != nil {
			return err
		}
		open, err := (&signalling{d.s}).once(ctx)
		if err != nil {
			return err
		}
		open += st.Events.Open + st.Undecoded
		for _, n := range st.Work {
			open += n
		}
		if quiet++; open > 0 {
			quiet = 0
		}
	}
	return nil
}
