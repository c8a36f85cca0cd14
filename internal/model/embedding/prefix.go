package embedding

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// Prefixes are put before texts, because some models were trained to tell questions from documents by them.
type Prefixes struct {
	Query, Document string
}

// Hash names the prefixes in a fingerprint.
func (p Prefixes) Hash() string {
	sum := sha256.Sum256([]byte(p.Query + "\x00" + p.Document))
	return hex.EncodeToString(sum[:4])
}

func (p Prefixes) of(kind crm.EmbedKind) string {
	if kind == crm.EmbedQuery {
		return p.Query
	}
	return p.Document
}

// families are the beginnings of model names and their prefixes, as the models' cards on Hugging Face give them; the first that fits counts. all-minilm, bge-m3 and
// paraphrase models have none.
var families = []struct {
	name string
	Prefixes
}{
	{"nomic-embed-text", Prefixes{"search_query: ", "search_document: "}},
	{"bge-m3", Prefixes{}},
	{"bge-", Prefixes{"Represent this sentence for searching relevant passages: ", ""}},
	{"mxbai-embed", Prefixes{"Represent this sentence for searching relevant passages: ", ""}},
	{"snowflake-arctic-embed2", Prefixes{"query: ", ""}},
	{"snowflake-arctic-embed", Prefixes{"Represent this sentence for searching relevant passages: ", ""}},
	{"e5-", Prefixes{"query: ", "passage: "}},
	{"multilingual-e5", Prefixes{"query: ", "passage: "}},
	{"embeddinggemma", Prefixes{"task: search result | query: ", "title: none | text: "}},
	{"qwen3-embedding", Prefixes{"Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:", ""}},
}

// PrefixesOf finds a model's prefixes by its name without registry, namespace and tag.
func PrefixesOf(model string) Prefixes {
	name := strings.ToLower(Bare(model))
	for _, f := range families {
		if strings.HasPrefix(name, f.name) {
			return f.Prefixes
		}
	}
	return Prefixes{}
}

// Bare is a model's name without registry, namespace and tag: all-minilm for library/all-minilm:latest.
func Bare(model string) string {
	name := model[strings.LastIndexByte(model, '/')+1:]
	name, _, _ = strings.Cut(name, ":")
	return name
}
