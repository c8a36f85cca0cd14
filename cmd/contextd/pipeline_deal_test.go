package main

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot/hubsim"
)

// TestDealScoreSaysWhatMoved: a mail, then the stage goes back, then a worse mail. Each score says what moved since the one before it; one more, for which nothing happened, that
// nothing did.
func TestDealScoreSaysWhatMoved(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, nil)
	_, contact, deal := p.account()
	p.call("PATCH", "objects/"+deal, map[string]any{"properties": map[string]any{"dealstage": "contractsent"}})
	mail := func(n int, text string) {
		m := mailOf(n, text)
		m["hs_timestamp"] = time.Now().Add(-time.Minute).UTC().Format(time.RFC3339)
		p.create("emails", m, contact, deal)
		p.settle()
	}
	mail(1, "Hello Dana,\n\nthe trial went well and the team likes it. The board approved the budget last night.\n\nMira")
	first := p.newest(deal)
	p.call("PATCH", "objects/"+deal, map[string]any{"properties": map[string]any{"dealstage": "presentationscheduled"}})
	p.settle()
	back := p.newest(deal)
	if moved := moves(back); back.ID == first.ID || moved["stage late"] != crm.MovedGone || moved["it works for them"] != "" {
		t.Errorf("after the stage went back: %v", moved)
	}
	if text := change(back, "ai_deal_factors").After; !strings.HasPrefix(text, "Counts no more:\n- Deal stage: contractsent") || strings.Count(text, "Deal stage:") != 1 {
		t.Errorf("after the stage went back the text says\n%s", text)
	}
	mail(2, "Hello Dana,\n\nI am sorry, but for 95 people it is too expensive. The whole project is on hold until our lawyers have looked at it.\n\nMira")
	second := p.newest(deal)
	if second.Previous != back.ID {
		t.Fatalf("the second score is %+v", second.Claims)
	}
	was, is := change(back, "ai_deal_score"), change(second, "ai_deal_score")
	if was.After <= is.After || was.After < "60" || is.Before == nil || *is.Before != was.After {
		t.Errorf("score %q, then %q from %q", was.After, is.After, value(is.Before))
	}
	moved := moves(second)
	for factor, want := range map[string]string{"price objection": crm.MovedNew, "put off": crm.MovedNew, "it works for them": ""} {
		if got, there := moved[factor]; !there || got != want {
			t.Errorf("%s: moved %q, want %q; of %v", factor, got, want, moved)
		}
	}
	text := change(second, "ai_deal_factors").After
	before, after, _ := strings.Cut(text, "\nIn favour:\n")
	for part, wants := range map[string][]string{before: {"New since the last score, against:\n", "too expensive", "on hold"}, after: {"the trial went well", "Against:\n"}} {
		for _, want := range wants {
			if !strings.Contains(part, want) {
				t.Errorf("the text says\n%s\nwithout %q where it belongs", text, want)
			}
		}
	}
	if strings.Contains(text, "contractsent") {
		t.Errorf("what counted no more last time is said again:\n%s", text)
	}
	if third := p.again(deal); len(third.Claims) == 0 || slices.ContainsFunc(slices.Collect(maps.Values(moves(third))), func(m string) bool { return m != "" }) {
		t.Errorf("nothing happened, and these moved: %v", moves(third))
	}
}

// newest is the last deal_score of a deal.
func (p *pipeline) newest(deal string) crm.Proposal {
	p.Helper()
	all := p.runs("deal_score", deal)
	if len(all) == 0 {
		p.Fatal("there is no score")
	}
	return all[0]
}

// again scores a deal once more without storing it.
func (p *pipeline) again(deal string) crm.Proposal {
	p.Helper()
	d, err := p.s.engine.DryRun(p.Context(), "deal_score", p.ref(deal), time.Time{})
	if err != nil {
		p.Fatal(err)
	}
	return d.Proposal
}

func change(s crm.Proposal, property string) crm.Change {
	for _, c := range s.Changes {
		if c.Property == property {
			return c
		}
	}
	return crm.Change{}
}

// moves is how each factor of a score moved.
func moves(s crm.Proposal) map[string]string {
	out := map[string]string{}
	for _, c := range s.Claims {
		if c.Supported {
			out[c.Factor] = c.Moved
		}
	}
	return out
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
