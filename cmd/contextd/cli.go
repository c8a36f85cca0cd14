package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/contextd/contextd/internal/crm"
)

// commands are the parts of the program that need the whole product behind them. A command whose part is nil does not exist: naming it is a usage error.
type commands struct {
	// connect returns a client of the service that holds the data directory, or of one in this process, and what ends it. Config.Portal is the portal asked for, 0
	// for the only one.
	connect func(ctx context.Context, cfg Config) (*apiClient, func() error, error)
	// planIndex counts what an order to index would read, without reading more than it must. Without it index has no --dry-run.
	planIndex func(ctx context.Context, cfg Config, order indexOrder) (IndexPlan, error)
	// setup creates our properties in the selected portal; a dry run only says what is missing.
	setup func(ctx context.Context, cfg Config, dryRun bool) (SetupReport, error)
	// doctor checks everything that a working installation needs, most basic first.
	doctor func(ctx context.Context, cfg Config) []Check
	// serve runs the service until ctx ends and returns nil after an orderly stop.
	serve func(ctx context.Context, cfg Config, out *output) error
	// demo runs simulator and service together; see demoOptions.
	demo func(ctx context.Context, opt demoOptions, out *output) error
}

// program is one run of the command line.
type program struct {
	environ        []string
	stdin          io.Reader
	stdout, stderr io.Writer
	commands       commands
	flags          globalFlags
	started        bool // a command of ours has begun: from here on errors are not about usage unless they say so
}

type globalFlags struct {
	config, dataDir, portal, logLevel, logFormat, format string
	json, quiet                                          bool
}

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "contextd",
		Short:         "Search a HubSpot portal's history and turn it into reviewed suggestions",
		Long:          "contextd stands beside HubSpot: it reads calls, meetings, emails, notes, tasks and messages, finds the passages that answer a question about an account,\nand proposes changes with verbatim evidence for people to approve.",
		Example:       "  contextd demo\n  contextd config check\n  contextd search companies/123 \"who is worried about pricing?\"",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	group(root)
	root.PersistentPreRunE = func(cmd *cobra.Command, args []string) error {
		p.started = true
		if err := readable(cmd, args); err != nil {
			return err
		}
		_, err := p.output(cmd)
		return err
	}
	f := root.PersistentFlags()
	f.StringVar(&p.flags.config, "config", "", "configuration `FILE` (default: contextd.yaml in the XDG config directory, then here)")
	f.StringVar(&p.flags.dataDir, "data-dir", "", "`DIR` with the database, the vectors and the key file")
	f.StringVar(&p.flags.portal, "portal", "", "portal id `N`; required when several are configured")
	f.StringVar(&p.flags.logLevel, "log-level", "", "debug, info, warn or error")
	f.StringVar(&p.flags.logFormat, "log-format", "", "auto, text or json")
	f.StringVarP(&p.flags.format, "output", "o", "table", "table, json or jsonl")
	f.BoolVar(&p.flags.json, "json", false, "same as -o json")
	f.BoolVar(&p.flags.quiet, "quiet", false, "no progress and no remarks on standard error")
	root.AddCommand(p.versionCommand(), p.configCommand(), p.normaliseCommand(), p.hubsimCommand(), p.evalCommand(), p.policyCommand())
	if p.commands.connect != nil {
		root.AddCommand(p.searchCommand(), p.runCommand(), p.reviewCommand(), p.auditCommand(), p.workCommand(), p.tokenCommand(), p.statusCommand(), p.usageCommand(), p.stopCommand(), p.resumeCommand(), p.indexCommand(), p.reindexCommand(), p.similarCommand(), p.promptsCommand(), p.calibrationCommand())
	}
	if p.commands.setup != nil {
		root.AddCommand(p.setupCommand())
	}
	if p.commands.doctor != nil {
		root.AddCommand(p.doctorCommand())
	}
	if p.commands.serve != nil {
		root.AddCommand(p.serveCommand())
	}
	if p.commands.demo != nil {
		root.AddCommand(p.demoCommand())
	}
	return root
}

