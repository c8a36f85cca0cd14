package redact

import (
	"context"
	"slices"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

// heard is an embedder that keeps what it is sent.
type heard struct{ texts []string }

func (*heard) Name() string        { return "test/heard" }
func (*heard) Fingerprint() string { return "heard@1" }
func (*heard) Dimension() int      { return 1 }
func (*heard) Windows() bool       { return false }
func (h *heard) Embed(_ context.Context, _ crm.EmbedKind, texts []string) ([][]float32, crm.Usage, error) {
	h.texts = append(h.texts, texts...)
	return make([][]float32, len(texts)), crm.Usage{InputTokens: 3}, nil
}

func TestEmbedderMasks(t *testing.T) {
	f := New(Usual(), []string{"Falcon"})
	h := &heard{}
	e := Embedder{Embedding: h, Finder: f, Signature: f.Signature()}
	texts := []string{"Falcon: ada@example.com, call +49 30 901820", "nothing here, [mail-1]"}
	vectors, use, err := e.Embed(t.Context(), crm.EmbedDocument, texts)
	if err != nil || len(vectors) != 2 || use.InputTokens != 3 || !slices.Equal(h.texts, []string{"[term]: [mail], call [phone]", "nothing here, [mail-1]"}) {
		t.Errorf("%v %v %v: sent %q", vectors, use, err, h.texts)
	}
	if texts[0] != "Falcon: ada@example.com, call +49 30 901820" {
		t.Error("the caller's texts have changed")
	}
	if e.Fingerprint() == h.Fingerprint() || e.Fingerprint() != (Embedder{Embedding: h, Finder: f, Signature: f.Signature()}).Fingerprint() {
		t.Errorf("fingerprint %s", e.Fingerprint())
	}
	// what is sent follows the settings of today, the fingerprint what the index was made with
	h.texts = nil
	old := Embedder{Embedding: h, Finder: f}
	if _, _, err := old.Embed(t.Context(), crm.EmbedQuery, texts[:1]); err != nil || old.Fingerprint() != "heard@1" || h.texts[0] != "[term]: [mail], call [phone]" {
		t.Errorf("%s, sent %q (%v)", old.Fingerprint(), h.texts, err)
	}
	h.texts = nil
	off := Embedder{Embedding: h, Signature: f.Signature()}
	if _, _, err := off.Embed(t.Context(), crm.EmbedQuery, texts[:1]); err != nil || off.Fingerprint() != e.Fingerprint() || h.texts[0] != texts[0] {
		t.Errorf("%s, sent %q (%v)", off.Fingerprint(), h.texts, err)
	}
}
