package engine

import (
	"context"
	"math"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/prompts"
)

func TestRules(t *testing.T) {
	c := property("ai_lead_score", 0.9)
	before := "40"
	c.Before = &before
	s := GateState{Workflow: "lead_score", Account: "Müller GmbH", Now: time.Date(2026, 11, 28, 10, 0, 0, 0, time.UTC), // a Saturday
		Record: crm.Record{Ref: c.Target, Properties: map[string]string{"amount": "1200", "lifecyclestage": "lead"}}}
	for text, holds := range map[string]bool{
		`change.property == "ai_lead_score" && float(change.after) - float(change.before) <= 50`: true,
		`float(change.after) < 80`:                             false,
		`record.lifecyclestage in ["lead", "opportunity"]`:     true,
		`record.nothing == ""`:                                 true,
		`float(record.amount) < 1000`:                          false,
		`float(record.nothing) < 1000`:                         false, // cannot be judged
		`object == "contacts"`:                                 true,
		`workflow != "lead_score" || confidence >= 0.95`:       false,
		`account contains "Müller"`:                            true,
		`string(time.Weekday()) not in ["Saturday", "Sunday"]`: false,
		`change.kind == "note"`:                                false,
	} {
		r, err := CompileRule(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		v, why := Gate(Policy{Write: true, Mode: crm.GateOn, Rules: []Rule{r}}, 7, c, s)
		if (v == crm.Apply) != holds || !holds && !strings.Contains(why[0], "rule") {
			t.Errorf("%s: %v %q", text, v, why)
		}
	}
}

// TestRulesAreChecked: what could never be judged is refused when it is read, with its place.
func TestRulesAreChecked(t *testing.T) {
	for text, want := range map[string]string{
		"confidence >":            "unexpected token EOF at character",
		"confidence":              "expected bool",
		"confidenc > 0.5":         "unknown name confidenc at character 1",
		"change.propert == \"x\"": "has no field propert at character 8",
		"confidence > \"high\"":   "mismatched types",
		"now().Hour() < 18":       "unknown name now",
		"":                        "unexpected token EOF",
		"true" + strings.Repeat(" && confidence > 0.5", 300): "exceeds",
	} {
		if _, err := CompileRule(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", text, err, want)
		}
	}
}

func TestCanary(t *testing.T) {
	in := 0
	for id := range 2000 {
		r := crm.Ref{Portal: 7, Type: crm.Contacts, ID: string(rune('a'+id%26)) + strings.Repeat("1", id/26)}
		if canary(r, 0.1) {
			in++
			if !canary(r, 0.2) {
				t.Errorf("%v is in a tenth and not in a fifth", r)
			}
		}
		if canary(r, 0) || !canary(r, 1) || canary(r, math.NaN()) {
			t.Fatalf("%v at the edges", r)
		}
	}
	if in < 150 || in > 250 {
		t.Errorf("%d of 2,000 records are in a tenth", in)
	}
}

// TestModes: what shadow and canary hold back is known as what would have been written, and a workflow can only be more cautious than the policy.
func TestModes(t *testing.T) {
	for name, c := range map[string]struct {
		policy   Policy
		workflow crm.GateMode
		writes   bool
		would    bool
	}{
		"on":                            {Policy{Write: true, Mode: crm.GateOn}, "", true, false},
		"shadow":                        {Policy{Write: true, Mode: crm.GateShadow}, "", false, true},
		"shadow while writing is off":   {Policy{Mode: crm.GateShadow}, "", false, true},
		"off":                           {Policy{Write: true, Mode: crm.GateOff}, "", false, true},
		"the workflow is in shadow":     {Policy{Write: true, Mode: crm.GateOn}, crm.GateShadow, false, true},
		"the workflow alone is on":      {Policy{Write: true, Mode: crm.GateShadow}, crm.GateOn, false, true},
		"not confident enough":          {Policy{Write: true, Mode: crm.GateShadow, Threshold: 0.999}, "", false, false},
		"every record is a canary":      {Policy{Write: true, Mode: crm.GateCanary, Canary: 1}, "", true, false},
		"no record is":                  {Policy{Write: true, Mode: crm.GateCanary, Canary: 0}, "", false, true},
		"its owner's records are":       {Policy{Write: true, Mode: crm.GateCanary, CanaryOwners: []string{"2", "90"}}, "", true, false},
		"another owner's are":           {Policy{Write: true, Mode: crm.GateCanary, CanaryOwners: []string{"2", ""}}, "", false, true},
		"nobody approved the policy":    {Policy{Write: true, Mode: crm.GateOn, Unapproved: "one of two administrators"}, "", false, true},
		"cap of the hour":               {Policy{Write: true, Mode: crm.GateOn, MaxPerHour: 1}, "", true, false},
		"a cap that is reached already": {Policy{Write: true, Mode: crm.GateOn, MaxPerRecordPerDay: -1}, "", false, false},
	} {
		w := newWorld()
		e := engineOf(t, w, quoter())
		e.Policy = func(crm.PortalID) Policy { return c.policy }
		for i := range e.Workflows {
			e.Workflows[i].Policy.Mode = c.workflow
		}
		change := consider(t, e, w, "call_summary", ref(crm.Calls, 12)).Changes[0]
		if (change.Verdict == crm.Apply) != c.writes || change.Would != c.would {
			t.Errorf("%s: %v, would be written: %v (%q)", name, change.Verdict, change.Would, change.Reasons)
		}
	}
}

// oneByOne lets several runs share a world.
type oneByOne struct {
	*world
	mu sync.Mutex
}

func (o *oneByOne) Propose(ctx context.Context, p crm.Proposal, raw Raw) (bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.world.Propose(ctx, p, raw)
}

func (o *oneByOne) Proposal(ctx context.Context, portal crm.PortalID, id string) (crm.Proposal, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.world.Proposal(ctx, portal, id)
}

func (o *oneByOne) WrittenAlone(ctx context.Context, portal crm.PortalID, record crm.Ref, within time.Duration) (int, error) {
	defer runtime.Gosched() // whoever does not hold the engine's lock gets in between
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.world.WrittenAlone(ctx, portal, record, within)
}

// TestCapsHoldBetweenRuns: of eight runs at the same time no more write than the cap has room for.
func TestCapsHoldBetweenRuns(t *testing.T) {
	w := &oneByOne{world: newWorld()}
	e := engineOf(t, w.world, quoter())
	e.Proposals = w
	e.Policy = func(crm.PortalID) Policy { return Policy{Write: true, Mode: crm.GateOn, MaxPerHour: 3} }
	var runs sync.WaitGroup
	for seq := range int64(8) {
		runs.Go(func() {
			claim := crm.Claim{Portal: 7, Kind: crm.ConsiderWork, Key: ConsiderKey("call_summary", ref(crm.Calls, 12)), Seq: seq + 1, Fence: 1}
			if err := e.Consider(t.Context(), []crm.Claim{claim})[0]; err != nil {
				t.Error(err)
			}
		})
	}
	runs.Wait()
	written, capped := 0, 0
	for _, p := range w.proposals {
		for _, c := range p.Changes {
			if c.Verdict == crm.Apply {
				written++
			}
			if c.Verdict == crm.Review && strings.Contains(c.Reasons[0], "in an hour") {
				capped++
			}
		}
	}
	if written != 3 || capped == 0 {
		t.Errorf("%d were written with room for 3, %d held back by the cap", written, capped)
	}
}

// TestDigest: every part of a policy, and of what workflows set, has its say in the hash.
func TestDigest(t *testing.T) {
	rule, err := CompileRule("confidence > 0.9")
	if err != nil {
		t.Fatal(err)
	}
	base := Policy{Write: true, Mode: crm.GateOn, HumanOnly: []string{"ai_a", "ai_b"}}
	review := crm.Review
	seen := map[string]string{}
	for name, c := range map[string]struct {
		set func(*Policy)
		ws  []prompts.Workflow
	}{
		"itself": {func(*Policy) {}, nil}, "write": {func(p *Policy) { p.Write = false }, nil}, "mode": {func(p *Policy) { p.Mode = crm.GateShadow }, nil},
		"share": {func(p *Policy) { p.Canary = 0.1 }, nil}, "threshold": {func(p *Policy) { p.Threshold = 0.9 }, nil}, "human": {func(p *Policy) { p.HumanOnly = nil }, nil},
		"never": {func(p *Policy) { p.Never = []string{"ai_a"} }, nil}, "low risk": {func(p *Policy) { p.LowRisk = []string{"ai_a"} }, nil}, "high risk": {func(p *Policy) { p.HighRisk = []string{"ai_a"} }, nil},
		"a field's risk": {func(*Policy) {}, []prompts.Workflow{{Name: "w", Changes: []prompts.Change{{Kind: crm.NoteKind, Risk: crm.RiskHigh}}}}}, "hour": {func(p *Policy) { p.MaxPerHour = 1 }, nil}, "day": {func(p *Policy) { p.MaxPerRecordPerDay = 1 }, nil},
		"budget": {func(p *Policy) { p.Budget.Wrong = 0.02 }, nil}, "its confidence": {func(p *Policy) { p.Budget.Confidence = 0.9 }, nil}, "what people see": {func(p *Policy) { p.Explore = 0.1 }, nil},
		"rule": {func(p *Policy) { p.Rules = []Rule{rule} }, nil}, "no number": {func(p *Policy) { p.Threshold = math.NaN() }, nil},
		"workflow":       {func(*Policy) {}, []prompts.Workflow{{Name: "w"}}},
		"its mode":       {func(*Policy) {}, []prompts.Workflow{{Name: "w", Policy: prompts.Policy{Mode: crm.GateShadow}}}},
		"its threshold":  {func(*Policy) {}, []prompts.Workflow{{Name: "w", Policy: prompts.Policy{Threshold: 0.9}}}},
		"a field's":      {func(*Policy) {}, []prompts.Workflow{{Name: "w", Changes: []prompts.Change{{Kind: crm.NoteKind, Threshold: 0.9}}}}},
		"a field's word": {func(*Policy) {}, []prompts.Workflow{{Name: "w", Changes: []prompts.Change{{Kind: crm.NoteKind, Verdict: &review}}}}},
	} {
		p := base
		c.set(&p)
		d := p.Digest(c.ws)
		if other, twice := seen[d]; twice || len(d) != 64 {
			t.Errorf("%s and %s have one hash %q", name, other, d)
		}
		seen[d] = name
	}
	same := base
	same.HumanOnly, same.Threshold = []string{"ai_b", "ai_a", "ai_a"}, DefaultThreshold
	if same.Digest(nil) != base.Digest(nil) {
		t.Error("order and doubles of names, or the default's own number, make another policy")
	}
}
