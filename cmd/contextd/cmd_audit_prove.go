package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/contextd/contextd/internal/audit"
)

func (p *program) auditProveCommand() *cobra.Command {
	var check, key string
	cmd := &cobra.Command{
		Use:   "prove SEQ | --check FILE --key KEY",
		Short: "Prove that one entry is part of the log, or check such a proof",
		Long: "Print a proof that an entry is part of the log: its line, the hashes up to the root, and a signed head. With --check and --key such a proof is checked, on any machine: it\n" +
			"takes no service, no data and no network.",
		Example: "  contextd audit prove 1042 -o json > proof.json\n  contextd audit prove --check proof.json --key contextd-audit-x+…",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case (check == "") != (key == ""):
				return usagef("a proof is checked with a key: --check FILE and --key KEY: give both")
			case check != "" && len(args) > 0:
				return usagef("SEQ and --check do not go together: leave one out")
			case check != "":
				return p.checkProof(cmd, check, key)
			case len(args) == 0:
				return usagef("there is no entry: SEQ: use the first column of contextd audit list")
			}
			seq, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil || seq < 1 {
				return usagef("%q is not the number of an entry: SEQ: use the first column of contextd audit list", args[0])
			}
			return p.withClient(cmd, func(ctx context.Context, c *apiClient, out *output) error {
				var v item[audit.Proof]
				if _, _, err := c.do(ctx, call{method: http.MethodGet, path: "/audit/entries/" + strconv.FormatInt(seq, 10) + "/proof"}, &v); err != nil {
					return err
				}
				return out.Value(v, func(w io.Writer) {
					fmt.Fprintf(w, "%s\n%d hashes lead from it to the root that is signed here:\n\n%s\nUse -o json for a proof that can be checked.\n", v.Read.Entry, len(v.Read.Path), v.Read.Checkpoint)
				})
			})
		},
	}
	cmd.Flags().StringVar(&check, "check", "", "check the proof in `FILE`")
	cmd.Flags().StringVar(&key, "key", "", "public key of the installation that made it")
	return cmd
}

func (p *program) checkProof(cmd *cobra.Command, path, key string) error {
	out, err := p.output(cmd)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return usagef("the proof cannot be read: --check %s: %v", path, err)
	}
	var proof audit.Proof
	if err := json.Unmarshal(text, &proof); err != nil {
		return usagef("%s is no proof: --check: use what contextd audit prove SEQ -o json printed: %v", path, err)
	}
	e, head, err := proof.Check(key)
	if err != nil {
		return fmt.Errorf("the proof does not hold: %w", err)
	}
	return out.Value(map[string]any{"entry": json.RawMessage(proof.Entry), "entries": head.Size, "root": head.Root.String()}, func(w io.Writer) {
		fmt.Fprintf(w, "the proof holds: entry %d (%s, %s) is one of the first %d\n", e.Seq, e.Action, moment(e.Time), head.Size)
	})
}
