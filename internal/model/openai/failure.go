package openai

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/contextd/contextd/internal/model/wire"
)

// stops are the codes (and older types) of errors that no waiting heals, whatever status they come with: https://platform.openai.com/docs/guides/error-codes.
var stops = []string{"credit_balance_exhausted", "organization_spend_limit_exceeded", "project_spend_limit_exceeded", "organization_usage_limit_exceeded", "insufficient_quota",
	"billing_hard_limit_reached", "billing_not_active", "account_deactivated"}

// judge finds the server's error: by its code, then its status. Compatible servers keep the shape and not the codes; gateways send an error of the server behind them
// in a good answer, its status as the code.
func judge(a wire.Answer) *wire.Failure {
	var body struct {
		Error   json.RawMessage   `json:"error"`
		Choices []json.RawMessage `json:"choices"`
	}
	decoded := json.Unmarshal(a.Body, &body) == nil
	if a.Status < http.StatusBadRequest && (!decoded || len(body.Error) == 0 || string(body.Error) == "null" || len(body.Choices) > 0) {
		return nil
	}
	f := &wire.Failure{Status: a.Status, Message: wire.Body(a.Body), RequestID: a.Header.Get("X-Request-Id"), Kind: wire.KindOf(a.Status)}
	var e struct {
		Type string `json:"type"`
		Code any    `json:"code"` // a word, or a gateway's number
	}
	if decoded {
		_ = json.Unmarshal(body.Error, &e) // a text instead of an object: it is the message
	}
	word, _ := e.Code.(string)
	if status, is := e.Code.(float64); is && a.Status < http.StatusBadRequest {
		f.Kind = wire.KindOf(int(status))
	}
	f.Code = word
	if f.Code == "" {
		f.Code = e.Type
	}
	switch {
	case slices.Contains(stops, word), slices.Contains(stops, e.Type):
		f.Kind = wire.Stop
	case word == "context_length_exceeded", e.Type == "exceed_context_size_error", f.Kind == wire.Refuse && exceeds(f.Message):
		f.Kind, f.TooLong = wire.Refuse, true
	case a.Status == http.StatusTooManyRequests && strings.HasPrefix(f.Message, "Request too large"): // for the limit per minute: it never fits
		f.Kind, f.TooLong = wire.Refuse, true
	}
	return f
}

// exceeds is how servers without a code say that there are more tokens than the model's window.
func exceeds(message string) bool {
	m := strings.ToLower(message)
	for _, s := range []string{"context length", "context size", "context window", "maximum input length", "too many tokens", "max_model_len", "less than 512 tokens"} {
		if strings.Contains(m, s) {
			return true
		}
	}
	return false
}
