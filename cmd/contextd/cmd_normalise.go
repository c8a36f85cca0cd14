package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/contextd/contextd/indexer"
	"github.com/contextd/contextd/internal/crm"
)

// maxNormalise bounds standard input, in bytes: more is a mistaken file, not an activity.
const maxNormalise = 32 << 20

func (p *program) normaliseCommand() *cobra.Command {
	var kind string
	var html bool
	cmd := &cobra.Command{
		Use:     "normalise --kind KIND [--html] < FILE",
		Aliases: []string{"normalize"},
		Short:   "Show what the indexer would keep of a text on standard input",
		Long:    "Show what the indexer would keep of a text on standard input: {text, cut, turns}. Output is JSON unless -o table is asked for.\nInput is UTF-8 of at most 32 MiB; bytes that are not UTF-8 become U+FFFD, and a remark on standard error says so.",
		Example: "  contextd normalise --kind email --html < mail.html\n  contextd normalise --kind call -o table < transcript.txt",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out, err := p.output(cmd)
			if err != nil {
				return err
			}
			k, err := crm.ParseKind(kind)
			if err != nil {
				return usagef("--kind %q is not a kind: use call, meeting, email, note, task or message", kind)
			}
			body, err := p.readBody(out)
			if err != nil {
				return err
			}
			a := crm.Activity{Ref: crm.Ref{Portal: 1, Type: k.Type(), ID: "1"}, Body: body, Format: crm.PlainText}
			if html {
				a.Format = crm.HTML
			}
			n := indexer.Show(indexer.Normalise(a))
			if !cmd.Flags().Changed("output") {
				out.Format = formatJSON
			}
			return out.Value(n, func(w io.Writer) { showNormalised(w, n) })
		},
	}
	cmd.Flags().StringVar(&kind, "kind", "", "call, meeting, email, note, task or message")
	cmd.Flags().BoolVar(&html, "html", false, "the input is HTML")
	return cmd
}

func (p *program) readBody(out *output) (string, error) {
	raw, err := io.ReadAll(io.LimitReader(p.stdin, maxNormalise+1))
	if err != nil {
		return "", fmt.Errorf("read standard input: %w", err)
	}
	if len(raw) > maxNormalise {
		return "", errors.New("the input is too long: standard input: give one activity of at most 32 MiB")
	}
	body := strings.TrimPrefix(string(raw), "\ufeff")
	if !utf8.ValidString(body) {
		out.Say("contextd: standard input is not UTF-8 everywhere: foreign bytes are replaced by U+FFFD")
		body = strings.ToValidUTF8(body, "\ufffd")
	}
	return body, nil
}

func showNormalised(w io.Writer, n indexer.Normalised) {
	fmt.Fprintln(w, printable(n.Text))
	for _, c := range n.Cut {
		fmt.Fprintf(w, "\n-- cut: %s --\n%s\n", c.Kind, printable(c.Text))
	}
	if len(n.Turns) > 0 {
		fmt.Fprintf(w, "\n%d turns\n", len(n.Turns))
	}
}
