package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

// The key goes to the server that it is configured for, also when its generation is asked again, and to no other.
func TestTheEmbeddersKeyGoesToItsServerOnly(t *testing.T) {
	serve := func(keys *[]string) *httptest.Server {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			*keys = append(*keys, r.Header.Get("Authorization"))
			if strings.HasSuffix(r.URL.Path, "/models") {
				fmt.Fprint(w, `{"data":[]}`)
				return
			}
			var ask struct{ Input []string }
			if err := json.NewDecoder(r.Body).Decode(&ask); err != nil || len(ask.Input) != 1 {
				http.Error(w, "bad request", http.StatusBadRequest)
				return
			}
			fmt.Fprint(w, `{"data":[{"index":0,"embedding":[0.6,0.8]}]}`)
		}))
		t.Cleanup(s.Close)
		return s
	}
	var ours, others []string
	mine, other := serve(&ours), serve(&others)
	cfg := Config{Embedder: EmbedderConfig{Provider: "openai", Model: "m", BaseURL: mine.URL + "/v1", APIKey: "sesame"}}
	make := embedders(cfg)
	description := embedderOf(cfg).describe()
	if strings.Contains(description, "sesame") {
		t.Errorf("the key is kept in %s", description)
	}
	e, err := make(t.Context(), description)
	if err != nil || e.Name() != "openai/m" || e.Dimension() != 2 {
		t.Fatalf("%v, %v", e, err)
	}
	if _, err := make(t.Context(), strings.ReplaceAll(description, mine.URL, other.URL)); err != nil {
		t.Fatal(err)
	}
	if _, err := make(t.Context(), `{"provider":"voyage","model":"m"}`); !errors.Is(err, crm.ErrNotFound) {
		t.Errorf("error %v, want not found", err)
	}
	for _, k := range ours {
		if k != "Bearer sesame" {
			t.Errorf("our server got the key %q", k)
		}
	}
	if got := strings.Join(others, ""); got != "" || len(others) == 0 {
		t.Errorf("another server got %q", got)
	}
}
