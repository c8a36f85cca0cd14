package builtin

import (
	"testing"

	"github.com/contextd/contextd/internal/model"
	"github.com/contextd/contextd/internal/model/modeltest"
)

func TestWriterPassesTheSuite(t *testing.T) {
	modeltest.Run(t, func(*testing.T) model.Completer { return Writer{} })
}

func TestEmbedderPassesTheSuite(t *testing.T) {
	modeltest.RunEmbedder(t, func(*testing.T) modeltest.Embedder { return Embedder{} })
}

func TestHashPassesTheSuite(t *testing.T) {
	modeltest.RunEmbedder(t, func(*testing.T) modeltest.Embedder { return Hash{} })
}
