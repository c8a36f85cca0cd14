package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"

	"github.com/contextd/contextd/indexer/generation"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot/hubsim"
	"github.com/contextd/contextd/internal/store"
	"github.com/contextd/contextd/internal/web"
)

// anotherEmbedder configures one that the live generation was not made by.
func anotherEmbedder(s *service) {
	s.index.Options.Embedder = embedderConfig{Provider: "builtin", Model: "hash256"}.describe()
}

func profilesIn(t *testing.T, s *service, generation string, accounts ...crm.Ref) int {
	t.Helper()
	x, err := s.index.Bare(t.Context(), generation)
	if err != nil {
		t.Fatal(err)
	}
	found, err := x.Profiles(t.Context(), accounts)
	if err != nil {
		t.Fatal(err)
	}
	return len(found)
}

// What a process that died in the middle of a swap left of the profiles of the generation before goes, also of accounts that are erased by now.
func TestProfilesOfAnEarlierGenerationAreForgotten(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, nil)
	company, contact, _ := p.account()
	p.create("emails", mailOf(1, question), contact)
	p.settle()
	keeper := &profiles{s: p.s}
	if err := keeper.follow(t.Context(), p.portal()); err != nil || profilesIn(t, p.s, "g1", p.ref(company)) != 1 {
		t.Fatalf("no profile to begin with: %v", err)
	}
	before := p.s.index.Live()
	anotherEmbedder(p.s)
	g, err := p.s.index.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.s.db.Erase(t.Context(), p.ref(company), crm.System("test")); err != nil {
		t.Fatal(err)
	}
	if err := p.s.index.SwapWhole(t.Context(), g.Name, p.s.portals); err != nil { // and nothing after it
		t.Fatal(err)
	}
	if err := keeper.forget(t.Context()); err != nil || profilesIn(t, p.s, "g1", p.ref(company)) != 0 {
		t.Errorf("the profile is still there: %v", err)
	}
	cur, err := p.s.db.Cursor(t.Context(), p.portal(), profilesCursor("g1"))
	if err != nil || cur.Value != "" {
		t.Errorf("after a rollback profiles would go on at %q, %v", cur.Value, err)
	}
	still, err := keeper.refresh(t.Context(), before, p.portal(), []crm.Ref{p.ref(company)}, cur, cur) // a batch that was begun before the swap
	if err != nil || still || profilesIn(t, p.s, "g1", p.ref(company)) != 0 {
		t.Errorf("a profile was made in a generation that is not live: %v %v", still, err)
	}
}

