package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/contextd/contextd/internal/audit"
	"github.com/contextd/contextd/internal/web"
)

func (p *program) auditVerifyCommand() *cobra.Command {
	var files []string
	var key string
	var complete bool
	cmd := &cobra.Command{
		Use:   "verify [--checkpoint FILE]… [--key KEY] [--complete]",
		Short: "Check that no entry was changed, taken out or put in",
		Long: "Make the tree of all entries anew and compare it with the stored one and with the signed heads that were made here. Somebody who can change everything in the database is only\n" +
			"found by heads that lie elsewhere: name them with --checkpoint (a checkpoint, or the file that audit.checkpoint_file names), and check their signatures with the --key that\n" +
			"`contextd audit checkpoint` printed at the beginning. With --complete the rows of all tables are counted against the entries, too: each delivery, run, model call, verdict, decision,\n" +
			"write, read-back, undo, change of policy or prompt, and use of a key has its own. Of what is only kept as it holds now (a stop, who a suggestion is assigned to) there are more entries\n" +
			"than rows once it has ended or was said anew; the line then says so.",
		Example: "  contextd audit verify\n  contextd audit verify --complete\n  contextd audit verify --checkpoint /mnt/elsewhere/checkpoints.jsonl --key contextd-audit-x+…",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			checkpoints := []string{}
			for _, f := range files {
				more, err := readCheckpoints(f, key)
				if err != nil {
					return err
				}
				checkpoints = append(checkpoints, more...)
			}
			if key != "" && len(files) == 0 {
				return usagef("--key checks checkpoints from outside: --checkpoint: name a file with some")
			}
			return p.withClient(cmd, func(ctx context.Context, c *apiClient, out *output) error {
				var v item[web.AuditVerified]
				if _, _, err := c.do(ctx, call{method: http.MethodPost, path: "/audit/verify", body: map[string]any{"checkpoints": checkpoints, "complete": complete}}, &v); err != nil {
					return err
				}
				err := out.Value(v, func(w io.Writer) {
					fmt.Fprintf(w, "%d entries, each as it was written; root %s\n%d heads signed here and %d from outside fit\n", v.Read.Entries, v.Read.Root, v.Read.Kept, v.Read.Outside)
					showCounts(w, v.Read.Complete)
				})
				if err != nil {
					return err
				}
				return incomplete(v.Read.Complete)
			})
		},
	}
	cmd.Flags().StringArrayVar(&files, "checkpoint", nil, "`FILE` with checkpoints that were kept elsewhere (repeatable)")
	cmd.Flags().BoolVar(&complete, "complete", false, "count the rows of all tables against the entries")
	cmd.Flags().StringVar(&key, "key", "", "public key that must have signed them")
	return cmd
}

func showCounts(w io.Writer, counts []web.AuditCount) {
	for _, c := range counts {
		fmt.Fprintf(w, "%-24s %6d rows, %6d entries", c.Kind, c.Rows, c.Entries)
		for _, odd := range []struct {
			n    int
			what string
			keys []string
		}{{c.Lacking, "without an entry", c.Missing}, {c.Surplus, "entries too many", c.Extra}} {
			if odd.n > 0 {
				fmt.Fprintf(w, "; %d %s: %s", odd.n, odd.what, oneLine(strings.Join(odd.keys, ", ")))
			}
		}
		if over := c.Entries + c.Lacking - c.Rows; c.State && over > 0 {
			fmt.Fprintf(w, "; a row is what holds now: rightly, %d of the entries tell of what has ended or was said anew since", over)
		}
		fmt.Fprintln(w)
	}
}

// incomplete is an error that says how much the audit does not tell, or tells without cause.
func incomplete(counts []web.AuditCount) error {
	lacking, surplus := 0, 0
	for _, c := range counts {
		lacking, surplus = lacking+c.Lacking, surplus+c.Surplus
	}
	if lacking+surplus == 0 {
		return nil
	}
	return fmt.Errorf("the audit is not complete: %d rows have no entry, and %d entries no row: -o json names the first of each kind", lacking, surplus)
}

// readCheckpoints reads a file with one checkpoint, or one per line as they are exported. With a key every signature is checked here, without asking the service.
func readCheckpoints(path, key string) ([]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, usagef("the checkpoints cannot be read: --checkpoint %s: %v", path, err)
	}
	var out []string
	if trimmed := strings.TrimSpace(string(text)); strings.HasPrefix(trimmed, "{") {
		for i, line := range strings.Split(trimmed, "\n") {
			var c checkpointLine
			if err := json.Unmarshal([]byte(line), &c); err != nil || c.Checkpoint == "" {
				return nil, usagef("line %d of %s is no checkpoint: --checkpoint: use the file that audit.checkpoint_file names, or one with a single checkpoint", i+1, path)
			}
			out = append(out, c.Checkpoint)
		}
	} else {
		out = append(out, string(text))
	}
	if key == "" {
		return out, nil
	}
	for _, c := range out {
		if _, err := audit.Open(c, key); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return out, nil
}

func (p *program) auditCheckpointCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "checkpoint",
		Short:   "Sign the present head of the log, send it away if the configuration says where, and print it with the public key",
		Example: "  contextd audit checkpoint > elsewhere.txt",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.withClient(cmd, func(ctx context.Context, c *apiClient, out *output) error {
				var v item[web.AuditCheckpoint]
				if _, _, err := c.do(ctx, call{method: http.MethodPost, path: "/audit/checkpoint", body: map[string]any{}}, &v); err != nil {
					return err
				}
				if !out.Quiet {
					fmt.Fprintf(out.Stderr, "public key: %s\n", v.Read.Key)
				}
				if err := out.Value(v, func(w io.Writer) { fmt.Fprint(w, v.Read.Checkpoint) }); err != nil {
					return err
				}
				if v.Read.Problem != "" {
					return withExit(exitPartial, fmt.Errorf("it was signed and not sent away: %s", v.Read.Problem))
				}
				return nil
			})
		},
	}
}
