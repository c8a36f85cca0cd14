package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

func (p *program) configCommand() *cobra.Command {
	return group(&cobra.Command{Use: "config", Short: "Check or print the configuration"}, p.configCheckCommand(), p.configPrintCommand())
}

func (p *program) configCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "check",
		Short:   "Check files, environment and flags, and report every problem at once",
		Example: "  contextd config check\n  contextd config check --config /etc/contextd/contextd.yaml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out, cfg, err := p.prepare(cmd)
			if err != nil {
				return err
			}
			if cfg.Portal != 0 {
				if _, err := cfg.Selected(); err != nil {
					return err
				}
			}
			set := 0
			for name, o := range cfg.origins {
				if o != byDefault && name != "portals" && name != "models" {
					set++
				}
			}
			found := append([]string{}, cfg.Files...)
			return out.Value(map[string]any{"ok": true, "files": found, "set": set}, func(w io.Writer) {
				fmt.Fprintf(w, "ok: %d values set, files: %s\n", set, orNone(strings.Join(found, ", ")))
			})
		},
	}
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func (p *program) configPrintCommand() *cobra.Command {
	var defaults, origins bool
	cmd := &cobra.Command{
		Use:     "print",
		Short:   "Print the configuration in force, secrets masked",
		Long:    "Print the configuration in force as YAML that can be used as a configuration file. Secrets are masked.",
		Example: "  contextd config print --show-origin\n  contextd config print --defaults > contextd.yaml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out, err := p.output(cmd)
			if err != nil {
				return err
			}
			var cfg Config
			if defaults {
				home := []string{}
				for _, v := range p.environ {
					if !strings.HasPrefix(v, envPrefix) {
						home = append(home, v)
					}
				}
				cfg, err = defaultConfig(home)
			} else {
				cfg, err = p.config(cmd, nil)
			}
			if err != nil {
				return err
			}
			rows := cfg.rows()
			if out.Format == formatLines {
				return printList(out, nil, rows, nil)
			}
			return out.Value(map[string]any{"items": rows}, func(w io.Writer) { printYAML(w, rows, defaults, origins) })
		},
	}
	cmd.Flags().BoolVar(&defaults, "defaults", false, "every key with its default and meaning, whatever is set")
	cmd.Flags().BoolVar(&origins, "show-origin", false, "where each value was set")
	return cmd
}
