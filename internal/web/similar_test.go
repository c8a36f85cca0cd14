package web_test

import (
	"context"
	"net/http"
	"slices"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

func (w *world) Similar(_ context.Context, q crm.SimilarQuestion) ([]crm.Neighbour, error) {
	w.similar = append(w.similar, q)
	ref := func(t crm.ObjectType, id string) crm.Ref { return crm.Ref{Portal: portal, Type: t, ID: id} }
	return []crm.Neighbour{{Account: ref(crm.Companies, "9"), Name: "Fabrikam", Score: 1.5, Parts: map[string]float64{"words": 1.4}, Outcome: crm.OutcomeWon, Amount: 48000, CycleDays: 60,
		Because: []crm.Likeness{{Account: ref(crm.Companies, "123"), Activity: ref(crm.Calls, "9101"), Version: "v2", Quote: "We renew in March", Start: 7, End: 24, Words: []string{"renew"}}}}}, w.touch()
}

func TestSimilarAccounts(t *testing.T) {
	w := newWorld()
	h := handler(w)
	res := get("/api/v1/records/deals/9/similar?outcomes=won,lost&same_industry=true&min_employees=10&max_employees=500&as_of=2026-06-01T00:00:00Z&limit=3", "viewer").do(t, h)
	mustContain(t, res.Body.String(), `"record":{"type":"companies","id":"9","name":"Fabrikam"}`, `"outcome":"won"`, `"activity":"calls/9101"`, `"quote":"We renew in March"`)
	q := w.similar[0]
	if q.Account.ID != "123" || q.Portal != portal || !slices.Equal(q.Outcomes, []string{"won", "lost"}) || !q.SameIndustry || q.MinEmployees != 10 || q.MaxEmployees != 500 || q.AsOf.IsZero() || q.Limit != 3 {
		t.Errorf("%+v", q)
	}
	for _, bad := range []string{"outcomes=big", "same_size=yes", "min_employees=-1", "limit=51", "as_of=yesterday", "x=1"} {
		if code := get("/api/v1/records/deals/9/similar?"+bad, "viewer").do(t, h).Code; code != http.StatusBadRequest {
			t.Errorf("%s: %d", bad, code)
		}
	}
}
