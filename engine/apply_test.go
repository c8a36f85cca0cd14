package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// bench is an applier over a hub and an outbox with a clock of its own. crash, when positive, counts down over every call of a port and panics at zero.
type bench struct {
	again dirty
	hub   *hub
	box   *outbox
	clock time.Time
	fence int64
	off   error
	crash int
	calls int

	timeout time.Duration
}

func newBench(kind crm.ChangeKind) *bench {
	b := &bench{clock: noon, timeout: 30 * time.Second}
	b.hub = &hub{now: func() time.Time { return b.clock }, values: map[string]Current{}}
	c := crm.Change{ID: "c", Kind: kind, After: "80", Target: ref(crm.Contacts, 2), Property: "ai_lead_score"}
	if kind != crm.PropertyKind {
		c = crm.Change{ID: "c", Kind: kind, After: "<p>We  met &amp; agreed.</p>", Property: bodyProperty(kind), Key: "key", Links: []crm.Ref{ref(crm.Contacts, 2)}, Fields: map[string]string{"hs_timestamp": "x"}}
	}
	b.box = &outbox{e: crm.Effect{ID: "e", Portal: 7, Change: c, State: crm.EffectNew, ReadAt: noon.Add(-time.Hour)}}
	return b
}

// step is called before and after every call of a port.
func (b *bench) step() {
	b.calls++
	if b.crash > 0 && b.calls == b.crash {
		panic("killed")
	}
}

func (b *bench) applier() *Applier {
	return &Applier{Effects: stepEffects{b}, Writer: stepWriter{b}, Enabled: func(crm.PortalID) error { return b.off }, Now: func() time.Time { return b.clock }, Timeout: b.timeout}
}

// once runs the applier with a new fence; a kill is an error.
func (b *bench) once(t *testing.T) (err error) {
	t.Helper()
	b.fence++
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%v", v)
		}
	}()
	return b.applier().Apply(t.Context(), []crm.Claim{{Portal: 7, Kind: crm.ApplyWork, Key: "e", Fence: b.fence}})[0]
}

// drain runs until the effect is settled, moving the clock to where the applier asks for it.
func (b *bench) drain(t *testing.T) {
	t.Helper()
	for range 20 {
		err := b.once(t)
		var after *crm.RetryAfter
		switch {
		case err == nil:
			return
		case errors.As(err, &after):
			b.clock = after.At
		default:
			b.clock = b.clock.Add(time.Second)
		}
	}
	t.Fatalf("not settled: %+v", b.box.e)
}

func (b *bench) effects() int { return b.hub.writes + len(b.hub.notes) }

type stepEffects struct{ b *bench }

func (s stepEffects) Effect(ctx context.Context, p crm.PortalID, id string) (crm.Effect, error) {
	return s.b.box.Effect(ctx, p, id)
}
func (s stepEffects) Newer(ctx context.Context, e crm.Effect) (found, sent bool, err error) {
	return s.b.box.Newer(ctx, e)
}
func (s stepEffects) Sent(ctx context.Context, e crm.Effect) ([]string, error) {
	return s.b.box.Sent(ctx, e)
}
func (s stepEffects) Begin(ctx context.Context, e crm.Effect) error {
	s.b.step()
	defer s.b.step()
	return s.b.box.Begin(ctx, e)
}
func (s stepEffects) Looked(ctx context.Context, e crm.Effect) error {
	s.b.step()
	defer s.b.step()
	return s.b.box.Looked(ctx, e)
}
func (s stepEffects) Settle(ctx context.Context, e crm.Effect, r crm.Receipt) error {
	s.b.step()
	defer s.b.step()
	return s.b.box.Settle(ctx, e, r)
}

type stepWriter struct{ b *bench }

