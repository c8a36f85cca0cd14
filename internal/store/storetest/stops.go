package storetest

import (
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

func stops(w *world) {
	e, _ := w.applying("p1")
	_ = e // an open effect that waits
	w.no(w.Stopped(portal))
	w.is(w.Resume(w.ctx, portal, ann), crm.ErrNotFound)
	w.no(w.Stop(w.ctx, portal, "too many mistakes", ann))
	w.no(w.Stop(w.ctx, portal, "again", ann))
	w.reopen()
	err := w.Stopped(portal)
	w.is(err, crm.ErrStopped)
	if text := err.Error(); !strings.Contains(text, ann.String()) || !strings.Contains(text, "too many mistakes") {
		w.Errorf("a stop says %q", text)
	}
	w.no(w.Stopped(portal + 1))
	w.no(w.Stop(w.ctx, 0, "all of them", ann))
	w.is(w.Stopped(portal+1), crm.ErrStopped)
	same(w, "stops", len(w.Stops()), 2)
	w.no(w.Resume(w.ctx, portal, ann))
	w.is(w.Stopped(portal), crm.ErrStopped)
	w.no(w.Resume(w.ctx, 0, ann))
	w.no(w.Stopped(portal))
	entries, _, err := w.AuditEntries(w.ctx, portal, "", "", 10)
	w.no(err)
	var actions []string
	for _, a := range entries[:4] {
		actions = append(actions, a.Action)
	}
	same(w, "audited", strings.Join(actions, " "), "writing.resumed writing.resumed writing.stopped writing.stopped")
}
