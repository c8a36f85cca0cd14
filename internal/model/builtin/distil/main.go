// Command distil makes the word vectors that the built-in embedder ships with: it has a sentence transformer, served by Ollama, embed single words, and keeps of that
// what single words can carry. It reads no other text, so nothing is learned from anybody's data. The same server and model give the same file.
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
	teacher, err := ask(ctx, e, words, stdout)
	if err != nil {
		return err
	}
	file := distil(words, teacher, *near)
	b, err := file.Encode()
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%d bytes, %d neighbours\n", len(b), count(file.Neighbours))
	return os.WriteFile(*out, b, 0o644)
}

// ask embeds the words, with a line about the progress now and then.
func ask(ctx context.Context, e *ollama.Embedder, words []word, stdout io.Writer) ([][]float32, error) {
	const batch = 2048
	var out [][]float32
	for from := 0; from < len(words); from += batch {
		some := words[from:min(from+batch, len(words))]
		texts := make([]string, len(some))
		for i, w := range some {
			texts[i] = w.text
		}
		v, _, err := e.Embed(ctx, crm.EmbedDocument, texts)
		if err != nil {
			return nil, fmt.Errorf("embed words %d to %d: %w", from, from+len(some), err)
		}
		out = append(out, v...)
		fmt.Fprintf(stdout, "%d of %d words\n", len(out), len(words))
	}
	return out, nil
}

func count(lists [][]crm.WordNeighbour) (n int) {
	for _, l := range lists {
		n += len(l)
	}
	return n
}
