package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
	"github.com/contextd/contextd/internal/model/anthropic"
	"github.com/contextd/contextd/internal/model/modeltest"
	"github.com/contextd/contextd/internal/model/ollama"
	"github.com/contextd/contextd/internal/model/openai"
)

// wires are the three real providers, each with a server that speaks its protocol.
func wires(t *testing.T) map[string]modeltest.Protocol {
	t.Helper()
	open := func(c interface {
		model.Completer
		Close()
	}, err error) model.Completer {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		return c
	}
	out := map[string]modeltest.Protocol{"ollama": modeltest.Ollama(40960), "openai": modeltest.OpenAI(40960), "anthropic": modeltest.Anthropic(200_000)}
	for name, p := range out {
		p.Open = func(_ *testing.T, url string, timeout time.Duration) model.Completer {
			switch name {
			case "ollama":
				return open(ollama.NewWriter(ollama.Options{BaseURL: url, Model: modeltest.OllamaModel, Timeout: timeout}))
			case "openai":
				return open(openai.NewWriter(openai.Options{BaseURL: url, Model: modeltest.OpenAIModel, Timeout: timeout}))
			}
			return open(anthropic.NewWriter(anthropic.Options{BaseURL: url, Model: modeltest.AnthropicModel, Timeout: timeout, APIKey: modeltest.Secret}))
		}
		out[name] = p
	}
	return out
}

// toll is what many broken calls came to.
type toll struct {
	Faults, Calls, Asked int
	Panics               int            // of a run
	Writes               int            // changes that would be written although the answer was invalid
	Ends                 map[string]int // of attempts
	Unexpected           []string       `json:",omitempty"`
	MostAsked            int            // of one attempt
	Slowest              time.Duration
	Healed               int // kept attempts that came to a suggestion once the server was well
	mu                   sync.Mutex
}

const (
	callsPerFault = 500
	shortDeadline = 40 * time.Millisecond
	slowest       = 10 * time.Second // of one attempt: two deadlines, on a busy machine
)

// broken asks the engine again and again through one broken server, and then once through the same when it is well again.
func (l *toll) broken(t *testing.T, p modeltest.Protocol, b modeltest.Breakage, calls int, around func(model.Completer) model.Completer) {
	timeout := time.Minute
	if b.Slow {
		timeout = shortDeadline
	}
	if b.Rest != nil {
		p.Rest = b.Rest
	}
	s := p.Serve(t, b.Answer)
	w := newWorld()
	c := &tallied{Completer: around(p.Open(t, s.URL, timeout))}
	e := engineOf(t, w, c)
	subject := ref(crm.Contacts, 2)
	claim := crm.Claim{Portal: 7, Kind: crm.ConsiderWork, Key: ConsiderKey("lead_score", subject), Fence: 1}
	for range calls {
		claim.Seq++
		before, start := c.calls, time.Now()
		end := string(l.attempt(t.Context(), e, w, claim))
		l.note(b, end, c.calls-before, time.Since(start))
	}
	if n := len(s.Asked()); n > c.calls {
		t.Errorf("%s: %d calls became %d requests", b.Name, c.calls, n)
	}
	if b.End != modeltest.Kept {
		return
	}
	well := wires(t)
	for name, p := range well { // the very claim that was kept, by any provider that is well
		e.Models[""] = p.Open(t, p.Serve(t, p.Truthful()).URL, time.Minute)
		if got := l.attempt(t.Context(), e, w, claim); got != "apply" {
			t.Errorf("%s: kept work came to %q with %s", b.Name, got, name)
			continue
		}
		l.mu.Lock()
		l.Healed++
		l.mu.Unlock()
		return
	}
}

// tallied counts calls where they begin: a server sees a request that was given up later than that.
type tallied struct {
	model.Completer
	calls int
}

func (c *tallied) Complete(ctx context.Context, r model.Request) (model.Response, error) {
	c.calls++
	return c.Completer.Complete(ctx, r)
}

// attempt is one run, judged by what the work table would make of it.
func (l *toll) attempt(ctx context.Context, e *Engine, w *world, claim crm.Claim) (end modeltest.End) {
	defer func() {
		if v := recover(); v != nil {
			l.mu.Lock()
			l.Panics++
			l.mu.Unlock()
			end = "panic"
		}
	}()
	err := e.Consider(ctx, []crm.Claim{claim})[0]
	switch {
	case errors.Is(err, crm.ErrTemporary), errors.Is(err, crm.ErrForbidden):
		return modeltest.Kept
	case err != nil: // at once, or after the few attempts that an answer without a kind gets
		return modeltest.Dead
	}
	p := w.proposals[proposalID("lead_score", 1, ref(crm.Contacts, 2), claim.Seq)]
	switch p.Verdict {
	case crm.Apply:
		return "apply"
	case crm.Review:
		return "review"
	}
	if p.ID == "" || len(p.Reasons) == 0 {
		return "lost"
	}
	return modeltest.Dropped
}

