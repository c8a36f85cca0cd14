package realinput

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/contextd/contextd/internal/evals/proctest"
)

// suggestion is what of a suggestion's JSON this test needs.
type suggestion struct {
	ID       string   `json:"id"`
	Workflow string   `json:"workflow"`
	Subject  string   `json:"subject"`
	Account  string   `json:"account"`
	State    string   `json:"state"`
	Reasons  []string `json:"reasons"`
	Claims   []struct {
		Text      string     `json:"text"`
		Supported bool       `json:"supported"`
		Evidence  []evidence `json:"evidence"`
	} `json:"claims"`
}

type evidence struct {
	Activity string `json:"activity"`
	Version  string `json:"version"`
	Quote    string `json:"quote"`
	Start    int    `json:"start"`
	End      int    `json:"end"`
}

// stored is an activity as the API shows it.
type stored struct {
	Ref      string   `json:"ref"`
	Version  string   `json:"version"`
	Accounts []string `json:"accounts"`
	Ours     bool     `json:"ours"`
	Text     string   `json:"text"`
}

func suggestions(t *testing.T, c *proctest.Service) (all []suggestion) {
	t.Helper()
	for cursor := ""; ; {
		query := url.Values{"limit": {"200"}}
		if cursor != "" {
			query.Set("cursor", cursor)
		}
		var page struct {
			Items []suggestion `json:"items"`
			Next  *string      `json:"next"`
		}
		if err := c.API(http.MethodGet, "/suggestions?"+query.Encode(), nil, &page); err != nil {
			t.Fatal(err)
		}
		all = append(all, page.Items...)
		if page.Next == nil {
			return all
		}
		cursor = *page.Next
	}
}

// verifier re-checks claims with nothing but the texts that the API hands out, read once each.
type verifier struct {
	t     *testing.T
	c     *proctest.Service
	texts map[string]stored // by activity and version
}

// claims counts the supported claims of a suggestion and how many of them are proven by every quote they name.
func (v *verifier) claims(s suggestion) (supported, proven int) {
	v.t.Helper()
	for _, claim := range s.Claims {
		if !claim.Supported {
			continue
		}
		supported++
		var wrong error
		if len(claim.Evidence) == 0 {
			wrong = fmt.Errorf("it has no evidence")
		}
		for _, e := range claim.Evidence {
			if wrong == nil {
				wrong = e.check(v.text(e), s.Account)
			}
		}
		if wrong != nil {
			v.t.Logf("%s of %s: claim %.200q: %v", s.Workflow, s.Subject, claim.Text, wrong)
			continue
		}
		proven++
	}
	return supported, proven
}

// check compares the quote with the bytes at its place. Evidence is somebody's own words, never ours, and from the account that the suggestion is about.
func (e evidence) check(a stored, account string) error {
	switch {
	case a.Version != e.Version:
		return fmt.Errorf("%s: asked for version %s, got %s", e.Activity, e.Version, a.Version)
	case e.Quote == "" || e.Start < 0 || e.End > len(a.Text) || e.Start >= e.End:
		return fmt.Errorf("%s: the quote %.100q at %d:%d names no piece of %d bytes", e.Activity, e.Quote, e.Start, e.End, len(a.Text))
	case a.Text[e.Start:e.End] != e.Quote:
		return fmt.Errorf("%s: the quote is %.100q, at %d:%d stands %.100q", e.Activity, e.Quote, e.Start, e.End, a.Text[e.Start:e.End])
	case a.Ours:
		return fmt.Errorf("%s: our own text is the evidence", e.Activity)
	case !slices.Contains(a.Accounts, account):
		return fmt.Errorf("%s belongs to %v, the suggestion to %q", e.Activity, a.Accounts, account)
	}
	return nil
}

func (v *verifier) text(e evidence) stored {
	v.t.Helper()
	key := e.Activity + "@" + e.Version
	a, known := v.texts[key]
	if known {
		return a
	}
	if err := v.c.API(http.MethodGet, "/activities/"+e.Activity+"?"+url.Values{"version": {e.Version}}.Encode(), nil, &a); err != nil {
		v.t.Fatalf("evidence %s: %v", key, err)
	}
	v.texts[key] = a
	return a
}
