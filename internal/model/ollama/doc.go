// Package ollama is a local model server as an embedder and as a writer. It owns what the server does not do: it counts tokens before it sends, because the server's runner shortens
// a long text in silence or dies of it; it splits what is too long; it finds the one text in a batch that the server cannot take; and it gives every failure one of
// the product's error kinds. It never retries by itself.
package ollama
