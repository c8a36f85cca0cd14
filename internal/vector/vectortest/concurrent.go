package vectortest

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

// concurrent lets four writers replace, move and put profiles while four readers ask in all ways. What the last round wrote is what all ways find in the end.
func concurrent(t *testing.T, s *space) {
	ctx, x := t.Context(), s.x
	var wg sync.WaitGroup
	failed := func(err error) bool {
		if err != nil {
			t.Error(err)
		}
		return err != nil
	}
	for w := range 4 {
		wg.Go(func() {
			for i := range 15 {
				k := activity(note(w), 1+i%4, start, acme)
				for range k.Chunks {
					k.Terms = append(k.Terms, crm.CountTerms(strings.Fields(fmt.Sprint("renew round", i))))
				}
				if failed(x.Replace(ctx, []crm.Kept{k})) || failed(x.Relink(ctx, note(w), []crm.Ref{acme, bolt}, []crm.Ref{ann})) ||
					failed(x.PutProfiles(ctx, []crm.Profile{{Account: company(w), Vector: vector(Dim, uint64(i))}})) {
					return
				}
			}
		})
		wg.Go(func() {
			for range 25 {
				_, err := x.Nearest(ctx, vector(Dim, 1), crm.ItemView, in(acme), 5)
				_, err2 := x.Match(ctx, []string{"renew"}, wide(1), 5)
				_, err3 := x.NearProfiles(ctx, vector(Dim, 1), crm.ProfileFilter{Portal: 1}, 5)
				_, err4 := x.Nearest(ctx, vector(Dim, 1), crm.ItemView, wide(1), 5)
				if failed(err) || failed(err2) || failed(err3) || failed(err4) {
					return
				}
			}
		})
	}
	wg.Wait()
	for _, f := range []crm.Filter{in(acme), in(bolt), wide(1), {Portal: 1, Account: acme, People: []crm.Ref{ann}}} { // the last round leaves 1+14%4 = 3 chunks of each
		if near, counted, matched := len(nearest(t, x, f, 100)), count(t, x, f), len(match(t, x, "round14", f, 100)); near != 12 || counted != 12 || matched != 12 {
			t.Errorf("after all writers are done %+v has %d near, %d counted, %d matched, want 12: a cache is stale or a write was lost", f, near, counted, matched)
		}
	}
	if hits := match(t, x, "round13", wide(1), 100); len(hits) > 0 {
		t.Errorf("words of an earlier round: %v", hits)
	}
}
