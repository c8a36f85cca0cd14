package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// hub is HubSpot as the applier sees it. Unless unique, it has no protection of its own: a create that is sent twice makes two notes. Faults are taken one per write.
type hub struct {
	now      func() time.Time
	values   map[string]Current
	notes    []hubNote
	writes   int    // property writes that were applied
	keeps    string // what HubSpot makes of every value; "": leaves it alone
	requests int
	relinked int  // requests that only linked
	unlinked bool // notes lack a link until they are written again
	unique   bool // notes and tasks are upserted by their key
	faults   []string
	between  func()                            // happens before the next write arrives
	bin      []hubNote                         // archived
	wrote    func(crm.PastValue) crm.PastValue // how a write of ours is shown; nil: as ours
	known    []string                          // apps that were recognised
	delayed  []func()                          // applied when the clock has moved on by late
	due      time.Time
}

type hubNote struct {
	ref        crm.Ref
	key        string
	properties map[string]string
	changes    map[string][]crm.PastValue // by property, newest first; only what write and edit did
}

// change sets properties and keeps their history.
func (n *hubNote) change(at time.Time, person bool, properties map[string]string) {
	if n.changes == nil {
		n.changes = map[string][]crm.PastValue{}
	}
	for name, value := range properties {
		if value != n.properties[name] || len(n.changes[name]) == 0 {
			n.changes[name] = slices.Insert(n.changes[name], 0, crm.PastValue{Value: value, At: at, ByPerson: person, Source: map[bool]string{true: "CRM_UI:userId:77", false: "INTEGRATION:1"}[person]})
		}
	}
	maps.Copy(n.properties, properties)
}

func (n hubNote) current(property string) Current {
	now := Current{Value: n.properties[property], Changes: n.changes[property]}
	if len(now.Changes) > 0 {
		newest := now.Changes[0]
		now.At, now.ByPerson, now.Source = newest.At, newest.ByPerson, newest.Source
	}
	return now
}

// edit is a person's change of the body of the only note.
func (h *hub) edit(body string) {
	n := &h.notes[0]
	for _, kind := range []crm.ChangeKind{crm.NoteKind, crm.TaskKind} {
		if activityType(crm.Change{Kind: kind}) == n.ref.Type {
			n.change(h.now(), true, map[string]string{bodyProperty(kind): body})
		}
	}
}

func (h *hub) fault() string {
	if len(h.faults) == 0 {
		return ""
	}
	f := h.faults[0]
	h.faults = h.faults[1:]
	return f
}

// settle applies what was on its way and has arrived.
func (h *hub) settle() {
	if len(h.delayed) > 0 && !h.now().Before(h.due) {
		for _, f := range h.delayed {
			f()
		}
		h.delayed = nil
	}
}

func (h *hub) write(apply func()) error {
	h.requests++
	h.settle()
	if f := h.between; f != nil {
		h.between = nil
		f()
	}
	switch f := h.fault(); f {
	case "":
		apply()
		return nil
	case "drop after apply":
		apply()
		return fmt.Errorf("connection reset: %w", crm.ErrUnknown)
	case "drop before apply":
		return fmt.Errorf("connection reset: %w", crm.ErrUnknown)
	case "late":
		h.delayed, h.due = append(h.delayed, apply), h.now().Add(35*time.Second)
		return fmt.Errorf("no reply: %w", crm.ErrUnknown)
	case "odd":
		apply()
		return fmt.Errorf("something nobody has classified")
	case "busy":
		return fmt.Errorf("429: %w", crm.ErrTemporary)
	case "refuse":
		return fmt.Errorf("VALIDATION_ERROR: %w", crm.ErrInvalid)
	case "forbid":
		return fmt.Errorf("missing scope: %w", crm.ErrForbidden)
	case "gone":
		return fmt.Errorf("404: %w", crm.ErrNotFound)
	default:
		panic("unknown fault " + f)
	}
}

func (h *hub) Current(_ context.Context, target crm.Ref, property string) (Current, error) {
	h.settle()
	if i := h.note(target); i >= 0 {
		return h.notes[i].current(property), nil
	}
	now := h.values[target.String()+"/"+property]
	if now.Changes == nil && !now.At.IsZero() {
		now.Changes = []crm.PastValue{{Value: now.Value, At: now.At, ByPerson: now.ByPerson, Source: now.Source}}
	}
	return now, nil
}

func (h *hub) Standing(ctx context.Context, target crm.Ref, properties []string) (map[string]Current, error) {
	out := map[string]Current{}
	for _, p := range properties {
		now, err := h.Current(ctx, target, p)
		if err != nil {
			return nil, err
		}
		out[p] = now
	}
	return out, nil
}

func (h *hub) Archived(_ context.Context, target crm.Ref, properties []string) (map[string]Current, error) {
	i := slices.IndexFunc(h.bin, func(n hubNote) bool { return n.ref == target })
	if i < 0 {
		return nil, fmt.Errorf("%s in the bin: %w", target, crm.ErrNotFound)
	}
	out := map[string]Current{}
	for _, p := range properties {
		out[p] = h.bin[i].current(p)
	}
	return out, nil
}

func (h *hub) Recognise(_ context.Context, _ crm.PortalID, app string) error {
	h.known = append(h.known, app)
	return nil
}

