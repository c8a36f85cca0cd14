package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// Kind says what a failure asks of us; it alone decides what becomes of the work.
type Kind int

// The three kinds.
const (
	Retry  Kind = iota // it may go away: back off
	Stop               // it stays until a person acts: money, keys, permissions
	Refuse             // our request is wrong and stays wrong
)

// errorOf is the kind as the rest of the product knows it.
func (k Kind) errorOf() error {
	switch k {
	case Stop:
		return crm.ErrForbidden
	case Refuse:
		return crm.ErrInvalid
	default:
		return crm.ErrTemporary
	}
}

// Failure is what a server answered instead of a result. It unwraps to one of the product's error kinds.
type Failure struct {
	Status    int    // of HTTP; 200 when the error came inside a good answer
	Code      string // the provider's word for it, at most 80 bytes, "" when it has none
	Message   string // the server's, on one line and short; "" when it may be a customer's text
	RequestID string // what the provider's support asks for, at most 80 bytes
	Kind      Kind
	TooLong   bool // the request has more tokens than the model reads
}

// Error is the status, the code and the server's message.
func (f *Failure) Error() string {
	text := fmt.Sprintf("status %d", f.Status)
	if f.Code != "" && !strings.Contains(f.Message, f.Code) {
		text += " " + f.Code
	}
	if f.Message != "" {
		text += ": " + f.Message
	}
	if f.RequestID != "" {
		text += " (request " + f.RequestID + ")"
	}
	return text
}

// Unwrap makes errors.Is find the kind.
func (f *Failure) Unwrap() error { return f.Kind.errorOf() }

// TooLong reports whether err says that a text or prompt has more tokens than the model reads.
func TooLong(err error) bool {
	var f *Failure
	return errors.As(err, &f) && f.TooLong
}

// ErrGarbled is an answer that cannot be used: cut off, not JSON, endless. It has no kind of its own: asking again may help, but not for a day.
var ErrGarbled = errors.New("the answer cannot be used")

// KindOf is what a status means where a provider says nothing more precise.
func KindOf(status int) Kind {
	switch status {
	case http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden, http.StatusNotFound:
		return Stop
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooEarly, http.StatusTooManyRequests:
		return Retry
	}
	if status >= 400 && status < 500 {
		return Refuse
	}
	return Retry
}

// Bounds in bytes of what an error repeats.
const (
	longestMessage = 300
	longestName    = 80
)

// Short puts a server's message on one line of at most 300 bytes.
func Short(message string) string { return cut(message, longestMessage) }

func cut(text string, most int) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// Body is the message of an error body: its "error" (a text, or an object with a message), else its "message" or "detail". JSON of another form has none, for it may
// repeat the request and with it a customer's text; what is no JSON at all, a gateway's page, is its own message.
func Body(body []byte) string {
	var e struct {
		Error   json.RawMessage `json:"error"`
		Message string          `json:"message"`
		Detail  json.RawMessage `json:"detail"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		if start := strings.TrimSpace(string(body[:min(len(body), 4*longestMessage)])); !strings.ContainsAny(start[:min(len(start), 1)], `{["`) {
			return Short(start)
		}
		return ""
	}
	var object struct {
		Message string `json:"message"`
	}
	var text string
	switch {
	case json.Unmarshal(e.Error, &text) == nil && text != "":
	case json.Unmarshal(e.Error, &object) == nil && object.Message != "":
		text = object.Message
	case e.Message != "":
		text = e.Message
	case json.Unmarshal(e.Detail, &text) == nil && text != "":
	default:
		text = details(e.Detail)
	}
	return Short(text)
}

// details is a list of what is wrong with a request, as FastAPI has it: where and what, without the input that stands beside them.
func details(list json.RawMessage) string {
	var all []struct {
		Loc []any  `json:"loc"`
		Msg string `json:"msg"`
	}
	if json.Unmarshal(list, &all) != nil {
		return ""
	}
	var out []string
	for _, d := range all {
		at := strings.ReplaceAll(strings.Trim(fmt.Sprint(d.Loc), "[]"), " ", ".")
		out = append(out, strings.Trim(at+": "+d.Msg, ": "))
	}
	return strings.Join(out, "; ")
}
