package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// picked is a suggestion that a decision is about, with the ETag under which it was shown; "" when it is read first.
type picked struct{ id, etag string }

// batch is how a decision about many is made safely: looked at, counted, and carried out for exactly what was counted.
type batch struct {
	dryRun  bool
	confirm string // "", "N" or "N:DIGEST"
}

func (b *batch) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&b.dryRun, "dry-run", false, "show what would be decided, with a digest, and decide nothing")
	cmd.Flags().StringVar(&b.confirm, "confirm", "", "decide only if it is about `N` suggestions; N:DIGEST: and none has moved since the dry run")
}

// looked is one suggestion as a dry run found it.
type looked struct {
	ID     string `json:"id"`
	ETag   string `json:"etag"`
	State  string `json:"state"`
	Record string `json:"record"`
	Change string `json:"change"`
}

// look reads every target and makes the digest of what they are now.
func look(ctx context.Context, c *apiClient, targets []picked) ([]looked, string, error) {
	all := make([]looked, 0, len(targets))
	sum := sha256.New()
	for _, t := range targets {
		var s item[suggestion]
		header, _, err := c.do(ctx, call{method: http.MethodGet, path: "/suggestions/" + url.PathEscape(t.id)}, &s)
		if err != nil {
			return nil, "", err
		}
		etag := header.Get("ETag")
		if t.etag != "" && t.etag != etag {
			return nil, "", fmt.Errorf("suggestion %s has moved since it was listed: list again and look at it", t.id)
		}
		all = append(all, looked{t.id, etag, s.Read.State, s.Read.Record.String(), firstChange(s.Read)})
		fmt.Fprintf(sum, "%s\n", etag)
	}
	return all, hex.EncodeToString(sum.Sum(nil))[:16], nil
}

// check refuses before anything is decided; with a digest it returns the targets bound to what the dry run saw.
func (b batch) check(ctx context.Context, c *apiClient, targets []picked) ([]picked, error) {
	if b.confirm == "" {
		return targets, nil
	}
	count, digest, bound := strings.Cut(b.confirm, ":")
	if n, err := strconv.Atoi(count); err != nil || n != len(targets) {
		return nil, usagef("--confirm %s, and these are %d suggestions: look at them with --dry-run", b.confirm, len(targets))
	}
	if !bound {
		return targets, nil
	}
	all, now, err := look(ctx, c, targets)
	if err != nil {
		return nil, err
	}
	if now != digest {
		return nil, fmt.Errorf("some of the %d suggestions have moved since the dry run: nothing was decided; look again with --dry-run", len(targets))
	}
	for i, l := range all {
		targets[i].etag = l.ETag
	}
	return targets, nil
}

// show prints what would be decided.
func (b batch) show(ctx context.Context, c *apiClient, out *output, verb string, targets []picked) error {
	all, digest, err := look(ctx, c, targets)
	if err != nil {
		return err
	}
	if out.Format == formatLines {
		for _, l := range all {
			if err := out.line(l); err != nil {
				return err
			}
		}
	} else {
		err = out.Value(map[string]any{"items": all, "count": len(all), "digest": digest}, func(w io.Writer) {
			table(w, all, []column[looked]{
				{"ID", func(l looked) string { return l.ID }}, {"STATE", func(l looked) string { return l.State }},
				{"RECORD", func(l looked) string { return shorten(l.Record, 48) }}, {"CHANGE", func(l looked) string { return shorten(l.Change, 72) }},
			})
		})
		if err != nil {
			return err
		}
	}
	if !out.Quiet {
		fmt.Fprintf(out.Stderr, "%d would be decided (%s), nothing was. To do it: --confirm %d:%s\n", len(all), verb, len(all), digest)
	}
	return nil
}
