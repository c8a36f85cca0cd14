package hubspot

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// APIError is a refusal by HubSpot. It unwraps to the crm error kind that says what to do about it.
type APIError struct {
	Operation     string // what was asked, such as "read contacts"
	Status        int
	Category      string // VALIDATION_ERROR, MISSING_SCOPES, …
	SubCategory   string
	Policy        string // policyName of a 429
	Message       string // HubSpot's words, shortened
	CorrelationID string
	Properties    []PropertyError
	Scopes        []string // scopes that are missing, for a 403
	kind          error
}

// PropertyError says why HubSpot refused one value.
type PropertyError struct {
	Name    string
	Code    string // PROPERTY_DOESNT_EXIST, INVALID_OPTION, MISSING_REQUIRED_PROPERTY, …
	Message string
}

// Error names operation, status, category, HubSpot's message and the correlation id that its support asks for.
func (e *APIError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "hubspot: %s: %d", e.Operation, e.Status)
	for _, s := range []string{e.Category, e.SubCategory, e.Policy, e.Message} {
		if s != "" {
			b.WriteString(" " + s)
		}
	}
	for _, p := range e.Properties {
		fmt.Fprintf(&b, " [%s %s", p.Name, p.Code)
		if p.Message != "" && !strings.Contains(e.Message, p.Message) {
			b.WriteString(": " + p.Message)
		}
		b.WriteString("]")
	}
	if len(e.Scopes) > 0 {
		fmt.Fprintf(&b, " (grant %s)", strings.Join(e.Scopes, " "))
	}
	if e.CorrelationID != "" {
		fmt.Fprintf(&b, " (correlation id %s)", e.CorrelationID)
	}
	return b.String()
}

// Unwrap is the crm error kind.
func (e *APIError) Unwrap() error { return e.kind }

const maxMessage = 500 // characters of HubSpot's message that are kept: it can repeat what was sent

// wireError is HubSpot's error body, of a whole reply or of one entry of a batch. All fields are optional.
type wireError struct {
	Category      string              `json:"category"`
	SubCategory   json.RawMessage     `json:"subCategory"` // a string; some services answer an object
	ErrorType     string              `json:"errorType"`
	Policy        string              `json:"policyName"`
	Message       string              `json:"message"`
	CorrelationID string              `json:"correlationId"`
	Context       map[string]looseSet `json:"context"`
	Errors        []struct {
		Message string              `json:"message"`
		Code    string              `json:"code"`
		In      string              `json:"in"`
		Context map[string]looseSet `json:"context"`
	} `json:"errors"`
}

func (w wireError) subCategory() string {
	var s string
	if json.Unmarshal(w.SubCategory, &s) != nil {
		return "" // not a string: nothing that we compare with
	}
	return s
}

// looseSet is a list of strings that may come as a single value, or as numbers.
type looseSet []string

// UnmarshalJSON never fails: an error body that cannot be read must not hide the error.
func (l *looseSet) UnmarshalJSON(b []byte) error {
	var many []flexString
	if json.Unmarshal(b, &many) != nil {
		var one flexString
		if json.Unmarshal(b, &one) != nil {
			return nil
		}
		many = []flexString{one}
	}
	for _, s := range many {
		*l = append(*l, string(s))
	}
	return nil
}

func newAPIError(operation string, status int, header http.Header, body []byte, write bool) *APIError {
	var w wireError
	_ = json.Unmarshal(body, &w) // gateways answer HTML: the status alone then decides
	e := w.apiError(operation, status)
	if e.CorrelationID == "" {
		e.CorrelationID = header.Get(correlationHeader)
	}
	e.kind = kindOf(status, write)
	return e
}

func (w wireError) apiError(operation string, status int) *APIError {
	e := &APIError{
		Operation: operation, Status: status, Category: w.Category, SubCategory: w.subCategory(), Policy: w.Policy,
		Message: shorten(w.Message), CorrelationID: w.CorrelationID,
	}
	if e.Category == "" {
		e.Category = w.ErrorType
	}
	for _, sub := range w.Errors {
		names := sub.Context["propertyName"]
		if len(names) == 0 && sub.In != "" {
			names = looseSet{sub.In}
		}
		for _, name := range names {
			e.Properties = append(e.Properties, PropertyError{Name: name, Code: sub.Code, Message: shorten(sub.Message)})
		}
		e.Scopes = append(e.Scopes, sub.Context["requiredGranularScopes"]...)
		e.Scopes = append(e.Scopes, sub.Context["requiredScopes"]...)
	}
	e.Properties = append(e.Properties, propertiesInMessage(w.Message)...)
	return e
}

// propertiesInMessage reads the JSON list that HubSpot puts inside the message text: `Property values were not valid: [{"error":"INVALID_OPTION","name":"x",…}]`.
func propertiesInMessage(message string) []PropertyError {
	i := strings.Index(message, "[{")
	if i < 0 {
		return nil
	}
	var list []struct {
		Name    string `json:"name"`
		Error   string `json:"error"`
		Message string `json:"message"`
	}
	if json.NewDecoder(strings.NewReader(message[i:])).Decode(&list) != nil {
		return nil // brackets in ordinary words
	}
	var out []PropertyError
	for _, p := range list {
		out = append(out, PropertyError{Name: p.Name, Code: p.Error, Message: shorten(p.Message)})
	}
	return out
}

// kindOf maps a status to what to do. 408 and 5xx after a write do not say whether it was applied.
func kindOf(status int, write bool) error {
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return crm.ErrForbidden
	case status == http.StatusNotFound || status == http.StatusGone:
		return crm.ErrNotFound
	case status == http.StatusConflict:
		return crm.ErrConflict
	case status == http.StatusLocked || status == http.StatusTooManyRequests || status == 477:
		return crm.ErrTemporary
	case status == http.StatusRequestTimeout || status >= 500:
		if write {
			return crm.ErrUnknown
		}
		return crm.ErrTemporary
	case status >= 400:
		return crm.ErrInvalid
	}
	return crm.ErrTemporary // a redirect or another surprise: certainly not applied, somebody has to look
}

func shorten(s string) string {
	r := []rune(s)
	if len(r) <= maxMessage {
		return s
	}
	return string(r[:maxMessage]) + "…"
}
