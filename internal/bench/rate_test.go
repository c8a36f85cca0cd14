package bench

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/model/ollama"
)

// paced is an embedding server of a known rate: it works on one text after the other, each in its time, and is idle while no request waits.
type paced struct {
	*httptest.Server
	each time.Duration

	mu    sync.Mutex
	free  time.Time // when it has done all that it was given
	texts int
}

const pacedDimension = 384

func newPaced(b *testing.B, rate int) *paced {
	p := &paced{each: time.Second / time.Duration(rate)}
	one := "[" + strings.TrimSuffix(strings.Repeat("0.0510,", pacedDimension), ",") + "]"
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/tags", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"models":[{"name":"paced:latest","digest":"4b32c9de7c46"}]}`)
	})
	mux.HandleFunc("POST /api/show", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"model_info":{"general.architecture":"llama","llama.context_length":8192,"tokenizer.ggml.model":"llama"}}`)
	})
	mux.HandleFunc("POST /api/embed", func(w http.ResponseWriter, r *http.Request) {
		var ask struct{ Input []string }
		if err := json.NewDecoder(r.Body).Decode(&ask); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		p.work(len(ask.Input))
		vectors := strings.TrimSuffix(strings.Repeat(one+",", len(ask.Input)), ",")
		fmt.Fprintf(w, `{"model":"paced","embeddings":[%s]}`, vectors)
	})
	p.Server = httptest.NewServer(mux)
	b.Cleanup(p.Close)
	return p
}

// work returns when the texts are done.
func (p *paced) work(n int) {
	p.mu.Lock()
	if now := time.Now(); p.free.Before(now) {
		p.free = now
	}
	p.free = p.free.Add(time.Duration(n) * p.each)
	p.texts += n
	done := time.NewTimer(time.Until(p.free))
	p.mu.Unlock()
	<-done.C
}

// BenchmarkIndexAtARate: indexing with a server that embeds so many texts a second takes hardly longer than the server needs, for its queue is never empty.
func BenchmarkIndexAtARate(b *testing.B) {
	for _, c := range []struct{ rate, companies int }{{50, 6}, {500, 40}, {5000, 300}} {
		w := newWorld(1, c.companies, 12, 8)
		texts := 0
		got, unsound := alternate(b, true, func() float64 {
			p := newPaced(b, c.rate)
			e, err := ollama.Open(b.Context(), ollama.Options{BaseURL: p.URL, Model: "paced"})
			if err != nil {
				b.Fatal(err)
			}
			x := openIndexOf(b, w, e)
			p.texts = 0 // those of the start do not count
			seconds := took(x.all)
			texts = p.texts
			x.close()
			e.Close()
			p.Close()
			return float64(texts) / float64(c.rate) / seconds
		})
		measured.add(b, goal{name: fmt.Sprintf("I1 index at %d/s", c.rate), limit: 0.95, what: "rate of indexing / rate of an embedding server on this machine: durable and searchable, 8 workers, batches of 32",
			unsound: unsound, ratios: got, note: fmt.Sprintf("%d texts", texts)})
	}
}