func (s stepWriter) Current(ctx context.Context, r crm.Ref, p string) (Current, error) {
	s.b.step()
	return s.b.hub.Current(ctx, r, p)
}
func (s stepWriter) Standing(ctx context.Context, r crm.Ref, p []string) (map[string]Current, error) {
	s.b.step()
	return s.b.hub.Standing(ctx, r, p)
}
func (s stepWriter) Archived(ctx context.Context, r crm.Ref, p []string) (map[string]Current, error) {
	s.b.step()
	return s.b.hub.Archived(ctx, r, p)
}
func (s stepWriter) Recognise(ctx context.Context, p crm.PortalID, app string) error {
	s.b.step()
	return s.b.hub.Recognise(ctx, p, app)
}
func (s stepWriter) SetProperty(ctx context.Context, r crm.Ref, p, v string) error {
	s.b.step()
	if s.b.box.e.State != crm.EffectSending {
		panic("a request left before it was recorded")
	}
	defer s.b.step()
	return s.b.hub.SetProperty(ctx, r, p, v)
}
func (s stepWriter) UpsertActivity(ctx context.Context, p crm.PortalID, typ crm.ObjectType, key string, properties map[string]string, links []crm.Ref) (crm.Ref, error) {
	s.b.step()
	if s.b.box.e.State != crm.EffectSending {
		panic("a request left before it was recorded")
	}
	defer s.b.step()
	return s.b.hub.UpsertActivity(ctx, p, typ, key, properties, links)
}
func (s stepWriter) ArchiveActivity(ctx context.Context, ref crm.Ref, key string) error {
	s.b.step()
	if s.b.box.e.State != crm.EffectSending {
		panic("a request left before it was recorded")
	}
	defer s.b.step()
	return s.b.hub.ArchiveActivity(ctx, ref, key)
}
func (s stepWriter) UniqueKeys(ctx context.Context, p crm.PortalID, typ crm.ObjectType) (bool, error) {
	return s.b.hub.UniqueKeys(ctx, p, typ)
}
func (s stepWriter) FindActivity(ctx context.Context, p crm.PortalID, typ crm.ObjectType, key string, links []crm.Ref) (crm.Ref, map[string]string, error) {
	s.b.step()
	return s.b.hub.FindActivity(ctx, p, typ, key, links)
}

// TestApplyKilled kills the applier between any two steps and starts it again: exactly one effect at HubSpot, and the outbox knows it.
func TestApplyKilled(t *testing.T) {
	for _, kind := range []crm.ChangeKind{crm.PropertyKind, crm.NoteKind, crm.TaskKind} {
		for _, fault := range []string{"", "drop after apply", "drop before apply", "late", "odd", "busy", "forbid"} {
			points := 0
			for at := 1; ; at++ {
				b := newBench(kind)
				b.crash = at
				if fault != "" {
					b.hub.faults = []string{fault}
				}
				most := 1
				if kind == crm.PropertyKind && fault == "late" {
					most = 2 // the same absolute value a second time: harmless, and cheaper than waiting for a request that is most likely lost
				}
				b.drain(t)
				if b.effects() < 1 || b.effects() > most || b.box.e.State != crm.EffectVerified {
					t.Errorf("%s, %q, killed at %d: %d effects, %s", kind, fault, at, b.effects(), b.box.e.State)
				}
				b.clock = b.clock.Add(time.Hour)
				if b.hub.settle(); b.effects() > most {
					t.Errorf("%s, %q, killed at %d: %d effects an hour later", kind, fault, at, b.effects())
				}
				if b.calls < at {
					break // ran through without being killed
				}
				points++
			}
			if points < 6 {
				t.Errorf("%s, %q: only %d points", kind, fault, points)
			}
		}
	}
}

func TestApplyProperty(t *testing.T) {
	key := ref(crm.Contacts, 2).String() + "/ai_lead_score"
	before := "70"
	for name, c := range map[string]struct {
		now   Current
		seen  *string
		fault string
		state crm.EffectState
		wrote int
	}{
		"nothing there":               {Current{}, nil, "", crm.EffectVerified, 1},
		"already there":               {Current{Value: "80.0", At: noon, ByPerson: true}, nil, "", crm.EffectVerified, 0},
		"ours, newer":                 {Current{Value: "75", At: noon}, &before, "", crm.EffectVerified, 1},
		"a person, before":            {Current{Value: "70", At: noon.Add(-2 * time.Hour), ByPerson: true}, &before, "", crm.EffectVerified, 1},
		"a person, after":             {Current{Value: "10", At: noon, ByPerson: true, Source: "CRM_UI:5"}, &before, "", crm.EffectConflict, 0},
		"a person, same value again":  {Current{Value: "70", At: noon, ByPerson: true}, &before, "", crm.EffectConflict, 0},
		"a person, unseen by the run": {Current{Value: "10", At: noon.Add(-2 * time.Hour), ByPerson: true}, &before, "", crm.EffectConflict, 0},
		"a person emptied it":         {Current{Value: "", At: noon, ByPerson: true}, &before, "", crm.EffectConflict, 0},
		"refused":                     {Current{}, nil, "refuse", crm.EffectFailed, 0},
		"gone":                        {Current{}, nil, "gone", crm.EffectFailed, 0},
	} {
		b := newBench(crm.PropertyKind)
		b.hub.values[key] = c.now
		b.box.e.Change.Before = c.seen
		if c.fault != "" {
			b.hub.faults = []string{c.fault}
		}
		if err := b.once(t); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if b.box.e.State != c.state || b.hub.writes != c.wrote {
			t.Errorf("%s: %s with %d writes, want %s with %d", name, b.box.e.State, b.hub.writes, c.state, c.wrote)
		}
		if c.state != crm.EffectVerified && b.box.e.LastError == "" {
			t.Errorf("%s: no reason", name)
		}
		if r := b.box.receipts[0]; c.state == crm.EffectVerified && r.Repeat != (c.wrote == 0) {
			t.Errorf("%s: repeat %v", name, r.Repeat)
		}
		if err := b.once(t); err != nil || b.hub.writes != c.wrote {
			t.Errorf("%s, a second time: %v, %d writes", name, err, b.hub.writes)
		}
	}
}

