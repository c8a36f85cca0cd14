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

// A generation whose embedder is configured no more and wants a key is stale, so that a new one can be made; the configured one keeps its own kind of error.
func TestAnEmbedderThatIsConfiguredNoMoreIsGoneWithItsKey(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer sesame":
			http.Error(w, `{"error":{"message":"no key"}}`, http.StatusUnauthorized)
		case strings.HasSuffix(r.URL.Path, "/models"):
			fmt.Fprint(w, `{"data":[]}`)
		default:
			fmt.Fprint(w, `{"data":[{"index":0,"embedding":[0.6,0.8]}]}`)
		}
	}))
	t.Cleanup(s.Close)
	was := Config{Embedder: EmbedderConfig{Provider: "openai", Model: "m", BaseURL: s.URL + "/v1", APIKey: "sesame"}}
	description := embedderOf(was).describe()
	if _, err := embedders(Config{Embedder: EmbedderConfig{Provider: "builtin"}})(t.Context(), description); !errors.Is(err, crm.ErrNotFound) || errors.Is(err, crm.ErrForbidden) {
		t.Errorf("another provider: error %v, want not found alone", err)
	}
	moved := was
	moved.Embedder.BaseURL = s.URL + "/openai/v1"
	if _, err := embedders(moved)(t.Context(), description); err != nil {
		t.Errorf("another path on the same server: %v", err)
	}
	was.Embedder.APIKey = "wrong"
	if _, err := embedders(was)(t.Context(), description); !errors.Is(err, crm.ErrForbidden) || errors.Is(err, crm.ErrNotFound) {
		t.Errorf("the configured one with a wrong key: error %v, want forbidden", err)
	}
}
