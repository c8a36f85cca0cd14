package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot/hubsim"
)

// hubsimOptions are the flags of the simulator's command.
type hubsimOptions struct {
	listen, token, secret, load, webhook string
	app                                  int64
	seed                                 uint64
	companies, rate                      int
	portal                               crm.PortalID
}

// hubsimReady is the one line on standard output: what a client needs to talk to the simulator.
type hubsimReady struct {
	BaseURL      string       `json:"base_url"`
	PortalID     crm.PortalID `json:"portal_id"`
	Token        string       `json:"token"`
	ClientSecret string       `json:"client_secret"`
	AppID        int64        `json:"app_id"`
}

func (p *program) hubsimCommand() *cobra.Command {
	var o hubsimOptions
	cmd := &cobra.Command{
		Use:   "hubsim --listen ADDR",
		Short: "Run the simulated HubSpot as a process of its own",
		Long: "Run the simulated HubSpot as a process of its own. It prints one line of JSON when it is ready, {base_url, portal_id, token, client_secret, app_id}, and\n" +
			"nothing else on standard output. Without --companies or --load it holds the demo's portal; what happens there on the last day is sent as webhooks\nwhen --webhook-url is given.\n\n" +
			"Beside HubSpot's paths there is a control door for tests, without a token: GET /_sim/state, /_sim/writes?since=, /_sim/deliveries?since=, /_sim/documents;\n" +
			"POST /_sim/objects/TYPE, PATCH and DELETE …/ID, POST …/ID/restore, /_sim/associations, /_sim/merge and /_sim/import act as a person; POST /_sim/webhooks, /_sim/clock.\n" +
			"POST /_sim/faults makes HubSpot misbehave until DELETE /_sim/faults: {path, method, kind, rate, count} say which requests (a prefix of the path; rate 0: all; count 0:\n" +
			"without end), and kind how:\n" + hubsim.FaultHelp(),
		Example: "  contextd hubsim --listen 127.0.0.1:7070\n  contextd hubsim --listen 127.0.0.1:0 --companies 500 --seed 7",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out, err := p.output(cmd)
			if err != nil {
				return err
			}
			if cmd.Flags().Changed("output") && out.Format == formatTable {
				return usagef("hubsim always prints one line of JSON: leave out -o table")
			}
			if err := o.complete(cmd, p.flags.portal); err != nil {
				return err
			}
			return simulate(cmd.Context(), o, out)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.listen, "listen", "127.0.0.1:7070", "`ADDR` to listen on; port 0 takes a free one")
	f.StringVar(&o.token, "token", "", "bearer token of the one installed app (default: the demo's)")
	f.StringVar(&o.secret, "client-secret", "", "signs webhooks (default: the demo's)")
	f.Int64Var(&o.app, "app-id", 0, "id of the installed app (default: the demo's)")
	f.Uint64Var(&o.seed, "seed", 1, "seed of the generated portal and of every random choice")
	f.IntVar(&o.companies, "companies", 0, "generate a portal of `N` companies")
	f.IntVar(&o.rate, "rate-limit", 0, "requests per ten seconds (default: HubSpot's own 190); raise it for load tests")
	f.StringVar(&o.load, "load", "", "load the evaluation set in `DIR` (corpus.jsonl)")
	f.StringVar(&o.webhook, "webhook-url", "", "send webhooks to `URL`")
	return cmd
}

func (o *hubsimOptions) complete(cmd *cobra.Command, portal string) error {
	if _, err := listenAddress(o.listen); err != nil {
		return usagef("--listen: %w", err)
	}
	if portal != "" {
		id, err := crm.ParsePortalID(portal)
		if err != nil {
			return usagef("--portal %q is not a portal id: use a positive number", portal)
		}
		o.portal = id
	}
	changed := cmd.Flags().Changed
	switch {
	case changed("companies") && changed("load"):
		return usagef("--companies and --load exclude each other: choose one portal")
	case changed("companies") && o.companies < 1:
		return usagef("--companies %d: give a positive number", o.companies)
	case changed("load") && o.load == "":
		return usagef("--load is empty: name a directory")
	case changed("rate-limit") && o.rate < 1:
		return usagef("--rate-limit %d: give a positive number", o.rate)
	case changed("app-id") && o.app < 1:
		return usagef("--app-id %d: give a positive number", o.app)
	}
	if o.webhook != "" {
		if _, ok := parseWeb(o.webhook); !ok {
			return usagef("--webhook-url %q is not a web address: use http(s)://host[:port]/path", o.webhook)
		}
	}
	return nil
}

// simulate runs one simulator until ctx ends; an orderly stop is no error.
func simulate(ctx context.Context, o hubsimOptions, out *output) error {
	sim := hubsim.New(hubsim.Options{Portal: o.portal, Token: o.token, ClientSecret: o.secret, AppID: o.app, Seed: o.seed, WebhookURL: o.webhook, RateLimit: o.rate, DailyLimit: 1000 * o.rate})
	if err := fill(sim, o); err != nil {
		return err
	}
	ln, err := listen(ctx, o.listen, "--listen")
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	sending := make(chan error, 1)
	go func() { sending <- sim.Run(ctx) }()
	server := &http.Server{Handler: sim.Handler(), ReadHeaderTimeout: 10 * time.Second}
	serving := make(chan error, 1)
	go func() { serving <- server.Serve(ln) }()

	got := sim.Options()
	failed := out.line(hubsimReady{"http://" + ln.Addr().String(), got.Portal, got.Token, got.ClientSecret, got.AppID})
	if failed == nil && o.companies == 0 && o.load == "" {
		_, failed = sim.ReplayDay(ctx)
	}
	if failed == nil {
		select {
		case <-ctx.Done():
		case failed = <-serving:
			serving <- nil // keeps the drain below simple
		}
	} else if ctx.Err() != nil {
		failed = nil // stopped during the replay
	}
	stop()
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second) // ctx has ended; requests in flight may still finish
	defer cancel()
	down := server.Shutdown(closing)
	if errors.Is(down, context.DeadlineExceeded) {
		down = server.Close() // a client that hangs on must not hang us
	}
	if err := <-serving; err != nil && !errors.Is(err, http.ErrServerClosed) {
		failed = errors.Join(failed, err)
	}
	return errors.Join(failed, down, <-sending)
}

func fill(sim *hubsim.Server, o hubsimOptions) error {
	switch {
	case o.load != "":
		if err := sim.LoadSet(o.load); err != nil {
			return fmt.Errorf("the set cannot be loaded: --load: %w", err)
		}
		return nil
	case o.companies > 0:
		sim.LoadGenerated(o.seed, o.companies)
		return nil
	}
	return sim.LoadDemo()
}

// listen binds addr. A port that is taken or forbidden is an error that names the flag or key that chose it.
func listen(ctx context.Context, addr, where string) (net.Listener, error) {
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		cause := err
		if op := (*net.OpError)(nil); errors.As(err, &op) {
			cause = op.Err
		}
		return nil, withExit(exitUnreachable, fmt.Errorf("cannot listen on %s (%w): %s: stop the program that holds the port, or choose another address", addr, cause, where))
	}
	return ln, nil
}
