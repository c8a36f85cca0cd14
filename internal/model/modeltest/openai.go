package modeltest

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/contextd/contextd/internal/model"
)

// OpenAI stands in for OpenAI's API, or for a compatible server that lists its window (0: it does not).
func OpenAI(window int) Protocol {
	return Protocol{
		Base: "/v1",
		Path: "/v1/chat/completions",
		Rest: func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/v1/models" {
				http.NotFound(w, r)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"object":"list","data":[{"id":"other","object":"model"},{"id":%q,"object":"model","owned_by":"vllm","max_model_len":%d}]}`, OpenAIModel, window)
		},
		Reply: func(text string, finish model.Finish) string {
			reason, refusal := string(finish), any(nil)
			if finish == model.Refusal {
				reason, refusal = "stop", "I can't help with that."
			}
			return OpenAIReply(text, reason, refusal, 0, 9)
		},
		Error:  func(message string) string { return OpenAIError(message, "invalid_request_error", nil) },
		InGood: OpenAIError("the server behind broke off", "", 502),
		Takes:  strictKeywords,
		Asks: func(body []byte) (string, json.RawMessage, error) {
			var ask struct {
				Messages []struct{ Content string }
				Format   struct {
					Schema struct{ Schema json.RawMessage } `json:"json_schema"`
				} `json:"response_format"`
			}
			if err := json.Unmarshal(body, &ask); err != nil || len(ask.Messages) == 0 {
				return "", nil, fmt.Errorf("no chat request: %w", err)
			}
			return schemaOf(ask.Format.Schema.Schema, ask.Messages[len(ask.Messages)-1].Content)
		},
	}
}

// OpenAIModel is the model that the OpenAI stand-in has.
const OpenAIModel = "gpt-oss-120b"

// OpenAIReply is a chat completion with one choice.
func OpenAIReply(text, reason string, refusal any, in, out int) string {
	return encode(map[string]any{"id": "chatcmpl-1", "object": "chat.completion", "created": 1772442000, "model": OpenAIModel,
		"choices": []any{map[string]any{"index": 0, "finish_reason": reason, "logprobs": nil, "message": map[string]any{"role": "assistant", "content": text, "refusal": refusal}}},
		"usage":   map[string]any{"prompt_tokens": in, "completion_tokens": out, "total_tokens": in + out}})
}

// OpenAIError is an error body; code is a word, a number or nil.
func OpenAIError(message, kind string, code any) string {
	return encode(map[string]any{"error": map[string]any{"message": message, "type": kind, "param": nil, "code": code}})
}