// A vector store that is new, or was set aside, has a first generation of the same name as the one before, and none of its profiles.
func TestANewVectorStoreGetsProfiles(t *testing.T) {
	s, sim := demoPortal(t)
	portal := sim.Options().Portal
	accounts, err := s.db.Accounts(t.Context(), portal)
	if err != nil {
		t.Fatal(err)
	}
	if err := (&profiles{s: s}).follow(t.Context(), portal); err != nil {
		t.Fatal(err)
	}
	want := profilesIn(t, s, "g1", accounts...)
	if want == 0 {
		t.Fatal("no profiles to begin with")
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(s.cfg.Path("vectors.flat")); err != nil {
		t.Fatal(err)
	}
	again, err := openService(t.Context(), s.cfg, slog.New(slog.DiscardHandler), "", sim.Now)
	if err != nil {
		t.Fatal(err)
	}
	s.db, s.index = again.db, again.index // what end closes
	if err := (&profiles{s: again}).follow(t.Context(), portal); err != nil {
		t.Fatal(err)
	}
	if got := profilesIn(t, again, "g1", accounts...); got != want {
		t.Errorf("%d profiles in the new store, want %d", got, want)
	}
}

// A process that dies after it has made an empty index, and before that is filled, leaves it to the next one.
func TestAnIndexThatWasNeverFilledIsFilledByTheNextStart(t *testing.T) {
	s, sim := demoPortal(t)
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(s.cfg.Path("vectors.flat")); err != nil {
		t.Fatal(err)
	}
	died := &service{cfg: s.cfg, log: s.log, now: s.now, portals: s.portals}
	var err error
	if died.db, err = openData(t.Context(), s.cfg.DataDir); err != nil {
		t.Fatal(err)
	}
	if fresh, err := died.openIndex(t.Context()); err != nil || !fresh {
		t.Fatalf("%v %v", fresh, err)
	}
	if err := died.close(); err != nil {
		t.Fatal(err)
	}
	again, err := openService(t.Context(), s.cfg, slog.New(slog.DiscardHandler), "", sim.Now)
	if err != nil {
		t.Fatal(err)
	}
	s.db, s.index = again.db, again.index // what end closes
	r, err := again.index.Reconcile(t.Context(), "", sim.Options().Portal, false)
	if err != nil || r.Differs() > 0 || r.Same == 0 {
		t.Errorf("%+v %v", r, err)
	}
	if due, err := again.fillDue(t.Context()); err != nil || due {
		t.Errorf("it would be filled at every start: %v", err)
	}
}

// Building needs no HubSpot: without a configured portal it is worked off, too.
func TestAGenerationIsBuiltWithoutHubSpot(t *testing.T) {
	s, sim := demoPortal(t)
	anotherEmbedder(s)
	clear(s.clients)
	built, err := (&generations{s}).BuildGeneration(t.Context(), crm.System("test"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	running := make(chan error, 1)
	go func() { running <- s.run(ctx) }()
	p := &pipeline{T: t, sim: sim, s: s}
	p.settle()
	stop()
	if err := <-running; err != nil {
		t.Error(err)
	}
	if state, cause, err := (&generations{s}).state(t.Context(), built, sim.Options().Portal); err != nil || state != "built" {
		t.Errorf("%s is %s (%s), %v", built.Name, state, cause, err)
	}
}

// Only a generation that has answered before answers again.
func TestRollingBackPassesOverWhatNeverAnswered(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, nil)
	_, contact, _ := p.account()
	p.create("emails", mailOf(1, question), contact)
	p.settle()
	live := p.s.index.Live().Generation
	for _, name := range []string{"evalabc", "g2"} { // an evaluation that was killed, and a building that was not ended
		g := live
		g.Name, g.Live, g.Fingerprint = name, false, "nobody"
		if err := p.s.index.Store.Create(t.Context(), g); err != nil {
			t.Fatal(err)
		}
	}
	anotherEmbedder(p.s)
	g, by := &generations{p.s}, crm.System("test")
	next, err := g.BuildGeneration(t.Context(), by)
	if err != nil || next.Name != "g3" {
		t.Fatalf("%+v %v", next, err)
	}
	p.settle()
	if r, err := g.SwapGeneration(t.Context(), true, by); err != nil || !r.Swapped {
		t.Fatalf("%+v %v", r, err)
	}
	if err := p.s.db.Mark(t.Context(), []crm.Mark{{Portal: p.portal(), Kind: crm.BuildWork, Key: "g2", Lane: crm.BackfillLane}}, crm.Claim{}); err != nil {
		t.Fatal(err)
	}
	if back, err := g.RollBack(t.Context(), by); err != nil || back.Name != "g1" {
		t.Errorf("rolled back to %q, %v", back.Name, err)
	}
}

// All changes are seen at once: a portal with many accounts does not count its words again and again after a start.
func TestStatisticsSeeAllChangesAtOnce(t *testing.T) {
	db, err := openData(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	var records []crm.Record
	for i := range 2100 {
		records = append(records, crm.Record{Ref: crm.Ref{Portal: 7, Type: crm.Companies, ID: fmt.Sprint(i + 1)}, Name: "Company"})
	}
	if _, err := db.KeepRecords(t.Context(), records, nil, nil, crm.Claim{}, nil); err != nil {
		t.Fatal(err)
	}
	s := &statistics{cut: func() store.Cut { return db.Cut(0) }, made: map[crm.PortalID]snapshot{}}
	if _, err := s.current(t.Context(), 7); err != nil {
		t.Fatal(err)
	}
	if changed, _, err := db.ChangedAccounts(t.Context(), 7, s.made[7].change, 1); err != nil || len(changed) > 0 || s.made[7].change == 0 {
		t.Errorf("%d changes were left for the next time, %v", len(changed), err)
	}
}

// metered counts what is embedded.
type metered struct {
	generation.Embedder
	texts *int
}

func (c metered) Embed(ctx context.Context, kind crm.EmbedKind, texts []string) ([][]float32, crm.Usage, error) {
	*c.texts += len(texts)
	return c.Embedder.Embed(ctx, kind, texts)
}

// A generation that is built already, and asked for again, embeds nothing that is in it.
func TestBuildingTwiceEmbedsOnce(t *testing.T) {
	s, sim := demoPortal(t)
	anotherEmbedder(s)
	texts := 0
	s.index.Make = func(ctx context.Context, description string) (generation.Embedder, error) {
		e, err := embedders(Config{})(ctx, description)
		return metered{e, &texts}, err
	}
	g, err := s.index.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var embedded [2]int
	for i := range embedded {
		if errs := (&generations{s}).build(t.Context(), []crm.Claim{{Portal: sim.Options().Portal, Kind: crm.BuildWork, Key: g.Name}}); errs[0] != nil {
			t.Fatal(errs[0])
		}
		embedded[i], texts = texts, 0
	}
	if embedded[0] == 0 || embedded[1] != 0 {
		t.Errorf("embedded %v texts", embedded)
	}
}

// What a context is packed for when nobody asks anything is no question of a person's.
func TestOnlyWhatPeopleAskIsKept(t *testing.T) {
	s, sim := demoPortal(t)
	portal := sim.Options().Portal
	accounts, err := s.db.Accounts(t.Context(), portal)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{web.GeneralQuestion, "who decides about the budget?"} {
		if _, err := (asked{s.search, s.db}).Retrieve(t.Context(), crm.Question{Filter: crm.Filter{Portal: portal, Account: accounts[0]}, Text: text}); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := s.db.Queries(t.Context(), portal, 10)
	if err != nil || len(kept) != 1 || kept[0].Text != "who decides about the budget?" {
		t.Errorf("%+v %v", kept, err)
	}
}
