package engine

import (
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// TestPeopleAreFasterThanOurNotes: whatever a person makes of a note or task of ours between our last look and our write stands in the end, and the change is a conflict.
func TestPeopleAreFasterThanOurNotes(t *testing.T) {
	const old, older = "<p>the second</p>", "<p>the first</p>"
	for name, c := range map[string]struct {
		before, between, after string // what a person writes then; "-": nothing
		blank                  bool   // between, they empty it
		fault                  string
		want                   string
		state                  crm.EffectState
		requests               int
	}{
		"nobody":                          {"-", "-", "-", false, "", "We met & agreed.", crm.EffectVerified, 1},
		"before the write":                {"-", "<p>No, we did not.</p>", "-", false, "", "No, we did not.", crm.EffectConflict, 2},
		"before the write, reply lost":    {"-", "<p>No, we did not.</p>", "-", false, "drop after apply", "No, we did not.", crm.EffectConflict, 2},
		"before the write, never came":    {"-", "<p>No, we did not.</p>", "-", false, "drop before apply", "No, we did not.", crm.EffectConflict, 1},
		"before the write, emptied":       {"-", "", "-", true, "", "", crm.EffectConflict, 2},
		"before the write, one of ours":   {"-", older, "-", false, "", "the first", crm.EffectConflict, 2},
		"before the write, same words":    {"-", "<div>We met &amp; agreed.</div>", "-", false, "", "We met & agreed.", crm.EffectVerified, 1},
		"since the evidence":              {"<p>Mine.</p>", "-", "-", false, "", "Mine.", crm.EffectConflict, 0},
		"since the evidence, one of ours": {older, "-", "-", false, "", "the first", crm.EffectConflict, 0},
		"before and while it is put back": {"-", "<p>No.</p>", "<p>No, really.</p>", false, "", "No, really.", crm.EffectConflict, 3},
	} {
		for _, kind := range []crm.ChangeKind{crm.NoteKind, crm.TaskKind} {
			b := newBench(kind)
			typ := activityType(b.box.e.Change)
			b.hub.unique, b.box.sent = true, []string{old, older}
			n := hubNote{ref: ref(typ, 1), key: "key", properties: map[string]string{"hs_task_status": "NOT_STARTED"}}
			n.change(noon.Add(-3*time.Hour), false, map[string]string{bodyProperty(kind): older})
			n.change(noon.Add(-2*time.Hour), false, map[string]string{bodyProperty(kind): old})
			b.hub.notes = []hubNote{n}
			edit := func(body string) {
				b.clock = b.clock.Add(time.Second)
				b.hub.edit(body)
				b.clock = b.clock.Add(time.Second)
			}
			if c.before != "-" {
				edit(c.before)
			}
			if c.between != "-" {
				b.hub.between = func() {
					if edit(c.between); c.after != "-" {
						b.hub.between = func() { edit(c.after) }
					}
				}
			}
			if c.fault != "" {
				b.hub.faults = []string{c.fault}
			}
			b.drain(t)
			if got := textOf(b.hub.notes[0].properties[bodyProperty(kind)]); got != c.want || b.box.e.State != c.state || len(b.hub.notes) != 1 || b.hub.requests != c.requests {
				t.Errorf("%s, %s: %q (%s: %s) after %d requests, want %q (%s) after %d", kind, name, got, b.box.e.State, b.box.e.LastError, b.hub.requests, c.want, c.state, c.requests)
			}
			if r := b.box.receipts[len(b.box.receipts)-1]; textOf(r.After) != c.want {
				t.Errorf("%s, %s: the receipt says that %q stands there", kind, name, r.After)
			}
		}
	}
}
