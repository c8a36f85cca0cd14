package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/contextd/contextd/internal/crm"
)

// readable refuses arguments and flags that are not UTF-8, as a terminal of another encoding sends them: they would name and ask for something else. Paths may be
// any bytes.
func readable(cmd *cobra.Command, args []string) error {
	for _, a := range args {
		if !utf8.ValidString(a) {
			return usagef("the argument %+q is not UTF-8: %s: set the terminal to UTF-8, or write it again", a, cmd.CommandPath())
		}
	}
	var err error
	cmd.Flags().Visit(func(f *pflag.Flag) {
		switch f.Name {
		case "config", "data-dir", "load":
		default:
			if !utf8.ValidString(f.Value.String()) {
				err = usagef("the value %+q is not UTF-8: --%s: set the terminal to UTF-8, or write it again", f.Value.String(), f.Name)
			}
		}
	})
	return err
}

// recordArg checks a RECORD: companies/123, contacts/7, deals/9, tickets/4.
func recordArg(s string) (crm.Ref, error) {
	ref, err := crm.ParsePath(1, s) // the portal is the token's; here only the form counts
	if err != nil || !ref.Type.IsRecord() {
		return ref, usagef("%q is not a record: use type/id, such as companies/123, contacts/7, deals/9 or tickets/4", s)
	}
	return ref, nil
}

// subjectArg checks a SUBJECT: a record or an activity.
func subjectArg(s string) error {
	if _, err := crm.ParsePath(1, s); err != nil {
		return usagef("%q is neither a record nor an activity: use type/id, such as companies/123 or calls/9101", s)
	}
	return nil
}

// kindsArg checks a comma-separated list of kinds.
func kindsArg(s string) error {
	for k := range strings.SplitSeq(s, ",") {
		if _, err := crm.ParseKind(strings.TrimSpace(k)); err != nil {
			return usagef("--kinds: %q is not a kind: use call, meeting, email, note, task or message", k)
		}
	}
	return nil
}

// timeArg reads a moment: RFC 3339, a day (its first moment in UTC), or an age such as 90m, 24h or 7d before now. "" stays "".
func timeArg(flag, s string, now time.Time) (string, error) {
	if s == "" {
		return "", nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.UTC().Format(time.RFC3339Nano), nil
	}
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t.Format(time.RFC3339), nil
	}
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n >= 0 {
			return now.UTC().AddDate(0, 0, -n).Format(time.RFC3339), nil
		}
	}
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return now.UTC().Add(-d).Format(time.RFC3339), nil
	}
	return "", usagef("--%s %q is not a time: use 2026-11-23, 2026-11-23T09:00:00Z, or an age such as 24h or 7d", flag, s)
}

func limitArg(n int) error {
	if n < 0 {
		return usagef("--limit %d: give a positive number, or 0 for the default", n)
	}
	return nil
}

// day and moment show times in tables, UTC; "" for unknown ones.
func day(t *time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}

func percent(f float64) string { return fmt.Sprintf("%.0f %%", 100*f) }

// exactly is a share that somebody has set or proved: 0.925 is 92.5 %.
func exactly(f float64) string { return fmt.Sprintf("%.4g %%", 100*f) }

func score(f float64) string { return strconv.FormatFloat(f, 'f', 3, 64) }
