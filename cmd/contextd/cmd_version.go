package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// buildInfo is what the toolchain stamped into this program.
type buildInfo struct {
	Version  string `json:"version"` // module version, "(devel)" for a build from a working tree
	Commit   string `json:"commit"`  // "" when built without version control
	Date     string `json:"date"`    // of the commit, RFC 3339
	Modified bool   `json:"modified"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func readBuildInfo() buildInfo {
	b := buildInfo{Version: "(devel)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if info.Main.Version != "" {
		b.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.time":
			b.Date = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

func (p *program) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version of this program",
		Example: "  contextd version\n  contextd version -o json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out, err := p.output(cmd)
			if err != nil {
				return err
			}
			b := readBuildInfo()
			return out.Value(b, func(w io.Writer) {
				fmt.Fprintf(w, "contextd %s %s %s", b.Version, b.Go, b.Platform)
				if b.Commit != "" {
					fmt.Fprintf(w, " commit %.12s %s", b.Commit, b.Date)
				}
				if b.Modified {
					fmt.Fprint(w, " modified")
				}
				fmt.Fprintln(w)
			})
		},
	}
}
