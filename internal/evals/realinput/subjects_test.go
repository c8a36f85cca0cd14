package realinput

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/contextd/contextd/internal/evals/proctest"
)

// object is one object of the simulated HubSpot. Path is "type/id"; Name is a deal's, which is its account's in a loaded set, and "" for other types.
type object struct{ Path, Name string }

// objects lists everything of a type, in HubSpot's order.
func objects(t *testing.T, s *proctest.Sim, typ string) (all []object) {
	t.Helper()
	for after := ""; ; {
		query := url.Values{"limit": {"100"}, "properties": {"dealname"}}
		if after != "" {
			query.Set("after", after)
		}
		var page struct {
			Results []struct {
				ID         string            `json:"id"`
				Properties map[string]string `json:"properties"`
			} `json:"results"`
			Paging struct {
				Next struct {
					After string `json:"after"`
				} `json:"next"`
			} `json:"paging"`
		}
		if err := proctest.Call(t.Context(), http.MethodGet, s.BaseURL+"/crm/objects/2026-09/"+typ+"?"+query.Encode(), s.Token, nil, &page); err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Results {
			all = append(all, object{typ + "/" + r.ID, r.Properties["dealname"]})
		}
		if after = page.Paging.Next.After; after == "" {
			return all
		}
	}
}

// spread picks n of all at even distances, all of them when there are no more: a set's first accounts are not like its last ones.
func spread(all []object, n int) []object {
	if len(all) <= n {
		return all
	}
	out := make([]object, n)
	for i := range out {
		out[i] = all[i*len(all)/n]
	}
	return out
}
