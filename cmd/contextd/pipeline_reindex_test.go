package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot/hubsim"
	"github.com/contextd/contextd/internal/web"
)

// TestReindexWithoutAGap: a second generation is built beside the first while mails arrive, compared, swapped, and rolled back; nothing is embedded twice for nothing, and
// at every moment each mail is found.
func TestReindexWithoutAGap(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, nil)
	company, contact, deal := p.account()
	for i := range 20 {
		p.create("emails", mailOf(i, fmt.Sprintf("Hello Dana,\n\nplease quote item %d for our depot in week %d.\n\nMira", 1000+i, i+1)), contact, deal)
	}
	p.settle()
	if _, err := p.s.search.Retrieve(t.Context(), crm.Question{Filter: crm.Filter{Portal: p.portal(), Account: p.ref(company)}, Text: "item 1003"}); err != nil {
		t.Fatal(err)
	}
	people := asked{p.s.search, p.s.db}
	for _, f := range []crm.Filter{{Portal: p.portal(), Wide: true}, {Portal: p.portal(), Account: p.ref(company)}} { // what people asked is asked again at the swap
		if _, err := people.Retrieve(t.Context(), crm.Question{Filter: f, Text: "which item is late?"}); err != nil {
			t.Fatal(err)
		}
	}
	g, by := &generations{p.s}, crm.System("test")
	if _, err := g.BuildGeneration(t.Context(), by); err == nil {
		t.Fatal("a generation was begun for the embedder that the live one has")
	}
	p.s.index.Options.Embedder = embedderConfig{Provider: "builtin", Model: "hash256"}.describe() // as if configured anew
	next, err := g.BuildGeneration(t.Context(), by)
	if err != nil {
		t.Fatal(err)
	}
	late := p.create("emails", mailOf(77, "Hello Dana,\n\nitem 1077 is late, when will it be delivered?\n\nMira"), contact, deal)
	p.settle()
	replay, err := g.SwapGeneration(t.Context(), true, by)
	if err != nil || !replay.Swapped || replay.Known < 20 || replay.Recent != 2 || replay.To != next.Name {
		t.Fatalf("%+v %v", replay, err)
	}
	found := func(text, activity string) {
		t.Helper()
		got, err := p.s.search.Retrieve(t.Context(), crm.Question{Filter: crm.Filter{Portal: p.portal(), Account: p.ref(company)}, Text: text})
		if err != nil || !slices.ContainsFunc(got.Passages, func(s crm.Passage) bool { return s.Activity == p.ref(activity) }) {
			t.Errorf("%q does not find %s: %v", text, activity, err)
		}
	}
	found("item 1077", late)
	check := func(live string) {
		t.Helper()
		v, err := g.VerifyIndex(t.Context(), p.portal(), false, by)
		if err != nil || v.Missing+v.Stale+v.Moved+v.Orphans > 0 || v.Same != 21 || p.s.index.Live().Name != live {
			t.Errorf("%s: %+v, live %s, %v", live, v, p.s.index.Live().Name, err)
		}
	}
	check("g2")
	before := p.s.index.Live().Embedder
	if err := g.Reindex(t.Context(), web.Reindex{Portal: p.portal(), Changed: true, By: by}); err != nil {
		t.Fatal(err)
	}
	p.settle()
	check("g2")
	if back, err := g.RollBack(t.Context(), by); err != nil || back.Name != "g1" || p.s.index.Live().Embedder == before {
		t.Fatalf("%+v %v", back, err)
	}
	found("item 1077", late)
	check("g1")
	for _, action := range []string{"generation.building", "generation.swapped", "generation.rolled_back"} {
		if p.audited()[action] == 0 {
			t.Errorf("%s is not in the audit", action)
		}
	}
	states, err := g.GenerationStates(t.Context(), p.portal())
	if err != nil || len(states) != 2 || states[0].State != "live" || states[1].State != "built" || !strings.Contains(states[1].Generation.Embedder, "hash256") {
		t.Errorf("%+v %v", states, err)
	}
}

// TestOneGenerationIsKeptForARollback: older ones are dropped with the next swap, and an embedder that was left can be come back to.
func TestOneGenerationIsKeptForARollback(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, nil)
	g, by := &generations{p.s}, crm.System("test")
	for i, want := range []string{"g1 g2", "g2 g3", "g3 g4"} {
		p.s.index.Options.Embedder = embedderConfig{Provider: "builtin", Model: []string{"hash256", "static256"}[i%2]}.describe()
		if _, err := g.BuildGeneration(t.Context(), by); err != nil {
			t.Fatal(err)
		}
		p.settle()
		if r, err := g.SwapGeneration(t.Context(), true, by); err != nil || !r.Swapped {
			t.Fatalf("%+v %v", r, err)
		}
		all, err := p.s.index.Generations(t.Context())
		if err != nil || len(all) != 2 || all[0].Name+" "+all[1].Name != want || !all[1].Live {
			t.Fatalf("after swap %d: %+v %v, want %s", i+1, all, err, want)
		}
	}
}

// TestForgottenPersonLeavesEveryGeneration: what is kept for a rollback holds nothing of a person who is to be forgotten.
func TestForgottenPersonLeavesEveryGeneration(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, nil)
	company, contact, deal := p.account()
	p.create("emails", mailOf(1, question), contact, deal)
	p.settle()
	p.s.index.Options.Embedder = embedderConfig{Provider: "builtin", Model: "hash256"}.describe()
	g, by := &generations{p.s}, crm.System("test")
	if _, err := g.BuildGeneration(t.Context(), by); err != nil {
		t.Fatal(err)
	}
	p.settle()
	if r, err := g.SwapGeneration(t.Context(), true, by); err != nil || !r.Swapped {
		t.Fatalf("%+v %v", r, err)
	}
	p.call("DELETE", "objects/"+contact+"?gdpr=true", nil)
	p.settle()
	for _, name := range []string{"g1", "g2"} {
		o, err := p.s.index.Named(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := o.Index.Count(t.Context(), crm.Filter{Portal: p.portal(), Account: p.ref(company)}); err != nil || n != 0 {
			t.Errorf("generation %s has %d chunks, %v", name, n, err)
		}
		if profiles, err := o.Index.Profiles(t.Context(), []crm.Ref{p.ref(company)}); name == "g1" && (err != nil || len(profiles) != 0) {
			t.Errorf("generation %s has a profile: %+v %v", name, profiles, err)
		}
	}
}
