package modeltest

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/contextd/contextd/internal/model"
)

// Ollama stands in for an Ollama server that has the models OllamaModel, with a window of that many tokens, and others; as version 0.6.5 was seen to answer and the
// sources of 0.17.4 have it.
func Ollama(window int) Protocol {
	return Protocol{
		Path: "/api/chat",
		Rest: func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/api/tags":
				fmt.Fprintf(w, `{"models":[{"name":"other:latest","digest":"ffff"},{"name":%q,"digest":"4b32c9de7c465b8711c2c3144dab6e98"}]}`, OllamaModel)
			case "/api/show":
				fmt.Fprintf(w, `{"model_info":{"general.architecture":"qwen3","qwen3.context_length":%d},"capabilities":["completion","thinking"]}`, window)
			default:
				http.NotFound(w, r)
			}
		},
		Reply:  func(text string, finish model.Finish) string { return OllamaReply(text, string(finish), 0, 9) },
		Error:  func(message string) string { return encode(map[string]string{"error": message}) },
		InGood: OllamaReply("{", "", 0, 0) + `{"error":"an error was encountered while running the model"}` + "\n",
		Asks: func(body []byte) (string, json.RawMessage, error) {
			var ask struct {
				Format   json.RawMessage
				Messages []struct{ Content string }
			}
			if err := json.Unmarshal(body, &ask); err != nil || len(ask.Messages) == 0 {
				return "", nil, fmt.Errorf("no chat request: %w", err)
			}
			return schemaOf(ask.Format, ask.Messages[len(ask.Messages)-1].Content)
		},
	}
}

// OllamaModel is the model that the Ollama stand-in can write with.
const OllamaModel = "qwen3:8b"

// OllamaReply is a reply with its counts; reason "" is a part of one that goes on.
func OllamaReply(text, reason string, in, out int) string {
	return encode(map[string]any{"model": OllamaModel, "created_at": "2026-03-02T09:00:00Z", "message": map[string]string{"role": "assistant", "content": text},
		"done": reason != "", "done_reason": reason, "prompt_eval_count": in, "eval_count": out}) + "\n"
}

func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // texts and numbers always encode
	}
	return string(b)
}
