package openai

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/contextd/contextd/internal/model/wire"
)

// stops are the codes (and older types) of errors that no waiting heals, whatever status they come with: https://platform.openai.com/docs/guides/error-codes.
var stops = []string{"credit_balance_exhausted", "organization_spend_limit_exceeded", "project_spend_limit_exceeded", "organization_usage_limit_exceeded", "insufficient_quota",
	"billing_hard_limit_reached", "billing_not_active", "account_deactivated"}

// inGood are the kinds of errors in a good answer by their code or type, where no status speaks. With a status they say nothing: a wrong key is an invalid_request_error, too.
var inGood = map[string]wire.Kind{
	"authentication_error": wire.Stop, "invalid_api_key": wire.Stop, "permission_error": wire.Stop, "permission_denied": wire.Stop, "billing_error": wire.Stop, "payment_required": wire.Stop,
	"not_found_error": wire.Stop, "model_not_found": wire.Stop, "NotFoundError": wire.Stop, "AuthenticationError": wire.Stop,
	"invalid_request_error": wire.Refuse, "BadRequestError": wire.Refuse, "request_too_large": wire.Refuse, "content_policy_violation": wire.Refuse,
}

// told is an error as servers tell it: the text alone, or an object.
type told struct {
	Type string `json:"type"`
	Code any    `json:"code"` // a word; a gateway's status, as a number or as digits
}

// judge finds the server's error: by its code, then its status. Compatible servers keep the shape and not the codes; gateways send an error of the server behind them
// in a good answer, its status as the code, in place of the choices, beside them or inside one.
func judge(a wire.Answer) *wire.Failure {
	raw, message := errorIn(a.Body)
	good := a.Status < http.StatusBadRequest
	if good && raw == nil {
		return nil
	}
	f := &wire.Failure{Status: a.Status, Message: message, RequestID: a.Header.Get("X-Request-Id"), Kind: wire.KindOf(a.Status)}
	var e told
	_ = json.Unmarshal(raw, &e) // a text instead of an object: it is the message
	word, _ := e.Code.(string)
	status, err := strconv.Atoi(word)
	if n, is := e.Code.(float64); is {
		status, err = int(n), nil
	}
	f.Code = word
	if f.Code == "" {
		f.Code = e.Type
	}
	if good {
		for _, name := range []string{e.Type, word} {
			if k, known := inGood[name]; known {
				f.Kind = k
			}
		}
		if err == nil && status >= http.StatusBadRequest {
			f.Kind = wire.KindOf(status)
		}
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

// errorIn finds the error of a body, nil when there is none, and its message. An object without anything in it, and an empty text, are none.
func errorIn(body []byte) (raw json.RawMessage, message string) {
	var b struct {
		Error   json.RawMessage `json:"error"`
		Choices json.RawMessage `json:"choices"`
	}
	message = wire.Body(body)
	if json.Unmarshal(body, &b) != nil {
		return nil, message
	}
	if something(b.Error) {
		return b.Error, message
	}
	var choices []struct {
		Error json.RawMessage `json:"error"`
	}
	if json.Unmarshal(b.Choices, &choices) != nil {
		return nil, message
	}
	for _, c := range choices {
		if something(c.Error) {
			return c.Error, wire.Body(slices.Concat([]byte(`{"error":`), c.Error, []byte("}")))
		}
	}
	return nil, message
}

func something(raw json.RawMessage) bool {
	text := string(bytes.TrimSpace(raw))
	return strings.HasPrefix(text, "{") && text != "{}" || strings.HasPrefix(text, `"`) && text != `""`
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
