package web_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/web"
)

func (w *world) Reindex(_ context.Context, r web.Reindex) error {
	w.moved = append(w.moved, fmt.Sprintf("reindex %s changed=%t by %s", r.Portal, r.Changed, r.By.ID))
	return w.touch()
}

func (w *world) BuildGeneration(_ context.Context, by crm.Actor) (crm.Generation, error) {
	w.moved = append(w.moved, "build by "+by.ID)
	return crm.Generation{Name: "g2", Fingerprint: "f2", Dimension: 16, Embedder: `{"provider":"ollama"}`}, w.touch()
}

func (w *world) SwapGeneration(_ context.Context, force bool, by crm.Actor) (web.Replay, error) {
	w.moved = append(w.moved, fmt.Sprintf("swap force=%t by %s", force, by.ID))
	return web.Replay{From: "g1", To: "g2", Known: 10, FromMRR: 0.5, ToMRR: 0.75, Swapped: true}, w.touch()
}

func (w *world) RollBack(_ context.Context, by crm.Actor) (crm.Generation, error) {
	w.moved = append(w.moved, "roll back by "+by.ID)
	return crm.Generation{Name: "g1"}, w.touch()
}

func (w *world) GenerationStates(context.Context, crm.PortalID) ([]web.GenerationState, error) {
	return []web.GenerationState{{Generation: crm.Generation{Name: "g1", Live: true}, State: "live"}, {Generation: crm.Generation{Name: "g2"}, State: "building", Done: 3, Total: 9}}, w.touch()
}

func (w *world) VerifyIndex(_ context.Context, p crm.PortalID, mend bool, by crm.Actor) (web.Verified, error) {
	w.moved = append(w.moved, fmt.Sprintf("verify %s mend=%t by %s", p, mend, by.ID))
	return web.Verified{Same: 7, Missing: 1, Mended: 1}, w.touch()
}

func TestReindexing(t *testing.T) {
	for _, c := range []struct{ path, body, want, answer string }{
		{"/api/v1/reindex", `{}`, "reindex 4711 changed=false by admin", `"state":"queued"`},
		{"/api/v1/reindex", `{"changed_only":true}`, "reindex 4711 changed=true by admin", `"state":"queued"`},
		{"/api/v1/reindex", `{"new_generation":true}`, "build by admin", `"name":"g2"`},
		{"/api/v1/reindex", `{"swap":true,"force":true}`, "swap force=true by admin", `"to_mrr":0.75`},
		{"/api/v1/reindex", `{"rollback":true}`, "roll back by admin", `"name":"g1"`},
		{"/api/v1/index/verify", `{"mend":true}`, "verify 4711 mend=true by admin", `"missing":1`},
	} {
		w := newWorld()
		res := post(c.path, "admin", c.body).do(t, handler(w))
		if res.Code/100 != 2 || len(w.moved) != 1 || w.moved[0] != c.want {
			t.Errorf("%s %s: %d, did %v, want %q", c.path, c.body, res.Code, w.moved, c.want)
		}
		mustContain(t, res.Body.String(), c.answer)
	}
	for _, body := range []string{`{"swap":true,"rollback":true}`, `{"force":true}`, `{"new_generation":true,"changed_only":true}`, `{"now":true}`} {
		w := newWorld()
		if res := post("/api/v1/reindex", "admin", body).do(t, handler(w)); res.Code != http.StatusBadRequest || len(w.moved) > 0 {
			t.Errorf("%s: %d, did %v", body, res.Code, w.moved)
		}
	}
	res := get("/api/v1/reindex", "viewer").do(t, handler(newWorld()))
	mustContain(t, res.Body.String(), `"name":"g2","state":"building"`, `"done":3,"total":9`)
}
