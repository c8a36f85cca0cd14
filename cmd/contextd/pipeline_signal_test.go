package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot/hubsim"
	"github.com/contextd/contextd/internal/store"
)

// TestStatusAfterSetup: HubSpot refuses ai_review_status while a portal has no such property; once contextd setup hubspot has made it, the record shows what waits.
func TestStatusAfterSetup(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, nil)
	ctx := t.Context()
	for _, typ := range []string{"contacts", "deals", "companies"} {
		req, err := http.NewRequestWithContext(ctx, http.MethodDelete, p.door+"/crm/properties/v3/"+typ+"/"+crm.ReviewStatus, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+p.s.cfg.HubSpot.Token.Reveal())
		resp, err := http.DefaultClient.Do(req)
		if err != nil || resp.StatusCode != http.StatusNoContent {
			t.Fatal(resp, err)
		}
		resp.Body.Close()
	}
	_, contact, deal := p.account()
	p.create("emails", mailOf(1, question), contact, deal)
	p.settle()
	failed := func() int { return p.audited()["effect.failed"] }
	for deadline := time.Now().Add(20 * time.Second); failed() == 0; p.settle() {
		if _, err := (&signalling{p.s}).once(ctx); err != nil {
			t.Fatal(err)
		}
		if time.Now().After(deadline) {
			t.Fatal("HubSpot takes a property that it does not have")
		}
	}
	waits, _, err := p.s.db.Suggestions(ctx, store.SuggestionFilter{Portal: p.portal(), State: crm.Pending}, "", 1)
	if err != nil || len(waits) == 0 {
		t.Fatal(waits, err)
	}
	record := waits[0].Record
	ready := (&signalling{p.s}).ready(ctx)
	if ready(record) {
		t.Error("it is taken to be ready")
	}
	if _, err := p.s.clients[p.portal()].Setup(ctx, reviewDefinitions(), false); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; p.settle() {
		p.forge("UPDATE signals SET retry_at = 1 WHERE record = ?", record.Path()) // ten minutes later; what HubSpot says of its properties is asked anew after two seconds
		if _, err := (&signalling{p.s}).once(ctx); err != nil {
			t.Fatal(err)
		}
		if got, err := p.hub().Current(ctx, record, crm.ReviewStatus); err == nil && got.Value == crm.ReviewPending {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("what waits is not shown after the set-up")
		}
	}
}
