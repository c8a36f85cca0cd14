package ollama

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// largestAnswer bounds an answer in bytes: a batch of 32 vectors has under 2 MB, the vocabulary of a large model about 20.
const largestAnswer = 64 << 20

// answers is the round tripper under the client library, for requests with one JSON answer. The library reads answers without a bound, knows no error in an answer of
// status 200 and drops Retry-After: this one reads the answer itself and returns a failure as *Failure.
type answers struct {
	next http.RoundTripper
	now  func() time.Time
}

// Failure is what the server answered instead of a result. It unwraps to one of the product's error kinds.
type Failure struct {
	Status  int    // of HTTP; 200 when the error came inside a good answer
	Message string // the server's
	kind    error
}

// Error is the status and the server's message.
func (f *Failure) Error() string { return fmt.Sprintf("status %d: %s", f.Status, f.Message) }

// Unwrap makes errors.Is find the kind.
func (f *Failure) Unwrap() error { return f.kind }

// RoundTrip does one request.
func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := a.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, largestAnswer+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the answer: %w", err)
	case len(body) > largestAnswer:
		return nil, fmt.Errorf("the answer is larger than %d MiB: %w", largestAnswer>>20, crm.ErrTemporary)
	}
	if message, failed := failure(resp.StatusCode, body); failed {
		return nil, a.classify(resp, message)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// failure finds the server's message. An answer that is good by its status may hold nothing but an error.
func failure(status int, body []byte) (string, bool) {
	var e struct {
		Error string `json:"error"`
	}
	head := bytes.TrimSpace(body[:min(len(body), 64<<10)])
	if status >= http.StatusBadRequest || bytes.HasPrefix(head, []byte(`{"error"`)) {
		if json.Unmarshal(body, &e) != nil || e.Error == "" {
			e.Error = string(head[:min(len(head), 300)])
		}
		return e.Error, true
	}
	return "", false
}

// tooLong is how servers say that a text has more tokens than the model's window (0.6: "input length exceeds maximum context length"; later: "the input length exceeds
// the context length").
func tooLong(err error) bool {
	var f *Failure
	return errors.As(err, &f) && f.Status == http.StatusBadRequest && strings.Contains(f.Message, "exceeds") && strings.Contains(f.Message, "context length")
}

// classify gives a failure its kind; the table of the server's errors is at https://docs.ollama.com/api/errors.
func (a answers) classify(resp *http.Response, message string) error {
	f := &Failure{Status: resp.StatusCode, Message: message, kind: crm.ErrTemporary}
	switch resp.StatusCode {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		f.kind = crm.ErrInvalid
	case http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden, http.StatusNotFound:
		f.kind = crm.ErrForbidden
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		if at, ok := retryAt(resp.Header.Get("Retry-After"), a.now()); ok {
			return &crm.RetryAfter{At: at, Err: f}
		}
	}
	return f
}

// longestWait bounds what a server may ask for: proxies have been seen to send years.
const longestWait = time.Hour

// retryAt reads Retry-After: seconds or an HTTP date; nonsense and the past are no answer.
func retryAt(v string, now time.Time) (time.Time, bool) {
	at, err := http.ParseTime(v)
	if err != nil {
		s, err := strconv.ParseFloat(v, 64)
		if err != nil || s != s {
			return time.Time{}, false
		}
		at = now.Add(time.Duration(min(s, longestWait.Seconds()) * float64(time.Second)))
	}
	if !at.After(now) {
		return time.Time{}, false
	}
	if latest := now.Add(longestWait); at.After(latest) {
		at = latest
	}
	return at, true
}