// group makes cmd a bundle of subcommands: alone it explains itself and is a usage error.
func group(cmd *cobra.Command, subs ...*cobra.Command) *cobra.Command {
	cmd.AddCommand(subs...)
	cmd.Args = cobra.ArbitraryArgs // cobra's own check would not suggest below the root
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			var names []string
			for _, c := range cmd.Commands() {
				if c.IsAvailableCommand() {
					names = append(names, c.Name())
				}
			}
			return usagef("no command: %s: use one of %s", cmd.CommandPath(), strings.Join(names, ", "))
		}
		hint := "see " + cmd.CommandPath() + " --help"
		cmd.SuggestionsMinimumDistance = 2
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			hint = "did you mean " + strings.Join(near, " or ") + "?"
		}
		return usagef("unknown command %q: %s: %s", args[0], cmd.CommandPath(), hint)
	}
	return cmd
}

// output is how this run shows things.
func (p *program) output(cmd *cobra.Command) (*output, error) {
	format := p.flags.format
	if p.flags.json {
		if cmd.Flags().Changed("output") && format != formatJSON {
			return nil, usagef("--json and -o %s contradict each other: leave one out", format)
		}
		format = formatJSON
	}
	switch format {
	case formatTable, formatJSON, formatLines:
	default:
		return nil, usagef("-o %q is not a format: use table, json or jsonl", format)
	}
	return &output{Format: format, Quiet: p.flags.quiet, Stdout: p.stdout, Stderr: p.stderr}, nil
}

// config loads the configuration with the global flags, and more of the command's own: key by flag name.
func (p *program) config(cmd *cobra.Command, more map[string]string) (Config, error) {
	given := map[string]flagged{}
	names := map[string]string{"data-dir": "data_dir", "log-level": "log.level", "log-format": "log.format"}
	for flag, name := range more {
		names[flag] = name
	}
	for flag, name := range names {
		if f := cmd.Flags().Lookup(flag); f != nil && f.Changed {
			given[name] = flagged{flag, f.Value.String()}
		}
	}
	cfg, err := loadConfig(sources{File: p.flags.config, Environ: p.environ, Flags: given})
	if err != nil {
		return cfg, err
	}
	if p.flags.portal != "" {
		if cfg.Portal, err = crm.ParsePortalID(p.flags.portal); err != nil {
			return cfg, usagef("--portal %q is not a portal id: use the positive number in your HubSpot URLs", p.flags.portal)
		}
	}
	return cfg, nil
}

// withClient runs do with a client of the service and closes the connection after it.
func (p *program) withClient(cmd *cobra.Command, do func(ctx context.Context, c *apiClient, out *output) error) (err error) {
	out, cfg, err := p.prepare(cmd)
	if err != nil {
		return err
	}
	if _, err := cfg.Selected(); err != nil && (cfg.Portal != 0 || len(cfg.AllPortals()) > 1) { // a demo's data directory has its portal without any configuration
		return err
	}
	client, closing, err := p.commands.connect(cmd.Context(), cfg)
	if err != nil {
		return err
	}
	defer func() {
		if e := closing(); e != nil {
			err = errors.Join(err, fmt.Errorf("close: %w", e))
		}
	}()
	return do(cmd.Context(), client, out)
}

// prepare is what commands of one run begin with: how to show things, and the configuration.
func (p *program) prepare(cmd *cobra.Command) (*output, Config, error) {
	out, err := p.output(cmd)
	if err != nil {
		return nil, Config{}, err
	}
	cfg, err := p.config(cmd, nil)
	return out, cfg, err
}

// portalCommand is prepare for commands that speak to HubSpot themselves: one portal, with its token, must be meant.
func (p *program) portalCommand(cmd *cobra.Command) (*output, Config, error) {
	out, cfg, err := p.prepare(cmd)
	if err != nil {
		return nil, Config{}, err
	}
	if err := cfg.NeedHubSpot(false); err != nil {
		return nil, Config{}, err
	}
	_, err = cfg.Selected()
	return out, cfg, err
}
