package modeltest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/contextd/contextd/internal/model"
)

// Anthropic stands in for Anthropic's API, with a window of that many tokens.
func Anthropic(window int) Protocol {
	return Protocol{
		Path: "/v1/messages",
		Rest: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if !strings.HasSuffix(r.URL.Path, "/v1/models/"+AnthropicModel) {
				w.WriteHeader(http.StatusNotFound)
				fmt.Fprint(w, AnthropicError("model: unknown", "not_found_error", ""))
				return
			}
			fmt.Fprintf(w, `{"type":"model","id":%q,"display_name":"Claude","created_at":"2026-01-01T00:00:00Z","max_input_tokens":%d,"max_tokens":64000}`, AnthropicModel, window)
		},
		Reply: func(text string, finish model.Finish) string {
			return AnthropicReply(text, map[model.Finish]string{model.Stop: "end_turn", model.Length: "max_tokens", model.Refusal: "refusal"}[finish], 0, 9)
		},
		Error:  func(message string) string { return AnthropicError(message, "", "") },
		InGood: AnthropicError("Overloaded", "overloaded_error", ""),
		Takes:  strictKeywords,
		Asks: func(body []byte) (string, json.RawMessage, error) {
			var ask struct {
				Messages []struct{ Content []struct{ Text string } }
				Config   struct {
					Format struct{ Schema json.RawMessage }
				} `json:"output_config"`
			}
			if err := json.Unmarshal(body, &ask); err != nil || len(ask.Messages) != 1 || len(ask.Messages[0].Content) != 1 {
				return "", nil, fmt.Errorf("no message: %w", err)
			}
			return schemaOf(ask.Config.Format.Schema, ask.Messages[0].Content[0].Text)
		},
	}
}

// AnthropicModel is the model that the Anthropic stand-in has.
const AnthropicModel = "claude-sonnet-4-6"

// AnthropicReply is a message with one text.
func AnthropicReply(text, reason string, in, out int) string {
	return encode(map[string]any{"id": "msg_1", "type": "message", "role": "assistant", "model": AnthropicModel, "content": []any{map[string]string{"type": "text", "text": text}},
		"stop_reason": reason, "stop_sequence": nil, "usage": map[string]any{"input_tokens": in, "output_tokens": out, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}})
}

// AnthropicError is an error body; code "" has no details.
func AnthropicError(message, kind, code string) string {
	e := map[string]any{"type": kind, "message": message}
	if code != "" {
		e["details"] = map[string]string{"error_code": code}
	}
	return encode(map[string]any{"type": "error", "error": e, "request_id": "req_17"})
}
