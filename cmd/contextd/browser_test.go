package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	pages "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot/hubsim"
	"github.com/contextd/contextd/internal/store"
	"github.com/contextd/contextd/internal/web"
)

// tabTest is a page of a real browser before the service. Only keys are pressed in it.
type tabTest struct {
	*pipeline
	ctx    context.Context
	loaded chan struct{} // one for each page that was loaded
	at     string        // the path of the newest one
}

// patience is how long a step in the browser may take before the test gives up.
const patience = 20 * time.Second

// startTab opens a browser that is logged in. Without one the test is skipped, and fails where CONTEXTD_TEST is "required".
func startTab(t *testing.T, p *pipeline, role web.Role) *tabTest {
	t.Helper()
	program := ""
	for _, name := range []string{os.Getenv("CONTEXTD_TEST_CHROMIUM"), "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if found, err := exec.LookPath(name); name != "" && err == nil {
			program = found
			break
		}
	}
	if program == "" {
		const missing = "no browser for the tests: install chromium (apt-get install chromium), or set CONTEXTD_TEST_CHROMIUM to the program"
		if os.Getenv("CONTEXTD_TEST") == "required" {
			t.Fatal(missing)
		}
		t.Skip("SKIPPED: " + missing)
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-quic", true))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...) // closed by hand: t.Context ends before clean-ups, and a browser that is killed leaves its profile
	ctx, closeTab := chromedp.NewContext(ctx)
	t.Cleanup(func() {
		closeTab()
		stop()
	})
	b := &tabTest{pipeline: p, ctx: ctx, loaded: make(chan struct{}, 1000)}
	if err := chromedp.Do(ctx); err != nil { // without a time-out, which would end the browser
		t.Fatal(err)
	}
	if err := chromedp.Listen(ctx, func(event any) {
		switch e := event.(type) {
		case *pages.EventLoadEventFired:
			b.loaded <- struct{}{}
		case *runtime.EventExceptionThrown:
			t.Errorf("the page's script fails: %s", e.ExceptionDetails.Text)
		}
	}); err != nil {
		t.Fatal(err)
	}
	token, err := p.s.access.CreateToken(ctx, p.portal(), "rep", string(role), crm.System("test"))
	if err != nil {
		t.Fatal(err)
	}
	b.open("/login")
	b.do(chromedp.SendKeys(chromedp.CSS("#token"), token))
	b.press(kb.Enter)
	b.arrive()
	return b
}

func (b *tabTest) do(steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	ctx, stop := context.WithTimeout(b.ctx, patience)
	defer stop()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.Fatalf("on %s: %v", b.at, err)
	}
}

func (b *tabTest) open(path string) {
	b.Helper()
	b.do(chromedp.Navigate(b.url + path))
	b.arrive()
}

// arrive waits until a page is loaded, and its keys decide.
func (b *tabTest) arrive() {
	b.Helper()
	select {
	case <-b.loaded:
	case <-time.After(patience):
		b.Fatalf("no page was loaded behind %s: %s", b.at, b.text("document.body.innerText"))
	}
	b.at = b.path()
	b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := chromedp.Evaluate[chromedp.Void](`new Promise(done => { const look = () => !document.querySelector('script') || document.documentElement.classList.contains('settled') ? done() : requestAnimationFrame(look); look() })`,
			chromedp.EvalAwaitPromise)(ctx, t)
		return err
	}))
}

// press presses keys one after the other. As on a keyboard, the letter comes with its key: a page that takes the key keeps the letter out of its fields.
func (b *tabTest) press(keys string, modifiers ...chromedp.Modifier) {
	b.Helper()
	b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		for _, r := range keys {
			var text string
			events := kb.Encode(r)
			for _, k := range events {
				if k.Type == kb.KeyChar && len(modifiers) == 0 {
					text = k.Text
				}
			}
			for _, k := range events {
				if k.Type == kb.KeyChar {
					continue
				}
				if k.Type == kb.KeyDown {
					k.Text = text
				}
				for _, m := range modifiers {
					k.Modifiers |= int64(m)
				}
				if _, err := cdp.Call(ctx, t, input.DispatchKeyEvent, *k); err != nil {
					return err
				}
			}
		}
		return nil
	}))
}

