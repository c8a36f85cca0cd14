package ollama

import (
	"os"
	"strings"
	"testing"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
	"github.com/contextd/contextd/internal/model/modeltest"
)

// server is the one that CONTEXTD_TEST_OLLAMA names; the script .ci/ollama makes one.
func server(t *testing.T) string {
	t.Helper()
	s := os.Getenv("CONTEXTD_TEST_OLLAMA")
	if s == "" {
		t.Skip("SKIPPED: no real Ollama: set CONTEXTD_TEST_OLLAMA=http://host:port (.ci/ollama serve starts one)")
	}
	return s
}

// real opens all-minilm there, with one thread: other tests may run beside it.
func real(t *testing.T) *Embedder {
	t.Helper()
	e, err := Open(t.Context(), Options{BaseURL: server(t), Model: "all-minilm", Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

func TestSuiteOnARealServer(t *testing.T) {
	modeltest.RunRealEmbedder(t, func(t *testing.T) modeltest.Embedder { return real(t) })
}

// A real small model invents; what it may not do is break the contract.
func TestWriterOnARealServer(t *testing.T) {
	s := server(t)
	modeltest.RunReal(t, func(t *testing.T) model.Completer {
		return writer(t, Options{BaseURL: s, Model: "smollm2", Threads: 1})
	})
}

// Our count must be the server's, in every script, or texts are split in the wrong places and shortened in silence.
func TestTokensAreCountedAsARealServerCountsThem(t *testing.T) {
	e := real(t)
	for _, text := range []string{"price", "We need a price for 140 technicians — by Friday!", "naïve café, Müller's Größe", "antidisestablishmentarianism xqzzkj", "我们需要一百名技术员的价格。", "価格を教えてください",
		"Нам нужна цена.", "price 👍🏽 done 🎉", "a\u00a0b\u200bc\td\r\ne", "€ 48,000.50 (net) = $51k; 10%", "ﬁnal oﬃce №5", "한국어 가격", "e\u0301tude \u0130stanbul", "user@example.com https://example.com/a_b?c=d", strings.Repeat("x", 300)} {
		_, read, err := e.send(t.Context(), []string{text})
		if err != nil {
			t.Fatal(err)
		}
		if got := e.Tokens.Count(text); got != read {
			t.Errorf("%q: counted %d, the server %d", text, got, read)
		}
	}
}

// A fact at the end of a text beyond the window must still be found by it.
func TestTheTailOfALongTextIsRead(t *testing.T) {
	e := real(t)
	filler := strings.Repeat("The lift in the northern depot was inspected again and nothing was wrong with it. ", 60)
	v, _, err := e.Embed(t.Context(), crm.EmbedDocument, []string{filler, filler + strings.Repeat("The renewal price is 48,000 euros. ", 30)})
	if err != nil {
		t.Fatal(err)
	}
	q, _, err := e.Embed(t.Context(), crm.EmbedQuery, []string{"What is the renewal price?"})
	if err != nil {
		t.Fatal(err)
	}
	without, with := dot(q[0], v[0]), dot(q[0], v[1])
	if with < without+.1 {
		t.Errorf("cosine %.3f without the tail, %.3f with it", without, with)
	}
}
