package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func (p *program) serveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "serve",
		Short:   "Run the service: webhooks, API, web pages and the work behind them",
		Example: "  contextd serve --config /etc/contextd/contextd.yaml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out, err := p.output(cmd)
			if err != nil {
				return err
			}
			if p.flags.portal != "" {
				return usagef("serve works for every configured portal: --portal: leave it out")
			}
			cfg, err := p.config(cmd, map[string]string{"listen": "server.listen", "admin-listen": "server.admin_listen"})
			if err != nil {
				return err
			}
			if err := cfg.NeedHubSpot(true); err != nil {
				return err
			}
			return p.commands.serve(cmd.Context(), cfg, out)
		},
	}
	cmd.Flags().String("listen", "", "`ADDR` for webhooks, API and web pages (server.listen)")
	cmd.Flags().String("admin-listen", "", "`ADDR` for metrics and profiles (server.admin_listen)")
	return cmd
}

// demoOptions are the demo's flags. DataDir "" means a temporary directory that is removed at the end.
type demoOptions struct {
	Listen, SimListen, DataDir string
	Once                       bool
	Log                        LogConfig
}

func (p *program) demoCommand() *cobra.Command {
	o := demoOptions{Log: LogConfig{Level: "warn", Format: "auto"}}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show everything at work against a built-in HubSpot: no key, no account, no network",
		Long: "Run the simulated HubSpot and the service together. Nothing is read from configuration files or the environment, and nothing leaves this machine.\n" +
			"Writing back is on: there is only the simulator to write to.",
		Example: "  contextd demo\n  contextd demo --once -o json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out, err := p.output(cmd)
			if err != nil {
				return err
			}
			if p.flags.config != "" || p.flags.portal != "" {
				return usagef("the demo has its own portal and settings: leave out --config and --portal")
			}
			if err := o.complete(p.flags); err != nil {
				return err
			}
			return p.commands.demo(cmd.Context(), o, out)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Listen, "listen", "127.0.0.1:8080", "`ADDR` for webhooks, API and web pages")
	f.StringVar(&o.SimListen, "sim-listen", "127.0.0.1:0", "`ADDR` of the simulated HubSpot")
	f.BoolVar(&o.Once, "once", false, "run until nothing is left to do, print the summary and exit")
	return cmd
}

func (o *demoOptions) complete(g globalFlags) error {
	for flag, addr := range map[string]string{"listen": o.Listen, "sim-listen": o.SimListen} {
		if _, err := listenAddress(addr); err != nil {
			return usagef("--%s: %w", flag, err)
		}
	}
	o.DataDir = g.dataDir
	for _, set := range []struct {
		flag, value string
		into        *string
		check       func(string) (string, error)
	}{
		{"log-level", g.logLevel, &o.Log.Level, among("debug", "info", "warn", "error")},
		{"log-format", g.logFormat, &o.Log.Format, among("auto", "text", "json")},
	} {
		if set.value == "" {
			continue
		}
		v, err := set.check(set.value)
		if err != nil {
			return usagef("%w", fmt.Errorf("--%s: %w", set.flag, err))
		}
		*set.into = v
	}
	return nil
}