func (l *toll) note(b modeltest.Breakage, end string, asked int, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.Calls++
	l.Asked += asked
	l.Ends[end]++
	l.MostAsked, l.Slowest = max(l.MostAsked, asked), max(l.Slowest, took)
	if end == "apply" {
		l.Writes++
	}
	if end != string(b.End) && len(l.Unexpected) < 20 {
		l.Unexpected = append(l.Unexpected, b.Name+": "+end)
	}
}

// wrong says what the toll must not be.
func (l *toll) wrong() (out []string) {
	say := func(bad bool, format string, args ...any) {
		if bad {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	say(l.Panics > 0, "%d panics", l.Panics)
	say(l.Writes > 0, "%d writes from an invalid reply", l.Writes)
	say(len(l.Unexpected) > 0, "ended otherwise: %v", l.Unexpected)
	say(l.MostAsked > 2, "%d model calls in one attempt", l.MostAsked)
	say(l.Slowest > slowest, "an attempt of %s", l.Slowest)
	n := 0
	for _, e := range []modeltest.End{modeltest.Kept, modeltest.Dead, modeltest.Dropped, "review"} {
		n += l.Ends[string(e)]
	}
	say(n != l.Calls || l.Calls == 0, "%d of %d calls came to an end that is one", n, l.Calls)
	return out
}

func breakAll(t *testing.T, calls int, around func(model.Completer) model.Completer) *toll {
	l := &toll{Ends: map[string]int{}}
	slots := make(chan struct{}, 8)
	var all sync.WaitGroup
	names := map[string]bool{}
	for _, p := range wires(t) {
		for _, b := range p.Breakages(20 * shortDeadline) {
			names[b.Name] = true
			slots <- struct{}{}
			all.Go(func() {
				defer func() { <-slots }()
				l.broken(t, p, b, calls, around)
			})
		}
	}
	all.Wait()
	l.Faults = len(names)
	return l
}

// However a model or its server breaks, a run ends: suggestions only from answers that are whole and valid, nothing written from any other, and at most two calls.
func TestBrokenModels(t *testing.T) {
	providers := len(wires(t))
	l := breakAll(t, (callsPerFault+providers-1)/providers, func(c model.Completer) model.Completer { return c })
	line, err := json.Marshal(map[string]any{"row": "L1", "faults": l.Faults, "calls": l.Calls, "model_calls": l.Asked, "panics": l.Panics, "writes": l.Writes, "ends": l.Ends,
		"most_calls_of_an_attempt": l.MostAsked, "slowest_ms": l.Slowest.Milliseconds(), "healed": l.Healed})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(string(line))
	for _, w := range l.wrong() {
		t.Error(w)
	}
	if l.Faults < 24 || l.Calls < l.Faults*callsPerFault || l.Healed == 0 {
		t.Errorf("%d faults, %d calls, %d healed: not what this test is for", l.Faults, l.Calls, l.Healed)
	}
}

// credulous is the defence off: whatever comes, it is taken for the last good answer, as software does that degrades in silence.
type credulous struct{ model.Completer }

func (c credulous) Complete(ctx context.Context, r model.Request) (model.Response, error) {
	if _, err := c.Completer.Complete(ctx, r); ctx.Err() != nil {
		return model.Response{}, err
	}
	quotes := quoter()
	return quotes.Complete(ctx, r)
}

// The control: a test that cannot see a written answer proves nothing.
func TestBrokenModelsAreSeenWithoutTheDefence(t *testing.T) {
	l := breakAll(t, 2, func(c model.Completer) model.Completer { return credulous{c} })
	if l.Writes == 0 || len(l.wrong()) == 0 {
		t.Errorf("the defence is off and nothing is wrong: %+v", l.Ends)
	}
}

// The worst model keeps to the bounds that it is told, whichever provider tells it: its answers fail at what it says, not at how long that is.
func TestBoundsReachTheWorstModel(t *testing.T) {
	const companies = 40
	for name, p := range wires(t) {
		m := p.Open(t, p.Serve(t, p.Obeying()).URL, time.Minute)
		for i := range companies {
			w := newWorld()
			w.activity(ref(crm.Emails, 100+i), "Mira Kovac", crm.Incoming, noon.Add(-time.Hour), fmt.Sprintf("Note that our %d fitters use a planning tool whose name is much longer than any property of a customer relationship system has room for.", i))
			e := engineOf(t, w, quoter())
			e.Models[""] = m
			if err := e.Consider(t.Context(), []crm.Claim{{Portal: 7, Kind: crm.ConsiderWork, Key: "enrichment:companies/1", Seq: int64(i)}})[0]; err != nil {
				t.Errorf("%s, company %d: %v", name, i, err)
			}
		}
	}
}