func (b *tabTest) text(expression string) string {
	b.Helper()
	ctx, stop := context.WithTimeout(b.ctx, patience)
	defer stop()
	got, err := chromedp.Run(ctx, chromedp.Evaluate[string]("String("+expression+")"))
	if err != nil {
		b.Fatal(err)
	}
	return got
}

func (b *tabTest) path() string { return b.text("location.pathname") }

// want checks what an expression is in the page.
func (b *tabTest) want(what, expression, want string) {
	b.Helper()
	if got := b.text(expression); got != want {
		b.Errorf("%s: %q, want %q", what, got, want)
	}
}

// suggest puts suggestions about so many contacts into the queue, as a workflow would. Nothing else happens in the portal.
func (p *pipeline) suggest(n int) {
	p.Helper()
	p.call("POST", "webhooks", map[string]any{"url": ""})
	for i := range n {
		contact := p.ref(p.create("contacts", map[string]any{"firstname": "Ana", "lastname": fmt.Sprint("Diaz ", i), "email": fmt.Sprintf("ana%d@northwind.example", i)}))
		quote := crm.Evidence{Record: contact, Property: "lastname", Quote: fmt.Sprint("Diaz ", i), Time: time.Now().Add(-time.Hour)}
		s := crm.Proposal{ID: fmt.Sprintf("s%04d", i), Portal: p.portal(), Workflow: "lead_score", Prompt: crm.PromptRef{Name: "lead_score", Version: 1, SHA256: "abc"}, Model: "builtin", Subject: contact, Record: contact,
			RecordName: fmt.Sprint("Ana Diaz ", i), Account: contact, Confidence: .6, Fingerprint: fmt.Sprint("print ", i), Verdict: crm.Review, ReadAt: time.Now(),
			Claims: []crm.ClaimText{{Text: "Ana's name is known.", Supported: true, Evidence: []crm.Evidence{quote}}},
			Changes: []crm.Change{{ID: "c1", Kind: crm.PropertyKind, Target: contact, Property: "ai_lead_score", After: fmt.Sprint(10 + i%80), Claims: []int{0}, Confidence: .6, Threshold: .85, Risk: crm.RiskMedium,
				Verdict: crm.Review, Reasons: []string{"below_threshold"}}}}
		if added, err := p.s.db.Propose(p.Context(), s, crm.Raw{Prompt: "p", Reply: "r"}); err != nil || !added {
			p.Fatal(added, err)
		}
	}
}

// states counts suggestions by what became of them.
func (p *pipeline) states() map[crm.State]int {
	p.Helper()
	out := map[crm.State]int{}
	for cursor := ""; ; {
		all, next, err := p.s.db.Suggestions(p.Context(), store.SuggestionFilter{Portal: p.portal()}, cursor, 200)
		if err != nil {
			p.Fatal(err)
		}
		for _, s := range all {
			out[s.State]++
		}
		if cursor = next; next == "" {
			return out
		}
	}
}

// TestAHundredDecisionsByKeyboard: the queue is worked off without a mouse, with at most two keys for a decision, and the next suggestion is there at once.
func TestAHundredDecisionsByKeyboard(t *testing.T) {
	t.Parallel() // it waits for the browser
	p := startPipeline(t, hubsim.Options{}, nil)
	p.suggest(101)
	b := startTab(t, p, web.Approver)
	b.press("n")
	b.arrive()
	var strokes []int
	for i := range 100 {
		keys := "a"
		switch i % 10 {
		case 3, 7:
			keys = "r" + fmt.Sprint(1+i%6)
		case 9:
			keys = "s1"
		}
		before := b.path()
		b.press(keys)
		b.arrive()
		if after := b.path(); after == before || !strings.HasPrefix(after, "/suggestions/") {
			t.Fatalf("behind decision %d by %q on %s comes %s: %s", i, keys, before, after, b.text("document.body.innerText"))
		}
		strokes = append(strokes, len(keys))
	}
	slices.Sort(strokes)
	if median := strokes[len(strokes)/2]; median > 2 {
		t.Errorf("%d keys for a decision", median)
	}
	p.settle()
	if got := p.states(); got[crm.Applied] != 70 || got[crm.Rejected] != 20 || got[crm.Pending] != 11 {
		t.Errorf("%v", got)
	}
	if n := len(p.sim.Writes(0)); n < 70 {
		t.Errorf("%d writes in HubSpot", n)
	}
}

