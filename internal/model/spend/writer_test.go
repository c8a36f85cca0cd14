package spend_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
	"github.com/contextd/contextd/internal/model/modeltest"
	"github.com/contextd/contextd/internal/model/spend"
	"github.com/contextd/contextd/internal/model/wire"
	"github.com/contextd/contextd/internal/store"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// answering is a model that says how it goes.
type answering struct {
	calls  int
	say    func(call int, r model.Request) (model.Response, error)
	during func()
}

func (*answering) Name() string { return "openai/m" }

func (a *answering) Complete(ctx context.Context, r model.Request) (model.Response, error) {
	a.calls++
	crm.NoteRequest(ctx, fmt.Sprint("req_", a.calls), true)
	if a.during != nil {
		a.during()
	}
	if a.say != nil {
		return a.say(a.calls, r)
	}
	return model.Response{Text: fmt.Appendf(nil, "answer %d", a.calls), Model: "openai/m-1", Finish: model.Stop, Usage: crm.Usage{InputTokens: 1000, OutputTokens: 100, CachedTokens: 400}}, nil
}

func opened(t *testing.T, now *time.Time) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), t.TempDir(), store.Options{Now: func() time.Time { return *now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// request asks about one mail; the longest prompt costs the most.
func request(text string) model.Request {
	r := modeltest.Request(text)
	r.System, r.Sources, r.MaxTokens = "Be brief.", []crm.Ref{r.Subject}, 1000
	r.Template = crm.PromptRef{Name: "suite", Version: 1, SHA256: "abc"}
	return r
}

func writer(db *store.DB, m model.Completer, now *time.Time) *spend.Writer {
	clock := func() time.Time { return *now }
	return &spend.Writer{Completer: m, Identity: func(context.Context) (string, error) { return m.Name() + "@digest", nil }, Price: spend.Price{Input: 2, Cached: 0.5, Output: 10},
		Purse: &spend.Purse{Now: clock}, Ledger: db, Answers: db, KeepFor: 24 * time.Hour, Now: clock}
}

// run asks once and stores the run, as the engine does with an answer that it can use.
func run(t *testing.T, db *store.DB, w *spend.Writer, r model.Request, id string, usable bool) model.Response {
	t.Helper()
	got, err := w.Complete(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	got.Call.Usable = usable
	p := crm.Proposal{ID: id, Portal: r.Subject.Portal, Workflow: r.Workflow, Subject: r.Subject, Usage: got.Usage, Model: got.Model}
	if _, err := db.Propose(t.Context(), p, crm.Raw{Calls: []crm.ModelCall{*got.Call}}); err != nil {
		t.Fatal(err)
	}
	return got
}

func month(t *testing.T, db *store.DB) crm.MonthSpend {
	t.Helper()
	m, err := db.MonthSpend(t.Context(), 1, noon)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestCost: 600 tokens at 2, 400 at 0.5 and 100 at 10 dollars per million.
func TestCost(t *testing.T) {
	now := noon
	db := opened(t, &now)
	got := run(t, db, writer(db, &answering{}, &now), request("one"), "1", true)
	if got.Usage.CostUSD != 0.0024 || got.Usage.CachedTokens != 400 {
		t.Errorf("usage %+v, want 0.0024 dollars", got.Usage)
	}
	if len(got.Call.Requests) != 1 || got.Call.Requests[0] != "req_1" {
		t.Errorf("requests %v", got.Call.Requests)
	}
	if m := month(t, db); m != (crm.MonthSpend{Spent: 2_400_000}) {
		t.Errorf("month %+v", m)
	}
	unpriced := writer(db, &answering{}, &now)
	unpriced.Price = spend.Price{Unknown: true}
	if got := run(t, db, unpriced, request("two"), "2", true); got.Usage.CostUSD != 0 || got.Usage.Unpriced != 1 {
		t.Errorf("usage of a model without a price: %+v", got.Usage)
	}
	silent := writer(db, &answering{say: func(int, model.Request) (model.Response, error) {
		return model.Response{Text: []byte("x"), Finish: model.Stop}, nil
	}}, &now)
	r := request("three")
	if got := run(t, db, silent, r, "3", true); got.Usage.CostUSD != silent.Price.Most(r).Float() {
		t.Errorf("a server that tells no tokens: %+v, want the most that it can have cost", got.Usage)
	}
}

// TestCache: the same question costs nothing, for as long as answers are kept; whatever else is asked, or who is asked, or for which portal, is another question.
func TestCache(t *testing.T) {
	now := noon
	db := opened(t, &now)
	m := &answering{}
	w := writer(db, m, &now)
	first := run(t, db, w, request("one"), "1", true)
	again := run(t, db, w, request("one"), "2", true)
	if m.calls != 1 || string(again.Text) != string(first.Text) || again.Model != "openai/m-1" || again.Finish != model.Stop || again.Usage != (crm.Usage{FromCache: 1}) {
		t.Errorf("%d calls, again %q by %s for %+v", m.calls, again.Text, again.Model, again.Usage)
	}
	spent, err := db.Spending(t.Context(), 1, noon)
	if err != nil || len(spent) != 1 || spent[0].Calls != 1 || spent[0].Usage.FromCache != 1 || spent[0].Saved != 1100 || spent[0].Cost != 2_400_000 {
		t.Errorf("ledger %+v %v", spent, err)
	}
	for name, change := range map[string]func(*model.Request){
		"prompt": func(r *model.Request) { r.Prompt += " " }, "system": func(r *model.Request) { r.System += " " }, "schema": func(r *model.Request) { r.Schema = append(r.Schema, ' ') },
		"most tokens": func(r *model.Request) { r.MaxTokens++ }, "workflow": func(r *model.Request) { r.Workflow = "other" }, "version": func(r *model.Request) { r.Template.Version++ },
		"hash": func(r *model.Request) { r.Template.SHA256 = "def" }, "portal": func(r *model.Request) { r.Subject.Portal = 2; r.Sources = []crm.Ref{r.Subject} },
	} {
		r := request("one")
		change(&r)
		before := m.calls
		run(t, db, w, r, name, true)
		if m.calls != before+1 {
			t.Errorf("another %s was answered from the cache", name)
		}
	}
	other := writer(db, m, &now)
	other.Identity = func(context.Context) (string, error) { return m.Name() + "@another digest", nil }
	if before := m.calls; run(t, db, other, request("one"), "digest", false).Usage.FromCache != 0 || m.calls == before {
		t.Error("another model was answered from the cache")
	}
	other.Identity = func(context.Context) (string, error) { return "", crm.ErrTemporary }
	if got := run(t, db, other, request("one"), "unknown", true); got.Usage.FromCache != 0 || got.Call.Key != "" {
		t.Error("a model that cannot be named was answered from the cache, or is kept")
	}
	now = noon.Add(24*time.Hour + time.Second)
	if before := m.calls; run(t, db, w, request("one"), "old", true).Usage.FromCache != 0 || m.calls == before {
		t.Error("an answer that is too old came from the cache")
	}
}

// TestUnusable: what parser or checks refused is asked again.
func TestUnusable(t *testing.T) {
	now := noon
	db := opened(t, &now)
	m := &answering{}
	w := writer(db, m, &now)
	run(t, db, w, request("one"), "1", false)
	if got := run(t, db, w, request("one"), "2", true); m.calls != 2 || got.Usage.FromCache != 0 {
		t.Error("an answer that was refused came from the cache")
	}
}

// TestBudget: a call is made only when the most that it can cost is left, and what is left comes back when it cost less. A refused portal is tried again in a while.
func TestBudget(t *testing.T) {
	now := noon
	db := opened(t, &now)
	m := &answering{}
	w := writer(db, m, &now)
	most := w.Price.Most(request("one"))
	var told []string
	w.Purse.Budget, w.Purse.Told = most+4_000_000, func(_ crm.PortalID, over *crm.OverBudget) { told = append(told, fmt.Sprint(over != nil)) }
	m.during = func() {
		if got := month(t, db); got.Reserved != most {
			t.Errorf("%v is set aside while the model answers, want %v", got.Reserved, most)
		}
	}
	run(t, db, w, request("one"), "1", true)
	run(t, db, w, request("two"), "2", true)
	if m.calls != 2 {
		t.Fatalf("%d calls", m.calls)
	}
	_, err := w.Complete(t.Context(), request("3"))
	var over *crm.OverBudget
	var later *crm.RetryAfter
	if m.calls != 2 || !errors.As(err, &over) || !errors.As(err, &later) || !errors.Is(err, crm.ErrPaused) || !later.At.Equal(noon.Add(10*time.Minute)) {
		t.Fatalf("%d calls, %v", m.calls, err)
	}
	if got := month(t, db); got.Spent > w.Purse.Budget || got.Reserved != 0 {
		t.Errorf("month %+v", got)
	}
	if got := run(t, db, w, request("one"), "3", true); got.Usage.FromCache != 1 {
		t.Error("what costs nothing was refused")
	}
	if w.Purse.Open(1) == nil || w.Purse.Open(2) != nil {
		t.Error("the portal that was refused is open, or another is not")
	}
	now = noon.Add(10 * time.Minute)
	if first, second := w.Purse.Open(1), w.Purse.Open(1); first != nil || second == nil {
		t.Errorf("after ten minutes: %v, then %v; want one try", first, second)
	}
	now = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	m.during = nil
	run(t, db, w, request("december"), "4", true)
	if w.Purse.Open(1) != nil || fmt.Sprint(told) != "[true false]" {
		t.Errorf("in the next month: %v, told %v", w.Purse.Open(1), told)
	}
}

// TestFailed: what a provider refused costs nothing; what may have been charged for counts with the most that it can have cost.
func TestFailed(t *testing.T) {
	for name, c := range map[string]struct {
		err     error
		charged bool
	}{
		"no connection":           {fmt.Errorf("%w: %w", &net.OpError{Op: "dial", Err: errors.New("refused")}, crm.ErrTemporary), false},
		"connection lost":         {fmt.Errorf("%w: %w", &net.OpError{Op: "read", Err: errors.New("reset")}, crm.ErrTemporary), true},
		"too many requests":       {fmt.Errorf("chat: %w", &wire.Failure{Status: 429, Kind: wire.Retry}), false},
		"no credit":               {&wire.Failure{Status: 402, Kind: wire.Stop}, false},
		"error in a good answer":  {&wire.Failure{Status: 200, Kind: wire.Retry}, true},
		"no answer in time":       {fmt.Errorf("chat: no answer within 1s: %w", crm.ErrTemporary), true},
		"no answer, in a pause":   {fmt.Errorf("%w: %w", crm.ErrPaused, fmt.Errorf("no answer: %w", crm.ErrTemporary)), true},
		"paused":                  {&crm.RetryAfter{Err: &model.Unsent{Err: crm.ErrPaused}}, false},
		"caller has left":         {context.Canceled, true},
		"half an answer":          {wire.ErrGarbled, true},
		"too long, not sent":      {&model.TooLong{}, false},
		"too long, refused":       {&model.TooLong{Sent: true, Err: &wire.Failure{Status: 400, Kind: wire.Refuse, TooLong: true}}, false},
		"too long, read shortly":  {&model.TooLong{Sent: true}, true},
		"our request is nonsense": {fmt.Errorf("schema: %w", crm.ErrInvalid), false},
	} {
		t.Run(name, func(t *testing.T) {
			now := noon
			db := opened(t, &now)
			ctx, cancel := context.WithCancel(t.Context())
			w := writer(db, &answering{say: func(int, model.Request) (model.Response, error) { cancel(); return model.Response{}, c.err }}, &now)
			r := request("one")
			if _, err := w.Complete(ctx, r); !errors.Is(err, c.err) {
				t.Errorf("error %v, want %v", err, c.err)
			}
			want := crm.MonthSpend{}
			if c.charged {
				want.Spent = w.Price.Most(r)
			}
			if got := month(t, db); got != want {
				t.Errorf("month %+v, want %+v", got, want)
			}
		})
	}
}

// TestMeter: embedding is counted for those who asked, in proportion, and nothing is lost in rounding.
func TestMeter(t *testing.T) {
	now := noon
	db := opened(t, &now)
	m := &spend.Meter{Ledger: db, Now: func() time.Time { return now }, Payer: 1}
	price := spend.Price{Input: 0.02}
	shared := crm.WithPayers(t.Context(), map[crm.PortalID]int{1: 200, 2: 100})
	for range 3 {
		m.Count(shared, "openai/e", price, crm.Usage{InputTokens: 1000})
	}
	m.Count(t.Context(), "openai/e", price, crm.Usage{InputTokens: 10})
	if err := m.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := m.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	for portal, want := range map[crm.PortalID]crm.Spent{1: {Calls: 4, Usage: crm.Usage{InputTokens: 2008}, Cost: 40160}, 2: {Calls: 3, Usage: crm.Usage{InputTokens: 1002}, Cost: 20040}} {
		got, err := db.Spending(t.Context(), portal, noon)
		if err != nil || len(got) != 1 || got[0].Task != crm.EmbeddingTask || got[0].Calls != want.Calls || got[0].Usage.InputTokens != want.Usage.InputTokens || got[0].Cost != want.Cost {
			t.Errorf("portal %d: %+v %v, want %+v", portal, got, err, want)
		}
	}
}
