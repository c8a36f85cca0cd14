package anthropic

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/contextd/contextd/internal/model/wire"
)

// kinds are the API's error types: https://docs.claude.com/en/api/errors.
var kinds = map[string]wire.Kind{
	"invalid_request_error": wire.Refuse, "request_too_large": wire.Refuse,
	"authentication_error": wire.Stop, "billing_error": wire.Stop, "permission_error": wire.Stop, "not_found_error": wire.Stop,
	"conflict_error": wire.Retry, "rate_limit_error": wire.Retry, "api_error": wire.Retry, "timeout_error": wire.Retry, "overloaded_error": wire.Retry,
}

// spent begin the messages of limits that a customer has set or reached; they come as invalid requests.
var spent = []string{"You have reached your specified API usage limits", "You have reached your specified workspace API usage limits", "Your credit balance is too low"}

// judge finds the server's error: by its type, then its status. A good answer may be an error, too.
func judge(a wire.Answer) *wire.Failure {
	var body struct {
		Type  string `json:"type"`
		Error struct {
			Type    string `json:"type"`
			Details struct {
				Code string `json:"error_code"`
			} `json:"details"`
		} `json:"error"`
		RequestID string `json:"request_id"`
	}
	if err := json.Unmarshal(a.Body, &body); a.Status < http.StatusBadRequest && (err != nil || body.Type != "error") {
		return nil
	}
	f := &wire.Failure{Status: a.Status, Code: body.Error.Type, Message: wire.Body(a.Body), RequestID: body.RequestID, Kind: wire.KindOf(a.Status)}
	if f.RequestID == "" {
		f.RequestID = a.Header.Get("Request-Id")
	}
	if k, known := kinds[body.Error.Type]; known {
		f.Kind = k
	}
	if body.Error.Details.Code == "enforced_spend_limit_reached" { // until the next month
		f.Code, f.Kind = body.Error.Details.Code, wire.Stop
	}
	for _, s := range spent {
		if strings.HasPrefix(f.Message, s) {
			f.Kind = wire.Stop
		}
	}
	f.TooLong = f.Kind == wire.Refuse && (body.Error.Type == "request_too_large" || strings.Contains(f.Message, "prompt is too long") || strings.Contains(f.Message, "exceed context limit"))
	return f
}