// TestKeys: what is decided last is taken back, corrections are typed and approved, and no key works while somebody types, is held down, comes too early, or is switched off.
func TestKeys(t *testing.T) {
	t.Parallel() // it waits for the browser
	p := startPipeline(t, hubsim.Options{}, nil)
	p.suggest(6)
	b := startTab(t, p, web.Approver)
	focused := func() string {
		return b.text("(document.activeElement.id || document.activeElement.textContent).trim()")
	}

	b.press("j")
	first := focused()
	b.press("j")
	second := focused()
	b.press("k")
	if !strings.HasPrefix(first, "Ana Diaz") || second == first || focused() != first {
		t.Errorf("j, j and k lead to %q, %q and %q", first, second, focused())
	}
	b.press("x")
	b.want("ticked", "document.querySelectorAll('[name=pick]:checked').length", "1")
	b.press("/")
	b.want("search", "document.activeElement.name", "name")
	b.press("ana diaz 4" + kb.Enter)
	b.arrive()
	b.want("found", "document.querySelectorAll('[data-row]').length", "1")
	b.open("/")
	b.press("j" + kb.Enter)
	b.arrive()
	b.want("opened", "document.querySelector('h1').textContent", first)

	b.press("c")
	b.press("arj1")
	b.want("typed", "document.activeElement.value", "arj1")
	b.press(kb.Escape)
	b.press("j")
	b.arrive()
	b.want("next", "document.querySelector('h1').textContent", second)
	b.press("k")
	b.arrive()
	b.press("e")
	b.want("correction", "document.activeElement.name", "edit.c1")
	b.press("a", chromedp.ModifierCtrl)
	b.press("77")
	b.press(kb.Enter, chromedp.ModifierCtrl)
	b.arrive()
	b.want("next", "document.querySelector('h1').textContent", second)
	p.settle()
	edited := b.text(`document.querySelector('.done a').pathname`)
	one, err := p.s.db.Proposal(t.Context(), p.portal(), strings.TrimPrefix(edited, "/suggestions/"))
	if err != nil || one.State != crm.Applied || one.Changes[0].After != "77" || one.RecordName != first {
		t.Errorf("%v %+v", err, one)
	}
	b.press("u")
	b.arrive()
	if b.path() != edited {
		t.Errorf("the undo of %s leads to %s", edited, b.path())
	}
	p.settle()
	if got := p.states(); got[crm.Undone] != 1 {
		t.Errorf("%v: %s", got, b.text("document.body.innerText"))
	}

	b.press("j")
	b.arrive()
	here := b.path()
	b.want("a held key decides nothing; one that is pressed twice, and a click behind it, decide once", `(() => {
		let sent = 0
		document.addEventListener('submit', e => { if (!e.defaultPrevented) sent++ })
		const down = repeat => document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'a', bubbles: true, repeat }))
		down(true)
		const held = sent
		down(false)
		down(false)
		document.querySelector('[data-key=a]').click()
		return held + ' ' + sent
	})()`, "0 1")
	b.arrive()
	if got := p.states(); b.path() == here || got[crm.Pending] != 4 {
		t.Errorf("pressed twice: %s, %v", b.path(), got)
	}
	b.want("a key decides nothing before the page could be read", `(() => {
		let sent = 0
		document.addEventListener('submit', e => { sent++; e.preventDefault() })
		const down = () => document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'a', bubbles: true }))
		document.documentElement.classList.remove('settled')
		down()
		const early = sent
		document.documentElement.classList.add('settled')
		down()
		return early + ' ' + sent
	})()`, "0 1")
	b.open(b.path())
	if got := p.states(); got[crm.Pending] != 4 {
		t.Errorf("nothing was sent: %v", got)
	}

	b.press("?")
	b.want("help", "document.querySelector('dialog').open && document.querySelector('dialog').innerText.includes('Approve')", "true")
	b.press("a")
	b.do(chromedp.Evaluate[chromedp.Void](`document.querySelector('dialog input').focus()`))
	b.press(" ")
	b.press(kb.Escape)
	here = b.path()
	for range 2 { // also on the next page
		b.press("a")
		b.press("j")
		b.open(here)
		b.want("hints", "document.querySelectorAll('[aria-keyshortcuts]').length", "0")
	}
	if got := p.states(); got[crm.Pending] != 4 {
		t.Errorf("switched off: %v", got)
	}
}
