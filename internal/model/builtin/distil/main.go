// Command distil makes the word vectors that the built-in embedder ships with: it has a sentence transformer, served by Ollama, embed single words and then texts of
// chance made of these words, and keeps of that what a sum of words can carry. It reads no other text, so nothing is learned from anybody's data. The same server and
// model give the same file.
//
//	go run ./internal/model/builtin/distil -out internal/model/builtin/words.bin -server http://127.0.0.1:11434 -model all-minilm
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model/builtin"
	"github.com/contextd/contextd/internal/model/ollama"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt) // the root of a program
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		panic(err) // exits belong to the product; a tool for its developers may fail loudly
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f := flag.NewFlagSet("distil", flag.ContinueOnError)
	f.SetOutput(stderr)
	out := f.String("out", "", "the file to write")
	server := f.String("server", "", "base URL of the Ollama server")
	name := f.String("model", "all-minilm", "the sentence transformer, one with a vocabulary of word pieces")
	most := f.Int("words", 23_800, "how many words")
	near := f.Int("neighbours", 22, "how many neighbours a word has at most")
	texts := f.Int("texts", 40_000, "how many texts of chance the words learn from")
	threads := f.Int("threads", 0, "threads of the server; 1 beside other work")
	if err := f.Parse(args); err != nil {
		return err
	}
	if *out == "" {
		return errors.New("-out FILE is missing")
	}
	e, err := ollama.Open(ctx, ollama.Options{BaseURL: *server, Model: *name, Threads: *threads, Batch: 128})
	if err != nil {
		return err
	}
	defer e.Close()
	words, err := choose(e.Vocabulary(), extra, *most)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%d words, from %s\n", len(words), e.Fingerprint())
	file, err := distil(ctx, e, words, *texts, *near, stdout)
	if err != nil {
		return err
	}
	b, err := file.Encode()
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%d bytes, %d neighbours\n", len(b), count(file.Neighbours))
	return os.WriteFile(*out, b, 0o644)
}

// distil asks the teacher twice, about the words and about texts made of them.
func distil(ctx context.Context, e *ollama.Embedder, words []word, texts, near int, stdout io.Writer) (builtin.WordFile, error) {
	single := make([]string, len(words))
	for i, w := range words {
		single[i] = w.text
	}
	taught, err := ask(ctx, e, single, stdout)
	if err != nil {
		return builtin.WordFile{}, fmt.Errorf("words: %w", err)
	}
	vectors := begin(words, taught)
	drawn := bags(words, topics(vectors), texts)
	written := make([]string, len(drawn))
	for i, b := range drawn {
		written[i] = b.text(words)
	}
	if taught, err = ask(ctx, e, written, stdout); err != nil {
		return builtin.WordFile{}, fmt.Errorf("texts of chance: %w", err)
	}
	targets := centre(taught)
	for _, t := range targets {
		scale(t, 1/norm(t))
	}
	kept := len(drawn) / 40 // not learned from
	fmt.Fprintf(stdout, "cosine with the teacher on %d texts not learned from: %.3f before", kept, agreement(vectors, drawn[:kept], targets))
	fit(vectors, drawn[kept:], targets[kept:])
	fmt.Fprintf(stdout, ", %.3f after\n", agreement(vectors, drawn[:kept], targets))
	return reduce(words, vectors, near), nil
}

// topics are each word's 40 nearest.
func topics(vectors [][]float64) [][]int {
	directions := make([][]float32, len(vectors))
	for i, v := range vectors {
		directions[i] = float32s(v, 1/norm(v))
	}
	out := make([][]int, len(vectors))
	for i, list := range neighbours(directions, 40) {
		for _, n := range list {
			out[i] = append(out[i], n.word)
		}
	}
	return out
}

// ask embeds texts, with a line about the progress now and then.
func ask(ctx context.Context, e *ollama.Embedder, texts []string, stdout io.Writer) ([][]float32, error) {
	const batch = 2048
	var out [][]float32
	for from := 0; from < len(texts); from += batch {
		v, _, err := e.Embed(ctx, crm.EmbedDocument, texts[from:min(from+batch, len(texts))])
		if err != nil {
			return nil, err
		}
		out = append(out, v...)
		fmt.Fprintf(stdout, "%d of %d embedded\n", len(out), len(texts))
	}
	return out, nil
}

func count(lists [][]crm.WordNeighbour) (n int) {
	for _, l := range lists {
		n += len(l)
	}
	return n
}