func TestApplyWritingOff(t *testing.T) {
	for _, kind := range []crm.ChangeKind{crm.PropertyKind, crm.NoteKind} {
		b := newBench(kind)
		b.off = errors.New("hubspot.write is off")
		if err := b.once(t); !errors.Is(err, crm.ErrStopped) || b.effects() != 0 || b.box.e.State != crm.EffectNew {
			t.Errorf("%v, %d effects, %s", err, b.effects(), b.box.e.State)
		}
		b.off = nil
		b.drain(t)
		if b.effects() != 1 || b.box.e.State != crm.EffectVerified {
			t.Errorf("after switching on: %d effects, %s", b.effects(), b.box.e.State)
		}
	}
}

func TestApplyWaitsForOldRequests(t *testing.T) {
	b := newBench(crm.NoteKind)
	b.hub.faults = []string{"late"}
	var after *crm.RetryAfter
	if err := b.once(t); !errors.As(err, &after) || after.At.Sub(b.clock) < 40*time.Second || b.box.e.State != crm.EffectUnknown {
		t.Fatalf("%v %s", err, b.box.e.State)
	}
	calls := b.calls
	if err := b.once(t); !errors.As(err, &after) || b.calls != calls {
		t.Errorf("before the deadline HubSpot was asked: %v", err)
	}
}

func TestApplyNotAllowed(t *testing.T) {
	for name, spoil := range map[string]func(*crm.Effect){
		"core property": func(e *crm.Effect) { e.Change.Property = "lifecyclestage" },
		"other portal":  func(e *crm.Effect) { e.Change.Target.Portal = 8 },
	} {
		b := newBench(crm.PropertyKind)
		spoil(&b.box.e)
		if err := b.once(t); err != nil || b.box.e.State != crm.EffectFailed || b.effects() != 0 {
			t.Errorf("%s: %v %s", name, err, b.box.e.State)
		}
	}
}

func TestApplyReplacesOlderNote(t *testing.T) {
	b := newBench(crm.NoteKind)
	old := map[string]string{"hs_note_body": "<p>old</p>"}
	b.hub.notes, b.box.sent = []hubNote{{ref: ref(crm.Notes, 1), key: "key", properties: old}}, []string{"old"}
	b.hub.faults = []string{"drop before apply"}
	if err := b.once(t); !errors.Is(err, crm.ErrUnknown) {
		t.Fatal(err)
	}
	old["hs_note_body"] = "<div><p>We met &#38; agreed.</p></div>" // HubSpot's own mark-up of what arrived after all
	b.clock = b.box.e.Deadline
	if err := b.once(t); err != nil || b.box.e.State != crm.EffectVerified || len(b.hub.notes) != 1 {
		t.Errorf("%v %s %d", err, b.box.e.State, len(b.hub.notes))
	}
}

// dirty keeps the marks of a reviewer.
type dirty struct{ marks []crm.Mark }

func (d *dirty) Mark(_ context.Context, marks []crm.Mark, _ crm.Claim) error {
	d.marks = append(d.marks, marks...)
	return nil
}

