package main

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// TestBacktestSeesNothingLater: every deal of the demo portal is closed the other way round, and a mail is written about each that says so. What was scored as of two weeks before the
// close stays as it was, to the last score, while the outcomes are the opposite. The control: as of a moment after that, the score of a deal that is open says what the mail says, and
// a deal that is closed is known to be.
func TestBacktestSeesNothingLater(t *testing.T) {
	s, sim, end, err := readDemo(t.Context())
	defer func() {
		if err := end(); err != nil {
			t.Error(err)
		}
	}()
	if err != nil {
		t.Fatal(err)
	}
	p := &pipeline{T: t, sim: sim, door: s.cfg.HubSpot.BaseURL, s: s}
	b, first := p.backtested(14)
	if first[0].Won < 8 || first[0].Lost < 8 || b.undated != 0 {
		t.Fatalf("%d won, %d lost, %d undated: too few to see anything", first[0].Won, first[0].Lost, b.undated)
	}
	open := p.openDeal(b)
	then := s.now().Add(time.Second)
	was, _, err := b.score(t.Context(), open, then)
	if err != nil || was.Score == nil {
		t.Fatalf("%s is not scored: %v %s", open.Path(), err, was.Why)
	}
	p.call("POST", "clock", map[string]any{"advance": "24h"})
	for _, d := range b.deals {
		stage := "closedwon"
		if d.won {
			stage = "closedlost"
		}
		p.call("PATCH", "objects/"+d.record.Ref.Path(), map[string]any{"properties": map[string]any{"dealstage": stage}})
		p.create("emails", p.lateMail("We have gone with OpsDesk. The whole project is on hold and there is no budget."), d.record.Ref.Path())
	}
	p.create("emails", p.lateMail("We have gone with OpsDesk. The whole project is on hold and there is no budget."), open.Path())
	if err := s.indexer.IndexAll(t.Context(), p.portal(), nil); err != nil {
		t.Fatal(err)
	}
	_, second := p.backtested(14)
	if len(first[0].Each) != len(second[0].Each) {
		t.Fatalf("%d deals, then %d", len(first[0].Each), len(second[0].Each))
	}
	for i, x := range first[0].Each {
		y := second[0].Each[i]
		if x.Deal != y.Deal || x.Won == y.Won || !x.AsOf.Equal(y.AsOf) || (x.Score == nil) != (y.Score == nil) || x.Score != nil && *x.Score != *y.Score {
			t.Errorf("as of %s %s is %v, and once its end is another one %v (%v)", x.AsOf, x.Deal, value64(x.Score), value64(y.Score), y)
		}
	}
	if sum := *first[0].Order + *second[0].Order; sum < .999 || sum > 1.001 {
		t.Errorf("order %v, and of the opposite outcomes %v", *first[0].Order, *second[0].Order)
	}
	if again, _, err := b.score(t.Context(), open, then); err != nil || again.Score == nil || *again.Score != *was.Score {
		t.Errorf("as of before the mail, %s is %v, then %v: %v", open.Path(), *was.Score, value64(again.Score), err)
	}
	later := s.now().Add(time.Hour)
	if now, _, err := b.score(t.Context(), open, later); err != nil || now.Score == nil || *now.Score >= *was.Score-20 {
		t.Errorf("control: the mail does not move the score of %s from %v: %v %v, so this test proves nothing", open.Path(), *was.Score, value64(now.Score), err)
	}
	if closed, _, err := b.score(t.Context(), b.deals[0].record.Ref, later); err != nil || !strings.Contains(closed.Why, "the deal is closed") {
		t.Errorf("control: a closed deal is not known as closed: %+v %v", closed, err)
	}
}

func (p *pipeline) backtested(days int) (*backtested, []backtestReport) {
	p.Helper()
	b, err := newBacktest(p.Context(), p.s, p.portal(), "deal_score")
	if err != nil {
		p.Fatal(err)
	}
	reports, err := b.measure(p.Context(), days, true)
	if err != nil {
		p.Fatal(err)
	}
	return b, reports
}

// openDeal is one that is not closed, whose score can still fall.
func (p *pipeline) openDeal(b *backtested) crm.Ref {
	p.Helper()
	accounts, err := p.s.db.Accounts(p.Context(), p.portal())
	if err != nil {
		p.Fatal(err)
	}
	for _, account := range accounts {
		deals, err := p.s.db.RecordsOf(p.Context(), account, crm.Deals)
		if err != nil {
			p.Fatal(err)
		}
		for _, d := range deals {
			got, _, err := b.score(p.Context(), d.Ref, p.s.now().Add(time.Second))
			if err != nil {
				p.Fatal(err)
			}
			if !b.stages[d.Properties["dealstage"]].closed && got.Score != nil && *got.Score > 60 {
				return d.Ref
			}
		}
	}
	p.Fatal("no open deal has a score above 60")
	return crm.Ref{}
}

// lateMail comes in now, by the portal's clock.
func (p *pipeline) lateMail(text string) map[string]any {
	m := mailOf(1, text)
	m["hs_timestamp"] = p.s.now().UTC().Format(time.RFC3339)
	return m
}

func value64(v *float64) any {
	if v == nil {
		return nil
	}
	return *v
}

func TestBacktestIsShown(t *testing.T) {
	var stdout, stderr bytes.Buffer
	backtestRun := func(args ...string) error {
		stdout.Reset()
		stderr.Reset()
		return run(t.Context(), append([]string{"eval", "backtest"}, args...), nil, nil, &stdout, &stderr, allCommands())
	}
	for _, bad := range [][]string{{"--as-of-days", "0"}, {"--gate", "--accept"}, {"--own", "--gate"}, {"--workflow", "lead_score"}, {"--workflow", "nothing"}} {
		if err := backtestRun(bad...); exitCode(err) != exitUsage {
			t.Errorf("%v: exit %d: %v", bad, exitCode(err), err)
		}
	}
	if err := backtestRun("--as-of-days", "7", "-o", "json"); err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	var page struct{ Items []backtestReport }
	if err := json.Unmarshal(stdout.Bytes(), &page); err != nil || len(page.Items) != 4 {
		t.Fatalf("%v\n%s", err, &stdout)
	}
	score := page.Items[0]
	if score.Score != "deal_score" || score.Order == nil || *score.Low > *score.Order || *score.High < *score.Order || score.Brier == nil || !strings.Contains(score.TooFew, "too few") {
		t.Errorf("%s", &stdout)
	}
	for _, way := range []string{"stage", "recency", "prior"} {
		if !slices.ContainsFunc(page.Items, func(r backtestReport) bool { return r.Score == way && r.Deals == score.Deals && r.Order != nil }) {
			t.Errorf("%s is not measured on the same deals:\n%s", way, &stdout)
		}
	}
}
