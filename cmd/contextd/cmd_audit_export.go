package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

func (p *program) auditExportCommand() *cobra.Command {
	var format string
	var from int64
	cmd := &cobra.Command{
		Use:   "export [--format jsonl|csv] [--from SEQ]",
		Short: "Write all entries, oldest first",
		Long: "Write the entries of the portal, and those of the service itself, oldest first. A line of JSON is byte for byte what the log's tree is made of; a table that a spreadsheet\n" +
			"opens is --format csv.",
		Example: "  contextd audit export > audit.jsonl\n  contextd audit export --format csv > audit.csv",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if from < 1 {
				return usagef("--from %d is not the number of an entry: use the first column of contextd audit list", from)
			}
			write := lineWriter(p.stdout)
			switch format {
			case "jsonl":
			case "csv":
				var err error
				if write, err = csvWriter(p.stdout); err != nil {
					return err
				}
			default:
				return usagef("--format %q is not a format: use jsonl or csv", format)
			}
			return p.withClient(cmd, func(ctx context.Context, c *apiClient, _ *output) error { return exportAudit(ctx, c, from, write) })
		},
	}
	cmd.Flags().StringVar(&format, "format", "jsonl", "jsonl or csv")
	cmd.Flags().Int64Var(&from, "from", 1, "the first entry's number, `SEQ`")
	return cmd
}

// exportAudit writes page after page: no more than one is in memory.
func exportAudit(ctx context.Context, c *apiClient, from int64, write func([]item[auditView]) error) error {
	q := url.Values{"limit": {"5000"}, "cursor": {strconv.FormatInt(from, 10)}}
	for {
		var got page[auditView]
		if _, _, err := c.do(ctx, call{method: http.MethodGet, path: "/audit/export", query: q}, &got); err != nil {
			return err
		}
		if err := write(got.Items); err != nil {
			return fmt.Errorf("write the export: %w", err)
		}
		if got.Next == nil {
			return nil
		}
		q.Set("cursor", *got.Next)
	}
}

func lineWriter(w io.Writer) func([]item[auditView]) error {
	return func(items []item[auditView]) error {
		for _, e := range items {
			if _, err := w.Write(append(e.raw, '\n')); err != nil {
				return err
			}
		}
		return nil
	}
}

// csvWriter writes a header at once. A cell that a spreadsheet would take for a formula gets an apostrophe before it.
func csvWriter(w io.Writer) (func([]item[auditView]) error, error) {
	out := csv.NewWriter(w)
	out.UseCRLF = true // RFC 4180
	if err := out.Write([]string{"seq", "time", "action", "actors", "portal", "subject", "ids", "hashes"}); err != nil {
		return nil, err
	}
	return func(items []item[auditView]) error {
		for _, e := range items {
			ids, err := json.Marshal(e.Read.IDs)
			if err != nil {
				return err
			}
			hashes, err := json.Marshal(e.Read.Hashes)
			if err != nil {
				return err
			}
			row := []string{strconv.FormatInt(e.Read.Seq, 10), e.Read.Time.Format("2006-01-02T15:04:05.999999Z07:00"), e.Read.Action, strings.Join(e.Read.Actors, " "),
				strconv.FormatInt(e.Read.Portal, 10), e.Read.Subject, string(ids), string(hashes)}
			for i, cell := range row {
				if strings.ContainsAny(cell[:min(1, len(cell))], "=+-@\t\r") {
					row[i] = "'" + cell
				}
			}
			if err := out.Write(row); err != nil {
				return err
			}
		}
		out.Flush()
		return out.Error()
	}, nil
}
