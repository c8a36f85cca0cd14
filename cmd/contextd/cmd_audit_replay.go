package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/contextd/contextd/internal/web"
)

func (p *program) auditReplayCommand() *cobra.Command {
	var after int64
	var limit int
	cmd := &cobra.Command{
		Use:   "replay [--after SEQ] [--limit N]",
		Short: "Repeat the gate's verdicts from what they followed from",
		Long: "Have the gate decide once more about every change, from the policy, the evidence and the record as they were then, and compare. What was altered, what is not there\n" +
			"although nobody erased it, and a verdict that this version of contextd would not give any more are faults; what was erased on request or by its age is not.",
		Example: "  contextd audit replay\n  contextd audit replay --after 1042 --limit 1000 -o json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if after < 0 || limit < 0 {
				return usagef("--after %d and --limit %d: neither may be below 0", after, limit)
			}
			return p.withClient(cmd, func(ctx context.Context, c *apiClient, out *output) error {
				var v item[web.AuditReplayed]
				if _, _, err := c.do(ctx, call{method: http.MethodPost, path: "/audit/replay", body: map[string]any{"after": after, "limit": limit}}, &v); err != nil {
					return err
				}
				if err := out.Value(v, func(w io.Writer) { showReplay(w, v.Read) }); err != nil {
					return err
				}
				if n := len(v.Read.Faults) + v.Read.Omitted; n > 0 {
					return fmt.Errorf("%d faults: each names its entry: use contextd audit show SEQ", n)
				}
				return nil
			})
		},
	}
	cmd.Flags().Int64Var(&after, "after", 0, "begin behind this entry, `SEQ`")
	cmd.Flags().IntVar(&limit, "limit", 0, "verdicts at most (0: all)")
	return cmd
}

func showReplay(w io.Writer, r web.AuditReplayed) {
	fmt.Fprintf(w, "%d of %d verdicts came out as they did then; %d more were erased, %d are older than the keeping of inputs\n", r.Same, r.Verdicts-r.Erased-r.Unstated, r.Erased, r.Unstated)
	fmt.Fprintf(w, "%d runs: %d texts are as they were, %d were erased\n", r.Runs, r.Texts.Kept, r.Texts.Erased)
	fmt.Fprintf(w, "%d values of writes are as the entries say, %d were erased\n", r.Values.Kept, r.Values.Erased)
	for _, f := range r.Faults {
		fmt.Fprintf(w, "entry %d, %s of %s", f.Seq, f.What, f.Proposal)
		if f.Property != "" {
			fmt.Fprintf(w, " (%s)", oneLine(f.Property))
		}
		fmt.Fprintf(w, ": %s\n", f.Fault)
		for _, one := range []struct {
			when string
			word *web.AuditWord
		}{{"then", f.Then}, {"now", f.Now}} {
			if one.word != nil {
				fmt.Fprintf(w, "  %-5s %s, confidence %s, threshold %s: %s\n", one.when, one.word.Verdict, one.word.Confidence, one.word.Threshold, oneLine(strings.Join(one.word.Reasons, "; ")))
			}
		}
	}
	if r.Omitted > 0 {
		fmt.Fprintf(w, "and %d more\n", r.Omitted)
	}
}
