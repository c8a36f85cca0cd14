package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// wholePortal stands for everything in place of a record.
const wholePortal = "portal"

func (p *program) searchCommand() *cobra.Command {
	var asOf, since, kinds, people, why string
	var human bool
	var history []string
	var limit int
	var explain bool
	cmd := &cobra.Command{
		Use:   "search RECORD QUESTION",
		Short: "Find the passages of an account's history that answer a question",
		Long:  "Find the passages of an account's history that answer a question. RECORD may also be the word portal: then everything that there is is searched.",
		Example: "  contextd search companies/123 \"who is worried about pricing?\"\n  contextd search deals/9 renewal --since 90d --kinds call,email --explain\n" +
			"  contextd search companies/123 \"what did they say about security last week?\" --why calls/9101\n  contextd search portal \"migration from Initech\"",
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := "/search"
			if args[0] != wholePortal {
				ref, err := recordArg(args[0])
				if err != nil {
					return err
				}
				path = "/records/" + ref.Path() + "/search"
			}
			q := url.Values{"q": {args[1]}}
			if strings.TrimSpace(args[1]) == "" {
				return usagef("the question is empty: QUESTION: write what you want to know")
			}
			for flag, name := range map[string]string{"as-of": "as_of", "since": "since"} {
				t, err := timeArg(flag, cmd.Flags().Lookup(flag).Value.String(), time.Now())
				if err != nil {
					return err
				}
				if t != "" {
					q.Set(name, t)
				}
			}
			if kinds != "" {
				if err := kindsArg(kinds); err != nil {
					return err
				}
				q.Set("kinds", strings.ReplaceAll(kinds, " ", ""))
			}
			for name, list := range map[string]string{"people": people, "why": why} {
				if list != "" {
					q.Set(name, strings.ReplaceAll(list, " ", ""))
				}
			}
			if len(history) > 0 {
				q.Set("history", strings.Join(history, "\n"))
			}
			if human {
				q.Set("human", "true")
			}
			if err := limitArg(limit); err != nil {
				return err
			}
			if limit > 0 {
				q.Set("limit", strconv.Itoa(limit))
			}
			return p.withClient(cmd, func(ctx context.Context, c *apiClient, out *output) error {
				return search(ctx, c, out, path, q, explain)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&asOf, "as-of", "", "as the history was known at this `TIME`")
	f.StringVar(&since, "since", "", "only what happened after this `TIME`")
	f.StringVar(&kinds, "kinds", "", "only these, separated by commas: call,meeting,email,note,task,message")
	f.IntVar(&limit, "limit", 0, "passages at most (0: the service's default)")
	f.StringVar(&people, "people", "", "only activities with one of these contacts, separated by commas: contacts/7")
	f.StringArrayVar(&history, "after", nil, "an earlier question or answer that this one follows on, oldest first; may be repeated")
	f.BoolVar(&human, "human", false, "leave out what a machine wrote")
	f.StringVar(&why, "why", "", "say why these activities are not among the passages, separated by commas")
	f.BoolVar(&explain, "explain", false, "show what each score is made of")
	return cmd
}

func search(ctx context.Context, c *apiClient, out *output, path string, q url.Values, explain bool) error {
	var raw json.RawMessage
	if _, _, err := c.do(ctx, call{method: http.MethodGet, path: path, query: q}, &raw); err != nil {
		return unknownHere(err)
	}
	var found struct {
		Items      []item[passageView] `json:"items"`
		Coverage   float64             `json:"coverage"`
		Answerable float64             `json:"answerable"`
		Unused     []struct {
			Activity string `json:"activity"`
			Reason   string `json:"reason"`
		} `json:"unused"`
	}
	if err := json.Unmarshal(raw, &found); err != nil {
		return fmt.Errorf("read the search's answer: %w", err)
	}
	if out.Format == formatLines {
		return printList(out, nil, found.Items, nil)
	}
	return out.Value(raw, func(w io.Writer) {
		for i, it := range found.Items {
			h := it.Read
			fmt.Fprintf(w, "%d. %s  %s  %s  %s  score %s\n", i+1, h.Activity, h.Kind, day(h.Time), oneLine(h.Person), score(h.Score))
			if explain {
				for _, name := range slices.Sorted(maps.Keys(h.Parts)) {
					fmt.Fprintf(w, "     %-12s %s\n", name, score(h.Parts[name]))
				}
			}
			fmt.Fprintf(w, "   %s\n\n", oneLine(h.Text))
		}
		for _, u := range found.Unused {
			fmt.Fprintf(w, "%s is not among them: %s\n", u.Activity, oneLine(u.Reason))
		}
		fmt.Fprintf(w, "%d passages, coverage %s, likely answered %s\n", len(found.Items), percent(found.Coverage), percent(found.Answerable))
	})
}
