package storetest

import (
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// calibrationKept: state, fits and audit entries are kept together or not at all, and whoever read an older state changes nothing.
func calibrationKept(w *world) {
	c, err := w.Calibration(w.ctx, portal, "call_summary", "note")
	w.no(err)
	same(w, "nothing yet", c, crm.Calibration{Portal: portal, Workflow: "call_summary", Field: "note"})
	entry := func(action string) []crm.AuditEntry {
		return []crm.AuditEntry{{Action: action, Actors: []crm.Actor{ann}, IDs: map[string]string{"workflow": "call_summary"}}}
	}
	fit := func(version int) []crm.CalibrationFit {
		return []crm.CalibrationFit{{Version: version, At: w.clock.now(), Body: `{"v":1}`}}
	}
	c.State = `{"live":1}`
	w.no(w.KeepCalibration(w.ctx, c, fit(1), entry("calibration.fitted")))
	w.is(w.KeepCalibration(w.ctx, c, fit(2), entry("calibration.late")), crm.ErrConflict) // of somebody who read before
	w.reopen()
	c, err = w.Calibration(w.ctx, portal, "call_summary", "note")
	w.no(err)
	if c.Rev != 1 || c.State != `{"live":1}` || c.At.IsZero() {
		w.Fatalf("%+v", c)
	}
	if err := w.KeepCalibration(w.ctx, c, fit(1), entry("calibration.twice")); err == nil {
		w.Fatal("a version is made twice")
	}
	w.no(w.KeepCalibration(w.ctx, c, fit(2), entry("calibration.closed")))
	fits, err := w.Fits(w.ctx, portal, "call_summary", "note")
	w.no(err)
	if len(fits) != 2 || fits[0].Version != 1 || fits[1].Body != `{"v":1}` {
		w.Fatalf("%+v", fits)
	}
	_, err = w.Fit(w.ctx, portal, "call_summary", "note", 2)
	w.no(err)
	_, err = w.Fit(w.ctx, portal, "call_summary", "note", 3)
	w.is(err, crm.ErrNotFound)
	for p, n := range map[crm.PortalID]int{portal: 1, portal + 1: 0} {
		all, err := w.Calibrations(w.ctx, p)
		w.no(err)
		same(w, "fields", len(all), n)
	}
	entries, _, err := w.AuditEntries(w.ctx, portal, "", "", 100)
	w.no(err)
	actions := map[string]int{}
	for _, e := range entries {
		actions[e.Action]++
	}
	if actions["calibration.fitted"] != 1 || actions["calibration.closed"] != 1 || len(actions) != 2 {
		w.Fatalf("audited: %v", actions)
	}
}

// calibrationCaused: each decision has its field calibrated, and automatic writes are told with what was undone of them.
func calibrationCaused(w *world) {
	start := w.clock.now()
	p := w.propose(proposal("p1", crm.Review, crm.Apply))
	alone := func(field string, since time.Time) []bool {
		writes, err := w.WrittenAloneSince(w.ctx, portal, "call_summary", field, since, time.Time{})
		w.no(err)
		out := make([]bool, len(writes))
		for i, x := range writes {
			out[i] = x.Undone
			rest, err := w.WrittenAloneSince(w.ctx, portal, "call_summary", field, since, x.At)
			w.no(err)
			same(w, "read back later", len(rest), len(writes)-1-i)
		}
		return out
	}
	same(w, "written before it is", len(alone("ai_1", start)), 0)
	w.written()
	_, err := w.Decide(w.ctx, crm.Decision{Portal: portal, Proposal: p.ID, Approve: true, Actor: ann, Seen: w.suggestion(p.ID).ETag()})
	w.no(err)
	w.written()
	row, err := w.Row(w.ctx, portal, crm.CalibrateWork, crm.CalibrateKey("call_summary", "ai_0"))
	w.no(err)
	same(w, "work", row.State, "ready")
	if got := alone("ai_1", start); len(got) != 1 || got[0] {
		w.Fatalf("written alone: %v", got)
	}
	same(w, "approved by a person", len(alone("ai_0", start)), 0)
	same(w, "since later", len(alone("ai_1", w.clock.now().Add(time.Hour))), 0)
	_, err = w.Undo(w.ctx, portal, p.ID, []string{"c1"}, ann, w.suggestion(p.ID).ETag())
	w.no(err)
	if got := alone("ai_1", start); len(got) != 1 || !got[0] {
		w.Fatalf("after undoing it: %v", got)
	}
	outcomes, _, err := w.Outcomes(w.ctx, portal, "call_summary", 0, 10)
	w.no(err)
	if len(outcomes) != 2 || outcomes[0].Seq <= 0 || outcomes[1].Seq <= outcomes[0].Seq {
		w.Fatalf("outcomes have no places: %+v", outcomes)
	}
	before := func(at time.Time, limit int) []crm.Outcome {
		all, err := w.DecidedBefore(w.ctx, portal, "call_summary", at, limit)
		w.no(err)
		return all
	}
	if got := before(w.clock.now().Add(time.Hour), 10); len(got) != 2 || got[0].Seq != outcomes[1].Seq || got[1].Decision != outcomes[0].Decision || got[1].Features["version"] != outcomes[0].Features["version"] {
		w.Fatalf("newest first: %+v", got)
	}
	if got := before(w.clock.now().Add(time.Hour), 1); len(got) != 1 || got[0].Seq != outcomes[1].Seq {
		w.Fatalf("the newest one: %+v", got)
	}
	same(w, "decided before all of it", len(before(outcomes[0].At, 10)), 0)
	others, err := w.DecidedBefore(w.ctx, portal+1, "call_summary", w.clock.now().Add(time.Hour), 10)
	w.no(err)
	same(w, "decided in another portal", len(others), 0)
}

// written settles every effect that waits.
func (w *world) written() {
	w.Helper()
	for _, c := range w.claims(crm.ApplyWork, 10) {
		e, err := w.Effect(w.ctx, portal, c.Key)
		w.no(err)
		e.Fence, e.Deadline = c.Fence, w.clock.now().Add(10*time.Second)
		w.no(w.Begin(w.ctx, e))
		e.State = crm.EffectVerified
		w.no(w.Settle(w.ctx, e, crm.Receipt{Object: e.Change.Target, After: e.Change.After}))
		w.finish(c)
	}
}