// set changes a property of a record and keeps its history.
func (h *hub) set(place string, c crm.PastValue) {
	old := h.values[place]
	if old.Changes == nil && !old.At.IsZero() {
		old.Changes = []crm.PastValue{{Value: old.Value, At: old.At, ByPerson: old.ByPerson, Source: old.Source}}
	}
	h.values[place] = Current{Value: c.Value, At: c.At, ByPerson: c.ByPerson, Source: c.Source, Changes: slices.Insert(slices.Clone(old.Changes), 0, c)}
}

func (h *hub) note(ref crm.Ref) int {
	return slices.IndexFunc(h.notes, func(n hubNote) bool { return n.ref == ref })
}

func (h *hub) SetProperty(_ context.Context, target crm.Ref, property, value string) error {
	return h.write(func() {
		if i := h.note(target); i >= 0 {
			h.notes[i].change(h.now(), false, map[string]string{property: value})
			return
		}
		if h.writes++; h.keeps != "" {
			value = h.keeps
		}
		c := crm.PastValue{Value: value, At: h.now(), Source: "INTEGRATION:1"}
		if h.wrote != nil {
			c = h.wrote(c)
		}
		h.set(target.String()+"/"+property, c)
	})
}

func (h *hub) UpsertActivity(_ context.Context, portal crm.PortalID, typ crm.ObjectType, key string, properties map[string]string, _ []crm.Ref) (crm.Ref, error) {
	var ref crm.Ref
	err := h.write(func() {
		if h.keeps != "" {
			properties = map[string]string{bodyProperty(crm.NoteKind): h.keeps}
		}
		if i := slices.IndexFunc(h.notes, func(n hubNote) bool { return h.unique && n.key == key }); i >= 0 {
			ref, h.unlinked = h.notes[i].ref, false
			if len(properties) == 0 {
				h.relinked++
			}
			h.notes[i].change(h.now(), false, properties)
			return
		}
		ref = crm.Ref{Portal: portal, Type: typ, ID: fmt.Sprint(len(h.notes) + len(h.bin) + 1)}
		n := hubNote{ref: ref, key: key, properties: map[string]string{}}
		n.change(h.now(), false, properties)
		h.notes = append(h.notes, n)
	})
	return ref, err
}

func (h *hub) ArchiveActivity(_ context.Context, ref crm.Ref, key string) error {
	return h.write(func() {
		h.notes = slices.DeleteFunc(h.notes, func(n hubNote) bool {
			gone := n.ref == ref && n.key == key
			if gone {
				h.bin = append(h.bin, n)
			}
			return gone
		})
	})
}

func (h *hub) UniqueKeys(context.Context, crm.PortalID, crm.ObjectType) (bool, error) {
	return h.unique, nil
}

func (h *hub) FindActivity(_ context.Context, portal crm.PortalID, typ crm.ObjectType, key string, _ []crm.Ref) (crm.Ref, map[string]string, error) {
	h.settle()
	i := slices.IndexFunc(h.notes, func(n hubNote) bool { return n.key == key && n.ref.Type == typ && n.ref.Portal == portal })
	if i < 0 {
		return crm.Ref{}, nil, fmt.Errorf("note %s: %w", key, crm.ErrNotFound)
	}
	if h.unlinked && h.writes == 0 {
		return h.notes[i].ref, h.notes[i].properties, fmt.Errorf("note %s is not linked: %w", key, crm.ErrNotFound)
	}
	return h.notes[i].ref, h.notes[i].properties, nil
}

// outbox is the store's side of one effect, with its fence.
type outbox struct {
	e         crm.Effect
	newer     bool     // a later decision writes to the same place
	newerSent bool     // and has done so
	sent      []string // before this effect
	receipts  []crm.Receipt
	settles   []crm.EffectState
}

func (o *outbox) Effect(_ context.Context, portal crm.PortalID, id string) (crm.Effect, error) {
	if o.e.Portal != portal || o.e.ID != id {
		return crm.Effect{}, crm.ErrNotFound
	}
	return o.e, nil
}

func (o *outbox) Newer(context.Context, crm.Effect) (found, sent bool, err error) {
	return o.newer || o.newerSent, o.newerSent, nil
}

func (o *outbox) Sent(context.Context, crm.Effect) ([]string, error) { return o.sent, nil }

func (o *outbox) Begin(_ context.Context, e crm.Effect) error {
	if e.Fence < o.e.Fence {
		return fmt.Errorf("fence: %w", crm.ErrConflict)
	}
	o.e.State, o.e.Fence, o.e.Deadline, o.e.Attempts = crm.EffectSending, e.Fence, e.Deadline, o.e.Attempts+1
	if !e.Object.IsZero() {
		o.e.Object = e.Object
	}
	return nil
}

func (o *outbox) Settle(_ context.Context, e crm.Effect, r crm.Receipt) error {
	if e.Fence < o.e.Fence {
		return fmt.Errorf("fence: %w", crm.ErrConflict)
	}
	deadline := e.Deadline
	o.e.State, o.e.Fence, o.e.LastError, o.e.Object, o.e.Deadline = e.State, e.Fence, e.LastError, e.Object, deadline
	o.receipts, o.settles = append(o.receipts, r), append(o.settles, e.State)
	return nil
}

func (o *outbox) Looked(_ context.Context, e crm.Effect) error {
	if e.Fence < o.e.Fence || o.e.Deadline.IsZero() || o.e.State == crm.EffectSending || o.e.State == crm.EffectUnknown {
		return fmt.Errorf("looked at %s: %w", o.e.State, crm.ErrConflict)
	}
	o.e.Fence, o.e.Deadline = e.Fence, time.Time{}
	return nil
}
