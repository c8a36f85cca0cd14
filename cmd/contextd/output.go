package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode"
)

// The output formats.
const (
	formatTable = "table"
	formatJSON  = "json"
	formatLines = "jsonl"
)

// output is where a command shows its results and talks: data on Stdout, talk on Stderr.
type output struct {
	Format         string
	Quiet          bool
	Stdout, Stderr io.Writer
}

// Say talks to the person on standard error; --quiet silences it.
func (o *output) Say(format string, args ...any) {
	if !o.Quiet {
		fmt.Fprintf(o.Stderr, format+"\n", args...)
	}
}

// Value prints one thing: as JSON, on one line for jsonl, or as human writes it.
func (o *output) Value(v any, human func(w io.Writer)) error {
	switch o.Format {
	case formatTable:
		var b bytes.Buffer
		human(&b)
		_, err := o.Stdout.Write(b.Bytes())
		return err
	case formatLines:
		return o.line(v)
	}
	raw, err := encode(v)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		return fmt.Errorf("indent output: %w", err)
	}
	b.WriteByte('\n')
	_, err = o.Stdout.Write(b.Bytes())
	return err
}

// line prints v as one line of JSON.
func (o *output) line(v any) error {
	raw, err := encode(v)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		return fmt.Errorf("compact output: %w", err)
	}
	b.WriteByte('\n')
	_, err = o.Stdout.Write(b.Bytes())
	return err
}

// encode keeps <, > and & as they are: quotes of emails are full of them.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode output: %w", err)
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// column is one column of a table.
type column[T any] struct {
	title string
	cell  func(T) string
}

// printList prints what a list of the API holds: json as {"items": […]} with everything else that envelope has, jsonl one item per line, table the columns.
func printList[T any](o *output, envelope any, items []T, columns []column[T]) error {
	if o.Format == formatLines {
		for _, it := range items {
			if err := o.line(it); err != nil {
				return err
			}
		}
		return nil
	}
	return o.Value(envelope, func(w io.Writer) { table(w, items, columns) })
}

func table[T any](w io.Writer, items []T, columns []column[T]) {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	titles := make([]string, len(columns))
	for i, c := range columns {
		titles[i] = c.title
	}
	fmt.Fprintln(tw, strings.Join(titles, "\t"))
	for _, it := range items {
		cells := make([]string, len(columns))
		for i, c := range columns {
			cells[i] = oneLine(c.cell(it))
		}
		fmt.Fprintln(tw, strings.TrimRight(strings.Join(cells, "\t"), "\t "))
	}
	tw.Flush() // into memory: cannot fail
}

// oneLine makes text safe for one cell of a terminal table: what is written in a CRM can hold line breaks and control sequences.
func oneLine(s string) string { return strings.Join(strings.Fields(printable(s)), " ") }

// printable takes control characters out, line breaks and tabs excepted.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, s)
}

// shorten cuts s to n characters, with an ellipsis.
func shorten(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