func TestReview(t *testing.T) {
	setup := func(t *testing.T) (*world, *bench, *Reviewer, crm.Proposal) {
		w, b := newWorld(), newBench(crm.PropertyKind)
		e := engineOf(t, w, quoter())
		e.Policy = func(crm.PortalID) Policy { return Policy{} }
		p := consider(t, e, w, "lead_score", ref(crm.Contacts, 2))
		return w, b, &Reviewer{Workflows: e.Workflows, Proposals: w, Writer: b.hub, Enabled: func(crm.PortalID) error { return b.off }, Marker: &b.again}, p
	}
	for name, c := range map[string]struct {
		d     func(p crm.Proposal) Decision
		spoil func(*bench, crm.Proposal)
		want  error
		says  string
	}{
		"approve":     {func(crm.Proposal) Decision { return Decision{Approve: true} }, nil, nil, ""},
		"approve one": {func(p crm.Proposal) Decision { return Decision{Approve: true, Changes: []string{p.Changes[1].ID}} }, nil, nil, ""},
		"edit": {func(p crm.Proposal) Decision {
			return Decision{Approve: true, Edits: map[string]string{p.Changes[0].ID: "55"}}
		}, nil, nil, ""},
		"reject":            {func(crm.Proposal) Decision { return Decision{Reason: "wrong_fact"} }, nil, nil, ""},
		"writing off":       {func(crm.Proposal) Decision { return Decision{Approve: true} }, func(b *bench, _ crm.Proposal) { b.off = errors.New("hubspot.write is off") }, crm.ErrStopped, "hubspot.write is off"},
		"reject, off":       {func(crm.Proposal) Decision { return Decision{Reason: "other"} }, func(b *bench, _ crm.Proposal) { b.off = crm.ErrStopped }, nil, ""},
		"reject, no reason": {func(crm.Proposal) Decision { return Decision{} }, nil, crm.ErrInvalid, "wrong_fact"},
		"edit out of range": {func(p crm.Proposal) Decision {
			return Decision{Approve: true, Edits: map[string]string{p.Changes[0].ID: "500"}}
		}, nil, crm.ErrInvalid, "out of range"},
		"edit of an option": {func(p crm.Proposal) Decision {
			return Decision{Approve: true, Edits: map[string]string{p.Changes[1].ID: "great"}}
		}, nil, crm.ErrInvalid, "none of"},
		"edit of nothing": {func(crm.Proposal) Decision { return Decision{Approve: true, Edits: map[string]string{"x": "1"}} }, nil, crm.ErrInvalid, "not decided"},
		"unknown change":  {func(crm.Proposal) Decision { return Decision{Approve: true, Changes: []string{"x"}} }, nil, crm.ErrInvalid, "not part"},
		"moved":           {func(crm.Proposal) Decision { return Decision{Approve: true, Seen: `"old"`} }, nil, crm.ErrConflict, "moved"},
		"a person was faster": {func(crm.Proposal) Decision { return Decision{Approve: true} }, func(b *bench, p crm.Proposal) {
			b.hub.values[p.Changes[0].Target.String()+"/ai_lead_score"] = Current{Value: "3", At: noon.Add(time.Hour), ByPerson: true, Source: "CRM_UI:userId:77"}
		}, crm.ErrConflict, "CRM_UI:userId:77 at 2026-11-20T13:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			w, b, r, p := setup(t)
			if c.spoil != nil {
				c.spoil(b, p)
			}
			d := c.d(p)
			d.Portal, d.Proposal = 7, p.ID
			_, err := r.Decide(t.Context(), d)
			if !errors.Is(err, c.want) || c.want != nil && !strings.Contains(err.Error(), c.says) {
				t.Fatalf("%v, want %v with %q", err, c.want, c.says)
			}
			pending := 0
			for _, x := range w.proposals[p.ID].Changes {
				if x.State == crm.Pending {
					pending++
				}
			}
			if c.want != nil && pending != 3 {
				t.Errorf("%d pending after a refusal", pending)
			}
			if again := len(b.again.marks) > 0; again != (name == "a person was faster") {
				t.Errorf("considered again: %v", b.again.marks)
			}
			if c.want == nil && pending == 3 {
				t.Error("nothing was decided")
			}
		})
	}
	_, _, r, p := setup(t)
	if _, err := r.Decide(t.Context(), Decision{Portal: 8, Proposal: p.ID, Approve: true}); !errors.Is(err, crm.ErrNotFound) {
		t.Errorf("another portal's decision: %v", err)
	}
}
