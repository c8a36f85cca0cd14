package ollama

import (
	"bytes"
	"net/http"
	"strings"

	"github.com/contextd/contextd/internal/model/wire"
)

// Bounds of an answer in bytes: a batch of 32 vectors has under 2 MB, the vocabulary of a large model about 20; a written answer is a few kilobytes.
const (
	largestAnswer = 64 << 20
	largestReply  = 4 << 20
)

// judge finds the server's error; the table is at https://docs.ollama.com/api/errors. An answer that is good by its status may be nothing but an error, or end in one.
func judge(a wire.Answer) *wire.Failure {
	body := bytes.TrimSpace(a.Body)
	if a.Status < http.StatusBadRequest {
		last := body[bytes.LastIndexByte(body, '\n')+1:]
		if !bytes.HasPrefix(last, []byte(`{"error"`)) {
			return nil
		}
		body = last
	}
	f := &wire.Failure{Status: a.Status, Message: wire.Body(body), Kind: wire.KindOf(a.Status)}
	f.TooLong = f.Status == http.StatusBadRequest && exceeds(f.Message)
	return f
}

// exceeds is how servers say that a text has more tokens than the model's window (0.6: "input length exceeds maximum context length"; later: "the input length exceeds
// the context length", "the prompt exceeds the context length").
func exceeds(message string) bool {
	return strings.Contains(message, "exceed") && strings.Contains(message, "context length")
}
